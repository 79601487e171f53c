internal import Primitives
internal import Wire

/// One line of the doctor's journal: what happened with a session, to the minute, and no name of anybody.
///
///     lp "colloque/1 journal" | sequence u64 | SHA-256 of the entry before 32 (zeros for the first) | kind u8
///        | time u64 | session 10 (zeros for none) | lp text
package struct JournalEntry: Equatable, Sendable {
    package enum Kind: UInt8, CaseIterable, Sendable {
        case made = 1
        case admitted = 2
        case refused = 3
        /// The doctor's process came back into a call.
        case resumed = 4
        case ended = 5
        /// The identity's signature over the entry before.
        case signed = 6
    }

    package let sequence: UInt64
    /// 32 octets.
    package let previous: [UInt8]
    package let kind: Kind
    /// Unix seconds of a whole minute.
    package let time: UInt64
    package let session: SessionID?
    /// Facts such as `words=same path=direct`; of a signature its 64 octets, in hexadecimal.
    package let text: String

    /// What the next entry names: 32 octets.
    package var hash: [UInt8] { SHA256.hash(self.octets) }

    var octets: [UInt8] {
        var writer = ByteWriter(capacity: 128)
        writer.writeLengthPrefixed(Self.label)
        writer.write(self.sequence)
        writer.write(self.previous)
        writer.write(self.kind.rawValue)
        writer.write(self.time)
        writer.write(self.session.map { [UInt8]($0.text.utf8) } ?? [UInt8](repeating: 0, count: Self.sessionLength))
        writer.writeLengthPrefixed([UInt8](self.text.utf8.prefix(Self.maximumTextLength)))
        return writer.bytes
    }

    init(
        sequence: UInt64, previous: [UInt8], kind: Kind, time: UInt64, session: SessionID?, text: String
    ) {
        self.sequence = sequence
        self.previous = previous
        self.kind = kind
        self.time = time - time % 60
        self.session = session
        self.text = String(decoding: text.utf8.prefix(Self.maximumTextLength), as: UTF8.self)
    }

    /// - Returns: `nil` for what is no entry.
    init?(reading reader: inout ByteReader) {
        do {
            guard try reader.readLengthPrefixed() == Self.label else { return nil }
            self.sequence = try reader.readUInt64()
            self.previous = try reader.readBytes(32)
            guard let kind = Kind(rawValue: try reader.readUInt8()) else { return nil }
            self.kind = kind
            self.time = try reader.readUInt64()
            let session = try reader.readBytes(Self.sessionLength)
            self.session = SessionID(String(decoding: session, as: UTF8.self))
            guard self.session != nil || session.allSatisfy({ $0 == 0 }) else { return nil }
            let text = try reader.readLengthPrefixed()
            guard text.count <= Self.maximumTextLength else { return nil }
            self.text = String(decoding: text, as: UTF8.self)
        } catch {
            return nil
        }
    }

    private static let label = [UInt8]("colloque/1 journal".utf8)
    private static let sessionLength = 10
    static let maximumTextLength = 256
}
