// One parser under libFuzzer: FUZZ_PARSER names it; see Scripts/fuzz.
//
// A parser may refuse in any way; a trap, a hang, or a value that does not survive being written and read again is
// what is looked for.

import Audio
import Foundation
import ICE
import Invitation
import RTP
import SDP
import STUN
import Signalling
import Wire

@testable import SecureChannel

private typealias Arguments = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

/// libFuzzer's own loop (FuzzerInterface.h).
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ count: UnsafeMutablePointer<CInt>, _ arguments: UnsafeMutablePointer<Arguments>,
    _ test: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// The name under which SwiftPM links an executable's entry.
@_cdecl("Fuzz_main")
package func fuzz(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> CInt {
    var count = count
    var arguments = arguments
    return runDriver(&count, &arguments, read)
}

private enum Chosen {
    static let parser = ProcessInfo.processInfo.environment["FUZZ_PARSER"] ?? ""
}

/// One input; under the name that libFuzzer's archive looks for.
@_cdecl("LLVMFuzzerTestOneInput")
package func read(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let octets = [UInt8](UnsafeBufferPointer(start: start, count: count))
    switch Chosen.parser {
    case "stun": _ = try? STUNMessage(decoding: octets)
    case "rtp": _ = try? RTPPacketView(octets)
    case "rtcp": _ = try? RTCPPacket.parse(octets)
    case "envelope": readEnvelope(octets)
    case "frame": readFrame(octets)
    case "sdp": readDescription(String(decoding: octets, as: UTF8.self))
    case "candidate": _ = try? Candidate(sdp: "candidate:\(String(decoding: octets, as: UTF8.self))")
    case "opus": readOpus(octets)
    case "wav": _ = try? WAVRecording(decoding: octets)
    case "link": _ = try? InvitationLink(String(decoding: octets, as: UTF8.self))
    default: preconditionFailure("FUZZ_PARSER names no parser: \(Chosen.parser)")
    }
    return 0
}

private func readEnvelope(_ octets: [UInt8]) {
    for reader in EnvelopeReader.allCases {
        guard let envelope = try? Envelope(decoding: octets, for: reader) else { continue }
        precondition(envelope.encoded == octets, "an envelope reads differently from how it is written")
    }
}

/// Filled up to a frame's size, for a fuzzer seldom finds 253 zeros by itself.
private func readFrame(_ octets: [UInt8]) {
    guard let size = Frame.paddedSizes.first(where: { octets.count <= $0 }) else { return }
    let padded = octets + [UInt8](repeating: 0, count: size - octets.count)
    guard let frame = try? Frame(padded: padded) else { return }
    precondition((try? frame.padded()) == padded, "a frame reads differently from how it is written")
}

private func readDescription(_ text: String) {
    guard let description = try? SessionDescription(parsing: text), let audio = try? RemoteAudio(offer: description)
    else { return }
    var random = RandomSource.seeded(1)
    let local = LocalAudio(
        fingerprint: [UInt8](repeating: 7, count: 32), iceUfrag: "user", icePwd: "a password of 24 octets.", ssrc: 1,
        cname: "nobody", random: &random)
    let answer = local.answer(to: description, audio: audio)
    precondition((try? SessionDescription(parsing: answer)) != nil, "our own answer does not parse")
}

/// What passes inspection is decoded too: the library must bear it.
private func readOpus(_ octets: [UInt8]) {
    guard (try? OpusPacket(inspecting: octets.span)) != nil else { return }
    guard var decoder = try? OpusPacketDecoder() else { return }
    var samples = [Int16](repeating: 0, count: 5760)
    var span = samples.mutableSpan
    _ = try? decoder.decode(octets.span, into: &span)
}
