internal import Audio
internal import Foundation
internal import Network
internal import Sound
internal import Wire

/// What tells a doctor that somebody came: two soft tones, a third apart.
package enum Chime {
    /// 48 kHz, mono.
    package static let samples: [Int16] = Self.tone(hertz: 659.26) + Self.tone(hertz: 830.61)

    /// Plays it once on a thread of its own, through the loudspeaker alone; without one nothing happens.
    package static func play(on device: String?) {
        Thread.detachNewThread {
            let card = SoundCard(SoundCard.Choice(capture: nil, playback: device, processing: .raw, hasCapture: false))
            defer { card.close() }
            var played = 0
            var block = [Int16](repeating: 0, count: AudioFormat.blockSamples)
            // A sound server may take two seconds to open; behind the tones as much silence leaves as it holds in store.
            let end = monotonicNow() + .seconds(6)
            while monotonicNow() < end, played < Self.samples.count + Self.store {
                waitForInput(on: [card.descriptor], for: .milliseconds(50))
                _ = card.takeEvents()
                for _ in 0..<min(4, card.wantedBlocks) {
                    for index in block.indices {
                        block[index] = card.isPlaying && played < Self.samples.count ? Self.samples[played] : 0
                        if card.isPlaying { played += 1 }
                    }
                    card.play(block.span)
                }
            }
        }
    }

    /// Samples: 400 ms.
    private static let store = 19_200

    private static func tone(hertz: Double) -> [Int16] {
        (0..<14_400).map { index in
            let time = Double(index) / 48_000
            // A soft start, and a fall like a struck bar's.
            let envelope = min(1, time / 0.008) * exp(-time * 9)
            return Int16(7000 * envelope * sin(2 * .pi * hertz * time))
        }
    }
}

func logarithm(_ value: Double) -> Double { log10(value) }
