/// The two class bits of a STUN message type (RFC 8489 §5).
package enum STUNClass: UInt16, Sendable {
    case request = 0b00
    case indication = 0b01
    case success = 0b10
    case error = 0b11
}

/// The twelve method bits of a STUN message type. Unknown methods survive decoding.
package struct STUNMethod: RawRepresentable, Hashable, Sendable {
    /// 0 ... 0xFFF; higher bits are dropped on encoding.
    package let rawValue: UInt16

    package init(rawValue: UInt16) {
        self.rawValue = rawValue & 0xFFF
    }

    /// RFC 8489 §18.2.
    package static let binding = STUNMethod(rawValue: 0x001)

    // RFC 8656 §17.
    package static let allocate = STUNMethod(rawValue: 0x003)
    package static let refresh = STUNMethod(rawValue: 0x004)
    package static let send = STUNMethod(rawValue: 0x006)
    package static let data = STUNMethod(rawValue: 0x007)
    package static let createPermission = STUNMethod(rawValue: 0x008)
    package static let channelBind = STUNMethod(rawValue: 0x009)
}

/// Method and class as the first 16 bits carry them: `00 M11…M7 C1 M6…M4 C0 M3…M0`.
struct STUNMessageType {
    let messageClass: STUNClass
    let method: STUNMethod

    var word: UInt16 {
        let method = self.method.rawValue
        let bits = self.messageClass.rawValue
        return (method & 0xF80) << 2 | (bits & 0b10) << 7 | (method & 0x70) << 1 | (bits & 1) << 4 | method & 0xF
    }

    init(messageClass: STUNClass, method: STUNMethod) {
        self.messageClass = messageClass
        self.method = method
    }

    /// - Returns: `nil` when one of the two top bits is set: not STUN (RFC 7983).
    init?(word: UInt16) {
        guard word & 0xC000 == 0, let messageClass = STUNClass(rawValue: (word >> 7 & 0b10) | (word >> 4 & 1)) else {
            return nil
        }
        self.messageClass = messageClass
        self.method = STUNMethod(rawValue: (word >> 2 & 0xF80) | (word >> 1 & 0x70) | word & 0xF)
    }
}
