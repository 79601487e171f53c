import CLoad
import Primitives
import STUN
import TURN
import Wire

/// What a server knows its clients by.
enum Credentials {
    /// The closed relay's own: a group for each pair, a side for each of the two.
    case closed(RelaySecret)
    /// One user for everybody, the cheapest that a relay with a list of users can be asked for.
    case user(name: String, password: String)

    /// Name and password of one client; `pair` and `isFirst` say which.
    func make(pair: Int, isFirst: Bool, random: inout RandomSource) -> (name: String, password: String) {
        switch self {
        case .user(let name, let password):
            return (name, password)
        case .closed(let secret):
            let username = RelayUsername(
                expiry: UInt32(Clock.real() / 1_000_000_000) + 600, group: RelayGroup(rawValue: UInt64(pair) + 1),
                role: isFirst ? .doctor : .patient, random: &random)
            return (username.text, username.password(secret: secret))
        }
    }

    /// The same for clients of one name that reach one another.
    func probe(_ number: Int, random: inout RandomSource) -> (name: String, password: String) {
        guard case .closed(let secret) = self else { return self.make(pair: 0, isFirst: true, random: &random) }
        let username = RelayUsername(
            expiry: UInt32(Clock.real() / 1_000_000_000) + 600, group: RelayGroup(rawValue: UInt64(number) + 1),
            role: .probe, random: &random)
        return (username.text, username.password(secret: secret))
    }
}

/// Clients that allocate, permit, bind and let go again, `window` of them at a time. Two that follow one another,
/// 2k and 2k+1, are a pair and each other's peers.
final class Clients {
    private struct Client {
        let name: String
        let password: String
        var realm = ""
        var nonce: [UInt8] = []
        var key: [UInt8] = []
        var relayed: TransportAddress?
        var transaction: TransactionID?
        var resendAt: Int64 = 0
        var attempts = 0
    }

    enum Step: String {
        case allocate, permit, bind, release
    }

    private let socket: LoadSocket
    private let serverPort: UInt16
    private let base: UInt32
    private var random = RandomSource.seeded(1)
    private var clients: [Client] = []
    /// Errors other than 401 and 438, by their number, and requests that were sent again.
    private(set) var errors: [String: Int] = [:]
    private(set) var resent = 0

    static let channel: UInt16 = 0x4000

    init(count: Int, socket: LoadSocket, serverPort: UInt16, credentials: Credentials, base: UInt32 = 0x7F01_0001) {
        self.socket = socket
        self.serverPort = serverPort
        self.base = base
        self.clients = (0..<count).map { index in
            let (name, password) = credentials.make(pair: index / 2, isFirst: index % 2 == 0, random: &self.random)
            return Client(name: name, password: password)
        }
    }

    /// Where client `index` sends from.
    func address(of index: Int) -> UInt32 { self.base + UInt32(index) }

    /// Takes the clients in `range` through `step`.
    /// - Parameter perSecond: Starts no more than so many in a second; 0: as fast as the window turns.
    func run(_ step: Step, _ range: Range<Int>, window: Int = 32, perSecond: Int = 0) throws {
        var next = range.lowerBound
        var running: Set<Int> = []
        let began = Clock.monotonic()
        while next < range.upperBound || !running.isEmpty {
            let now = Clock.monotonic()
            while next < range.upperBound, running.count < window,
                perSecond == 0 || Int64(next - range.lowerBound) * 1_000_000_000 / Int64(perSecond) <= now - began
            {
                running.insert(next)
                self.clients[next].attempts = 0
                self.request(step, next, now: now)
                next += 1
            }
            self.socket.wait(milliseconds: 1)
            self.socket.drain { datagram in
                let index = Int(datagram.near) - Int(self.base)
                guard running.contains(index) else { return }
                let octets = [UInt8](UnsafeBufferPointer(start: datagram.octets, count: Int(datagram.length)))
                if self.receive(octets, step, index) { running.remove(index) }
            }
            for index in running where self.clients[index].resendAt <= now {
                guard self.clients[index].attempts < 8 else {
                    throw BenchmarkError("no answer to \(step.rawValue) of client \(index)")
                }
                self.resent += 1
                self.request(step, index, now: now)
            }
        }
        if let (error, count) = self.errors.first { throw BenchmarkError("\(step.rawValue): \(count) × \(error)") }
    }

    private func request(_ step: Step, _ index: Int, now: Int64) {
        let transaction = TransactionID(random: &self.random)
        let method: STUNMethod =
            switch step {
            case .allocate: .allocate
            case .permit: .createPermission
            case .bind: .channelBind
            case .release: .refresh
            }
        var builder = STUNMessageBuilder(.request, method, transactionID: transaction)
        switch step {
        case .allocate:
            builder.add(.requestedTransport, [17, 0, 0, 0])
        case .permit, .bind:
            if let peer = self.clients[index ^ 1].relayed {
                if step == .bind { builder.add(.channelNumber, Self.channel.bigEndianBytes + [0, 0]) }
                builder.add(.xorPeerAddress, xor: peer)
            }
        case .release:
            builder.add(.lifetime, uint32: 0)
        }
        if !self.clients[index].key.isEmpty {
            builder.add(.username, text: self.clients[index].name)
            builder.add(.realm, text: self.clients[index].realm)
            builder.add(.nonce, self.clients[index].nonce)
            builder.addIntegrity(key: self.clients[index].key)
        }
        self.clients[index].transaction = transaction
        self.clients[index].resendAt = now + 500_000_000
        self.clients[index].attempts += 1
        self.socket.send(builder.bytes, from: self.address(of: index), to: Clock.loopback, port: self.serverPort)
    }

    /// - Returns: Whether the client is through with `step`.
    private func receive(_ octets: [UInt8], _ step: Step, _ index: Int) -> Bool {
        guard let message = try? STUNMessage(decoding: octets),
            message.transactionID == self.clients[index].transaction
        else { return false }
        if message.messageClass == .success {
            if step == .allocate { self.clients[index].relayed = message.xorAddress(.xorRelayedAddress) }
            return true
        }
        let code = message.errorCode
        if code == .unauthenticated && self.clients[index].key.isEmpty || code == .staleNonce {
            if let realm = message.text(.realm), let nonce = message[.nonce] {
                let client = self.clients[index]
                self.clients[index].realm = realm
                self.clients[index].nonce = Array(nonce)
                self.clients[index].key = MD5.hash(Array("\(client.name):\(realm):\(client.password)".utf8))
                self.request(step, index, now: Clock.monotonic())
                return false
            }
        }
        self.errors["error \(code?.rawValue ?? 0)", default: 0] += 1
        return true
    }
}
