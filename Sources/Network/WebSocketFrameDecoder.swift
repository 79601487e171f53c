package import NIOCore

/// Which end of a WebSocket this is: a server's frames are bare, a client's are masked (RFC 6455 §5.1).
package enum WebSocketRole: Sendable {
    case server, client
}

/// What a peer did that RFC 6455 forbids, or that `colloque.v1` does; the close code follows from it.
package enum WebSocketViolation: Error, Equatable, Sendable {
    /// A client's frame without mask, or a server's with one.
    case wrongMasking
    /// An RSV bit: no extension was agreed on.
    case reservedBit
    /// A text frame, or an opcode nobody defined.
    case wrongOpcode(UInt8)
    /// A length in more octets than it needs (§5.2).
    case lengthNotMinimal
    /// A control frame of more than 125 octets or in fragments (§5.5).
    case malformedControl
    /// A continuation of nothing, or a new message inside another.
    case wrongFragment
    /// More octets in a message than are accepted.
    case tooLong
}

/// One frame, unmasked.
package struct WebSocketPlainFrame: Equatable, Sendable {
    package enum Kind: UInt8, Sendable {
        case continuation = 0x0
        case binary = 0x2
        case close = 0x8
        case ping = 0x9
        case pong = 0xA

        var isControl: Bool { self.rawValue >= 0x8 }
    }

    package var kind: Kind
    package var isFinal: Bool
    package var payload: ByteBuffer
}

/// Reads frames strictly: what a conforming peer of `colloque.v1` never sends ends the connection.
///
/// NIOWebSocket's own decoder passes unmasked frames, reserved bits, text and long-winded lengths on; here each
/// is refused by name before its payload is waited for.
package struct WebSocketFrameDecoder: ByteToMessageDecoder {
    package typealias InboundOut = WebSocketPlainFrame

    private let role: WebSocketRole
    private let maximumCount: Int

    /// - Parameter maximumCount: Octets of one frame's payload.
    package init(role: WebSocketRole, maximumCount: Int) {
        self.role = role
        self.maximumCount = maximumCount
    }

    package mutating func decode(context: ChannelHandlerContext, buffer: inout ByteBuffer) throws -> DecodingState {
        guard let frame = try self.nextFrame(in: &buffer) else { return .needMoreData }
        context.fireChannelRead(Self.wrapInboundOut(frame))
        return .continue
    }

    /// The next whole frame, or `nil` while octets are missing.
    func nextFrame(in buffer: inout ByteBuffer) throws(WebSocketViolation) -> WebSocketPlainFrame? {
        var ahead = buffer
        guard let first = ahead.readInteger(as: UInt8.self), let second = ahead.readInteger(as: UInt8.self) else {
            return nil
        }
        guard first & 0x70 == 0 else { throw .reservedBit }
        guard let kind = WebSocketPlainFrame.Kind(rawValue: first & 0x0F) else {
            throw .wrongOpcode(first & 0x0F)
        }
        let isFinal = first & 0x80 != 0
        let isMasked = second & 0x80 != 0
        guard isMasked == (self.role == .server) else { throw .wrongMasking }
        if kind.isControl, !isFinal || second & 0x7F > 125 { throw .malformedControl }
        guard let count = try self.readCount(second & 0x7F, from: &ahead) else { return nil }
        let key: UInt32
        if isMasked {
            guard let octets = ahead.readInteger(as: UInt32.self) else { return nil }
            key = octets
        } else {
            key = 0
        }
        guard var payload = ahead.readSlice(length: count) else { return nil }
        if key != 0 { Self.unmask(&payload, key: key) }
        buffer = ahead
        return WebSocketPlainFrame(kind: kind, isFinal: isFinal, payload: payload)
    }

    private func readCount(_ short: UInt8, from buffer: inout ByteBuffer) throws(WebSocketViolation) -> Int? {
        let count: UInt64
        switch short {
        case 126:
            guard let octets = buffer.readInteger(as: UInt16.self) else { return nil }
            guard octets > 125 else { throw .lengthNotMinimal }
            count = UInt64(octets)
        case 127:
            guard let octets = buffer.readInteger(as: UInt64.self) else { return nil }
            guard octets > UInt64(UInt16.max) else { throw .lengthNotMinimal }
            count = octets
        default:
            count = UInt64(short)
        }
        guard count <= UInt64(self.maximumCount) else { throw .tooLong }
        return Int(count)
    }

    private static func unmask(_ payload: inout ByteBuffer, key: UInt32) {
        payload.withUnsafeMutableReadableBytes { octets in
            for index in octets.indices {
                octets[index] ^= UInt8(truncatingIfNeeded: key >> UInt32(24 - 8 * (index & 3)))
            }
        }
    }
}
