import Wire

/// What a peer's offer or answer says about the one audio section and its transport.
///
/// The subset of RFC 9429 that a call with one BUNDLEd, multiplexed Opus stream needs.
package struct RemoteAudio: Equatable, Sendable {
    /// `a=setup` (RFC 4145, RFC 8842 §5).
    package enum Setup: String, Equatable, Sendable {
        case active
        case passive
        case actpass
    }

    package enum Direction: String, Equatable, Sendable {
        case sendrecv
        case sendonly
        case recvonly
        case inactive

        /// What the other end says in its answer (RFC 3264 §6.1).
        package var mirrored: Direction {
            switch self {
            case .sendonly: .recvonly
            case .recvonly: .sendonly
            case .sendrecv, .inactive: self
            }
        }
    }

    /// The place of the audio section among all sections.
    package var sectionIndex: Int
    /// Names the section in both descriptions (RFC 5888).
    package var mid: String
    /// Of Opus, 0…63 or 96…127.
    package var payloadType: UInt8
    /// Of RED with copies of that Opus (RFC 2198), if the peer takes it.
    package var redundancyType: UInt8?
    /// `a=fmtp` of Opus: keys in lower case. What the peer would like to receive (RFC 7587 §6.1).
    package var formatParameters: [String: String]
    /// The duration of packets that the peer would like, and the longest it takes, in milliseconds (RFC 8866 §6.4).
    package var packetTime: Int?
    package var longestPacketTime: Int?
    /// SHA-256 of the certificate that the DTLS handshake has to show, 32 octets.
    package var fingerprint: [UInt8]
    package var iceUfrag: String
    package var icePwd: String
    /// Whether further candidates may follow apart (RFC 8838).
    package var isTrickle: Bool
    package var setup: Setup
    package var direction: Direction
    /// Each as `candidate:…`, without `a=`; at most 100.
    package var candidates: [String]
    package var hasEndOfCandidates: Bool
    /// The header extension's identifier that stands for the mid (RFC 9143 §15), 1…14.
    package var midExtensionID: UInt8?
    package var ssrc: UInt32?
    package var cname: String?

    /// Reads an offer.
    package init(offer: SessionDescription) throws(SDPError) {
        guard let index = offer.media.firstIndex(where: { $0.isUsableAudio(in: offer) }) else { throw .noAudio }
        try self.init(sectionAt: index, of: offer)
    }

    /// Reads the answer to an offer of ours, which had one section.
    package init(answer: SessionDescription, to offer: LocalAudio) throws(SDPError) {
        guard answer.media.count == 1, let section = answer.media.first, section.kind == "audio",
            section.transport == mediaTransport
        else { throw .answerDoesNotMatchOffer }
        guard section.port != 0 else { throw .audioRejected }
        try self.init(sectionAt: 0, of: answer)
        guard self.mid == LocalAudio.offeredMid, self.payloadType == LocalAudio.offeredPayloadType else {
            throw .answerDoesNotMatchOffer
        }
        guard self.setup != .actpass else { throw .badSetup }
    }

    /// Whether this description begins a new ICE generation (RFC 8839 §4.4.1.1.1).
    package func restartsICE(after former: RemoteAudio) -> Bool {
        self.iceUfrag != former.iceUfrag || self.icePwd != former.icePwd
    }

    private init(sectionAt index: Int, of description: SessionDescription) throws(SDPError) {
        let section = description.media[index]
        guard let mid = section.values(of: "mid").first, isToken(mid), mid.utf8.count <= maximumMidSize else {
            throw .noMediaIdentification
        }
        guard section.hasProperty("rtcp-mux") else { throw .noRTCPMultiplexing }
        guard let payloadType = section.opusPayloadType else { throw .noOpus }

        self.sectionIndex = index
        self.mid = mid
        self.payloadType = payloadType
        self.redundancyType = section.redundancyType(of: payloadType)
        self.formatParameters = section.formatParameters(of: payloadType)
        self.packetTime = section.values(of: "ptime").first.flatMap { Int($0) }
        self.longestPacketTime = section.values(of: "maxptime").first.flatMap { Int($0) }
        self.fingerprint = try description.fingerprint(of: section)
        (self.iceUfrag, self.icePwd) = try description.iceCredentials(of: section)
        let options = section.values(of: "ice-options") + description.values(of: "ice-options")
        self.isTrickle = options.contains { $0.split(separator: " ").contains("trickle") }
        let setup = section.values(of: "setup").first ?? description.values(of: "setup").first
        guard let setup = setup.flatMap({ Setup(rawValue: $0) }) else { throw .badSetup }
        self.setup = setup
        self.direction = section.direction ?? .sendrecv
        self.candidates = section.values(of: "candidate").prefix(maximumCandidateCount).map { "candidate:" + $0 }
        self.hasEndOfCandidates = section.hasProperty("end-of-candidates")
        self.midExtensionID = section.extensionID(of: midExtensionURI)
        (self.ssrc, self.cname) = section.source
    }
}

extension RemoteAudio: CustomStringConvertible {
    /// Without the ICE password.
    package var description: String {
        "audio mid=\(self.mid) payloadType=\(self.payloadType) ufrag=\(self.iceUfrag) setup=\(self.setup.rawValue)"
    }
}

extension SessionDescription.MediaSection {
    /// A section with port 0 is rejected unless it is bundled behind another one (RFC 9143 §6).
    fileprivate func isUsableAudio(in description: SessionDescription) -> Bool {
        self.kind == "audio" && self.transport == mediaTransport && (self.port != 0 || self.hasProperty("bundle-only"))
    }

    fileprivate var opusPayloadType: UInt8? { self.payloadTypes(of: "opus/48000/2").first }

    /// A RED whose copies are something else is none.
    fileprivate func redundancyType(of payloadType: UInt8) -> UInt8? {
        self.payloadTypes(of: "red/48000/2").first { type in
            let prefix = "\(type) "
            guard let line = self.values(of: "fmtp").first(where: { $0.hasPrefix(prefix) }) else { return false }
            let inside = line.dropFirst(prefix.count).split(separator: "/", omittingEmptySubsequences: false)
            return !inside.isEmpty && inside.allSatisfy { UInt8($0) == payloadType }
        }
    }

    /// In the offerer's order of preference.
    private func payloadTypes(of encoding: String) -> [UInt8] {
        let types = self.values(of: "rtpmap").compactMap { value -> UInt8? in
            let parts = value.split(separator: " ", maxSplits: 1)
            guard parts.count == 2, parts[1].lowercased() == encoding else { return nil }
            return UInt8(parts[0])
        }
        // 64…95 would look like RTCP (RFC 5761 §4).
        return self.formats.compactMap { UInt8($0) }
            .filter { types.contains($0) && $0 < 128 && !(64...95).contains($0) }
    }

    fileprivate func formatParameters(of payloadType: UInt8) -> [String: String] {
        let prefix = "\(payloadType) "
        guard let line = self.values(of: "fmtp").first(where: { $0.hasPrefix(prefix) }) else { return [:] }
        var parameters: [String: String] = [:]
        for item in line.dropFirst(prefix.count).split(separator: ";").prefix(maximumParameterCount) {
            let pair = item.split(separator: "=", maxSplits: 1)
            guard let key = pair.first else { continue }
            let name = key.lowercased().filter { $0 != " " }
            parameters[name] = pair.count == 2 ? String(pair[1].filter { $0 != " " }) : ""
        }
        return parameters
    }

    fileprivate var direction: RemoteAudio.Direction? {
        self.attributes.lazy.compactMap { $0.value == nil ? RemoteAudio.Direction(rawValue: $0.name) : nil }.first
    }

    fileprivate func extensionID(of uri: String) -> UInt8? {
        for value in self.values(of: "extmap") {
            let parts = value.split(separator: " ")
            guard parts.count >= 2, parts[1] == uri,
                let id = parts[0].split(separator: "/").first.flatMap({ UInt8($0) }), (1...14).contains(id)
            else { continue }
            return id
        }
        return nil
    }

    fileprivate var source: (ssrc: UInt32?, cname: String?) {
        for value in self.values(of: "ssrc") {
            let parts = value.split(separator: " ", maxSplits: 1)
            guard let ssrc = parts.first.flatMap({ UInt32($0) }) else { continue }
            let cname = parts.count == 2 && parts[1].hasPrefix("cname:") ? String(parts[1].dropFirst(6)) : nil
            return (ssrc, cname)
        }
        return (nil, nil)
    }
}

extension SessionDescription {
    /// The one certificate of the section's transport. The section's own lines and the session's must agree.
    fileprivate func fingerprint(of section: MediaSection) throws(SDPError) -> [UInt8] {
        let lines = section.values(of: "fingerprint") + self.values(of: "fingerprint")
        guard let first = lines.first else { throw .noFingerprint }
        var found: [UInt8]?
        for line in lines {
            let parts = line.split(separator: " ", omittingEmptySubsequences: true)
            guard let hash = parts.first, hash.lowercased() == "sha-256" else { continue }
            guard parts.count == 2, let octets = fingerprintOctets(parts[1]) else { throw .malformedFingerprint }
            guard found == nil || found == octets else { throw .severalFingerprints }
            found = octets
        }
        guard let found else {
            throw .unsupportedFingerprintHash(String(first.split(separator: " ").first ?? ""))
        }
        return found
    }

    fileprivate func iceCredentials(of section: MediaSection) throws(SDPError) -> (ufrag: String, pwd: String) {
        guard let ufrag = section.values(of: "ice-ufrag").first ?? self.values(of: "ice-ufrag").first,
            let pwd = section.values(of: "ice-pwd").first ?? self.values(of: "ice-pwd").first
        else { throw .noICECredentials }
        guard (4...256).contains(ufrag.utf8.count), (22...256).contains(pwd.utf8.count),
            (ufrag + pwd).utf8.allSatisfy(isICECharacter)
        else { throw .malformedICECredentials }
        return (ufrag, pwd)
    }
}

private func fingerprintOctets(_ text: Substring) -> [UInt8]? {
    let pairs = text.split(separator: ":", omittingEmptySubsequences: false)
    guard pairs.count == 32, pairs.allSatisfy({ $0.utf8.count == 2 }) else { return nil }
    return [UInt8](hex: pairs.joined())
}

/// RFC 8839 §5.4.
private func isICECharacter(_ octet: UInt8) -> Bool {
    switch octet {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"):
        true
    default: false
    }
}

let mediaTransport = "UDP/TLS/RTP/SAVPF"
let midExtensionURI = "urn:ietf:params:rtp-hdrext:sdes:mid"

/// Octets; RFC 9143 §15 wants three.
private let maximumMidSize = 32
private let maximumParameterCount = 32
/// As many as browsers pair.
private let maximumCandidateCount = 100
