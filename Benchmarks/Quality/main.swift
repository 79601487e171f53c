// What a listener hears over seeded bad paths, as files that Scripts/bench-quality scores.
//
//   QualityBenchmark SPEECH_DIRECTORY OUTPUT_DIRECTORY [SEEDS]
//
// Reads every NAME.wav of speech and writes beside each other: payloads/ and traces/ for other receivers,
// and for ours heard/ours/MODE/TRACE/NAME-SEED.wav with its figures in heard/ours/figures.jsonl.

import Audio
import Glibc
import Wire

guard CommandLine.arguments.count >= 3 else {
    print("usage: QualityBenchmark SPEECH_DIRECTORY OUTPUT_DIRECTORY [SEEDS]")
    exit(64)
}
let speechDirectory = CommandLine.arguments[1]
let outputDirectory = CommandLine.arguments[2]
let seeds = CommandLine.arguments.dropFirst(3).first.flatMap { UInt64($0) } ?? 1

var lines: [String] = []
for voice in Files.names(in: speechDirectory, suffix: ".wav") {
    let speech = try WAVRecording(decoding: Files.read("\(speechDirectory)/\(voice).wav")).engineSamples()
    for mode in Mode.allCases {
        let payloads = try mode.payloads(of: speech)
        try Files.write(PacketFile.octets(payloads), to: "\(outputDirectory)/payloads/\(voice).\(mode.rawValue)")
        for (name, _) in Trace.names {
            for seed in 1...max(seeds, 1) {
                let trace = Trace(
                    name, count: payloads.count, packetOctets: payloads[payloads.count - 1].count, seed: seed)
                let stem = "\(name)/\(voice)-\(seed)"
                try Files.write(Array(trace.table.utf8), to: "\(outputDirectory)/traces/\(mode.rawValue)/\(stem).csv")
                var random = RandomSource.seeded(seed &+ 0xC0_11_0C)
                let call = VirtualCall(
                    payloads: payloads, trace: trace, phaseMilliseconds: 20 * random.unitInterval(),
                    isRedundant: mode != .fec)
                let outcome = try call.run()
                try Files.write(
                    WAVHeader.file(samples: outcome.heard),
                    to: "\(outputDirectory)/heard/ours/\(mode.rawValue)/\(stem).wav")
                lines.append(
                    Figures.line(
                        mode: mode.rawValue, trace: name, voice: voice, seed: seed, samples: speech.count,
                        outcome: outcome))
            }
        }
    }
}
try Files.write(Array(lines.joined(separator: "\n").utf8) + [10], to: "\(outputDirectory)/heard/ours/figures.jsonl")
