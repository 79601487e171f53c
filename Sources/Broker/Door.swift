import Logging
import NIOCore
import NIOPosix
import Network

/// How the broker listens: one event loop, small buffers, a descriptor in reserve.
struct Door {
    let loop: any EventLoop
    let logger: Logger

    /// - Parameter accept: builds the pipeline of a fresh connection, on the event loop; closes it by throwing.
    func bootstrap(_ accept: @escaping @Sendable (any Channel) throws -> Void) -> ServerBootstrap {
        let logger = self.logger
        return ServerBootstrap(group: self.loop)
            .serverChannelOption(.backlog, value: 512)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelInitializer { SpareDescriptor.protect($0, logger: logger) }
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            // The kernel would take megabytes for a peer that reads nothing; what is queued is to be seen and bounded.
            .childChannelOption(.socketOption(.so_sndbuf), value: 64 * 1024)
            .childChannelOption(.socketOption(.so_rcvbuf), value: 64 * 1024)
            // A sender that is to pause still has handled what one read brought: little, besides one message.
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(minimum: 512, initial: 2048, maximum: 32 * 1024)
            )
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try accept(channel) }
            }
    }

    /// Binds every address; `localhost` may lack IPv6, and both its addresses share the port the first one got.
    func bind(_ listen: ListenAddress, _ bootstrap: ServerBootstrap) async throws -> [any Channel] {
        var channels: [any Channel] = []
        var port = Int(listen.port)
        for host in listen.addresses {
            do {
                let channel = try await bootstrap.bind(to: SocketAddress(ipAddress: host, port: port)).get()
                port = channel.localAddress?.port ?? port
                channels.append(channel)
            } catch {
                if channels.isEmpty { throw error }
                self.logger.info("one of the two loopback addresses is not available")
            }
        }
        return channels
    }
}
