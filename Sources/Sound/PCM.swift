internal import CALSA
internal import Glibc

/// One open device at 48 kHz, 16 bits, mono; what the hardware has otherwise, the plug layer converts.
///
/// Owns one `snd_pcm_t *`. All calls may block when a sound server hangs: it lives on a thread of its own.
struct PCM: ~Copyable {
    private let handle: OpaquePointer  // snd_pcm_t *
    /// What the device's buffer holds, in samples.
    let bufferSamples: Int

    /// Opens and prepares `device`.
    /// - Parameter bufferSamples: asked for; the device may have another, see ``bufferSamples``.
    init(opening device: String, _ side: SoundSide, bufferSamples: Int) throws(SoundError) {
        colloque_alsa_silence()
        do {
            (self.handle, self.bufferSamples) = try Self.open(device, side, bufferSamples: bufferSamples)
        } catch {
            // A device that has no converter of its own gets one.
            guard error.code == -EINVAL else { throw error }
            (self.handle, self.bufferSamples) = try Self.open("plug:'\(device)'", side, bufferSamples: bufferSamples)
        }
    }

    deinit { snd_pcm_close(self.handle) }

    /// Starts a capture device; playback starts by itself.
    func start() throws(SoundError) {
        try check(snd_pcm_start(self.handle))
    }

    /// What waits in the device: samples to be read, or samples to be heard from its buffer.
    func waiting(_ side: SoundSide) throws(SoundError) -> Int {
        let available = Int(try check(snd_pcm_avail(self.handle)))
        return side == .capture ? available : max(0, self.bufferSamples - available)
    }

    /// From the mouth to `read`, or from `write` to the ear, in samples; `nil` when the device does not know.
    func delay() -> Int? {
        var delay: snd_pcm_sframes_t = 0
        guard snd_pcm_delay(self.handle, &delay) == 0 else { return nil }
        return max(0, Int(delay))
    }

    /// Reads up to `count` samples to `samples[offset...]`.
    /// - Returns: How many; 0 when none wait.
    func read(into samples: inout [Int16], at offset: Int, count: Int) throws(SoundError) -> Int {
        precondition(offset >= 0 && count >= 0 && offset + count <= samples.count)
        let moved = samples.withUnsafeMutableBufferPointer { room in
            snd_pcm_readi(self.handle, room.baseAddress.map { $0 + offset }, snd_pcm_uframes_t(count))
        }
        return try Self.moved(moved)
    }

    /// Writes up to `count` samples from `samples[offset...]`.
    /// - Returns: How many; 0 when the device has no room.
    func write(_ samples: [Int16], at offset: Int, count: Int) throws(SoundError) -> Int {
        precondition(offset >= 0 && count >= 0 && offset + count <= samples.count)
        let moved = samples.withUnsafeBufferPointer { octets in
            snd_pcm_writei(self.handle, octets.baseAddress.map { $0 + offset }, snd_pcm_uframes_t(count))
        }
        return try Self.moved(moved)
    }

    /// Sleeps until a frame can move, for at most `milliseconds`.
    func wait(milliseconds: Int) throws(SoundError) {
        try check(snd_pcm_wait(self.handle, Int32(milliseconds)))
    }

    /// Makes a device work again that ran over, ran dry, or was suspended.
    /// - Returns: Whether `error` was of that kind and is mended.
    func recover(from error: SoundError) -> Bool {
        switch error.code {
        case -EPIPE, -EINTR: snd_pcm_recover(self.handle, error.code, 1) == 0
        case -ESTRPIPE:
            // Resuming may take its time: preparing anew is always possible, or the device is gone.
            snd_pcm_prepare(self.handle) == 0
        default: false
        }
    }

    // MARK: Opening

    private static func open(
        _ device: String, _ side: SoundSide, bufferSamples: Int
    ) throws(SoundError) -> (OpaquePointer, Int) {
        var opened: OpaquePointer?
        let stream = side == .capture ? SND_PCM_STREAM_CAPTURE : SND_PCM_STREAM_PLAYBACK
        try check(snd_pcm_open(&opened, device, stream, Int32(SND_PCM_NONBLOCK)))
        guard let handle = opened else { throw SoundError(code: -ENODEV) }
        do {
            let size = try Self.configureHardware(handle, bufferSamples: bufferSamples)
            try Self.configureSoftware(handle, side)
            try check(snd_pcm_prepare(handle))
            return (handle, size)
        } catch {
            snd_pcm_close(handle)
            throw error
        }
    }

    private static func configureHardware(_ handle: OpaquePointer, bufferSamples: Int) throws(SoundError) -> Int {
        var made: OpaquePointer?
        try check(snd_pcm_hw_params_malloc(&made))
        guard let parameters = made else { throw SoundError(code: -ENOMEM) }
        defer { snd_pcm_hw_params_free(parameters) }
        try check(snd_pcm_hw_params_any(handle, parameters))
        try check(snd_pcm_hw_params_set_rate_resample(handle, parameters, 1))
        try check(snd_pcm_hw_params_set_access(handle, parameters, SND_PCM_ACCESS_RW_INTERLEAVED))
        try check(snd_pcm_hw_params_set_format(handle, parameters, SND_PCM_FORMAT_S16))
        try check(snd_pcm_hw_params_set_channels(handle, parameters, 1))
        try check(snd_pcm_hw_params_set_rate(handle, parameters, 48_000, 0))
        var period = snd_pcm_uframes_t(SoundFrame.samples)
        try check(snd_pcm_hw_params_set_period_size_near(handle, parameters, &period, nil))
        var size = snd_pcm_uframes_t(bufferSamples)
        try check(snd_pcm_hw_params_set_buffer_size_near(handle, parameters, &size))
        try check(snd_pcm_hw_params(handle, parameters))
        try check(snd_pcm_hw_params_get_buffer_size(parameters, &size))
        return Int(size)
    }

    private static func configureSoftware(
        _ handle: OpaquePointer, _ side: SoundSide
    ) throws(SoundError) {
        var made: OpaquePointer?
        try check(snd_pcm_sw_params_malloc(&made))
        guard let parameters = made else { throw SoundError(code: -ENOMEM) }
        defer { snd_pcm_sw_params_free(parameters) }
        try check(snd_pcm_sw_params_current(handle, parameters))
        try check(snd_pcm_sw_params_set_avail_min(handle, parameters, snd_pcm_uframes_t(SoundFrame.samples)))
        // A sound server that ran dry waits for as much again: one frame must do.
        let threshold = side == .capture ? 1 : SoundFrame.samples
        try check(snd_pcm_sw_params_set_start_threshold(handle, parameters, snd_pcm_uframes_t(threshold)))
        try check(snd_pcm_sw_params(handle, parameters))
    }

    private static func moved(_ code: snd_pcm_sframes_t) throws(SoundError) -> Int {
        if code == -snd_pcm_sframes_t(EAGAIN) { return 0 }
        return Int(try check(code))
    }
}

/// What the sound library answered.
struct SoundError: Error, Equatable {
    /// Negative, as in errno.h.
    let code: Int32

    /// - Parameter wasOpen: whether the device had worked before.
    func loss(wasOpen: Bool) -> SoundLoss {
        switch -self.code {
        case EBUSY, EAGAIN: .busy
        case EACCES, EPERM: .denied
        // A sound server that goes away breaks the pipe for good; what runs dry is mended before it comes here.
        case ENODEV, ENOENT, ENXIO, EBADFD, EIO, EPIPE: wasOpen ? .unplugged : .missing
        case ECONNREFUSED, ECONNRESET, ETIMEDOUT, EHOSTDOWN: .unresponsive
        default: .failed(String(cString: snd_strerror(self.code)))
        }
    }
}

@discardableResult
private func check<Code: SignedInteger>(_ code: Code) throws(SoundError) -> Code {
    guard code >= 0 else { throw SoundError(code: Int32(clamping: code)) }
    return code
}

/// A device as ALSA's configuration names it.
struct DeviceHint: Equatable {
    let name: String
    let description: String
    /// `nil` for both directions.
    let side: SoundSide?

    /// Everything the configuration offers, in its order.
    static func all() -> [DeviceHint] {
        colloque_alsa_silence()
        var found: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
        // Devices may have come since the configuration was read.
        snd_config_update_free_global()
        guard snd_device_name_hint(-1, "pcm", &found) == 0, let hints = found else { return [] }
        defer { snd_device_name_free_hint(hints) }
        var all: [DeviceHint] = []
        var place = hints
        while let hint = place.pointee {
            if let name = Self.text(hint, "NAME") {
                let side: SoundSide? =
                    switch Self.text(hint, "IOID") {
                    case "Input": .capture
                    case "Output": .playback
                    default: nil
                    }
                all.append(DeviceHint(name: name, description: Self.text(hint, "DESC") ?? name, side: side))
            }
            place += 1
        }
        return all
    }

    private static func text(_ hint: UnsafeMutableRawPointer, _ key: String) -> String? {
        guard let text = snd_device_name_get_hint(hint, key) else { return nil }
        defer { free(text) }
        return String(cString: text)
    }
}
