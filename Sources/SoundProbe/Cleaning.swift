import Audio
import Foundation
import Sound

/// Runs the speech processor over two files, frame by frame, and writes what comes out.
func clean(captured: String, played: String, into path: String) {
    guard var processor = SpeechProcessor() else { return tell(["event": "failed"]) }
    let captured = samples(captured)
    let played = samples(played)
    let size = AudioFormat.blockSamples / 2
    var out: [Int16] = []
    var suppressed = 0
    let start = ContinuousClock.now
    for place in stride(from: 0, through: min(captured.count, played.count) - size, by: size) {
        var frame = Array(captured[place..<place + size])
        processor.clean(&frame, played: Array(played[place..<place + size]))
        if processor.isSuppressing { suppressed += 1 }
        out += frame
    }
    let (seconds, attoseconds) = (ContinuousClock.now - start).components
    out.withUnsafeBytes { octets in
        _ = FileManager.default.createFile(atPath: path, contents: Data(octets))
    }
    tell([
        "event": "cleaned", "frames": out.count / size, "suppressedFrames": suppressed,
        "seconds": Double(seconds) + Double(attoseconds) / 1e18,
    ])
}

private func samples(_ path: String) -> [Int16] {
    let octets = (try? Data(contentsOf: URL(fileURLWithPath: path))) ?? Data()
    return stride(from: 0, to: octets.count - 1, by: 2).map { place in
        Int16(bitPattern: UInt16(octets[place]) | UInt16(octets[place + 1]) << 8)
    }
}
