internal import Primitives
internal import STUN

extension TURNClient {
    /// The client's half of the long-term mechanism (RFC 8489 §9.2), SHA-1 and MD5 as browsers and relays speak it.
    ///
    /// Names and passwords are ASCII here, so nothing has to be prepared by RFC 8265.
    struct Authentication: Sendable {
        private let user: String
        private let password: String
        private var challenge: (realm: [UInt8], nonce: [UInt8])?
        /// MD5(user ":" realm ":" password); `nil` before the server has named its realm.
        private(set) var key: [UInt8]?

        init(user: String, password: String) {
            self.user = user
            self.password = password
        }

        /// Takes realm and nonce from a 401 or a 438.
        /// - Returns: `false` if either is missing or longer than RFC 8489 §§14.9, 14.10 allow.
        mutating func accept(_ answer: STUNMessage) -> Bool {
            guard let nonce = answer[.nonce].map(Array.init), (1...Self.maximumCount).contains(nonce.count),
                let realm = answer[.realm].map(Array.init) ?? self.challenge?.realm, realm.count <= Self.maximumCount
            else { return false }
            if realm != self.challenge?.realm || self.key == nil {
                let separator = [UInt8(ascii: ":")]
                self.key = MD5.hash(Array(self.user.utf8) + separator + realm + separator + Array(self.password.utf8))
            }
            self.challenge = (realm, nonce)
            return true
        }

        /// Adds USERNAME, REALM, NONCE and MESSAGE-INTEGRITY, or nothing before the first challenge.
        func sign(_ builder: inout STUNMessageBuilder) {
            guard let challenge, let key else { return }
            builder.add(.username, text: self.user)
            builder.add(.realm, challenge.realm)
            builder.add(.nonce, challenge.nonce)
            builder.addIntegrity(key: key)
        }

        /// RFC 8489 §§14.9, 14.10: fewer than 128 characters, at most 763 octets.
        private static let maximumCount = 763
    }
}

extension TURNClient.Authentication: CustomStringConvertible, CustomReflectable {
    /// A client may appear in a log; its password may not.
    var description: String { "<credentials>" }

    var customMirror: Mirror { Mirror(self, children: []) }
}
