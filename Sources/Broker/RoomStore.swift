package import Signalling

/// A doctor who may open rooms here.
package struct EnrolledDoctor: Equatable, Sendable {
    /// Ed25519 identity key, 32 octets.
    package var key: [UInt8]
    /// What the administrator wrote, for the administrator alone.
    package var note: String
    /// Unix seconds.
    package var added: UInt64

    package init(key: [UInt8], note: String, added: UInt64) {
        self.key = key
        self.note = note
        self.added = added
    }
}

/// What outlives the broker's process. One file on one machine today; several brokers may share another kind.
package protocol RoomStore: Sendable {
    func rooms() throws(StoreError) -> [RoomRecord]
    func save(_ record: RoomRecord) throws(StoreError)
    func delete(_ address: RoomAddress) throws(StoreError)

    func isEnrolled(_ key: [UInt8]) throws(StoreError) -> Bool
    /// Enrolling a known key changes its note.
    func enroll(_ doctor: EnrolledDoctor) throws(StoreError)
    /// Its rooms go with it.
    /// - Returns: `false` if the key was not enrolled.
    func revoke(_ key: [UInt8]) throws(StoreError) -> Bool
    func doctors() throws(StoreError) -> [EnrolledDoctor]
}

/// Why the state could not be read or written.
package enum StoreError: Error, Equatable, Sendable {
    /// The directory cannot be made, or others may read it.
    case directory(String)
    /// The library's own words, without any value of a row.
    case database(String)
}
