package import Wire

/// This end's side of the one audio section; writes our offers and answers (RFC 9429 §5).
///
/// Kept for the whole call: a later description of the same session differs from the one before by
/// ``sessionVersion``, which the caller raises, and by what was changed.
package struct LocalAudio: Equatable, Sendable {
    /// 63 random bits; names the session, nobody else.
    package let sessionID: UInt64
    /// Raised with each description of the session (RFC 3264 §8).
    package var sessionVersion: UInt64 = 1
    /// SHA-256 of our certificate, 32 octets.
    package var fingerprint: [UInt8]
    package var iceUfrag: String
    package var icePwd: String
    package var ssrc: UInt32
    package var cname: String
    /// Each as `candidate:…`; usually none, for they trickle.
    package var candidates: [String] = []
    package var hasEndOfCandidates = false

    package init(
        fingerprint: [UInt8], iceUfrag: String, icePwd: String, ssrc: UInt32, cname: String,
        random: inout RandomSource
    ) {
        self.sessionID = random.next() >> 1
        self.fingerprint = fingerprint
        self.iceUfrag = iceUfrag
        self.icePwd = icePwd
        self.ssrc = ssrc
        self.cname = cname
    }

    /// Our offer: one audio section, either DTLS role.
    package var offer: String {
        var lines = self.sessionLines(bundled: Self.offeredMid)
        lines += self.audioLines(
            mid: Self.offeredMid, payloadType: Self.offeredPayloadType,
            redundancyType: Self.offeredRedundancyType, setup: .actpass, direction: .sendrecv, isAnswer: false)
        return text(lines)
    }

    /// Our answer: the peer's audio accepted, every other section rejected in its place.
    /// - Parameters:
    ///   - offer: The peer's offer.
    ///   - audio: What was read from it.
    ///   - setup: The DTLS role we would like; the peer's word prevails.
    package func answer(
        to offer: SessionDescription, audio: RemoteAudio, preferring setup: RemoteAudio.Setup = .active
    ) -> String {
        let isBundled = offer.attributes.contains { attribute in
            attribute.name == "group" && attribute.value?.hasPrefix("BUNDLE") == true
        }
        var lines = self.sessionLines(bundled: isBundled ? audio.mid : nil)
        for (index, section) in offer.media.enumerated() {
            if index == audio.sectionIndex {
                lines += self.audioLines(
                    mid: audio.mid, payloadType: audio.payloadType, redundancyType: audio.redundancyType,
                    setup: Self.answeredSetup(to: audio.setup, preferring: setup),
                    direction: audio.direction.mirrored, isAnswer: true)
            } else {
                lines += rejectionLines(of: section)
            }
        }
        return text(lines)
    }

    /// The role an answer takes (RFC 5763 §5).
    package static func answeredSetup(
        to offered: RemoteAudio.Setup, preferring wanted: RemoteAudio.Setup = .active
    ) -> RemoteAudio.Setup {
        switch offered {
        case .active: .passive
        case .passive: .active
        case .actpass: wanted == .passive ? .passive : .active
        }
    }

    static let offeredMid = "0"
    static let offeredPayloadType: UInt8 = 111
    /// Of RED (RFC 2198), behind Opus: who does not know it passes it over.
    static let offeredRedundancyType: UInt8 = 63

    private func sessionLines(bundled mid: String?) -> [String] {
        var lines = [
            "v=0",
            "o=- \(self.sessionID) \(self.sessionVersion) IN IP4 127.0.0.1",
            "s=-",
            "t=0 0",
        ]
        if let mid { lines.append("a=group:BUNDLE \(mid)") }
        return lines
    }

    private func audioLines(
        mid: String, payloadType: UInt8, redundancyType: UInt8?, setup: RemoteAudio.Setup,
        direction: RemoteAudio.Direction, isAnswer: Bool
    ) -> [String] {
        // No header extension, not even the mid: with one section nothing needs telling apart, and a browser
        // would write it into the first packets only, which then have another size.
        // A browser sends what an answer names first, and its page knows RED by this number of the Opus in it.
        let asksForCopies = isAnswer && payloadType == Self.offeredPayloadType
        let copies = redundancyType.map { [$0] } ?? []
        let formats = asksForCopies ? copies + [payloadType] : [payloadType] + copies
        var lines = [
            "m=audio 9 \(mediaTransport) \(formats.map(String.init).joined(separator: " "))",
            "c=IN IP4 0.0.0.0",
            "a=rtcp:9 IN IP4 0.0.0.0",
            "a=ice-ufrag:\(self.iceUfrag)",
            "a=ice-pwd:\(self.icePwd)",
            "a=ice-options:trickle ice2",
            "a=fingerprint:\(fingerprintText(self.fingerprint))",
            "a=setup:\(setup.rawValue)",
            "a=mid:\(mid)",
        ]
        lines += [
            "a=\(direction.rawValue)",
            "a=msid:colloque voice",
            "a=rtcp-mux",
            "a=rtpmap:\(payloadType) opus/48000/2",
            "a=fmtp:\(payloadType) \(opusParameters(hasCopies: asksForCopies && redundancyType != nil))",
        ]
        if let redundancyType {
            lines.append("a=rtpmap:\(redundancyType) red/48000/2")
            lines.append("a=fmtp:\(redundancyType) \(payloadType)/\(payloadType)")
        }
        lines += [
            "a=ptime:20",
            "a=maxptime:60",
            "a=ssrc:\(self.ssrc) cname:\(self.cname)",
        ]
        lines += self.candidates.map { "a=\($0)" }
        if self.hasEndOfCandidates { lines.append("a=end-of-candidates") }
        return lines
    }
}

extension LocalAudio: CustomStringConvertible {
    /// Without the ICE password.
    package var description: String {
        "audio session=\(self.sessionID) version=\(self.sessionVersion) ufrag=\(self.iceUfrag)"
    }
}

/// Keeps the section's place, and its name if that is sound (RFC 9429 §5.3.1).
private func rejectionLines(of section: SessionDescription.MediaSection) -> [String] {
    var lines = [
        "m=\(section.kind) 0 \(section.transport) \(section.formats.joined(separator: " "))",
        "c=IN IP4 0.0.0.0",
        "a=inactive",
    ]
    if let mid = section.values(of: "mid").first, isToken(mid) { lines.append("a=mid:\(mid)") }
    return lines
}

/// `sha-256 AA:BB:…` (RFC 8122 §5).
private func fingerprintText(_ octets: [UInt8]) -> String {
    "sha-256 " + octets.map { [$0].hex.uppercased() }.joined(separator: ":")
}

private func text(_ lines: [String]) -> String {
    lines.joined(separator: "\r\n") + "\r\n"
}

/// RFC 7587 §6.1. One packet size and no pauses: lengths and gaps would tell what is said.
///
/// Whole copies make error correction superfluous, which takes a third of the bits. 24 kbit/s with two copies fill the
/// 192 octets of the page's packets.
private func opusParameters(hasCopies: Bool) -> String {
    let kilobits = hasCopies ? 24 : 32
    return "minptime=10;useinbandfec=\(hasCopies ? 0 : 1);usedtx=0;cbr=1;stereo=0;maxaveragebitrate=\(kilobits)000"
}
