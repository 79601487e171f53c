package import Invitation

/// Why a message is refused. Whatever the case, nothing of it is told to the peer: the epoch just ends.
package enum ChannelError: Error, Equatable, Sendable {
    /// The message has `have` octets where the protocol has `need`.
    case wrongLength(have: Int, need: Int)
    /// A public key with which every Diffie–Hellman result is zero.
    case lowOrderPoint
    /// A tag does not verify: another key, link or room, or changed octets.
    case decryptionFailed
    /// A cipher key would encrypt its 2³²nd message.
    case nonceExhausted

    /// A handshake payload of another version.
    case payloadVersion(UInt8)
    /// A handshake payload whose fields or padding no honest peer writes.
    case malformedPayload
    /// The doctor's identity does not hold for this room or this day.
    case delegation(DelegationError)
    /// A resume whose epoch is not greater than the last one confirmed.
    case epochNotGreater(received: UInt32, last: UInt32)
    /// The first frame after the handshake is not CONFIRM.
    case confirmationExpected
    /// CONFIRM opens another number than message 1 committed to.
    case commitmentMismatch

    /// The epoch ended after an earlier error, or its 2²⁰ messages are used: resume in a new one.
    case epochClosed
    /// The octets are none of the four padded sizes.
    case frameLength(Int)
    /// Padding that is not zero, or a larger size than the frame needs.
    case framePadding
    /// A frame type this version does not know.
    case unknownFrame(UInt8)
    /// A frame of a known type whose body does not parse.
    case malformedFrame(UInt8)
    /// A frame of ours whose body does not fit the largest size.
    case frameTooLarge(Int)
}
