internal import Wire

/// The first RELAY of a resume: the number of the epoch in clear (bound by prologue and key), then message 1.
struct ResumeMessage: Equatable, Sendable {
    let epoch: UInt32
    let messageOne: [UInt8]

    init(epoch: UInt32, messageOne: [UInt8]) {
        self.epoch = epoch
        self.messageOne = messageOne
    }

    init(_ bytes: [UInt8]) throws(ChannelError) {
        guard bytes.count == Self.length else { throw .wrongLength(have: bytes.count, need: Self.length) }
        self.epoch = bytes.prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
        self.messageOne = [UInt8](bytes[4...])
    }

    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: Self.length)
        writer.write(self.epoch)
        writer.write(self.messageOne)
        return writer.bytes
    }

    static let length = 4 + PatientHello.length + NoiseHandshake.overhead
}
