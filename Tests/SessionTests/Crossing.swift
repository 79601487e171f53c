import ICE
import STUN
import Session
import Wire

/// Two ends that have two sessions with each other and one path between them; checks and handshakes of both sessions are
/// under way, and arrive, are lost and are sent again in an order that the seed gives. The first end decides.
struct Crossing {
    private struct Datagram {
        let to: Int
        let session: Int
        let number: UInt64
        let kind: Kind
    }

    private enum Kind {
        case check, answer, handshake
    }

    private static let fragments = [["AAAAaaaa", "BBBBbbbb"], ["CCCCcccc", "DDDDdddd"]]
    private static let handshake: [UInt8] = [22, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 7]
    private static let now = Instant.zero + .seconds(100)
    private static let path = Path(
        socket: SocketID(0), remote: TransportAddress(.v4(0xC000_0201), port: 5000))

    private var directories = [DatagramDirectory(), DatagramDirectory()]
    private var random: RandomSource
    private var flying: [Datagram] = []
    /// Who may still ask: a check that was refused or answered is not made again.
    private var asking: [[Bool]] = [[true, true], [true, true]]
    private var number: UInt64 = 0
    /// Handshakes that reached another session than the one they were for.
    private(set) var astray = 0

    init(seed: UInt64) {
        self.random = .seeded(seed)
        for end in 0...1 {
            for session in 0...1 {
                self.directories[end].add(session, decides: end == 0)
                self.directories[end].name(session, Self.fragments[end][session])
            }
        }
    }

    /// - Returns: to whom each end has given the path when nothing is under way any more.
    mutating func run() -> [Int?] {
        var lossesLeft = 4
        while true {
            let choice = Int(self.random.next() % 10)
            if choice >= 8 { self.greet(end: choice - 8, session: Int(self.random.next() % 2)) }
            if choice < 4, self.number <= 100, self.asking[choice / 2][choice % 2] {
                self.ask(end: choice / 2, session: choice % 2)
            } else if !self.flying.isEmpty {
                let datagram = self.flying.remove(at: Int(self.random.next() % UInt64(self.flying.count)))
                if lossesLeft > 0, self.random.next() % 4 == 0 { lossesLeft -= 1 } else { self.arrive(datagram) }
            } else if self.number > 100 || !self.asking.contains(where: { $0.contains(true) }) {
                return self.directories.map { $0.owner(of: Self.path, now: Self.now) }
            }
        }
    }

    private mutating func ask(end: Int, session: Int) {
        self.number += 1
        var request = STUNMessageBuilder(.request, .binding, transactionID: TransactionID(high: 7, low: self.number))
        request.add(.username, text: "\(Self.fragments[1 - end][session]):\(Self.fragments[end][session])")
        request.addFingerprint()
        switch self.directories[end].departure(of: request.bytes, on: Self.path, from: session, now: Self.now) {
        case .leaves: self.flying.append(Datagram(to: 1 - end, session: session, number: self.number, kind: .check))
        case .refused, .dropped: self.asking[end][session] = false
        }
    }

    private mutating func greet(end: Int, session: Int) {
        guard self.number <= 100 else { return }
        self.number += 1
        if self.directories[end].departure(of: Self.handshake, on: Self.path, from: session, now: Self.now) == .leaves {
            self.flying.append(Datagram(to: 1 - end, session: session, number: self.number, kind: .handshake))
        }
    }

    private mutating func arrive(_ datagram: Datagram) {
        let end = datagram.to
        switch self.directories[end].addressee(of: self.bytes(of: datagram), on: Self.path, now: Self.now) {
        case .session(let session):
            switch datagram.kind {
            case .check:
                self.flying.append(
                    Datagram(to: 1 - end, session: session, number: datagram.number, kind: .answer))
            case .answer: self.asking[end][session] = false
            case .handshake: self.astray += session == datagram.session ? 0 : 1
            }
            if datagram.kind != .handshake { self.directories[end].claim(Self.path, for: session, now: Self.now) }
        case .taken(_, let session): self.asking[end][session] = false
        case .nobody: break
        }
    }

    private func bytes(of datagram: Datagram) -> [UInt8] {
        guard datagram.kind != .handshake else { return Self.handshake }
        let id = TransactionID(high: 7, low: datagram.number)
        var message = STUNMessageBuilder(datagram.kind == .answer ? .success : .request, .binding, transactionID: id)
        if datagram.kind == .check {
            message.add(.username, text: "\(Self.fragments[datagram.to][datagram.session]):x")
        }
        message.addFingerprint()
        return message.bytes
    }
}
