package import ICE
internal import RTP
internal import STUN
package import Wire

/// Which of many sessions a datagram on a shared socket is for. Sans-IO; one owner thread.
///
/// A *path*, that is a socket and the address at its other end, belongs to one session or to none:
///
/// - A request of STUN goes to the session whose fragment it names; that session's password decides what it is worth.
/// - An answer of STUN goes to the session that asked, from where it asked.
/// - Everything else goes to the session that owns its path: one that saw an authenticated check pass there. Nothing
///   but STUN leaves on a path before.
///
/// What fits nowhere reaches nobody and is counted. A session that meets another's path is told
/// (``Verdict/taken(by:)``), and needs a socket of its own for its peer: two ends that share sockets among many
/// sessions would otherwise have several on one pair of addresses, where nothing in DTLS tells them apart.
///
/// Two such ends have to give a path to the same session, also when checks for two of them cross on it. Of each session
/// one end *decides*, and the same one for all that the two ends have in common: there the first authenticated check
/// makes the path a session's, and checks for others are not answered from then on. At the other end only an answer does.
package struct DatagramDirectory: Sendable {
    package enum Verdict: Equatable, Sendable {
        case session(Int)
        /// Meant for this session, on a path of another's.
        case taken(by: Int, wantedBy: Int)
        case nobody
    }

    /// What becomes of a datagram that a session wants to send.
    package enum Departure: Equatable, Sendable {
        case leaves
        /// The path is another's.
        case refused
        /// The path is nobody's yet, and only checks may tell whose it will be.
        case dropped
    }

    private struct Ownership: Sendable {
        var session: Int
        /// When anything came that was for the owner.
        var lastHeard: Instant
    }

    private struct Request: Hashable, Sendable {
        let id: TransactionID
        let path: Path
    }

    private struct Member: Sendable {
        /// The current one and those before.
        var fragments: [String] = []
        /// The last requests, to be overwritten in turn.
        var requests: [Request] = []
        var nextRequest = 0
        var paths: [Path] = []
        let decides: Bool
    }

    private struct Answer: Equatable, Sendable {
        let session: Int
        let path: Path
    }

    private var members: [Int: Member] = [:]
    private var sessionOfFragment: [String: Int] = [:]
    private var sessionOfRequest: [Request: Int] = [:]
    /// Where in ``ownerships`` a path's owner stands: a value in a dictionary cannot be changed without an allocation.
    private var placeOfPath: [Path: Int] = [:]
    private var ownerships: [Ownership] = []
    private var freePlaces: [Int] = []
    /// What came last, if it was an answer.
    private var lastAnswer: Answer?
    /// Datagrams that reached nobody.
    package private(set) var strangers = 0
    /// Those that were meant for a session, or that it wanted to send, on a path of another's.
    package private(set) var conflicts = 0

    package init() {}

    // MARK: Who is here

    /// - Parameter decides: whose a path is, rather than the session's peer.
    package mutating func add(_ session: Int, decides: Bool) {
        guard self.members[session] == nil else { return }
        self.members[session] = Member(decides: decides)
        self.members[session]?.requests.reserveCapacity(Self.requestsRemembered)
        self.sessionOfRequest.reserveCapacity(self.members.count * Self.requestsRemembered)
    }

    /// A session has this fragment from now on; its former ones still hold, as long as there are few: while restarts go
    /// unanswered the path of before the first is kept by consent.
    /// - Returns: `false`, with nothing changed, if it is another session's.
    @discardableResult
    package mutating func name(_ session: Int, _ fragment: String) -> Bool {
        if let known = self.sessionOfFragment[fragment] { return known == session }
        guard var member = self.members.removeValue(forKey: session) else { return false }
        if member.fragments.count == Self.fragmentsHeld { self.sessionOfFragment[member.fragments.removeFirst()] = nil }
        member.fragments.append(fragment)
        self.members[session] = member
        self.sessionOfFragment[fragment] = session
        return true
    }

    package mutating func remove(_ session: Int) {
        guard let member = self.members.removeValue(forKey: session) else { return }
        for fragment in member.fragments { self.sessionOfFragment[fragment] = nil }
        for request in member.requests { self.sessionOfRequest[request] = nil }
        for path in member.paths { self.disown(path, of: session) }
    }

    // MARK: Out

    /// Whether a session may send this: not on a path of another's. Requests of STUN are remembered.
    package mutating func departure(
        of datagram: [UInt8], on path: Path, from session: Int, now: Instant
    ) -> Departure {
        let isSTUN = PacketKind(datagram) == .stun
        let owner = self.owner(of: path, now: now)
        if let owner, owner != session {
            self.conflicts += 1
            return .refused
        }
        guard isSTUN || owner == session else { return .dropped }
        if isSTUN, let message = try? STUNMessage(decoding: datagram), message.messageClass == .request {
            self.remember(Request(id: message.transactionID, path: path), of: session)
        }
        return .leaves
    }

    private mutating func remember(_ request: Request, of session: Int) {
        guard self.sessionOfRequest[request] == nil, var member = self.members.removeValue(forKey: session) else {
            return
        }
        if member.requests.count < Self.requestsRemembered {
            member.requests.append(request)
        } else {
            self.sessionOfRequest[member.requests[member.nextRequest]] = nil
            member.requests[member.nextRequest] = request
            member.nextRequest = (member.nextRequest + 1) % Self.requestsRemembered
        }
        self.members[session] = member
        self.sessionOfRequest[request] = session
    }

    // MARK: In

    /// Whom a datagram goes to.
    package mutating func addressee(of datagram: [UInt8], on path: Path, now: Instant) -> Verdict {
        self.lastAnswer = nil
        let place = self.placeOfPath[path]
        let owner = self.owner(of: path, now: now)
        guard PacketKind(datagram) == .stun else {
            guard let place, let owner else { return self.nobody() }
            self.ownerships[place].lastHeard = now
            return .session(owner)
        }
        guard let message = try? STUNMessage(decoding: datagram) else { return self.nobody() }
        let wanted: Int?
        switch message.messageClass {
        case .request:
            // A fragment of ours is short enough to be a String without memory of its own.
            let fragment = message[.username]?.prefix { $0 != UInt8(ascii: ":") }
            wanted = fragment.flatMap { self.sessionOfFragment[String(decoding: $0, as: UTF8.self)] }
        case .success, .error: wanted = self.sessionOfRequest[Request(id: message.transactionID, path: path)]
        case .indication: wanted = owner
        }
        guard let wanted else { return self.nobody() }
        if let owner, owner != wanted {
            self.conflicts += 1
            return .taken(by: owner, wantedBy: wanted)
        }
        if let place, owner == wanted { self.ownerships[place].lastHeard = now }
        if message.messageClass == .success { self.lastAnswer = Answer(session: wanted, path: path) }
        return .session(wanted)
    }

    /// A session saw an authenticated check, or its answer, pass on this path just now: the path is its own where that
    /// decides, unless another has it.
    package mutating func claim(_ path: Path, for session: Int, now: Instant) {
        guard let member = self.members[session], self.owner(of: path, now: now) == nil,
            member.decides || self.lastAnswer == Answer(session: session, path: path)
        else { return }
        if let place = self.placeOfPath[path] { self.disown(path, of: self.ownerships[place].session) }
        let ownership = Ownership(session: session, lastHeard: now)
        if let place = self.freePlaces.popLast() {
            self.placeOfPath[path] = place
            self.ownerships[place] = ownership
        } else {
            self.placeOfPath[path] = self.ownerships.count
            self.ownerships.append(ownership)
        }
        self.members[session]?.paths.append(path)
        if member.paths.count >= Self.pathsHeld { self.disown(self.stalest(of: session), of: session) }
    }

    private func stalest(of session: Int) -> Path? {
        self.members[session]?.paths.min { self.lastHeard(on: $0) < self.lastHeard(on: $1) }
    }

    private func lastHeard(on path: Path) -> Instant {
        self.placeOfPath[path].map { self.ownerships[$0].lastHeard } ?? .zero
    }

    private mutating func disown(_ path: Path?, of session: Int) {
        guard let path, let place = self.placeOfPath[path], self.ownerships[place].session == session else { return }
        self.placeOfPath[path] = nil
        self.freePlaces.append(place)
        self.members[session]?.paths.removeAll { $0 == path }
    }

    /// Whose a path is; nobody's when nothing was heard on it for so long that its session may not use it either.
    package func owner(of path: Path, now: Instant) -> Int? {
        guard let place = self.placeOfPath[path], now - self.ownerships[place].lastHeard < Self.lifetime else {
            return nil
        }
        return self.ownerships[place].session
    }

    private mutating func nobody() -> Verdict {
        self.strangers += 1
        return .nobody
    }

    /// As long as consent (RFC 7675 §5.1): a router may give the address to somebody else behind it.
    private static let lifetime: Duration = .seconds(30)
    private static let pathsHeld = 64
    private static let fragmentsHeld = 8
    /// A session checks some dozens of pairs, each several times.
    private static let requestsRemembered = 128
}
