/// Why a packet was not taken. Counted by the caller; the packet is dropped.
package enum SRTPError: Error, Equatable, Sendable {
    /// The index was seen before, or lies behind the window of ``SRTPReceiver/windowSize`` packets.
    case replayed
    /// The tag does not match: forged, damaged, or of other keys.
    case authenticationFailed
    /// Not an RTP or RTCP packet.
    case malformed
    /// The buffer has no room for the tag.
    case bufferTooSmall
    /// 2^48 packets or 2^31 reports under one key.
    case keyExhausted
    /// The peer has used more sources than anybody needs.
    case tooManySources
    /// Keys of another length than the profile's, or no memory; libcrypto's error code if there is one.
    case library(status: Int)
}

/// Protects what this end sends (RFC 3711, RFC 7714). Not `Sendable`: lives where packets are sent.
///
/// Nothing is allocated per packet.
package final class SRTPSender {
    private let rtp: SRTPCipher
    private let rtcp: SRTPCipher
    private var streams = SRTPStreams()
    private var nextReport: UInt32 = 0

    /// - Parameter result: Of the handshake; its role picks the keys.
    package convenience init(_ result: DTLSResult) throws(SRTPError) {
        let material = result.keyingMaterial
        switch result.role {
        case .client: try self.init(profile: result.profile, key: material.clientKey, salt: material.clientSalt)
        case .server: try self.init(profile: result.profile, key: material.serverKey, salt: material.serverSalt)
        }
    }

    package init(profile: SRTPProfile, key: [UInt8], salt: [UInt8]) throws(SRTPError) {
        self.rtp = try SRTPCipher(profile: profile, masterKey: key, masterSalt: salt, labels: .rtp)
        self.rtcp = try SRTPCipher(profile: profile, masterKey: key, masterSalt: salt, labels: .rtcp)
    }

    /// Encrypts an RTP packet where it lies.
    /// - Parameters:
    ///   - buffer: The packet at its start, and at least ``rtpOverhead`` octets behind it.
    ///   - count: Octets of the plain packet.
    /// - Returns: Octets of the protected packet.
    package func protectRTP(in buffer: UnsafeMutableRawBufferPointer, count: Int) throws(SRTPError) -> Int {
        try check(count: count, in: buffer, overhead: Self.rtpOverhead, minimum: minimumRTPSize)
        guard let packet = RTPLayout(buffer, count: count) else { throw .malformed }
        let stream = self.streams[packet.ssrc]
        guard let index = stream.index(of: packet.sequence) else { throw .keyExhausted }
        // A second packet under one nonce would give both away.
        guard stream.isFresh(index) else { throw .replayed }
        guard self.streams.hasRoom(for: packet.ssrc) else { throw .tooManySources }
        guard
            self.rtp.seal(
                buffer, header: 0..<packet.headerSize, text: packet.headerSize..<count, trailer: 0..<0,
                nonce: nonce(ssrc: packet.ssrc, rtpIndex: index))
        else { throw .library(status: 0) }
        self.streams.take(index, of: packet.ssrc)
        return count + Self.rtpOverhead
    }

    /// Encrypts a compound RTCP packet where it lies; as ``protectRTP(in:count:)`` with ``rtcpOverhead``.
    package func protectRTCP(in buffer: UnsafeMutableRawBufferPointer, count: Int) throws(SRTPError) -> Int {
        try check(count: count, in: buffer, overhead: Self.rtcpOverhead, minimum: minimumRTCPSize)
        guard self.nextReport < encryptedFlag else { throw .keyExhausted }
        let word = encryptedFlag | self.nextReport
        let tail = count + Self.rtpOverhead
        buffer.storeBytes(of: word.bigEndian, toByteOffset: tail, as: UInt32.self)
        guard
            self.rtcp.seal(
                buffer, header: 0..<minimumRTCPSize, text: minimumRTCPSize..<count, trailer: tail..<tail + 4,
                nonce: nonce(ssrc: word32(buffer, at: 4), rtcpIndex: self.nextReport))
        else { throw .library(status: 0) }
        self.nextReport += 1
        return count + Self.rtcpOverhead
    }

    /// The array form: appends the tag to a whole packet.
    package func protectRTP(_ packet: inout [UInt8]) throws(SRTPError) {
        let count = packet.count
        packet.append(contentsOf: repeatElement(0, count: Self.rtpOverhead))
        let result = packet.withUnsafeMutableBytes { buffer in
            Result { () throws(SRTPError) in try self.protectRTP(in: buffer, count: count) }
        }
        packet.removeLast(packet.count - (try result.get()))
    }

    package func protectRTCP(_ packet: inout [UInt8]) throws(SRTPError) {
        let count = packet.count
        packet.append(contentsOf: repeatElement(0, count: Self.rtcpOverhead))
        let result = packet.withUnsafeMutableBytes { buffer in
            Result { () throws(SRTPError) in try self.protectRTCP(in: buffer, count: count) }
        }
        packet.removeLast(packet.count - (try result.get()))
    }

    /// The AEAD tag (RFC 7714 §7).
    package static let rtpOverhead = 16
    /// The AEAD tag and the SRTCP index (RFC 7714 §9).
    package static let rtcpOverhead = 20
}

/// Opens what the peer sent: any SSRC, each with its own replay window. Not `Sendable`.
///
/// A new SSRC gets a stream of its own only after its first packet was authentic.
package final class SRTPReceiver {
    private let rtp: SRTPCipher
    private let rtcp: SRTPCipher
    private var streams = SRTPStreams()
    private var reports = SRTPStreams()

    /// - Parameter result: Of the handshake; its role picks the keys.
    package convenience init(_ result: DTLSResult) throws(SRTPError) {
        let material = result.keyingMaterial
        switch result.role {
        case .client: try self.init(profile: result.profile, key: material.serverKey, salt: material.serverSalt)
        case .server: try self.init(profile: result.profile, key: material.clientKey, salt: material.clientSalt)
        }
    }

    package init(profile: SRTPProfile, key: [UInt8], salt: [UInt8]) throws(SRTPError) {
        self.rtp = try SRTPCipher(profile: profile, masterKey: key, masterSalt: salt, labels: .rtp)
        self.rtcp = try SRTPCipher(profile: profile, masterKey: key, masterSalt: salt, labels: .rtcp)
    }

    /// Checks and decrypts an SRTP packet where it lies.
    /// - Returns: Octets of the plain packet, at the buffer's start. After an error its content is undefined.
    package func unprotectRTP(in buffer: UnsafeMutableRawBufferPointer, count: Int) throws(SRTPError) -> Int {
        try check(count: count, in: buffer, overhead: 0, minimum: minimumRTPSize + SRTPSender.rtpOverhead)
        let end = count - SRTPSender.rtpOverhead
        guard let packet = RTPLayout(buffer, count: end) else { throw .malformed }
        let stream = self.streams[packet.ssrc]
        guard let index = stream.index(of: packet.sequence), stream.isFresh(index) else { throw .replayed }
        guard
            self.rtp.open(
                buffer, header: 0..<packet.headerSize, text: packet.headerSize..<end, trailer: 0..<0,
                nonce: nonce(ssrc: packet.ssrc, rtpIndex: index))
        else { throw .authenticationFailed }
        guard self.streams.hasRoom(for: packet.ssrc) else { throw .tooManySources }
        self.streams.take(index, of: packet.ssrc)
        return end
    }

    /// Checks and decrypts an SRTCP packet where it lies; as ``unprotectRTP(in:count:)``.
    package func unprotectRTCP(in buffer: UnsafeMutableRawBufferPointer, count: Int) throws(SRTPError) -> Int {
        try check(count: count, in: buffer, overhead: 0, minimum: minimumRTCPSize + SRTPSender.rtcpOverhead)
        guard buffer[0] >> 6 == 2 else { throw .malformed }
        let tail = count - 4
        let end = count - SRTPSender.rtcpOverhead
        let word = word32(buffer, at: tail)
        // Nobody sends reports in clear here, though RFC 3711 would allow it.
        guard word & encryptedFlag != 0 else { throw .authenticationFailed }
        let index = word & ~encryptedFlag
        let ssrc = word32(buffer, at: 4)
        guard self.reports[ssrc].isFresh(UInt64(index)) else { throw .replayed }
        guard
            self.rtcp.open(
                buffer, header: 0..<minimumRTCPSize, text: minimumRTCPSize..<end, trailer: tail..<count,
                nonce: nonce(ssrc: ssrc, rtcpIndex: index))
        else { throw .authenticationFailed }
        guard self.reports.hasRoom(for: ssrc) else { throw .tooManySources }
        self.reports.take(UInt64(index), of: ssrc)
        return end
    }

    /// The array form: shortens the array to the plain packet. After an error its content is undefined.
    package func unprotectRTP(_ packet: inout [UInt8]) throws(SRTPError) {
        let result = packet.withUnsafeMutableBytes { buffer in
            Result { () throws(SRTPError) in try self.unprotectRTP(in: buffer, count: buffer.count) }
        }
        packet.removeLast(packet.count - (try result.get()))
    }

    package func unprotectRTCP(_ packet: inout [UInt8]) throws(SRTPError) {
        let result = packet.withUnsafeMutableBytes { buffer in
            Result { () throws(SRTPError) in try self.unprotectRTCP(in: buffer, count: buffer.count) }
        }
        packet.removeLast(packet.count - (try result.get()))
    }

    /// Packets a straggler may lie behind the newest one; 20 s of audio.
    package static let windowSize = SRTPStream.windowSize
}

/// What all sessions share.
package enum SRTPLibrary {
    /// Loads the ciphers, unless that is done: it takes a few milliseconds, which a caller that has them to spare need
    /// not spend when the keys are there. From any thread.
    package static func prepare() {
        let key = [UInt8](repeating: 0, count: 32)
        _ = try? SRTPSender(profile: .aes256GCM, key: key, salt: [UInt8](repeating: 0, count: 12))
    }
}

/// Where an RTP packet's header ends and what it says; what follows is encrypted (RFC 3711 §3.1).
private struct RTPLayout {
    let headerSize: Int
    let sequence: UInt16
    let ssrc: UInt32

    /// - Parameter count: Octets of the packet without a tag, at least 12.
    init?(_ buffer: UnsafeMutableRawBufferPointer, count: Int) {
        guard count >= minimumRTPSize, buffer[0] >> 6 == 2 else { return nil }
        var size = minimumRTPSize + 4 * Int(buffer[0] & 0x0F)
        if buffer[0] & 0x10 != 0 {
            guard count >= size + 4 else { return nil }
            size += 4 + 4 * (Int(buffer[size + 2]) << 8 | Int(buffer[size + 3]))
        }
        guard size <= count else { return nil }
        self.headerSize = size
        self.sequence = UInt16(buffer[2]) << 8 | UInt16(buffer[3])
        self.ssrc = word32(buffer, at: 8)
    }
}

private func word32(_ buffer: UnsafeMutableRawBufferPointer, at offset: Int) -> UInt32 {
    UInt32(bigEndian: buffer.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
}

/// Two zero octets, source, roll-over count, sequence number (RFC 7714 §8.1).
private func nonce(ssrc: UInt32, rtpIndex index: UInt64) -> InlineArray<12, UInt8> {
    InlineArray { place in
        switch place {
        case 0, 1: 0
        case 2...5: UInt8(truncatingIfNeeded: ssrc >> UInt32(8 * (5 - place)))
        default: UInt8(truncatingIfNeeded: index >> UInt64(8 * (11 - place)))
        }
    }
}

/// Two zero octets, source, two more, SRTCP index (RFC 7714 §9.1).
private func nonce(ssrc: UInt32, rtcpIndex index: UInt32) -> InlineArray<12, UInt8> {
    nonce(ssrc: ssrc, rtpIndex: UInt64(index))
}

private func check(
    count: Int, in buffer: UnsafeMutableRawBufferPointer, overhead: Int, minimum: Int
) throws(SRTPError) {
    guard count >= minimum, count <= maximumPacketSize else { throw .malformed }
    guard buffer.count - count >= overhead else { throw .bufferTooSmall }
}

/// Octets: the fixed headers (RFC 3550 §§5.1, 6.4.2).
private let minimumRTPSize = 12
private let minimumRTCPSize = 8
/// More than any UDP payload.
private let maximumPacketSize = 65_535
/// The upper bit of the word behind an SRTCP packet (RFC 3711 §3.4).
private let encryptedFlag: UInt32 = 1 << 31
