import Foundation
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import Relay
import TURN
import Wire

/// The broker's hold on its relay, which is a process of its own so that neither takes the other down.
///
/// It takes over a relay that is there already, of before a restart of the broker, if that one serves the same
/// purpose; else it starts one, and again whenever it is gone.
final class RelayLink: Sendable {
    enum Failure: Error, Equatable, Sendable {
        /// No greeting came in time.
        case silent
        case cannotStart(String)
    }

    /// How to start a relay; `nil` where somebody else does.
    struct Command: Sendable {
        let executable: String
        let arguments: [String]
    }

    private struct State {
        var greeting: RelayGreeting?
        var channel: (any Channel)?
        var isOver = false
        var restarts = 0
        /// One that serves another purpose was told to stop: it is not missed.
        var isReplacing = false
        /// This broker started it, so this broker may end it.
        var isOurs = false
        /// Rooms that ended while the relay was away.
        var unsaid: [RelayGroup] = []
    }

    let controlPath: String
    private let command: Command?
    /// What a relay must have been started for to be taken over.
    private let purpose: String
    private let version: String
    private let group: any EventLoopGroup
    private let logger: Logger
    private let state = NIOLockedValueBox(State())

    init(
        controlPath: String, command: Command?, version: String, purpose: String, group: any EventLoopGroup,
        logger: Logger
    ) {
        self.controlPath = controlPath
        self.command = command
        self.version = version
        self.purpose = purpose
        self.group = group
        self.logger = logger
    }

    /// The relay's port over UDP and TCP, `nil` while it is away.
    var port: UInt16? {
        self.state.withLockedValue { $0.channel == nil && self.command == nil ? nil : $0.greeting?.port }
    }

    /// Returns the relay's port once it has greeted. One that somebody else starts may come later: it is waited for in
    /// the background.
    func start() async throws(Failure) -> UInt16 {
        if let greeting = await self.connect() {
            if self.command == nil || greeting.version == self.version && greeting.purpose == self.purpose {
                self.logger.info("took over the relay that was running")
                return greeting.port
            }
            self.state.withLockedValue { $0.isReplacing = true }
            self.send(.stop)
            await self.waitUntilGone()
            self.state.withLockedValue { $0.isReplacing = false }
        }
        guard self.command != nil else {
            self.logger.error("the relay does not answer; calls without a direct path have to wait for it")
            self.lost()
            throw .silent
        }
        return try await self.launch().port
    }

    /// Ends what a room has allocated.
    func close(_ group: RelayGroup) {
        let isAway = self.state.withLockedValue { state in
            if state.channel == nil, state.unsaid.count < Self.maximumUnsaid { state.unsaid.append(group) }
            return state.channel == nil
        }
        if !isAway { self.send(.close(group)) }
    }

    /// Lets go of the relay, which ends with its broker.
    /// - Parameter evenIfTakenOver: `false` for a broker that never served: the relay may be another's.
    func shutdown(evenIfTakenOver: Bool) async {
        let (channel, isOurs) = self.state.withLockedValue { state in
            state.isOver = true
            return (state.channel, state.isOurs)
        }
        if self.command != nil, evenIfTakenOver || isOurs { self.send(.stop) }
        try? await channel?.close()
    }

    // MARK: The process

    private func launch() async throws(Failure) -> RelayGreeting {
        guard let command = self.command else { throw .silent }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: command.executable)
        process.arguments = command.arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        do {
            try process.run()
        } catch {
            throw .cannotStart(command.executable)
        }
        for _ in 0..<Self.attempts {
            if let greeting = await self.connect() {
                // Meanwhile the broker may have ended.
                let isOver = self.state.withLockedValue { state in
                    state.isOurs = true
                    return state.isOver
                }
                if isOver { self.send(.stop) }
                return greeting
            }
            guard process.isRunning else { throw .cannotStart("the relay ended with \(process.terminationStatus)") }
            try? await Task.sleep(for: Self.attemptInterval)
        }
        process.terminate()
        throw .silent
    }

    /// The relay is gone: another one at once, then at growing intervals.
    private func lost() {
        let (isOver, restarts) = self.state.withLockedValue { state in
            state.channel = nil
            state.restarts += 1
            return (state.isOver, state.restarts)
        }
        guard !isOver else { return }
        self.logger.error("the relay is gone; starting another")
        Task {
            for attempt in 0... {
                guard !self.state.withLockedValue({ $0.isOver }) else { return }
                if self.command == nil, await self.connect() != nil { return }
                if self.command != nil, (try? await self.launch()) != nil {
                    self.logger.info("the relay is back", metadata: ["restarts": "\(restarts)"])
                    return
                }
                try? await Task.sleep(for: min(.seconds(5), .milliseconds(100) * (1 << min(attempt, 6))))
            }
        }
    }

    private func waitUntilGone() async {
        for _ in 0..<Self.attempts where self.state.withLockedValue({ $0.channel != nil }) {
            try? await Task.sleep(for: Self.attemptInterval)
        }
    }

    // MARK: The control socket

    private func connect() async -> RelayGreeting? {
        let greeted = self.group.next().makePromise(of: RelayGreeting.self)
        var opened: (any Channel)?
        do {
            let channel = try await ClientBootstrap(group: self.group)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(GreetingHandler(greeted))
                    }
                }
                .connect(unixDomainSocketPath: self.controlPath).get()
            opened = channel
            channel.writeAndFlush(ByteBuffer(string: ControlLine.hello.text), promise: nil)
            channel.eventLoop.scheduleTask(in: .seconds(2)) { greeted.fail(Failure.silent) }
            let greeting = try await greeted.futureResult.get()
            let unsaid = self.state.withLockedValue { state in
                state.channel = channel
                state.greeting = greeting
                defer { state.unsaid = [] }
                return state.unsaid
            }
            for group in unsaid { self.send(.close(group)) }
            channel.closeFuture.whenComplete { _ in self.lost(channel) }
            return greeting
        } catch {
            greeted.fail(Failure.silent)
            try? await opened?.close()
            return nil
        }
    }

    private func lost(_ channel: any Channel) {
        let isCurrent = self.state.withLockedValue { state in
            guard let current = state.channel, current === channel else { return false }
            state.channel = nil
            return !state.isReplacing
        }
        if isCurrent { self.lost() }
    }

    private func send(_ line: ControlLine) {
        self.state.withLockedValue { $0.channel }?.writeAndFlush(ByteBuffer(string: line.text), promise: nil)
    }

    private static let maximumUnsaid = 1000
    private static let attempts = 250
    private static let attemptInterval: Duration = .milliseconds(20)
}

/// Reads the one line that answers `hello`.
private final class GreetingHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let greeted: EventLoopPromise<RelayGreeting>
    private var octets = ByteBuffer()

    init(_ greeted: EventLoopPromise<RelayGreeting>) {
        self.greeted = greeted
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var more = Self.unwrapInboundIn(data)
        self.octets.writeBuffer(&more)
        guard self.octets.readableBytes <= 4096 else { return context.close(promise: nil) }
        guard self.octets.readableBytesView.last == UInt8(ascii: "\n") else { return }
        do {
            self.greeted.succeed(
                try JSONDecoder().decode(RelayGreeting.self, from: Data(self.octets.readableBytesView)))
        } catch {
            self.greeted.fail(error)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.greeted.fail(RelayLink.Failure.silent)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
