internal import Invitation
internal import Primitives
internal import Wire

/// What both people read aloud: four words and eight digits from the same 8 octets.
///
/// The patient commits to its half (``commitment(roomID:ephemeral:nonce:)``) before it sees the doctor's,
/// so that somebody in the middle has one guess per handshake and nothing to search through.
package struct ShortAuthenticationString: Hashable, Sendable {
    /// 8 octets.
    package let bytes: [UInt8]

    /// - Returns: `nil` unless there are exactly 8 octets.
    package init?(bytes: [UInt8]) {
        guard bytes.count == Self.length else { return nil }
        self.bytes = bytes
    }

    init(handshakeHash: [UInt8], patientNonce: [UInt8], doctorNonce: [UInt8]) {
        let root = HKDF.extract(salt: handshakeHash, inputKeyMaterial: patientNonce + doctorNonce)
        self.bytes = HKDF.expand(root, info: "colloque/1 sas", count: Self.length)
    }

    /// Four places in the word list, the same in every language: 0 to 255.
    package var wordIndices: [Int] { self.bytes.prefix(4).map { Int($0) } }

    /// Eight digits, shown as two groups of four.
    package var digits: String {
        let number = self.bytes.prefix(5).reduce(UInt64(0)) { $0 << 8 | UInt64($1) } % 100_000_000
        let text = String(number)
        return String(repeating: "0", count: 8 - text.count) + text
    }

    /// The four words, the first two for the patient to read and the last two for the doctor.
    /// - Returns: `nil` for a language without a list: the digits stand alone then.
    package func words(in language: LanguageCode) -> [String]? {
        guard let list = WordList.list(for: language) else { return nil }
        return self.wordIndices.map { list.words[$0] }
    }

    /// cP: what the patient sends of its number before it shows it, 32 octets.
    static func commitment(roomID: RoomID, ephemeral: [UInt8], nonce: [UInt8]) -> [UInt8] {
        SHA256.hash(lengthPrefixed([UInt8]("colloque/1 sas-commit".utf8), roomID.bytes, ephemeral, nonce))
    }

    package static let length = 8
}
