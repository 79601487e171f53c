package import Audio
package import Consultation
package import ICE
internal import RTP
internal import SDP
package import SecureTransport
internal import TURN
package import Wire

/// One media path to one peer endpoint: descriptions, ICE, DTLS and the voice, composed and sans-IO.
///
/// Lives as long as its certificate: an ICE restart changes its path, a peer with another certificate gets a
/// connection of its own. Feed descriptions, candidates and datagrams, drain ``pollOutput()``. One owner thread.
package final class MediaConnection {
    package enum Output {
        case transmit(Path, [UInt8])
        case event(Event)
        case wait(until: Instant)
    }

    package enum Event: Equatable {
        /// Tell it to the peer; empty once there are no more.
        case localCandidate(String)
        case path(ICEAgent.SelectedPair)
        case pathState(ICEAgent.State)
        /// The peer proved in DTLS to own the announced certificate; it may still have to finish.
        case peerVerified(SeenCertificates)
        /// DTLS is up with the announced certificate. `patient` and `doctor` are the two ends as this one saw them.
        case secured(SeenCertificates)
        case peerSaidGoodbye
        /// Nothing follows.
        case failed(MediaFailure)
    }

    /// A socket of the shell that this connection may use.
    package struct Socket: Sendable {
        package let id: SocketID
        package let base: TransportAddress
        package let kind: InterfaceKind

        package init(id: SocketID, base: TransportAddress, kind: InterfaceKind) {
            self.id = id
            self.base = base
            self.kind = kind
        }
    }

    /// Facts for a report.
    package private(set) var secured: DTLSResult?
    package private(set) var voice: VoiceStream?
    package var selectedPair: ICEAgent.SelectedPair? { self.ice.selectedPair }
    package var roundTripTime: Duration? { self.ice.roundTripTime ?? self.voice?.sendStatistics.roundTripTime }
    package var pathState: ICEAgent.State { self.ice.state }
    /// See ``ICEAgent/isValidated(_:on:)``.
    package func isValidated(_ path: Path) -> Bool { self.ice.isValidated(path.remote, on: path.socket) }
    /// By which the peer's checks name this end; another after each restart of ICE.
    package var usernameFragment: String { self.ice.localCredentials.usernameFragment }
    /// What the peer's description announced: SHA-256 of its certificate.
    package var remoteFingerprint: [UInt8]? { self.remote?.fingerprint }

    /// What the handshake was last taken on for. A Firefox drops what comes before it has a nominated pair, so the
    /// ClientHello is repeated behind the answer that gives it one.
    private struct Opening: Equatable {
        let path: Path
        let isNominated: Bool
    }

    private let isPatient: Bool
    private let encoder: OpusEncoderSettings
    private let identity: DTLSIdentity
    private var random: RandomSource
    private var local: LocalAudio
    private var remote: RemoteAudio?
    var ice: ICEAgent
    private var dtls: DTLSConnection?
    /// The description of the current ICE generation is made.
    private var isDescribed = false
    /// The ClientHello, until it has a path: it leaves behind the first checks.
    private var hello: [[UInt8]] = []
    private var helloPaths: Set<Path> = []
    var allocations: Set<SocketID> = []
    /// A ClientHello on the direct path overtakes the answer that travels through the broker.
    private var earlyHandshake: [[UInt8]] = []
    private var handshakeOpenedOn: Opening?
    /// When the peer's nomination was answered, until the ClientHello is repeated for it.
    private var nominationAnsweredAt: Instant?
    private var isOver = false
    private var nextDoubt: Instant?
    private var outputs: [Output] = []

    /// - Parameter isPatient: the patient offers and controls ICE, the doctor answers as DTLS client.
    package init(
        isPatient: Bool, relayOnly: Bool, encoder: OpusEncoderSettings, random: RandomSource
    ) throws(MediaFailure) {
        do {
            self.identity = try DTLSIdentity()
        } catch {
            throw .secureTransport(error)
        }
        var random = random
        self.isPatient = isPatient
        self.encoder = encoder
        let credentials = ICECredentials(random: &random)
        self.local = LocalAudio(
            fingerprint: self.identity.fingerprint, iceUfrag: credentials.usernameFragment,
            icePwd: credentials.password, ssrc: UInt32(truncatingIfNeeded: random.next()),
            cname: String(decoding: RTCPCompound.canonicalName(from: &random), as: UTF8.self), random: &random)
        var configuration = ICEConfiguration()
        configuration.policy = relayOnly ? .relayedOnly : .all
        self.ice = ICEAgent(
            role: isPatient ? .controlling : .controlled, localCredentials: credentials,
            configuration: configuration, random: random.child())
        self.random = random
    }

    // MARK: What comes

    package func receive(
        _ received: [UInt8], from source: TransportAddress, on socket: SocketID, now: Instant
    ) {
        var datagram = received
        self.receive(&datagram, from: source, on: socket, now: now)
    }

    /// One datagram from the network, of whatever kind; its octets are changed.
    package func receive(
        _ datagram: inout [UInt8], from source: TransportAddress, on socket: SocketID, now: Instant
    ) {
        guard !self.isOver else { return }
        switch PacketKind(datagram) {
        case .stun:
            self.ice.handle(datagram, from: source, on: socket, now: now)
            self.drainICE(now: now)
            self.startHandshake(now: now)
        case .dtls:
            // Whoever speaks DTLS has had an answer to a check of theirs, so we have seen that check.
            guard self.ice.isValidated(source, on: socket) else { return }
            guard let dtls = self.dtls else {
                if self.earlyHandshake.count < Self.maximumEarlyDatagrams { self.earlyHandshake.append(datagram) }
                return
            }
            dtls.handle(datagram, now: now)
            self.drainDTLS(now: now)
        case .rtp:
            self.voice?.receiveRTP(&datagram, now: now)
            self.noticeOtherPath(Path(socket: socket, remote: source), now: now)
        case .rtcp:
            if self.voice?.receiveRTCP(&datagram, now: now) == .goodbye { self.emit(.peerSaidGoodbye) }
        case .turnChannel, .unknown:
            break
        }
    }

    package func handleTimeout(now: Instant) {
        guard !self.isOver else { return }
        self.ice.handleTimeout(now: now)
        self.drainICE(now: now)
        if self.handshakePath != nil { self.dtls?.handleTimeout(now: now) }
        if let reminder = self.reminder, now >= reminder {
            self.nominationAnsweredAt = nil
            self.dtls?.pathOpened(now: now)
        }
        self.drainDTLS(now: now)
        if let report = try? self.voice?.report(now: now) { self.transmit(report) }
    }

    package func pollOutput() -> Output {
        guard self.outputs.isEmpty else { return self.outputs.removeFirst() }
        guard !self.isOver else { return .wait(until: .distantFuture) }
        var deadline = min(self.voice?.nextReport ?? .distantFuture, self.reminder ?? .distantFuture)
        if case .wait(let until?) = self.ice.pollOutput() { deadline = min(deadline, until) }
        if self.handshakePath != nil, case .wait(let until)? = self.dtls?.pollOutput() {
            deadline = min(deadline, until)
        }
        return .wait(until: deadline)
    }

    // MARK: Descriptions

    /// The patient's next offer; from the second on with fresh ICE credentials.
    package func makeOffer(now: Instant) -> String {
        if self.remote != nil { self.restartICE(now: now) }
        self.isDescribed = true
        return self.local.offer
    }

    package func acceptAnswer(_ text: String, now: Instant) throws(MediaFailure) {
        let answer: RemoteAudio
        do {
            answer = try RemoteAudio(answer: SessionDescription(parsing: text), to: self.local)
        } catch {
            throw .description(error)
        }
        try self.apply(answer, role: answer.setup == .passive ? .client : .server, now: now)
    }

    /// Answers an offer: the first one, or an ICE restart by the same certificate.
    package func answer(_ text: String, now: Instant) throws(MediaFailure) -> String {
        let description: SessionDescription
        let offer: RemoteAudio
        do {
            description = try SessionDescription(parsing: text)
            offer = try RemoteAudio(offer: description)
        } catch {
            throw .description(error)
        }
        if let former = self.remote {
            guard former.fingerprint == offer.fingerprint else { throw .certificateChanged }
            if offer.restartsICE(after: former) { self.restartICE(now: now) }
        }
        let answer = self.local.answer(to: description, audio: offer)
        self.isDescribed = true
        let isClient = LocalAudio.answeredSetup(to: offer.setup) == .active
        try self.apply(offer, role: isClient ? .client : .server, now: now)
        return answer
    }

    /// The certificate that an offer announces, to tell a restart from a new endpoint.
    package static func fingerprint(ofOffer text: String) throws(MediaFailure) -> [UInt8] {
        do {
            return try RemoteAudio(offer: SessionDescription(parsing: text)).fingerprint
        } catch {
            throw .description(error)
        }
    }

    /// A candidate as the peer trickles it; empty for the end. What is no candidate is passed over.
    package func addRemoteCandidate(_ text: String, now: Instant) {
        if text.isEmpty {
            self.ice.endOfRemoteCandidates(now: now)
        } else if let candidate = try? Candidate(sdp: text) {
            self.ice.addRemoteCandidate(candidate, now: now)
        }
        self.drainICE(now: now)
    }

    private func apply(_ remote: RemoteAudio, role: DTLSRole, now: Instant) throws(MediaFailure) {
        do {
            self.remote = remote
            let credentials = try ICECredentials(usernameFragment: remote.iceUfrag, password: remote.icePwd)
            if self.dtls == nil {
                let dtls = try DTLSConnection(
                    role: role, identity: self.identity, expectedFingerprint: remote.fingerprint)
                for datagram in self.earlyHandshake { dtls.handle(datagram, now: now) }
                self.earlyHandshake = []
                self.dtls = dtls
                if role == .client {
                    self.handshakeOpenedOn = self.opening
                    dtls.start(hasPath: self.handshakePath != nil, now: now)
                }
            }
            self.ice.setRemote(credentials, now: now)
        } catch let error as DTLSError {
            throw .secureTransport(error)
        } catch {
            throw .description(.malformedICECredentials)
        }
        for text in remote.candidates {
            if let candidate = try? Candidate(sdp: text) { self.ice.addRemoteCandidate(candidate, now: now) }
        }
        if remote.hasEndOfCandidates { self.ice.endOfRemoteCandidates(now: now) }
        self.drainDTLS(now: now)
        self.drainICE(now: now)
        self.startHandshake(now: now)
    }

    private func restartICE(now: Instant) {
        let credentials = ICECredentials(random: &self.random)
        self.local.iceUfrag = credentials.usernameFragment
        self.local.icePwd = credentials.password
        self.local.sessionVersion += 1
        self.local.candidates = []
        self.local.hasEndOfCandidates = false
        self.isDescribed = false
        self.ice.restart(localCredentials: credentials, now: now)
        self.drainICE(now: now)
    }

    // MARK: Sound

    /// Sends 960 captured samples; nothing leaves before the voice is open.
    package func send(_ block: Span<Int16>, now: Instant) {
        guard !self.isOver else { return }
        do {
            var packet = try self.voice?.send(block, now: now)
            while let datagram = packet {
                self.transmit(datagram)
                packet = try self.voice?.sendRest(now: now)
            }
        } catch {
            self.fail(.voice("\(error)"))
        }
    }

    /// Gives 960 samples to play.
    /// - Returns: `nil`, and the block untouched, while there is no voice.
    package func pull(into block: inout MutableSpan<Int16>, now: Instant) -> AudioReceiver.Playout? {
        self.voice?.pull(into: &block, now: now)
    }

    /// Says goodbye on the media path.
    package func close(now: Instant) {
        guard !self.isOver else { return }
        if let goodbye = try? self.voice?.goodbye(now: now) { self.transmit(goodbye) }
        self.dtls?.close(now: now)
        self.drainDTLS(now: now)
        self.isOver = true
    }

    /// The peer's voice comes another way than ours goes: it may have left the address that we send to, of which
    /// nothing else would tell before the next check of consent.
    private func noticeOtherPath(_ path: Path, now: Instant) {
        guard self.voice?.lastHeard == now, path != self.ice.destination, now >= self.nextDoubt ?? now else { return }
        self.nextDoubt = now + Self.doubtInterval
        self.ice.checkPath(within: Self.doubtfulPatience, now: now)
        self.drainICE(now: now)
    }

    // MARK: Routing

    func drainICE(now: Instant) {
        while true {
            switch self.ice.pollOutput() {
            case .transmit(let transmit):
                self.outputs.append(.transmit(transmit.path, transmit.bytes))
                if transmit.isCheck { self.greet(on: transmit.path) }
            case .event(.candidate(let candidate)): self.tell(candidate.sdp)
            case .event(.gatheringFinished): self.tell("")
            case .event(.stateChanged(let state)):
                if state == .connected { self.voice?.pathChanged(now: now) }
                self.emit(.pathState(state))
            case .event(.selectedPair(let pair)):
                self.voice?.pathChanged(now: now)
                self.emit(.path(pair))
                self.startHandshake(now: now)
            case .wait:
                return
            }
        }
    }

    /// The ClientHello leaves right behind the first checks: a peer that can be reached has it when it is ready for it. Not
    /// more often, since nobody at the other end has asked for it yet (`docs/omissions.md`).
    private func greet(on path: Path) {
        // An allocation that asks for its permission first holds one datagram back: the check.
        guard !self.hello.isEmpty, self.handshakePath == nil, !self.allocations.contains(path.socket),
            self.helloPaths.count < Self.maximumHelloPaths, self.helloPaths.insert(path).inserted
        else { return }
        for datagram in self.hello { self.outputs.append(.transmit(path, datagram)) }
    }

    /// What is known when a description is made travels in it; the rest trickles.
    private func tell(_ candidate: String) {
        if candidate.isEmpty {
            self.local.hasEndOfCandidates = true
        } else {
            self.local.candidates.append(candidate)
        }
        if self.isDescribed { self.emit(.localCandidate(candidate)) }
    }

    /// Where the handshake goes: the path in use, and before there is one the way that a check of the peer came.
    private var handshakePath: Path? { self.ice.destination ?? self.ice.inquiry }

    private var opening: Opening? {
        self.handshakePath.map { Opening(path: $0, isNominated: self.ice.nomination == $0) }
    }

    /// A Firefox may read the ClientHello before it has drawn its conclusions from the answer in front of it. Whoever has
    /// not spoken by then, though the path would have brought it, is sent it once more.
    private var reminder: Instant? {
        guard let answered = self.nominationAnsweredAt, let trip = self.ice.roundTripTime else { return nil }
        return answered + trip + Self.conclusionTime
    }

    /// Takes the handshake on as soon as something speaks for a path. A server waits as a client does: what it answers
    /// before that could go nowhere, and would only come again after a timer.
    private func startHandshake(now: Instant) {
        guard let dtls = self.dtls, let opening = self.opening, opening != self.handshakeOpenedOn else { return }
        self.handshakeOpenedOn = opening
        if opening.isNominated { self.nominationAnsweredAt = now }
        dtls.start(now: now)
        dtls.pathOpened(now: now)
        self.drainDTLS(now: now)
    }

    private func drainDTLS(now: Instant) {
        while let dtls = self.dtls {
            switch dtls.pollOutput() {
            case .transmit(let datagram):
                if let path = self.handshakePath {
                    self.outputs.append(.transmit(path, datagram))
                } else {
                    self.hello.append(datagram)
                }
            case .event(.peerVerified(let theirs)): self.emit(.peerVerified(self.certificates(ofPeer: theirs)))
            case .event(.connected(let result)): self.secure(result, now: now)
            case .event(.failed(let error)): self.fail(.secureTransport(error))
            case .event(.closed): self.emit(.peerSaidGoodbye)
            case .wait: return
            }
        }
    }

    private func secure(_ result: DTLSResult, now: Instant) {
        guard let remote = self.remote else { return }
        do {
            self.voice = try VoiceStream(
                keys: result, ssrc: self.local.ssrc, cname: Array(self.local.cname.utf8),
                payloadType: remote.payloadType, redundancyType: remote.redundancyType,
                durations: .init(wanted: remote.packetTime, longest: remote.longestPacketTime), encoder: self.encoder,
                random: &self.random, now: now)
        } catch {
            return self.fail(.voice("\(error)"))
        }
        self.secured = result
        self.emit(.secured(self.certificates(ofPeer: result.peerFingerprint)))
    }

    private func certificates(ofPeer theirs: [UInt8]) -> SeenCertificates {
        let ours = self.identity.fingerprint
        return SeenCertificates(patient: self.isPatient ? ours : theirs, doctor: self.isPatient ? theirs : ours)
    }

    private func transmit(_ datagram: [UInt8]) {
        guard let path = self.ice.destination else { return }
        self.outputs.append(.transmit(path, datagram))
    }

    private func fail(_ failure: MediaFailure) {
        guard !self.isOver else { return }
        self.isOver = true
        self.emit(.failed(failure))
    }

    private func emit(_ event: Event) {
        self.outputs.append(.event(event))
    }

    private static let maximumEarlyDatagrams = 8
    private static let maximumHelloPaths = 4
    /// What a browser may take between an answer to its check and the datagram behind it.
    private static let conclusionTime: Duration = .milliseconds(10)
    private static let doubtInterval: Duration = .seconds(1)
    /// Three checks in a row.
    private static let doubtfulPatience: Duration = .milliseconds(1400)
}
