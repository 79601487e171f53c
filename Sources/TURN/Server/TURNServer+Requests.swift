internal import Primitives
internal import STUN
internal import Wire

/// A request whose sender has proved to hold the password of its username.
struct AuthenticatedRequest {
    let message: STUNMessage
    let flow: RelayFlow
    let username: RelayUsername
    /// The long-term key (RFC 8489 §9.2.2), 16 octets.
    let key: [UInt8]
    /// The slot of the flow's allocation, if there is one.
    let allocation: Int?
}

/// What a request is answered.
enum Reply {
    /// With the attributes that `write` adds.
    case success((inout STUNMessageBuilder) -> Void)
    case error(STUNErrorCode)
    /// 420: types that would have to be understood (RFC 8489 §6.3.1).
    case unknown([STUNAttributeType])

    static var success: Reply { .success { _ in } }
}

/// Requests: who may be answered, and who asks (RFC 8489 §9.2.4, RFC 8656 §5).
extension TURNServer {
    mutating func handleRequest(
        _ slot: inout MutableRawSpan, _ range: Range<Int>, from flow: RelayFlow, now: Instant, unixTime: UInt64
    ) -> Verdict {
        var datagram = [UInt8]()
        datagram.reserveCapacity(range.count)
        for position in range { datagram.append(slot.bytes.octet(at: position)) }
        // Never an answer to an answer, an error or an indication: two servers cannot be set on each other.
        guard let message = try? STUNMessage(decoding: datagram), message.messageClass == .request else {
            return self.drop()
        }
        let reply: [UInt8]?
        if message.method == .binding {
            reply = self.unproven(
                BindingResponder.response(to: datagram[...], from: flow.address), to: range, flow, now)
        } else {
            reply = self.answer(message, range, from: flow, now: now, unixTime: unixTime)
        }
        guard let reply, Self.headroom + reply.count <= slot.byteCount else { return .drop }
        slot.store(reply, at: Self.headroom)
        return .send(to: flow, Self.headroom..<Self.headroom + reply.count)
    }

    private mutating func answer(
        _ message: STUNMessage, _ range: Range<Int>, from flow: RelayFlow, now: Instant, unixTime: UInt64
    ) -> [UInt8]? {
        switch self.authenticate(message, from: flow, now: now, unixTime: unixTime) {
        case .challenge(let code):
            self.counts.refused += 1
            return self.unproven(self.challenge(message, code, flow, now: now), to: range, flow, now)
        case .stale(let key):
            self.counts.refused += 1
            var builder = self.challenging(message, .staleNonce, flow, now: now)
            builder.addIntegrity(key: key)
            return builder.bytes
        case .refused(let code):
            self.counts.refused += 1
            return self.unproven(Self.refusal(message, code), to: range, flow, now)
        case .proven(let request):
            return self.encode(self.perform(request, now: now), to: request)
        }
    }

    private mutating func perform(_ request: AuthenticatedRequest, now: Instant) -> Reply {
        let unknown = request.message.unknownRequired(besides: Self.understood)
        guard unknown.isEmpty else { return .unknown(unknown) }
        if let slot = request.allocation {
            self.table[slot].lastHeard = now
            guard self.table[slot].username == request.username else {
                // RFC 8656 §7.2: the 5-tuple is taken; elsewhere it is the name that is wrong.
                return .error(request.message.method == .allocate ? .allocationMismatch : .wrongCredentials)
            }
        }
        switch request.message.method {
        case .allocate: return self.allocate(request, now: now)
        case .refresh: return self.refresh(request, now: now)
        case .createPermission: return self.createPermission(request, now: now)
        case .channelBind: return self.bindChannel(request, now: now)
        default: return .error(.badRequest)
        }
    }

    private enum Identity {
        /// 401 or 438, with realm and a fresh nonce.
        case challenge(STUNErrorCode)
        case refused(STUNErrorCode)
        /// 438 to somebody whose allocation stands and who signed with its key: whatever strangers send in the name of
        /// the same address, this one is answered.
        case stale(key: [UInt8])
        case proven(AuthenticatedRequest)
    }

    private func authenticate(_ message: STUNMessage, from flow: RelayFlow, now: Instant, unixTime: UInt64) -> Identity
    {
        // 1. Without integrity: a challenge.
        guard message[.messageIntegrity] != nil else { return .challenge(.unauthenticated) }
        // 2. Integrity needs all three of these.
        guard let name = message[.username], let realm = message[.realm], let nonce = message[.nonce] else {
            return .refused(.badRequest)
        }
        // 3. A nonce of ours, for this 5-tuple, not too old.
        let allocation = self.table.find(flow).flatMap { self.table[$0].expiry > now ? $0 : nil }
        guard self.nonces.isValid(nonce, for: flow, now: now) else {
            guard let allocation, RelayUsername(name) == self.table[allocation].username else {
                return .challenge(.staleNonce)
            }
            let key = self.key(of: allocation)
            return message.integrity(key: key) == .valid ? .stale(key: key) : .challenge(.staleNonce)
        }
        // 4. A name of our broker. One whose time is over may keep what it has, not begin anew: browsers cannot change
        //    the credentials of an allocation that stands.
        guard realm.elementsEqual(self.policy.realm.utf8), let username = RelayUsername(name) else {
            return .challenge(.unauthenticated)
        }
        let isKnown = allocation.map { self.table[$0].username == username } ?? false
        guard isKnown || UInt64(username.expiry) > unixTime else { return .challenge(.unauthenticated) }
        // 5. The password.
        let key = isKnown ? self.key(of: allocation) : self.key(of: username)
        guard message.integrity(key: key) == .valid else { return .challenge(.unauthenticated) }
        return .proven(
            AuthenticatedRequest(message: message, flow: flow, username: username, key: key, allocation: allocation))
    }

    private func key(of allocation: Int?) -> [UInt8] {
        guard let allocation else { return [] }
        let (high, low) = self.table[allocation].key
        return high.bigEndianBytes + low.bigEndianBytes
    }

    private func key(of username: RelayUsername) -> [UInt8] {
        let password = username.password(secret: self.secret)
        return MD5.hash(Array("\(username.text):\(self.policy.realm):\(password)".utf8))
    }

    /// What may leave for a source that proved nothing: bounded in size by the request, in number by the limits. Over a
    /// stream nobody can lie about the address.
    private mutating func unproven(
        _ answer: [UInt8]?, to request: Range<Int>, _ flow: RelayFlow, _ now: Instant
    ) -> [UInt8]? {
        guard let answer else {
            self.counts.dropped += 1
            return nil
        }
        guard flow.transport == .udp else { return answer }
        guard answer.count * 2 <= request.count * 5,
            self.limiter.mayAnswer(flow, allowance: self.policy.allowance(flow.address.ip), now: now)
        else {
            self.counts.unanswered += 1
            return nil
        }
        return answer
    }

    private mutating func challenge(
        _ message: STUNMessage, _ code: STUNErrorCode, _ flow: RelayFlow, now: Instant
    ) -> [UInt8] {
        self.challenging(message, code, flow, now: now).bytes
    }

    private mutating func challenging(
        _ message: STUNMessage, _ code: STUNErrorCode, _ flow: RelayFlow, now: Instant
    ) -> STUNMessageBuilder {
        var builder = STUNMessageBuilder(.error, message.method, transactionID: message.transactionID)
        builder.add(code)
        builder.add(.realm, text: self.policy.realm)
        builder.add(.nonce, text: self.nonces.nonce(for: flow, now: now))
        return builder
    }

    private static func refusal(_ message: STUNMessage, _ code: STUNErrorCode) -> [UInt8] {
        var builder = STUNMessageBuilder(.error, message.method, transactionID: message.transactionID)
        builder.add(code)
        return builder.bytes
    }

    private mutating func encode(_ reply: Reply, to request: AuthenticatedRequest) -> [UInt8] {
        let message = request.message
        let messageClass: STUNClass = if case .success = reply { .success } else { .error }
        var builder = STUNMessageBuilder(messageClass, message.method, transactionID: message.transactionID)
        switch reply {
        case .success(let write): write(&builder)
        case .error(let code): builder.add(code)
        case .unknown(let types):
            builder.add(.unknownAttribute)
            builder.add(unknown: types)
        }
        if messageClass == .error { self.counts.refused += 1 }
        builder.addIntegrity(key: request.key)
        if message[.fingerprint] != nil { builder.addFingerprint() }
        return builder.bytes
    }

    static let understood: Set<STUNAttributeType> = [
        .username, .messageIntegrity, .messageIntegritySHA256, .realm, .nonce, .lifetime, .xorPeerAddress, .data,
        .channelNumber, .requestedTransport, .requestedAddressFamily, .evenPort, .reservationToken,
    ]
}
