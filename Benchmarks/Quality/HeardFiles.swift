internal import Audio
internal import Foundation
internal import Wire

/// What a listener hears over seeded bad paths, as files.
///
/// For each voice, way of sending, trace and seed: `payloads/` and `traces/` for other receivers, and for ours
/// `heard/ours/MODE/TRACE/VOICE-SEED.wav`, with the figures of all in `heard/ours/figures.jsonl`.
package struct HeardFiles {
    /// Someone who speaks; the first three seconds are silence, in which a receiver settles.
    package struct Voice {
        let name: String
        let speech: [Int16]

        /// - Parameter speech: 48 kHz mono.
        package init(name: String, speech: [Int16]) {
            self.name = name
            self.speech = speech
        }

        /// Speech that has no silence before it.
        package static func withSilence(name: String, speech: [Int16]) -> Voice {
            let silence = VirtualCall.silentBlocks * AudioFormat.blockSamples
            return Voice(name: name, speech: [Int16](repeating: 0, count: silence) + speech)
        }

        /// Writes what is said to `NAME.wav`, for whoever compares what was heard with it.
        package func write(to directory: String) throws {
            try Files.write(WAVHeader.file(samples: self.speech), to: "\(directory)/\(self.name).wav")
        }
    }

    package let directory: String
    package let modes: [Mode]
    package let traces: [String]
    package let seeds: Int

    /// - Parameters:
    ///   - traces: of ``Trace/names``.
    ///   - seeds: 1 or more.
    package init(directory: String, modes: [Mode], traces: [String], seeds: Int) {
        self.directory = directory
        self.modes = modes
        self.traces = traces
        self.seeds = seeds
    }

    /// How many calls a voice needs.
    package var callsPerVoice: Int { self.modes.count * self.traces.count * self.seeds }

    /// Every WAV file of a directory as a voice, by its name.
    /// - Throws: ``Files/Failure``, or ``AudioError`` for what is no WAV file of sound.
    package static func voices(in directory: String) throws -> [Voice] {
        try Files.names(in: directory, suffix: ".wav").map { name in
            let recording = try WAVRecording(decoding: Files.read("\(directory)/\(name).wav"))
            return Voice(name: name, speech: recording.engineSamples())
        }
    }

    /// Holds every call of every voice, and tells the figures of each as its files are written.
    package func make(_ voices: [Voice], tell: (Figures) -> Void) throws {
        var lines = Data()
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        for voice in voices {
            for mode in self.modes {
                let payloads = try mode.payloads(of: voice.speech)
                guard let last = payloads.last else { continue }
                try Files.write(
                    PacketFile.octets(payloads), to: "\(self.directory)/payloads/\(voice.name).\(mode.rawValue)")
                for name in self.traces {
                    for seed in 1...UInt64(max(self.seeds, 1)) {
                        let trace = Trace(name, count: payloads.count, packetOctets: last.count, seed: seed)
                        let figures = try self.call(voice, mode, payloads, trace, seed: seed)
                        lines += try encoder.encode(figures) + Data("\n".utf8)
                        tell(figures)
                    }
                }
            }
        }
        try Files.write(Array(lines), to: "\(self.directory)/heard/ours/figures.jsonl")
    }

    private func call(
        _ voice: Voice, _ mode: Mode, _ payloads: [[UInt8]], _ trace: Trace, seed: UInt64
    ) throws -> Figures {
        let stem = "\(mode.rawValue)/\(trace.name)/\(voice.name)-\(seed)"
        try Files.write(Array(trace.table.utf8), to: "\(self.directory)/traces/\(stem).csv")
        var random = RandomSource.seeded(seed &+ 0xC0_11_0C)
        let call = VirtualCall(
            payloads: payloads, trace: trace, phaseMilliseconds: 20 * random.unitInterval(), isRedundant: mode != .fec)
        let outcome = try call.run()
        try Files.write(WAVHeader.file(samples: outcome.heard), to: "\(self.directory)/heard/ours/\(stem).wav")
        return Figures(
            mode: mode, trace: trace.name, voice: voice.name, seed: seed, samples: voice.speech.count, outcome: outcome)
    }
}
