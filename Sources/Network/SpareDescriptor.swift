internal import Glibc
package import Logging
package import NIOCore

/// Turns away whom no descriptor is left for.
///
/// While the process, or the whole system, has no descriptor left, accept fails and the listening socket stays
/// readable: who knocks would wait for ever, and the event loop would try for ever. This handler of a listening channel
/// keeps one descriptor to spare. When accept fails it gives that one up, takes each waiting connection in its place and
/// closes it, and takes the spare back; then accept rests for 100 ms.
package final class SpareDescriptor: ChannelInboundHandler {
    package typealias InboundIn = Channel

    private let logger: Logger
    /// -1 while even the spare could not be had again.
    private var spare: CInt
    private var turnedAway = 0
    private var silentUntil: NIODeadline = .now()

    private init(_ logger: Logger) {
        self.logger = logger
        self.spare = Self.take()
    }

    deinit {
        if self.spare >= 0 { close(self.spare) }
    }

    /// For a bootstrap's `serverChannelInitializer`.
    package static func protect(_ listener: any Channel, logger: Logger) -> EventLoopFuture<Void> {
        listener.eventLoop.makeCompletedFuture {
            try listener.pipeline.syncOperations.addHandlers([
                AcceptBackoffHandler(backoffProvider: { _ in Self.rest }), SpareDescriptor(logger),
            ])
        }
    }

    package func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? IOError, error.errnoCode == EMFILE || error.errnoCode == ENFILE else {
            return context.fireErrorCaught(error)
        }
        let count = try? context.pipeline.syncOperations.withUnsafeTransportIfAvailable {
            (listener: NIOBSDSocket.Handle) in self.turnAway(listener)
        }
        self.turnedAway += count ?? 0
        guard self.silentUntil <= .now() else { return }
        self.silentUntil = .now() + Self.silence
        self.logger.warning(
            "no descriptor is left: connections are turned away", metadata: ["count": "\(self.turnedAway)"])
        self.turnedAway = 0
    }

    /// - Parameter listener: Does not block.
    /// - Returns: How many were turned away.
    private func turnAway(_ listener: CInt) -> Int {
        if self.spare >= 0 { close(self.spare) }
        defer { self.spare = Self.take() }
        for count in 0..<Self.maximumAtOnce {
            let connection = accept(listener, nil, nil)
            // Nobody waits any more, or somebody else was faster to take the descriptor.
            guard connection >= 0 else { return count }
            close(connection)
        }
        return Self.maximumAtOnce
    }

    private static func take() -> CInt { open("/dev/null", O_RDONLY | O_CLOEXEC) }

    private static let rest: TimeAmount = .milliseconds(100)
    /// Connections turned away between two rests: whoever floods costs little.
    private static let maximumAtOnce = 64
    /// Between two lines in the log.
    private static let silence: TimeAmount = .seconds(60)
}

@available(*, unavailable)
extension SpareDescriptor: Sendable {}
