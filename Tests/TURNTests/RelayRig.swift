import Primitives
import STUN
import Wire

@testable import TURN

/// A relay in virtual time and the clients that a test puts before it.
final class RelayRig {
    var server: TURNServer
    var now: Instant = .zero + .seconds(1000)
    var unixTime: UInt64 = 1_790_000_000
    let secret: RelaySecret
    var random: RandomSource
    private var slot = [UInt8](repeating: 0, count: TURNServer.slotSize)

    static let publicAddress = IPAddress.v4(0xCB00_7101)  // 203.0.113.1

    init(seed: UInt64 = 1, _ adjust: (inout RelayPolicy) -> Void = { _ in }) {
        var policy = RelayPolicy()
        policy.publicIPv4 = Self.publicAddress
        policy.publicIPv6 = IPAddress("2001:db8::1")
        adjust(&policy)
        let secret = RelaySecret(hex: String(repeating: "5a", count: 32))!
        self.secret = secret
        self.random = RandomSource.seeded(seed)
        self.server = TURNServer(policy: policy, secret: secret, random: self.random.child(), now: self.now)
    }

    /// Hands in one message and returns what leaves, and for whom.
    func deliver(_ message: [UInt8], from flow: RelayFlow) -> (to: RelayFlow, octets: [UInt8])? {
        let start = TURNServer.headroom
        guard start + message.count + TURNServer.tailroom <= self.slot.count else { return nil }
        for (index, octet) in message.enumerated() { self.slot[start + index] = octet }
        var span = self.slot.mutableSpan
        var bytes = span.mutableBytes
        let verdict = self.server.handle(
            &bytes, start..<start + message.count, from: flow, now: self.now, unixTime: self.unixTime)
        guard case .send(let destination, let range) = verdict else { return nil }
        return (destination, Array(self.slot[range]))
    }

    func advance(_ duration: Duration) {
        self.now += duration
        self.unixTime += UInt64(duration.components.seconds)
        self.server.handleTimeout(now: self.now)
    }

    func client(
        _ role: RelayRole, room: UInt8 = 1, host: UInt8, port: UInt16 = 40_000, lifetime: UInt32 = 600
    ) -> RelayClient {
        let group = RelayGroup(of: RoomID([UInt8](repeating: room, count: 16))!, secret: self.secret)
        let name = RelayUsername(
            expiry: UInt32(self.unixTime) + lifetime, group: group, role: role, random: &self.random)
        return RelayClient(
            flow: RelayFlow(datagramFrom: TransportAddress(.v4(0xC633_6400 | UInt32(host)), port: port), listener: 0),
            username: name.text, password: name.password(secret: self.secret))
    }

    /// Two sides of a room, allocated, each with the other's address permitted.
    func pair(room: UInt8 = 1) -> (patient: RelayClient, doctor: RelayClient) {
        let patient = self.client(.patient, room: room, host: room, port: 1000)
        let doctor = self.client(.doctor, room: room, host: room, port: 2000)
        _ = patient.allocate(self)
        _ = doctor.allocate(self)
        _ = patient.permit(doctor.relayed, self)
        _ = doctor.permit(patient.relayed, self)
        return (patient, doctor)
    }
}

/// The client's half of RFC 8656, as plain as tests need it.
final class RelayClient {
    var flow: RelayFlow
    var username: String
    var password: String
    var realm = "colloque"
    var nonce = ""
    var relayed = TransportAddress(.v4(0), port: 0)

    init(flow: RelayFlow, username: String, password: String) {
        self.flow = flow
        self.username = username
        self.password = password
    }

    var key: [UInt8] { MD5.hash(Array("\(self.username):\(self.realm):\(self.password)".utf8)) }

    func request(
        _ method: STUNMethod, transaction: TransactionID, _ write: (inout STUNMessageBuilder) -> Void = { _ in }
    ) -> [UInt8] {
        var builder = STUNMessageBuilder(.request, method, transactionID: transaction)
        write(&builder)
        builder.add(.username, text: self.username)
        builder.add(.realm, text: self.realm)
        builder.add(.nonce, text: self.nonce)
        builder.addIntegrity(key: self.key)
        return builder.bytes
    }

    /// Sends, takes up a challenge once, and returns the answer; its integrity is checked.
    func perform(
        _ method: STUNMethod, _ rig: RelayRig, _ write: (inout STUNMessageBuilder) -> Void = { _ in }
    ) -> STUNMessage? {
        for attempt in 0..<2 {
            let transaction = TransactionID(random: &rig.random)
            let octets: [UInt8]
            if self.nonce.isEmpty {
                var builder = STUNMessageBuilder(.request, method, transactionID: transaction)
                write(&builder)
                octets = builder.bytes
            } else {
                octets = self.request(method, transaction: transaction, write)
            }
            guard let answer = rig.deliver(octets, from: self.flow), answer.to == self.flow,
                let message = try? STUNMessage(decoding: answer.octets), message.transactionID == transaction
            else { return nil }
            if message.errorCode == .unauthenticated || message.errorCode == .staleNonce {
                guard let nonce = message.text(.nonce), attempt == 0 else { return message }
                self.nonce = nonce
                continue
            }
            guard message.integrity(key: self.key) == .valid else { return nil }
            return message
        }
        return nil
    }

    func allocate(
        _ rig: RelayRig, _ write: (inout STUNMessageBuilder) -> Void = { _ in }
    ) -> STUNMessage? {
        let answer = self.perform(.allocate, rig) {
            $0.add(.requestedTransport, uint32: 17 << 24)
            write(&$0)
        }
        if let relayed = answer?.xorAddress(.xorRelayedAddress) { self.relayed = relayed }
        return answer
    }

    func permit(_ peer: TransportAddress, _ rig: RelayRig) -> STUNErrorCode? {
        let answer = self.perform(.createPermission, rig) { $0.add(.xorPeerAddress, xor: peer) }
        return answer?.messageClass == .success ? nil : answer?.errorCode ?? .serverError
    }

    func bind(_ number: UInt16, _ peer: TransportAddress, _ rig: RelayRig) -> STUNErrorCode? {
        let answer = self.perform(.channelBind, rig) {
            $0.add(.channelNumber, uint32: UInt32(number) << 16)
            $0.add(.xorPeerAddress, xor: peer)
        }
        return answer?.messageClass == .success ? nil : answer?.errorCode ?? .serverError
    }

    func refresh(_ rig: RelayRig, lifetime: UInt32 = 600) -> STUNMessage? {
        self.perform(.refresh, rig) { $0.add(.lifetime, uint32: lifetime) }
    }

    func indication(_ data: [UInt8], to peer: TransportAddress, _ rig: RelayRig) -> [UInt8] {
        var builder = STUNMessageBuilder(.indication, .send, transactionID: TransactionID(random: &rig.random))
        builder.add(.xorPeerAddress, xor: peer)
        builder.add(.data, data)
        return builder.bytes
    }

    static func channelData(_ number: UInt16, _ data: [UInt8]) -> [UInt8] {
        number.bigEndianBytes + UInt16(data.count).bigEndianBytes + data
    }
}
