internal import Wire

/// What the demonstration's doctor says first, in French and in English, behind a soft chime.
package enum Greeting {
    /// The whole greeting, 48 kHz mono. Decoded anew at each call: keep it.
    package static func samples() throws(AudioError) -> [Int16] {
        guard let octets = [UInt8](base64URL: GreetingRecording.text) else { throw .malformedPacket }
        var decoder = try OpusPacketDecoder()
        var block = [Int16](repeating: 0, count: AudioFormat.maximumPacketSamples)
        var samples: [Int16] = []
        var rest = octets[...]
        while let count = rest.popFirst() {
            let packet = Array(rest.prefix(Int(count)))
            rest = rest.dropFirst(Int(count))
            var room = block.mutableSpan
            let written = try decoder.decode(packet.span, into: &room)
            samples += block.prefix(written)
        }
        return samples
    }
}

extension AudioSource {
    /// The demonstration's doctor: greets, then repeats what is said.
    package static func demonstration() throws(AudioError) -> AudioSource {
        .recordingThenEcho(try Greeting.samples())
    }
}
