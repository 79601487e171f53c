import Foundation
import NIOCore
package import TURN
package import Wire

/// What the broker says to a relay on its control socket, one line each; the first line of a connection decides what
/// the connection is.
///
///     hello                     the relay answers with one line of JSON, and the connection stays
///     close GROUP               ends what a room has allocated; GROUP is 16 hexadecimal digits
///     stop                      the relay ends
///     stream ADDRESS:PORT       what follows is TURN of that client, taken out of TLS by the broker
package enum ControlLine: Equatable, Sendable {
    case hello
    case close(RelayGroup)
    case stop
    case stream(TransportAddress)

    package init?(_ line: String) {
        let parts = line.split(separator: " ", maxSplits: 1).map(String.init)
        switch (parts.first, parts.count) {
        case ("hello", 1): self = .hello
        case ("stop", 1): self = .stop
        case ("close", 2):
            guard parts[1].utf8.count == 16, let group = UInt64(parts[1], radix: 16) else { return nil }
            self = .close(RelayGroup(rawValue: group))
        case ("stream", 2):
            guard let address = TransportAddress(parts[1]) else { return nil }
            self = .stream(address)
        default: return nil
        }
    }

    package var text: String {
        switch self {
        case .hello: "hello\n"
        case .stop: "stop\n"
        case .close(let group):
            "close " + String(repeating: "0", count: group.rawValue.leadingZeroBitCount / 4)
                + (group.rawValue == 0 ? "" : String(group.rawValue, radix: 16)) + "\n"
        case .stream(let address): "stream \(address)\n"
        }
    }
}

/// How a relay answers `hello`.
package struct RelayGreeting: Codable, Equatable, Sendable {
    /// Of the program; another one is replaced.
    package var version: String
    /// Of UDP and TCP.
    package var port: UInt16
    /// What the relay was started with, as its broker described it: another description is another relay.
    package var purpose: String

    package init(version: String, port: UInt16, purpose: String) {
        self.version = version
        self.port = port
        self.purpose = purpose
    }
}

/// One connection on the control socket.
final class ControlHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let engine: RelayEngine
    private let greeting: RelayGreeting
    private let supervision: Supervision
    private var pending = ByteBuffer()
    private var isGreeted = false

    init(engine: RelayEngine, greeting: RelayGreeting, supervision: Supervision) {
        self.engine = engine
        self.greeting = greeting
        self.supervision = supervision
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var octets = Self.unwrapInboundIn(data)
        self.pending.writeBuffer(&octets)
        while let end = self.pending.readableBytesView.firstIndex(of: UInt8(ascii: "\n")) {
            let line = self.pending.readString(length: end - self.pending.readerIndex) ?? ""
            self.pending.moveReaderIndex(forwardBy: 1)
            guard let command = ControlLine(line) else { return context.close(promise: nil) }
            if case .stream(let source) = command { return self.becomeStream(source, context: context) }
            self.obey(command, context: context)
        }
        if self.pending.readableBytes > Self.longestLine { context.close(promise: nil) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        if self.isGreeted { self.supervision.left() }
        self.isGreeted = false
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private func obey(_ command: ControlLine, context: ChannelHandlerContext) {
        switch command {
        case .hello:
            if !self.isGreeted { self.supervision.entered() }
            self.isGreeted = true
            guard var line = try? JSONEncoder().encode(self.greeting) else { return }
            line.append(UInt8(ascii: "\n"))
            context.writeAndFlush(Self.wrapOutboundOut(ByteBuffer(bytes: line)), promise: nil)
        case .close(let group): self.engine.withServer { $0.close(group, now: RelayEngine.now()) }
        case .stop: self.supervision.stop()
        case .stream: break
        }
    }

    private func becomeStream(_ source: TransportAddress, context: ChannelHandlerContext) {
        let rest = self.pending
        let pipeline = context.pipeline.syncOperations
        do {
            try pipeline.addHandler(StreamHandler(engine: self.engine, source: source), position: .after(self))
        } catch {
            return context.close(promise: nil)
        }
        if rest.readableBytes > 0 { context.fireChannelRead(NIOAny(rest)) }
        context.fireChannelReadComplete()
        pipeline.removeHandler(context: context, promise: nil)
    }

    private static let longestLine = 128
}

@available(*, unavailable)
extension ControlHandler: Sendable {}
