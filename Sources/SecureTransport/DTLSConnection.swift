package import Wire

/// One DTLS 1.2 association of a call (RFC 6347, RFC 5764), without socket and clock.
///
/// Feed: ``start(now:)``, ``handle(_:now:)``, ``handleTimeout(now:)``, ``close(now:)``.
/// Drain: ``pollOutput()`` after each, until it says ``Output/wait(until:)``.
/// Only datagrams from an address that passed an ICE check may be fed. A certificate that is not
/// the expected one ends the handshake inside it; without an expected fingerprint the caller compares
/// ``DTLSResult/peerFingerprint`` before it touches any media. Not `Sendable`.
package final class DTLSConnection {
    package enum Output: Equatable, Sendable {
        /// One UDP payload to the peer.
        case transmit([UInt8])
        case event(Event)
        /// Nothing to do before this, or before the next datagram.
        case wait(until: Instant)
    }

    package enum Event: Equatable, Sendable {
        /// The peer showed the expected certificate and proved to own it; SHA-256. A client knows a round trip before
        /// ``connected(_:)``, which may still not come.
        case peerVerified([UInt8])
        case connected(DTLSResult)
        /// Final: nothing is transmitted any more, except an alert that is already queued.
        case failed(DTLSError)
        /// The peer's close_notify came. Final.
        case closed
    }

    private enum State: Equatable {
        case idle
        case handshaking(giveUpAt: Instant)
        case connected
        case over
    }

    private let engine: DTLSEngine
    private var state = State.idle
    private var outputs: [Output] = []
    private var outputsTaken = 0
    private var deadline = Instant.distantFuture
    private var isPeerVerified = false
    /// What a client began with, until the peer is heard.
    private var opening: [[UInt8]] = []
    /// What came before ``start(now:)``: the peer may have its path before this end has one.
    private var early: [[UInt8]] = []

    /// - Parameter expectedFingerprint: SHA-256 of the certificate that was signalled, 32 octets.
    /// - Throws: ``DTLSError/library(reason:)`` only.
    package init(
        role: DTLSRole, identity: DTLSIdentity, expectedFingerprint: [UInt8]? = nil
    ) throws(DTLSError) {
        self.engine = try DTLSEngine(role: role, identity: identity, expectedFingerprint: expectedFingerprint)
    }

    /// Begins the handshake: a client's ClientHello, a server's answer to what came early.
    /// - Parameter hasPath: `false` when nothing says yet that datagrams arrive: then nothing is sent again before
    ///   ``pathOpened(now:)``.
    package func start(hasPath: Bool = true, now: Instant) {
        guard self.state == .idle else { return }
        self.engine.isPathless = !hasPath
        self.state = .handshaking(giveUpAt: now + handshakeLifetime)
        self.advance(now: now)
        if self.early.isEmpty {
            self.opening = self.outputs.compactMap { if case .transmit(let one) = $0 { one } else { nil } }
        }
        let early = self.early
        self.early = []
        for datagram in early {
            self.handle(datagram, now: now)
        }
    }

    /// - Parameter datagram: One whole UDP payload whose first octet is in 20…63 (RFC 7983).
    package func handle(_ datagram: [UInt8], now: Instant) {
        switch self.state {
        case .idle:
            if self.early.count < maximumEarlyDatagrams { self.early.append(datagram) }
        case .handshaking, .connected:
            self.opening = []
            self.engine.receive(datagram)
            self.advance(now: now)
        case .over:
            break
        }
    }

    /// A path works now, or seems to: what a client began with goes out once more, the same octets, which a peer that
    /// has them takes for a replay. From here on timers count.
    package func pathOpened(now: Instant) {
        guard case .handshaking = self.state, !self.opening.isEmpty else { return self.engine.isPathless = false }
        if now >= self.deadline {
            self.handleTimeout(now: now)
        } else {
            for datagram in self.opening { self.outputs.append(.transmit(datagram)) }
        }
        self.engine.isPathless = false
    }

    package func handleTimeout(now: Instant) {
        guard case .handshaking(let giveUpAt) = self.state, now >= self.deadline else { return }
        if now >= giveUpAt {
            self.fail(.timedOut)
        } else {
            self.settle(self.engine.retransmitIfDue(), now: now)
        }
    }

    /// Says close_notify if there is somebody to say it to. No event follows.
    package func close(now: Instant) {
        if self.state == .connected {
            self.engine.shutDown()
            self.collect()
        }
        self.state = .over
        self.deadline = .distantFuture
    }

    package func pollOutput() -> Output {
        guard self.outputsTaken < self.outputs.count else {
            self.outputs.removeAll(keepingCapacity: true)
            self.outputsTaken = 0
            return .wait(until: self.deadline)
        }
        defer { self.outputsTaken += 1 }
        return self.outputs[self.outputsTaken]
    }

    private func advance(now: Instant) {
        switch self.state {
        case .handshaking: self.settle(self.engine.continueHandshake(), now: now)
        case .connected: self.settle(self.engine.readRecords(), now: now)
        case .idle, .over: break
        }
    }

    private func settle(_ step: DTLSEngine.Step, now: Instant) {
        self.collect()
        switch (step, self.state) {
        case (.incomplete, .handshaking(let giveUpAt)):
            self.noteProof()
            self.deadline = self.engine.timeToRetransmission.map { min(now + $0, giveUpAt) } ?? giveUpAt
        case (.complete, .handshaking):
            self.finishHandshake(now: now)
        case (.closed, .handshaking):
            self.fail(.closedDuringHandshake)
        case (.failed(let error), .handshaking):
            self.fail(error)
        case (.closed, .connected):
            self.engine.shutDown()
            self.collect()
            self.end(with: .closed)
        case (.failed(let error), .connected):
            self.fail(error)
        case (.incomplete, _), (.complete, _), (.closed, _), (.failed, _):
            break
        }
    }

    private func noteProof() {
        guard !self.isPeerVerified, let fingerprint = self.engine.provenFingerprint else { return }
        self.isPeerVerified = true
        self.outputs.append(.event(.peerVerified(fingerprint)))
    }

    private func finishHandshake(now: Instant) {
        do {
            let result = try self.engine.result()
            self.state = .connected
            self.deadline = .distantFuture
            self.outputs.append(.event(.connected(result)))
            // Records that shared the last datagram.
            self.advance(now: now)
        } catch {
            self.engine.shutDown()
            self.collect()
            self.fail(error)
        }
    }

    private func fail(_ error: DTLSError) {
        self.end(with: .failed(error))
    }

    private func end(with event: Event) {
        self.state = .over
        self.deadline = .distantFuture
        self.outputs.append(.event(event))
    }

    private func collect() {
        for datagram in self.engine.takeTransmissions() {
            self.outputs.append(.transmit(datagram))
        }
    }
}

/// Longer than any patient waits for sound to begin.
private let handshakeLifetime: Duration = .seconds(30)
/// A ClientHello of a browser takes two.
private let maximumEarlyDatagrams = 8
