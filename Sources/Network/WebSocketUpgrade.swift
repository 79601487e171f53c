package import NIOCore
import NIOWebSocket

extension ChannelPipeline.SynchronousOperations {
    /// What stands in the pipeline once HTTP has left it: frames, then messages; the last handler comes after.
    package func addWebSocketHandlers(role: WebSocketRole, limits: WebSocketLimits) throws {
        try self.addHandler(WebSocketFrameEncoder())
        try self.addHandler(
            ByteToMessageHandler(WebSocketFrameDecoder(role: role, maximumCount: limits.maximumMessageCount)))
        try self.addHandler(WebSocketSession(role: role, limits: limits))
    }
}
