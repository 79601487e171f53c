internal import Wire

/// Why octets are not an RTP or RTCP packet. Whoever reads drops the packet and counts it.
package enum RTPError: Error, Equatable, Sendable {
    case truncated(have: Int, need: Int)
    case unsupportedVersion(UInt8)
    /// The padding count is zero or reaches into the header (RFC 3550 §5.1).
    case badPadding
    /// The first packet of an RTCP datagram, or a length inside it, breaks RFC 3550 §A.2.
    case badCompound
}

/// The header of an RTP packet and where its payload lies (RFC 3550 §5.1), read without allocation.
package struct RTPHeader: Equatable, Sendable {
    package var marker: Bool
    /// 0…127.
    package var payloadType: UInt8
    package var sequenceNumber: UInt16
    /// In units of the payload's clock: 1/48000 s for Opus (RFC 7587 §4.1).
    package var timestamp: UInt32
    package var ssrc: UInt32

    package init(
        marker: Bool = false, payloadType: UInt8, sequenceNumber: UInt16, timestamp: UInt32, ssrc: UInt32
    ) {
        self.marker = marker
        self.payloadType = payloadType
        self.sequenceNumber = sequenceNumber
        self.timestamp = timestamp
        self.ssrc = ssrc
    }

    /// Octets that ``write(to:)`` writes: no CSRC, no extension.
    package static let size = 12

    /// Writes the 12 octets at the start of `buffer`.
    /// - Precondition: The buffer holds at least ``size`` octets.
    package func write(to buffer: UnsafeMutableRawBufferPointer) {
        precondition(buffer.count >= Self.size, "an RTP header needs 12 octets")
        buffer[0] = 0x80
        buffer[1] = (self.marker ? 0x80 : 0) | self.payloadType & 0x7F
        buffer.storeBytes(of: self.sequenceNumber.bigEndian, toByteOffset: 2, as: UInt16.self)
        buffer.storeBytes(of: self.timestamp.bigEndian, toByteOffset: 4, as: UInt32.self)
        buffer.storeBytes(of: self.ssrc.bigEndian, toByteOffset: 8, as: UInt32.self)
    }

    /// Appends the 12 octets; allocates nothing where there is room.
    package func append(to packet: inout [UInt8]) {
        packet.append(0x80)
        packet.append((self.marker ? 0x80 : 0) | self.payloadType & 0x7F)
        packet.append(UInt8(self.sequenceNumber >> 8))
        packet.append(UInt8(self.sequenceNumber & 0xFF))
        for shift: UInt32 in 0..<4 { packet.append(UInt8(truncatingIfNeeded: self.timestamp >> (24 - 8 * shift))) }
        for shift: UInt32 in 0..<4 { packet.append(UInt8(truncatingIfNeeded: self.ssrc >> (24 - 8 * shift))) }
    }

    /// The 12 octets as an array.
    package var bytes: [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Self.size)
        bytes.withUnsafeMutableBytes { self.write(to: $0) }
        return bytes
    }
}

/// One RTP packet in somebody's buffer: its header and the places of the rest.
package struct RTPPacketView: Equatable, Sendable {
    package var header: RTPHeader
    /// Contributing sources; nobody mixes here, so they are only skipped.
    package var csrcCount: Int
    /// `defined by profile` and the place of the extension's body, if there is one (RFC 3550 §5.3.1).
    package var headerExtension: HeaderExtension?
    /// Octet positions of the payload without padding; may be empty.
    package var payload: Range<Int>

    package struct HeaderExtension: Equatable, Sendable {
        /// 0xBEDE for the one-octet form, 0x1000…0x100F for the two-octet form (RFC 8285 §4).
        package var profile: UInt16
        package var body: Range<Int>
    }

    /// Reads a plain packet (after SRTP).
    package init(_ bytes: RawSpan) throws(RTPError) {
        let count = bytes.byteCount
        guard count >= RTPHeader.size else { throw .truncated(have: count, need: RTPHeader.size) }
        let first = bytes.octet(at: 0)
        guard first >> 6 == 2 else { throw .unsupportedVersion(first >> 6) }
        let second = bytes.octet(at: 1)

        self.csrcCount = Int(first & 0x0F)
        var cursor = RTPHeader.size + 4 * self.csrcCount
        guard count >= cursor else { throw .truncated(have: count, need: cursor) }

        self.headerExtension = nil
        if first & 0x10 != 0 {
            guard count >= cursor + 4 else { throw .truncated(have: count, need: cursor + 4) }
            let start = cursor + 4
            let end = start + 4 * Int(bytes.bigEndian16(at: cursor + 2))
            guard count >= end else { throw .truncated(have: count, need: end) }
            self.headerExtension = HeaderExtension(profile: bytes.bigEndian16(at: cursor), body: start..<end)
            cursor = end
        }

        var end = count
        if first & 0x20 != 0 {
            let padding = Int(bytes.octet(at: count - 1))
            guard padding > 0, padding <= count - cursor else { throw .badPadding }
            end -= padding
        }
        self.payload = cursor..<end
        self.header = RTPHeader(
            marker: second & 0x80 != 0, payloadType: second & 0x7F, sequenceNumber: bytes.bigEndian16(at: 2),
            timestamp: bytes.bigEndian32(at: 4), ssrc: bytes.bigEndian32(at: 8))
    }

    package init(_ bytes: [UInt8]) throws(RTPError) {
        try self.init(bytes.span.bytes)
    }
}
