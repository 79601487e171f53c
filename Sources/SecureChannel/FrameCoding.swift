internal import Wire

/// The plaintext of a frame: `type u8 | length u16 | body`, with zeros up to the smallest size that fits.
extension Frame {
    static let paddedSizes = [256, 1024, 4096, 16384]
    private static let headerLength = 3
    /// The longest body: 16381 octets.
    package static let maximumBodyLength = 16384 - headerLength

    /// - Throws: `.frameTooLarge`.
    func padded() throws(ChannelError) -> [UInt8] {
        let body = self.body
        guard let size = Self.paddedSizes.first(where: { body.count + Self.headerLength <= $0 }) else {
            throw .frameTooLarge(body.count)
        }
        var writer = ByteWriter(capacity: size)
        writer.write(self.type)
        writer.write(UInt16(body.count))
        writer.write(body)
        writer.writeZeros(size - writer.bytes.count)
        return writer.bytes
    }

    /// - Throws: `.frameLength`, `.framePadding`, `.unknownFrame` or `.malformedFrame`.
    init(padded plaintext: [UInt8]) throws(ChannelError) {
        guard Self.paddedSizes.contains(plaintext.count) else { throw .frameLength(plaintext.count) }
        let type = plaintext[0]
        let end = Self.headerLength + (Int(plaintext[1]) << 8 | Int(plaintext[2]))
        guard Self.paddedSizes.first(where: { end <= $0 }) == plaintext.count,
            plaintext[end...].allSatisfy({ $0 == 0 })
        else { throw .framePadding }
        guard Self.knownTypes.contains(type) else { throw .unknownFrame(type) }
        do {
            guard let frame = try Self.decode(type: type, body: plaintext[Self.headerLength..<end]) else {
                throw ChannelError.malformedFrame(type)
            }
            self = frame
        } catch {
            throw .malformedFrame(type)
        }
    }

    private static let knownTypes: ClosedRange<UInt8> = 0x03...0x11

    var type: UInt8 {
        switch self {
        case .confirm: 0x03
        case .waiting: 0x04
        case .admit: 0x05
        case .refuse: 0x06
        case .sessionDescription: 0x07
        case .candidate: 0x08
        case .wordsResult: 0x09
        case .transportBinding: 0x0A
        case .chat: 0x0B
        case .keyEncapsulation: 0x0C
        case .keepAlive: 0x0D
        case .receipt: 0x0E
        case .bye: 0x0F
        case .consent: 0x10
        case .identityCheck: 0x11
        }
    }

    private var body: [UInt8] {
        var writer = ByteWriter()
        switch self {
        case .confirm(let confirmation):
            writer.write(confirmation.nonce)
            writer.write(confirmation.receiptKey ?? [UInt8](repeating: 0, count: 32))
            writer.writeText(confirmation.displayName)
        case .waiting(let message): writer.writeText(message)
        case .admit(let flags): writer.write(flags.rawValue)
        case .refuse(let reason): writer.write(reason.rawValue)
        case .sessionDescription(let kind, let generation, let text):
            writer.write(kind.rawValue)
            writer.write(generation)
            writer.write(text.utf8)
        case .candidate(let generation, let text):
            writer.write(generation)
            writer.write(text.utf8)
        case .wordsResult(let isSame): writer.write(isSame ? 1 : 0 as UInt8)
        case .transportBinding(let tag): writer.write(tag)
        case .chat(let id, let text):
            writer.write(id)
            writer.write(text.utf8)
        case .keyEncapsulation(let octets): writer.write(octets)
        case .keepAlive: break
        case .receipt(let part, let octets):
            writer.write(part.rawValue)
            writer.write(octets)
        case .bye(let reason): writer.write(reason.rawValue)
        case .consent(let consent):
            writer.write(consent.version)
            writer.write(consent.language.bytes)
            writer.write(consent.textHash)
            writer.write(consent.time)
        case .identityCheck(let check): writer.write(check.rawValue)
        }
        return writer.bytes
    }

    /// - Returns: `nil`, as for a thrown truncation, when the body is not one of that type.
    private static func decode(type: UInt8, body: ArraySlice<UInt8>) throws(ByteReader.Failure) -> Frame? {
        var reader = ByteReader(body)
        let frame: Frame?
        switch type {
        case 0x03:
            let nonce = try reader.readBytes(32)
            let receiptKey = try reader.readBytes(32)
            let displayName = String(validating: try reader.readLengthPrefixed(), as: UTF8.self)
            let hasReceiptKey = receiptKey.contains { $0 != 0 }
            frame = displayName.map {
                .confirm(Confirmation(nonce: nonce, receiptKey: hasReceiptKey ? receiptKey : nil, displayName: $0))
            }
        case 0x04:
            frame = String(validating: try reader.readLengthPrefixed(), as: UTF8.self).map { .waiting(message: $0) }
        case 0x05: frame = .admit(AdmissionFlags(rawValue: try reader.readUInt8()))
        case 0x06: frame = .refuse(RefusalReason(rawValue: try reader.readUInt8()))
        case 0x07:
            let kind = DescriptionKind(rawValue: try reader.readUInt8())
            let generation = try reader.readUInt32()
            let text = String(validating: reader.readRemainder(), as: UTF8.self)
            guard let kind, let text else { return nil }
            frame = .sessionDescription(kind, generation: generation, text: text)
        case 0x08:
            let generation = try reader.readUInt32()
            frame = reader.readText().map { .candidate(generation: generation, text: $0) }
        case 0x09:
            let value = try reader.readUInt8()
            frame = value <= 1 ? .wordsResult(isSame: value == 1) : nil
        case 0x0A: frame = .transportBinding(tag: try reader.readBytes(32))
        case 0x0B:
            let id = try reader.readUInt32()
            frame = reader.readText().map { .chat(id: id, text: $0) }
        case 0x0C:
            let octets = reader.readRemainder()
            frame = encapsulationLengths.contains(octets.count) ? .keyEncapsulation(octets) : nil
        case 0x0D: frame = .keepAlive
        case 0x0E:
            let part = ReceiptPart(rawValue: try reader.readUInt8())
            frame = part.map { .receipt($0, octets: reader.readRemainder()) }
        case 0x0F: frame = .bye(ByeReason(rawValue: try reader.readUInt8()))
        case 0x10:
            let version = try reader.readUInt8()
            let language = LanguageCode(bytes: try reader.readBytes(2))
            let textHash = try reader.readBytes(32)
            let time = try reader.readUInt64()
            frame = language.map {
                .consent(Consent(version: version, language: $0, textHash: textHash, time: time))
            }
        case 0x11: frame = .identityCheck(IdentityCheck(rawValue: try reader.readUInt8()))
        default: frame = nil
        }
        return reader.isAtEnd ? frame : nil
    }

    /// ML-KEM-768: ciphertext and encapsulation key (FIPS 203 table 3).
    private static let encapsulationLengths = [1088, 1184]
}

extension ByteReader {
    fileprivate mutating func readText() -> String? {
        String(validating: self.readRemainder(), as: UTF8.self)
    }
}

extension ByteWriter {
    /// `lp` of the text; one too long for its length field is cut, and refused by the frame's own limit.
    fileprivate mutating func writeText(_ text: String) {
        self.writeLengthPrefixed([UInt8](text.utf8.prefix(Int(UInt16.max))))
    }
}
