internal import Keystore
internal import Network
internal import Wire

/// Where other commands of the same doctor ask the running desk for something, by a socket in the doctor's directory.
///
/// Only the owner of the directory reaches it. Confined to the desk's thread; never blocks.
final class DeskDoor {
    struct Visitor: Hashable {
        fileprivate let descriptor: Int32
        /// Descriptors come again, numbers do not.
        fileprivate let number: Int
    }

    private struct Begun {
        var octets: [UInt8] = []
        let since: Instant
    }

    private let home: String
    private let listener: Int32
    private var pending: [Visitor: Begun] = [:]
    private var count = 0

    /// - Returns: `nil` when the directory takes no socket.
    init?(home: String) {
        self.home = home
        self.listener = DeskSocket.listen(home: home)
        guard self.listener >= 0 else { return nil }
    }

    deinit {
        for visitor in self.pending.keys { DeskSocket.close(visitor.descriptor) }
        DeskSocket.close(self.listener)
        DeskSocket.remove(home: self.home)
    }

    /// Adds what is readable when somebody comes or says something.
    func listen(on waiting: inout WaitList) {
        if self.pending.count < Self.visitorLimit { waiting.add(self.listener) }
        for visitor in self.pending.keys { waiting.add(visitor.descriptor) }
    }

    /// Requests that came whole. Each is answered later by ``answer(_:to:)``; who is silent too long is sent away.
    func take(now: Instant) -> [(Visitor, DeskRequest)] {
        while self.pending.count < Self.visitorLimit {
            let descriptor = DeskSocket.accept(self.listener)
            guard descriptor >= 0 else { break }
            self.count += 1
            self.pending[Visitor(descriptor: descriptor, number: self.count)] = Begun(since: now)
        }
        var requests: [(Visitor, DeskRequest)] = []
        for (visitor, begun) in self.pending {
            let isWhole = begun.octets.count == DeskRequest.length
            let room = DeskRequest.length - begun.octets.count + 1
            guard let octets = DeskSocket.read(visitor.descriptor, limit: room) else {
                if !isWhole, now - begun.since > Self.patience { self.leave(visitor) }
                continue
            }
            let all = begun.octets + octets
            // Nothing may follow a request but its end.
            if octets.isEmpty || isWhole || all.count > DeskRequest.length {
                self.leave(visitor)
            } else {
                self.pending[visitor]?.octets = all
                guard all.count == DeskRequest.length else { continue }
                if let request = DeskRequest(all) { requests.append((visitor, request)) } else { self.leave(visitor) }
            }
        }
        return requests
    }

    func answer(_ answer: DeskAnswer, to visitor: Visitor) {
        guard self.pending[visitor] != nil else { return }
        DeskSocket.write([answer.rawValue], to: visitor.descriptor)
        self.leave(visitor)
    }

    private func leave(_ visitor: Visitor) {
        guard self.pending.removeValue(forKey: visitor) != nil else { return }
        DeskSocket.close(visitor.descriptor)
    }

    private static let visitorLimit = 16
    private static let patience: Duration = .seconds(2)
}

/// The other side of a ``DeskDoor``.
package enum DeskVisit {
    /// Asks the desk that serves `home`, and waits for its answer; blocks for up to ten seconds.
    /// - Returns: `nil` when no desk runs there.
    package static func ask(_ request: DeskRequest, home: String) -> DeskAnswer? {
        let descriptor = DeskSocket.connect(home: home, patience: Self.patience)
        guard descriptor >= 0 else { return nil }
        defer { DeskSocket.close(descriptor) }
        guard DeskSocket.write(request.octets, to: descriptor),
            let octet = DeskSocket.read(descriptor, limit: 1)?.first
        else { return .unreachable }
        return DeskAnswer(rawValue: octet) ?? .violated
    }

    /// Whether a desk or a call serves `home`.
    package static func isAnswered(home: String) -> Bool {
        let descriptor = DeskSocket.connect(home: home, patience: Self.patience)
        guard descriptor >= 0 else { return false }
        DeskSocket.close(descriptor)
        return true
    }

    /// Seconds; longer than the desk waits for its broker.
    private static let patience = 10
}
