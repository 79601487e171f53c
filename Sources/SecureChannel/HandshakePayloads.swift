internal import Invitation
internal import Primitives
internal import Wire

/// Two lower-case ASCII letters (ISO 639-1).
package struct LanguageCode: Hashable, Sendable {
    package let text: String

    /// - Returns: `nil` for anything but two letters a to z.
    package init?(_ text: some StringProtocol) {
        self.init(bytes: [UInt8](text.utf8))
    }

    init?(bytes: [UInt8]) {
        guard bytes.count == 2, bytes.allSatisfy({ (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }) else {
            return nil
        }
        self.text = String(decoding: bytes, as: UTF8.self)
    }

    var bytes: [UInt8] { [UInt8](self.text.utf8) }

    private init(checked text: String) {
        self.text = text
    }

    package static let french = LanguageCode(checked: "fr")
    package static let english = LanguageCode(checked: "en")
    package static let dutch = LanguageCode(checked: "nl")
    package static let german = LanguageCode(checked: "de")
}

/// What an end can do beyond the common ground; used when both say it, unknown bits are ignored.
package struct Capabilities: OptionSet, Hashable, Sendable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    package static let postQuantum = Capabilities(rawValue: 1)
}

/// The payload of message 1 of a call.
///
///     01 | commitment 32 | capabilities u32 | language 2 | zeros to 64
struct PatientHello: Equatable, Sendable {
    var commitment: [UInt8]
    var capabilities: Capabilities
    var language: LanguageCode

    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: Self.length)
        writer.write(payloadVersion)
        writer.write(self.commitment)
        writer.write(self.capabilities.rawValue)
        writer.write(self.language.bytes)
        writer.writeZeros(Self.length - writer.bytes.count)
        return writer.bytes
    }

    init(commitment: [UInt8], capabilities: Capabilities, language: LanguageCode) {
        self.commitment = commitment
        self.capabilities = capabilities
        self.language = language
    }

    init(_ payload: [UInt8]) throws(ChannelError) {
        var reader = try PayloadReader(payload, length: Self.length)
        self.commitment = try reader.bytes(32)
        self.capabilities = Capabilities(rawValue: try reader.uint32())
        self.language = try reader.language()
        try reader.finish()
    }

    static let length = 64
}

/// The payload of message 2 of a call.
///
///     01 | nonce 32 | identity key 32 | not before u64 | not after u64 | signature 64 | language 2
///        | capabilities u32 | zeros to 256
struct DoctorHello: Equatable, Sendable {
    /// rD, the doctor's half of the short authentication string.
    var nonce: [UInt8]
    var delegation: Delegation
    /// In which both ends read the words.
    var language: LanguageCode
    var capabilities: Capabilities

    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: Self.length)
        writer.write(payloadVersion)
        writer.write(self.nonce)
        writer.write(self.delegation.identityKey)
        writer.write(self.delegation.notBefore)
        writer.write(self.delegation.notAfter)
        writer.write(self.delegation.signature)
        writer.write(self.language.bytes)
        writer.write(self.capabilities.rawValue)
        writer.writeZeros(Self.length - writer.bytes.count)
        return writer.bytes
    }

    init(nonce: [UInt8], delegation: Delegation, language: LanguageCode, capabilities: Capabilities) {
        self.nonce = nonce
        self.delegation = delegation
        self.language = language
        self.capabilities = capabilities
    }

    init(_ payload: [UInt8]) throws(ChannelError) {
        var reader = try PayloadReader(payload, length: Self.length)
        self.nonce = try reader.bytes(32)
        let identityKey = try reader.bytes(32)
        let notBefore = try reader.uint64()
        let notAfter = try reader.uint64()
        self.delegation = Delegation(
            identityKey: identityKey, notBefore: notBefore, notAfter: notAfter, signature: try reader.bytes(64))
        self.language = try reader.language()
        self.capabilities = Capabilities(rawValue: try reader.uint32())
        try reader.finish()
    }

    static let length = 256
}

/// The payloads of a resume say nothing: zeros of the same two sizes.
enum ResumePayload {
    static func check(_ payload: [UInt8]) throws(ChannelError) {
        guard payload.allSatisfy({ $0 == 0 }) else { throw .malformedPayload }
    }
}

private let payloadVersion: UInt8 = 1

/// A payload of fixed length: version first, zeros last.
private struct PayloadReader {
    private var reader: ByteReader

    init(_ payload: [UInt8], length: Int) throws(ChannelError) {
        guard payload.count == length else { throw .wrongLength(have: payload.count, need: length) }
        guard payload[0] == payloadVersion else { throw .payloadVersion(payload[0]) }
        self.reader = ByteReader(payload[1...])
    }

    mutating func bytes(_ count: Int) throws(ChannelError) -> [UInt8] {
        do { return try self.reader.readBytes(count) } catch { throw .malformedPayload }
    }

    mutating func uint32() throws(ChannelError) -> UInt32 {
        do { return try self.reader.readUInt32() } catch { throw .malformedPayload }
    }

    mutating func uint64() throws(ChannelError) -> UInt64 {
        do { return try self.reader.readUInt64() } catch { throw .malformedPayload }
    }

    mutating func language() throws(ChannelError) -> LanguageCode {
        guard let code = LanguageCode(bytes: try self.bytes(2)) else { throw .malformedPayload }
        return code
    }

    mutating func finish() throws(ChannelError) {
        guard self.reader.readRemainder().allSatisfy({ $0 == 0 }) else { throw .malformedPayload }
    }
}
