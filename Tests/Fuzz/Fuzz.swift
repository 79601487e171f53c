// One parser under libFuzzer: FUZZ_PARSER names it; see Scripts/fuzz.
//
// A parser may refuse in any way; a trap, a hang, or a value that does not survive being written and read again is
// what is looked for.

import Audio
import Foundation
import ICE
import Invitation
import RTP
import Relay
import SDP
import STUN
import Signalling
import TURN
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
    case "red": _ = try? RedundantPayload(octets.span)
    case "rtcp": _ = try? RTCPPacket.parse(octets)
    case "envelope": readEnvelope(octets)
    case "frame": readFrame(octets)
    case "sdp": readDescription(String(decoding: octets, as: UTF8.self))
    case "candidate": _ = try? Candidate(sdp: "candidate:\(String(decoding: octets, as: UTF8.self))")
    case "opus": readOpus(octets)
    case "wav": _ = try? WAVRecording(decoding: octets)
    case "link": _ = try? InvitationLink(String(decoding: octets, as: UTF8.self))
    case "relay": readAsRelay(octets)
    case "relay-client": readAsRelayClient(octets)
    case "relay-stream": readStream(octets)
    case "relay-uri": _ = RelayURI(String(decoding: octets, as: UTF8.self))
    case "relay-username": _ = RelayUsername(octets).map { precondition(Array($0.text.utf8) == octets) }
    case "control": _ = ControlLine(String(decoding: octets, as: UTF8.self))
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

/// A datagram at a relay of its own, from one client: the answer goes back there and outweighs nothing.
private func readAsRelay(_ octets: [UInt8]) {
    var policy = RelayPolicy()
    policy.publicIPv4 = IPAddress("203.0.113.1")
    var server = TURNServer(policy: policy, secret: .random(), random: .seeded(1), now: .zero)
    let flow = RelayFlow(datagramFrom: TransportAddress(.v4(1), port: 1), listener: 0)
    let start = TURNServer.headroom
    guard start + octets.count + TURNServer.tailroom <= TURNServer.slotSize else { return }
    var slot = [UInt8](repeating: 0, count: TURNServer.slotSize)
    slot.replaceSubrange(start..<start + octets.count, with: octets)
    slot.withUnsafeMutableBytes { memory in
        var span = MutableRawSpan(_unsafeBytes: memory)
        let verdict = server.handle(&span, start..<start + octets.count, from: flow, now: .zero, unixTime: 0)
        if case .send(let destination, let range) = verdict {
            precondition(destination == flow && range.count * 2 <= octets.count * 5, "a stranger got too much")
        }
    }
}

/// What a server, or whoever poses as one, sends to a client that is allocating.
private func readAsRelayClient(_ octets: [UInt8]) {
    for transport in TURNClient.Transport.allCases {
        var client = TURNClient(transport: transport, user: "user", password: "secret", random: .seeded(1))
        client.start(now: .zero)
        client.receive(octets, now: .zero)
        while true {
            if case .wait = client.pollOutput() { break }
        }
    }
}

/// In pieces of the size that the first octet says.
private func readStream(_ octets: [UInt8]) {
    var framing = StreamFraming()
    let size = max(1, Int(octets.first ?? 1))
    for start in stride(from: 0, to: octets.count, by: size) {
        framing.append(octets[start..<min(octets.count, start + size)])
        while case .message(let message) = framing.next() {
            precondition(message.count <= StreamFraming.maximumSize)
        }
    }
}
