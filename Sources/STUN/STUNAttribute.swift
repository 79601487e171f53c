/// A STUN attribute's type. Types this project does not know survive decoding.
package struct STUNAttributeType: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt16

    package init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    /// A receiver that does not know the type must refuse the message (RFC 8489 §14).
    package var isComprehensionRequired: Bool { self.rawValue < 0x8000 }

    // RFC 8489 §18.3.
    package static let mappedAddress = STUNAttributeType(rawValue: 0x0001)
    package static let username = STUNAttributeType(rawValue: 0x0006)
    package static let messageIntegrity = STUNAttributeType(rawValue: 0x0008)
    package static let errorCode = STUNAttributeType(rawValue: 0x0009)
    package static let unknownAttributes = STUNAttributeType(rawValue: 0x000A)
    package static let realm = STUNAttributeType(rawValue: 0x0014)
    package static let nonce = STUNAttributeType(rawValue: 0x0015)
    package static let messageIntegritySHA256 = STUNAttributeType(rawValue: 0x001C)
    package static let passwordAlgorithm = STUNAttributeType(rawValue: 0x001D)
    package static let userhash = STUNAttributeType(rawValue: 0x001E)
    package static let xorMappedAddress = STUNAttributeType(rawValue: 0x0020)
    package static let passwordAlgorithms = STUNAttributeType(rawValue: 0x8002)
    package static let alternateDomain = STUNAttributeType(rawValue: 0x8003)
    package static let software = STUNAttributeType(rawValue: 0x8022)
    package static let alternateServer = STUNAttributeType(rawValue: 0x8023)
    package static let fingerprint = STUNAttributeType(rawValue: 0x8028)

    // RFC 8445 §16.1.
    package static let priority = STUNAttributeType(rawValue: 0x0024)
    package static let useCandidate = STUNAttributeType(rawValue: 0x0025)
    package static let iceControlled = STUNAttributeType(rawValue: 0x8029)
    package static let iceControlling = STUNAttributeType(rawValue: 0x802A)

    // RFC 8656 §18.
    package static let channelNumber = STUNAttributeType(rawValue: 0x000C)
    package static let lifetime = STUNAttributeType(rawValue: 0x000D)
    package static let xorPeerAddress = STUNAttributeType(rawValue: 0x0012)
    package static let data = STUNAttributeType(rawValue: 0x0013)
    package static let xorRelayedAddress = STUNAttributeType(rawValue: 0x0016)
    package static let requestedAddressFamily = STUNAttributeType(rawValue: 0x0017)
    package static let evenPort = STUNAttributeType(rawValue: 0x0018)
    package static let requestedTransport = STUNAttributeType(rawValue: 0x0019)
    package static let dontFragment = STUNAttributeType(rawValue: 0x001A)
    package static let reservationToken = STUNAttributeType(rawValue: 0x0022)
}

/// One attribute as received: its value without padding, in the storage of the datagram.
package struct STUNAttribute: Equatable, Sendable {
    package let type: STUNAttributeType
    package let value: ArraySlice<UInt8>
}

/// An ERROR-CODE number (RFC 8489 §14.8).
package struct STUNErrorCode: RawRepresentable, Hashable, Sendable {
    /// 300 ... 699.
    package let rawValue: UInt16

    package init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    package static let tryAlternate = STUNErrorCode(rawValue: 300)
    package static let badRequest = STUNErrorCode(rawValue: 400)
    package static let unauthenticated = STUNErrorCode(rawValue: 401)
    package static let forbidden = STUNErrorCode(rawValue: 403)
    package static let unknownAttribute = STUNErrorCode(rawValue: 420)
    package static let allocationMismatch = STUNErrorCode(rawValue: 437)
    package static let staleNonce = STUNErrorCode(rawValue: 438)
    package static let addressFamilyNotSupported = STUNErrorCode(rawValue: 440)
    package static let wrongCredentials = STUNErrorCode(rawValue: 441)
    package static let unsupportedTransport = STUNErrorCode(rawValue: 442)
    package static let peerAddressFamilyMismatch = STUNErrorCode(rawValue: 443)
    package static let allocationQuotaReached = STUNErrorCode(rawValue: 486)
    package static let roleConflict = STUNErrorCode(rawValue: 487)
    package static let serverError = STUNErrorCode(rawValue: 500)
    package static let insufficientCapacity = STUNErrorCode(rawValue: 508)
}
