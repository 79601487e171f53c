/// The way out: captured blocks become RTP payloads of one constant size.
///
/// Holds no clock: the caller hands over sound as it comes, and sends at once what comes back. Packets of 10 ms are
/// several in a block of 20 ms, packets of 40 ms one in two.
package struct AudioSender: ~Copyable {
    /// One payload's place in the stream.
    package struct Placement: Equatable, Sendable {
        /// To be added to the stream's random offset (RFC 3550 §5.1), in samples at 48 kHz.
        package let timestamp: UInt32
        /// Set on the very first packet only: without DTX there is one talkspurt (RFC 7587 §4.2).
        package let isMarked: Bool
    }

    private var encoder: OpusPacketEncoder
    private var nextTimestamp: UInt32 = 0
    private var isFirst = true
    /// Sound that makes no whole packet yet.
    private var waiting: [Int16] = []
    /// Settings of the next packet, while one is begun by the former ones.
    private var next: OpusEncoderSettings?

    package init(settings: OpusEncoderSettings = OpusEncoderSettings()) throws(AudioError) {
        self.encoder = try OpusPacketEncoder(settings: settings)
        self.waiting.reserveCapacity(2 * AudioFormat.maximumPacketSamples)
    }

    package var settings: OpusEncoderSettings { self.next ?? self.encoder.settings }

    /// What the encoder holds back, for estimates of mouth to ear.
    package var lookaheadSamples: Int { self.encoder.lookaheadSamples }

    /// Changes how the next packet is made, and those after it.
    package mutating func apply(_ settings: OpusEncoderSettings) throws(AudioError) {
        guard self.waiting.isEmpty else {
            self.next = settings
            return
        }
        try self.encoder.apply(settings)
    }

    /// Encodes one block of `settings.packetSamples`.
    /// - Parameter payload: Becomes the payload, `settings.packetOctets` long; hand in the same
    ///   array each time and nothing is allocated.
    package mutating func send(_ block: Span<Int16>, into payload: inout [UInt8]) throws(AudioError) -> Placement {
        try self.encoder.encode(block, into: &payload)
        return self.place()
    }

    /// Takes a block and gives the packet that is due, as ``add(_:)`` and ``next(into:)`` would, without a copy of the
    /// sound where the block is a packet.
    package mutating func take(_ block: Span<Int16>, into payload: inout [UInt8]) throws(AudioError) -> Placement? {
        if self.waiting.isEmpty, block.count == self.encoder.settings.packetSamples {
            return try self.send(block, into: &payload)
        }
        self.add(block)
        return try self.next(into: &payload)
    }

    /// Takes sound of any length; ``next(into:)`` makes packets of it.
    package mutating func add(_ block: Span<Int16>) {
        for index in 0..<block.count { self.waiting.append(block[index]) }
    }

    /// The next packet of what was added, or `nil` while there is not enough for one.
    package mutating func next(into payload: inout [UInt8]) throws(AudioError) -> Placement? {
        let count = self.encoder.settings.packetSamples
        guard self.waiting.count >= count else { return nil }
        // Taken out for the moment, so that a span of it may be lent.
        var waiting: [Int16] = []
        swap(&waiting, &self.waiting)
        try self.encoder.encode(waiting.span.extracting(0..<count), into: &payload)
        waiting.removeFirst(count)
        swap(&waiting, &self.waiting)
        let placement = self.place()
        try self.applyNext()
        return placement
    }

    /// Forgets what was added and not sent.
    package mutating func drop() throws(AudioError) {
        self.waiting.removeAll(keepingCapacity: true)
        try self.applyNext()
    }

    private mutating func applyNext() throws(AudioError) {
        guard self.waiting.isEmpty, let next = self.next else { return }
        self.next = nil
        try self.encoder.apply(next)
    }

    private mutating func place() -> Placement {
        defer {
            self.nextTimestamp &+= UInt32(self.encoder.settings.packetSamples)
            self.isFirst = false
        }
        return Placement(timestamp: self.nextTimestamp, isMarked: self.isFirst)
    }
}
