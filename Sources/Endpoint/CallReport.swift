internal import Audio
package import Consultation
internal import Glibc
internal import ICE
internal import Invitation
internal import RTP
internal import SecureChannel
internal import SecureTransport
package import Session
internal import TURN
internal import Wire

/// What a call was like, as one JSON document. Every figure is measured; what was not reached is absent.
package struct CallReport: Encodable, Sendable {
    package enum Outcome: String, Encodable, Sendable {
        case completed, refused, failed
    }

    package struct Path: Encodable, Sendable {
        /// `direct` or `relay`.
        package var kind: String
        /// `udp`, or `tcp` or `tls` where this end reaches its relay so.
        package var `protocol`: String
        package var local: String
        package var remote: String
    }

    /// Milliseconds. The first three count from the start of the command, the others from the moment the last
    /// needed description was applied.
    package struct Setup: Encodable, Sendable {
        package var signalling: Double?
        package var handshake: Double?
        package var admitted: Double?
        package var ice: Double?
        package var dtls: Double?
        package var firstAudio: Double?
    }

    package struct Security: Encodable, Sendable {
        package var noise: String
        package var dtls: String?
        package var srtp: String?
        package var words: [String]?
        package var digits: String?
        /// `same`, `different` or `none`: what this end said.
        package var wordsResult: String
        package var bound: Bool
    }

    package struct Delay: Encodable, Sendable {
        package var p50: Double?
        package var p95: Double?
    }

    package struct Sound: Encodable, Sendable {
        package var sent: UInt64
        package var received: UInt64
        package var lost: Int64
        package var recoveredFEC: Int
        package var recoveredRED: Int
        package var concealedMilliseconds: Double
        package var jitterMilliseconds: Double
        package var delayMilliseconds: Delay
        /// Milliseconds: capture block, encoder, half the round trip, jitter buffer and playout block.
        package var mouthToEarEstimate: Double?
    }

    package var outcome: Outcome
    package var reason: String
    package var path: Path?
    package var setup: Setup
    package var security: Security
    package var audio: Sound?
    package var restarts: Int
    /// Of the process so far; absent where it holds other calls too.
    package var cpuSeconds: Double?
    package var peakMemoryBytes: Int?

    /// - Parameter isAlone: no other call shares the process.
    package init(_ session: PeerSession, reason: EndReason, isAlone: Bool = true) {
        let steps = session.milestones
        self.outcome =
            session.isBound ? (reason.isOrderly ? .completed : .failed) : reason.isRefusal ? .refused : .failed
        self.reason = reason.description
        self.path = session.media?.selectedPair.map { pair in
            Path(
                kind: pair.isRelayed ? "relay" : "direct", protocol: session.pathTransport?.rawValue ?? "udp",
                local: pair.local.transportAddress?.description ?? "hidden",
                remote: pair.remote.transportAddress?.description ?? "hidden")
        }
        func since(_ start: Instant?, _ end: Instant?) -> Double? {
            guard let start, let end else { return nil }
            return max(0, (end - start).milliseconds)
        }
        self.setup = Setup(
            signalling: since(steps.started, steps.signalling), handshake: since(steps.started, steps.handshake),
            admitted: since(steps.started, steps.admitted), ice: since(steps.described, steps.path),
            dtls: since(steps.described, steps.secured),
            firstAudio: since(steps.described, session.media?.voice?.firstDecoded))
        self.security = Security(
            noise: "Noise_NKpsk0_25519_AESGCM_SHA256", dtls: session.media?.secured?.version,
            srtp: session.media?.secured?.profile.rawValue,
            words: session.authentication?.words(in: session.wordsLanguage), digits: session.authentication?.digits,
            wordsResult: session.comparison.map { $0 ? "same" : "different" } ?? "none", bound: session.isBound)
        self.audio = session.media?.voice.map { voice in
            let facts = voice.audio
            let roundTrip = session.media?.roundTripTime?.milliseconds
            return Sound(
                sent: voice.sendStatistics.packetsSent, received: voice.receiveStatistics.totalPacketsReceived,
                lost: voice.receiveStatistics.totalLost, recoveredFEC: facts.recoveredFEC,
                recoveredRED: facts.recoveredRED,
                concealedMilliseconds: facts.concealedMilliseconds, jitterMilliseconds: facts.jitterMilliseconds,
                delayMilliseconds: Delay(p50: facts.delay.p50, p95: facts.delay.p95),
                mouthToEarEstimate: facts.delay.p50.map {
                    $0 + (roundTrip ?? 0) / 2 + Self.fixedDelayMilliseconds
                })
        }
        self.restarts = session.restartCount
        guard isAlone else { return }
        let usage = ProcessUsage.now
        self.cpuSeconds = usage.cpuSeconds
        self.peakMemoryBytes = usage.peakMemoryBytes
    }

    /// A block of capture, a block of playout and the encoder's look-ahead of 6.5 ms.
    package static let fixedDelayMilliseconds = 46.5
}

/// What this process has used so far.
package struct ProcessUsage {
    package let cpuSeconds: Double
    package let peakMemoryBytes: Int

    package static var now: ProcessUsage {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return ProcessUsage(
            cpuSeconds: Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
                + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6,
            peakMemoryBytes: Int(usage.ru_maxrss) * 1024)
    }
}

extension EndReason {
    /// Somebody hung up, and nothing was wrong.
    package var isOrderly: Bool {
        self == .hungUp || self == .peerHungUp
    }

    /// The other end or the broker said no.
    package var isRefusal: Bool {
        switch self {
        case .refused, .consentRefused, .turnedAway, .notEnrolled, .roomTaken, .tooManyRooms, .superseded, .expired:
            true
        default: false
        }
    }
}
