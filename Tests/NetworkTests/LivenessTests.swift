import NIOCore
import NIOEmbedded
import NIOWebSocket
import Testing
import Wire

@testable import Network

@Suite("A WebSocket that is asked for a sign of life")
struct LivenessTests {
    private final class Endings: ChannelInboundHandler {
        typealias InboundIn = [UInt8]
        var all: [WebSocketEnding] = []

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if let ending = event as? WebSocketEnding { self.all.append(ending) }
        }
    }

    private let channel = EmbeddedChannel()
    private let endings = Endings()

    init() throws {
        try self.channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        try self.channel.pipeline.syncOperations.addHandlers(
            [WebSocketSession(role: .client, limits: WebSocketLimits()), self.endings] as [any ChannelHandler])
    }

    private func pongs() throws {
        try self.channel.writeInbound(WebSocketPlainFrame(kind: .pong, isFinal: true, payload: ByteBuffer()))
    }

    @Test("sends one ping and is given up when nothing comes within the time")
    func silent() throws {
        try self.channel.writeOutbound(WebSocketOutbound.askForLife(within: .seconds(2)))
        #expect(try self.channel.readOutbound(as: WebSocketFrame.self)?.opcode == .ping)
        self.channel.embeddedEventLoop.advanceTime(by: .milliseconds(1999))
        #expect(self.endings.all.isEmpty && self.channel.isActive)
        self.channel.embeddedEventLoop.advanceTime(by: .milliseconds(1))
        #expect(self.endings.all == [.silent] && !self.channel.isActive)
    }

    @Test("stays when anything at all comes, however often it is asked")
    func alive() throws {
        for _ in 0..<5 {
            try self.channel.writeOutbound(WebSocketOutbound.askForLife(within: .seconds(2)))
            try self.pongs()
            self.channel.embeddedEventLoop.advanceTime(by: .seconds(3))
        }
        #expect(self.endings.all.isEmpty && self.channel.isActive)
    }

    @Test("asking again does not prolong the time")
    func askedAgain() throws {
        for _ in 0..<4 {
            try self.channel.writeOutbound(WebSocketOutbound.askForLife(within: .seconds(2)))
            self.channel.embeddedEventLoop.advanceTime(by: .milliseconds(600))
        }
        #expect(self.endings.all == [.silent])
    }
}

@Suite("Addresses of this machine")
struct AddressTests {
    @Test("to loopback packets leave from loopback; to what has no way, from nowhere")
    func ways() {
        #expect(NetworkInterfaces.address(toward: .v4(0x7F00_0001)) == .v4(0x7F00_0001))
        #expect(NetworkInterfaces.address(toward: .v4(0xFFFF_FFFF)) == nil)
    }
}
