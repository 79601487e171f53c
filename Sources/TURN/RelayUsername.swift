internal import Primitives
package import Wire

/// Which end of a room an allocation belongs to.
package enum RelayRole: UInt8, Sendable {
    case patient = 0x70  // "p"
    case doctor = 0x64  // "d"
    /// Whoever tries the relay without a room of its own; it reaches nobody but its own probe's patient or doctor.
    case probe = 0x78  // "x"
}

/// A room as the relay knows it: eight octets that only a holder of the relay secret can derive from a room id.
package struct RelayGroup: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt64

    package init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    package init(of room: RoomID, secret: RelaySecret) {
        let tag = secret.authenticate(Array("colloque/1 relay-group".utf8) + room.bytes)
        self.rawValue = tag.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
}

/// A username of the long-term mechanism that says all that the relay has to know, so that the relay needs no
/// state shared with the broker but the secret: `expiry:group:side:random`.
package struct RelayUsername: Equatable, Sendable {
    /// Unix seconds until which it may allocate. What is allocated already may be refreshed beyond.
    package let expiry: UInt32
    package let group: RelayGroup
    package let role: RelayRole
    /// Nine random octets that make two grants of one side differ, written as 12 characters.
    private let saltHead: UInt64
    private let saltTail: UInt8

    package init(expiry: UInt32, group: RelayGroup, role: RelayRole, random: inout RandomSource) {
        self.expiry = expiry
        self.group = group
        self.role = role
        self.saltHead = random.next()
        self.saltTail = UInt8(truncatingIfNeeded: random.next())
    }

    /// Reads the octets of a USERNAME attribute.
    /// - Returns: `nil` for anything that no broker of ours makes.
    package init?(_ octets: some Collection<UInt8>) {
        let parts = octets.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0].count <= 10, parts[2].count == 1,
            let expiry = UInt32(String(decoding: parts[0], as: UTF8.self)), String(expiry).utf8.elementsEqual(parts[0]),
            let group = [UInt8](base64URL: String(decoding: parts[1], as: UTF8.self)), group.count == 8,
            let role = RelayRole(rawValue: parts[2][parts[2].startIndex]),
            let salt = [UInt8](base64URL: String(decoding: parts[3], as: UTF8.self)), salt.count == 9
        else { return nil }
        self.expiry = expiry
        self.group = RelayGroup(rawValue: group.reduce(0) { $0 << 8 | UInt64($1) })
        self.role = role
        self.saltHead = salt.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
        self.saltTail = salt[8]
    }

    package var text: String {
        let side = String(UnicodeScalar(self.role.rawValue))
        let salt = (self.saltHead.bigEndianBytes + [self.saltTail]).base64URL
        return "\(self.expiry):\(self.group.rawValue.bigEndianBytes.base64URL):\(side):\(salt)"
    }

    /// What goes with it: base64 of a code over the name.
    package func password(secret: RelaySecret) -> String {
        secret.authenticate(Array(self.text.utf8)).base64
    }
}
