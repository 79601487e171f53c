/// The two halves of a ``SoundCard``.
package enum SoundSide: String, Sendable, CaseIterable {
    case capture, playback
}

/// Why a device cannot be had, or no longer.
package enum SoundLoss: Equatable, Sendable {
    /// Another program holds it.
    case busy
    /// This user may not use it.
    case denied
    /// It was there and is gone.
    case unplugged
    /// There is none of that name.
    case missing
    /// The sound server cannot be reached, or the device has given no sign of life for ``DeviceWatch/patience``.
    case unresponsive
    /// Anything else, in the words of the library.
    case failed(String)
}

/// What happened to a device.
package enum SoundEvent: Equatable, Sendable {
    /// The first device of a side, or another than before, works.
    case opened(SoundSide, device: String)
    /// A side is without sound: capture gives silence, playback throws away. `device` is the one that failed.
    case lost(SoundSide, device: String, SoundLoss)
    /// A side that was lost works again.
    case returned(SoundSide, device: String)
}

/// How loud a stretch of sound was, in dB below full scale: 0 is the loudest, ``silence`` the least.
package struct SoundLevel: Equatable, Sendable {
    package var peak: Double
    /// Of a full-scale square wave; a full-scale sine has -3.
    package var rms: Double

    package static let floor = -96.0
    package static let silence = SoundLevel(peak: Self.floor, rms: Self.floor)
}
