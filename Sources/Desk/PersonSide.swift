internal import Phrases

/// Microphone or loudspeaker as phrases name them; the sound card has a `SoundSide` of its own.
typealias PersonSide = SoundSide
