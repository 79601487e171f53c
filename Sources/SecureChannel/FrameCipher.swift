package import Invitation

/// Sizes and limits of an epoch's frames.
enum EpochLimits {
    /// Messages per direction, after which the epoch is closed and another begun.
    static let messages: UInt64 = 1 << 20
    static let tagLength = 16
}

/// One direction's sending half: frames in, sealed messages of 272, 1040, 4112 or 16400 octets out.
package struct FrameSealer: Sendable {
    private var cipher: CipherState

    package init(key: Secret) {
        self.init(key: key, messagesSoFar: 0)
    }

    init(key: Secret, messagesSoFar: UInt64) {
        self.cipher = CipherState(key: key, nonce: messagesSoFar)
    }

    package var isExhausted: Bool { self.cipher.nonce >= EpochLimits.messages }

    /// - Throws: `.frameTooLarge`, which changes nothing; `.epochClosed` after 2²⁰ messages.
    package mutating func seal(_ frame: Frame) throws(ChannelError) -> [UInt8] {
        let plaintext = try frame.padded()
        guard !self.isExhausted else { throw .epochClosed }
        return try self.cipher.encrypt(plaintext)
    }
}

/// One direction's receiving half. The first message that is not what the peer sealed next closes it.
package struct FrameOpener: Sendable {
    /// `nil` after an error.
    private var cipher: CipherState?

    package init(key: Secret) {
        self.init(key: key, messagesSoFar: 0)
    }

    init(key: Secret, messagesSoFar: UInt64) {
        self.cipher = CipherState(key: key, nonce: messagesSoFar)
    }

    package mutating func open(_ sealed: [UInt8]) throws(ChannelError) -> Frame {
        guard var cipher = self.cipher, cipher.nonce < EpochLimits.messages else { throw .epochClosed }
        self.cipher = nil
        guard Frame.paddedSizes.contains(sealed.count - EpochLimits.tagLength) else {
            throw .frameLength(sealed.count)
        }
        let frame = try Frame(padded: try cipher.decrypt(sealed))
        self.cipher = cipher
        return frame
    }
}
