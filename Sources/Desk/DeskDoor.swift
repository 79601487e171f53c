internal import Keystore
internal import Wire

/// Where other commands of the same doctor ask the running desk for something, by a socket in the doctor's directory.
///
/// Only the owner of the directory reaches it. Confined to the desk's thread; never blocks.
final class DeskDoor {
    struct Visitor: Hashable {
        fileprivate let descriptor: Int32
    }

    private let home: String
    private let listener: Int32
    private var pending: [Visitor: [UInt8]] = [:]

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

    var descriptors: [Int32] { [self.listener] + self.pending.keys.map(\.descriptor) }

    /// Requests that came whole. Each is answered later by ``answer(_:to:)``.
    func take() -> [(Visitor, DeskRequest)] {
        while self.pending.count < Self.visitorLimit {
            let descriptor = DeskSocket.accept(self.listener)
            guard descriptor >= 0 else { break }
            self.pending[Visitor(descriptor: descriptor)] = []
        }
        var requests: [(Visitor, DeskRequest)] = []
        for (visitor, begun) in self.pending {
            let isWhole = begun.count == DeskRequest.length
            guard let octets = DeskSocket.read(visitor.descriptor, limit: DeskRequest.length - begun.count + 1) else {
                continue
            }
            let all = begun + octets
            // Nothing may follow a request but its end.
            if octets.isEmpty || isWhole || all.count > DeskRequest.length {
                self.leave(visitor)
            } else {
                self.pending[visitor] = all
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

    /// Seconds; longer than the desk waits for its broker.
    private static let patience = 10
}
