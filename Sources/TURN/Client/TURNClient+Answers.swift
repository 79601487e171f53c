internal import STUN
internal import Wire

/// What the server's messages mean.
extension TURNClient {
    mutating func receiveMessage(_ message: ArraySlice<UInt8>, now: Instant) {
        if let first = message.first, first >> 6 == 1 {
            guard self.state == .allocated, let (channel, payload) = ChannelFrame.decode(message),
                let peer = self.channels.peer(of: channel)
            else { return }
            return self.deliver(payload, from: peer)
        }
        guard let message = try? STUNMessage(decoding: message) else { return }
        switch message.messageClass {
        case .success, .error: self.receiveAnswer(message, now: now)
        case .indication: self.receiveData(message)
        case .request: break
        }
    }

    /// RFC 8656 §11.4: only from addresses that have a permission.
    private mutating func receiveData(_ message: STUNMessage) {
        guard self.state == .allocated, message.method == .data, let peer = message.xorAddress(.xorPeerAddress),
            let payload = message[.data], self.permissions.contains(peer.ip)
        else { return }
        self.deliver(payload, from: peer)
    }

    private mutating func receiveAnswer(_ answer: STUNMessage, now: Instant) {
        guard let index = self.requests.firstIndex(where: { $0.id == answer.transactionID }) else { return }
        let request = self.requests[index]

        // 1. A wrong code is as if nothing had come (RFC 8489 §9.2.5); so is a success without one. An error without
        //    one is believed: whoever could forge it on the way could as well have dropped the request.
        switch (self.authentication.key.map { answer.integrity(key: $0) } ?? .absent, answer.messageClass) {
        case (.invalid, _): return
        case (.absent, .success) where request.isSigned: return
        default: break
        }
        self.requests.remove(at: index)

        // 2. What has to be understood is (RFC 8489 §6.3.3).
        guard answer.unknownRequired(besides: Self.understood).isEmpty else {
            return self.refused(request.purpose, .malformedAnswer, now: now)
        }
        guard answer.messageClass == .error else { return self.succeeded(request.purpose, answer, now: now) }
        guard let code = answer.errorCode else { return self.refused(request.purpose, .malformedAnswer, now: now) }

        // 3. A challenge is met once, a fresh nonce a few times (RFC 8489 §9.2.5).
        switch code {
        case .unauthenticated where !request.isSigned:
            guard self.authentication.accept(answer) else {
                return self.refused(request.purpose, .credentialsRefused, now: now)
            }
            self.ask(request.purpose, now: now)
        case .staleNonce where request.isSigned && request.staleCount < Self.maximumStaleCount:
            guard self.authentication.accept(answer) else {
                return self.refused(request.purpose, .nonceNeverFresh, now: now)
            }
            self.ask(request.purpose, now: now, staleCount: request.staleCount + 1)
        // 4. What this 5-tuple had before, when this end gave up on it and the server did not, is given back once.
        case .allocationMismatch where request.purpose == .allocate && !self.hasCleared:
            self.hasCleared = true
            self.ask(.refresh(seconds: 0), now: now)
        // 5. A server without IPv4 is asked for IPv6 (RFC 8656 §7.4).
        case .addressFamilyNotSupported where request.purpose == .allocate && !self.requestsIPv6:
            self.requestsIPv6 = true
            self.ask(.allocate, now: now)
        default:
            self.refused(request.purpose, Failure(code), now: now)
        }
    }

    private mutating func succeeded(_ purpose: Purpose, _ answer: STUNMessage, now: Instant) {
        switch purpose {
        case .allocate:
            guard self.state == .allocating else { return }
            guard let relayed = answer.xorAddress(.xorRelayedAddress),
                let mapped = answer.xorAddress(.xorMappedAddress),
                relayed.port != 0, !relayed.ip.isUnspecified
            else { return self.end(.malformedAnswer) }
            self.state = .allocated
            self.scheduleRefresh(answer, now: now)
            self.emit(.allocated(relayed: relayed, mapped: mapped))
        case .refresh where self.state == .allocating: self.ask(.allocate, now: now)
        case .refresh:
            guard self.state == .allocated else { return self.end(.closed) }
            self.scheduleRefresh(answer, now: now)
        case .permit(let ip):
            for (payload, peer) in self.permissions.granted(ip, now: now) {
                self.indicate(payload, to: peer, now: now)
            }
        case .bind(let channel, _): self.channels.bound(channel, now: now)
        }
    }

    /// After three quarters of what the server grants: 450 of 600 s.
    private mutating func scheduleRefresh(_ answer: STUNMessage, now: Instant) {
        let granted = answer.uint32(.lifetime).map { Int($0) } ?? Int(Self.lifetime)
        let bounded = min(max(granted, Self.shortestLifetime), Self.longestLifetime)
        self.refreshAt = now + .seconds(bounded) * 3 / 4
    }

    /// One peer's refusal is that peer's alone; a mismatch means that there is no allocation.
    private mutating func refused(_ purpose: Purpose, _ failure: Failure, now: Instant) {
        guard self.state != .closing else { return self.end(.closed) }
        switch purpose {
        case .refresh where self.state == .allocating: self.end(.allocationMismatch)
        case .allocate, .refresh: self.end(failure)
        case .permit(let ip):
            if failure == .allocationMismatch { return self.end(failure) }
            self.permissions.refused(ip, now: now)
            self.emit(.peerRefused(ip))
        case .bind(let channel, _):
            if failure == .allocationMismatch { return self.end(failure) }
            self.channels.failed(channel, now: now)
        }
    }

    private static let understood: Set<STUNAttributeType> = [
        .mappedAddress, .xorMappedAddress, .xorRelayedAddress, .xorPeerAddress, .lifetime, .realm, .nonce,
        .messageIntegrity, .messageIntegritySHA256, .errorCode, .unknownAttributes, .reservationToken, .username,
        .passwordAlgorithm, .channelNumber, .data,
    ]
    private static let maximumStaleCount = 3
    /// Seconds.
    private static let shortestLifetime = 30
    private static let longestLifetime = 3600
}
