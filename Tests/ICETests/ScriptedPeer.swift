import ICE
import STUN
import Testing
import Wire

/// A peer whose every packet the test writes, against one agent at 192.0.2.1:5000.
struct ScriptedPeer {
    static let address = TransportAddress(.v4(0xC000_0209), port: 6000)  // 192.0.2.9
    static let socket = SocketID(1)

    var agent: ICEAgent
    var now: Instant = .zero
    let credentials: ICECredentials
    var tieBreaker: UInt64 = 1 << 63
    var events: [ICEAgent.Event] = []
    private var random = RandomSource.seeded(77)

    init(role: ICERole, configuration: ICEConfiguration = .init(), knowsPeer: Bool = true) {
        self.credentials = ICECredentials(random: &self.random)
        let local = ICECredentials(random: &self.random)
        self.agent = ICEAgent(role: role, localCredentials: local, configuration: configuration, random: .seeded(5))
        let base = TransportAddress(.v4(0xC000_0201), port: 5000)
        self.agent.addLocalSocket(Self.socket, base: base, now: self.now)
        if knowsPeer { self.agent.setRemote(self.credentials, now: self.now) }
    }

    /// A request as a peer sends it; `change` may spoil it before its integrity is added.
    func request(
        role: ICERole, nominates: Bool = false, key: String? = nil, username: String? = nil,
        id: TransactionID = TransactionID(high: 9, low: 9), _ change: (inout STUNMessageBuilder) -> Void = { _ in }
    ) -> [UInt8] {
        var builder = STUNMessageBuilder(.request, .binding, transactionID: id)
        let local = self.agent.localCredentials
        builder.add(.username, text: username ?? "\(local.usernameFragment):\(self.credentials.usernameFragment)")
        builder.add(.priority, uint32: 1_862_270_975)
        builder.add(role == .controlling ? .iceControlling : .iceControlled, uint64: self.tieBreaker)
        if nominates { builder.add(.useCandidate) }
        change(&builder)
        builder.addIntegrity(key: Array((key ?? local.password).utf8))
        builder.addFingerprint()
        return builder.bytes
    }

    func answer(
        to request: STUNMessage, key: String? = nil, mapped: String = "192.0.2.1:5000", error: STUNErrorCode? = nil
    ) -> [UInt8] {
        var builder = STUNMessageBuilder(
            error == nil ? .success : .error, .binding, transactionID: request.transactionID)
        if let error { builder.add(error) }
        if let address = TransportAddress(mapped) { builder.add(.xorMappedAddress, xor: address) }
        builder.addIntegrity(key: Array((key ?? self.credentials.password).utf8))
        builder.addFingerprint()
        return builder.bytes
    }

    mutating func receive(_ bytes: [UInt8], from source: TransportAddress = Self.address) {
        self.agent.handle(bytes, from: source, on: Self.socket, now: self.now)
    }

    mutating func wait(_ duration: Duration) {
        self.now += duration
        self.agent.handleTimeout(now: self.now)
    }

    /// What the agent sends now, decoded; events are noted aside.
    mutating func sent() -> [(message: STUNMessage, to: TransportAddress)] {
        var result: [(STUNMessage, TransportAddress)] = []
        while true {
            switch self.agent.pollOutput() {
            case .wait: return result
            case .event(let event): self.events.append(event)
            case .transmit(let transmit):
                guard let message = try? STUNMessage(decoding: transmit.bytes) else {
                    Issue.record("the agent sent what is no STUN message")
                    continue
                }
                result.append((message, transmit.destination))
            }
        }
    }

    mutating func requests(to address: TransportAddress = Self.address) -> [STUNMessage] {
        self.sent().filter { $0.message.messageClass == .request && $0.to == address }.map(\.message)
    }

    /// The sockets that the agent sends on now.
    mutating func socketsUsed() -> Set<SocketID> {
        var result: Set<SocketID> = []
        while true {
            switch self.agent.pollOutput() {
            case .wait: return result
            case .event(let event): self.events.append(event)
            case .transmit(let transmit): result.insert(transmit.socket)
            }
        }
    }

    /// Checks from `source` until that pair is valid.
    mutating func validate(from source: TransportAddress = Self.address, peerRole: ICERole, nominates: Bool = false) {
        self.receive(self.request(role: peerRole, nominates: nominates), from: source)
        self.wait(.milliseconds(50))
        for request in self.requests(to: source) { self.receive(self.answer(to: request), from: source) }
    }
}
