internal import ICE
internal import Network
internal import Session
internal import Wire

/// The datagram sockets of one thread, shared by its sessions: each *place* is one socket on every address of this
/// machine. Who may use which path, and who gets which datagram, ``DatagramDirectory`` decides.
final class SharedSockets {
    private struct Entry {
        /// `nil` once its address is gone: the number stays, for sessions know it.
        var socket: DatagramSocket?
        let media: MediaConnection.Socket
        let place: Int
        var slot: Int?
        var watch = VoiceWatch()
        /// Nobody waits for it now.
        var isResting = false
        /// When it was last read without being waited for.
        var readAt = Instant.zero
    }

    private struct Promise {
        let session: Int
        let place: Int
        let remote: TransportAddress
    }

    private var entries: [Entry] = []
    /// Places that sessions were given for a peer, each its own until the session ends.
    private var promises: [Promise] = []
    private(set) var placeCount: Int
    private let includesLoopback: Bool
    private let batch = DatagramBatch()
    var directory = DatagramDirectory()
    /// Sessions that met another's path.
    private(set) var crowded: [(session: Int, path: Path)] = []

    init(places: Int, includesLoopback: Bool) {
        self.placeCount = places
        self.includesLoopback = includesLoopback
    }

    func sockets(of places: [Int]) -> [MediaConnection.Socket] {
        self.entries.filter { $0.socket != nil && places.contains($0.place) }.map(\.media)
    }

    /// Opens what a place lacks and closes what is on addresses that are gone.
    func refresh(_ place: Int) {
        let addresses = NetworkInterfaces.addresses(includingLoopback: self.includesLoopback)
        for index in self.entries.indices
        where !addresses.contains(where: { $0.ip == self.entries[index].media.base.ip }) {
            self.entries[index].socket = nil
        }
        for (ip, interface) in addresses {
            let isThere = self.entries.contains {
                $0.place == place && $0.socket != nil && $0.media.base.ip == ip
            }
            guard !isThere, let socket = try? DatagramSocket(bindingTo: ip, bufferSize: Self.bufferSize) else {
                continue
            }
            let media = MediaConnection.Socket(
                id: SocketID(self.entries.count), base: socket.local,
                kind: MediaSockets.kind(of: ip, interface: interface))
            self.entries.append(Entry(socket: socket, media: media, place: place))
        }
    }

    /// A place from which `remote` is nobody else's and promised to nobody else; a new one where there is none. `nil` where
    /// one of those that the session has is such a place.
    func findPlace(for session: Int, to remote: TransportAddress, besides held: [Int], now: Instant) -> Int? {
        let sockets = self.entries.filter { $0.socket != nil }
        let free = Set(sockets.map(\.place)).sorted().filter { place in
            !self.promises.contains { $0.place == place && $0.remote == remote && $0.session != session }
                && !sockets.contains {
                    guard $0.place == place else { return false }
                    let owner = self.directory.owner(of: Path(socket: $0.media.id, remote: remote), now: now)
                    return owner != nil && owner != session
                }
        }
        guard !free.contains(where: held.contains) else { return nil }
        let place = free.first ?? self.placeCount
        self.placeCount = max(self.placeCount, place + 1)
        self.promises.append(Promise(session: session, place: place, remote: remote))
        return place
    }

    /// What was given to a session is free again.
    func remove(_ session: Int) {
        self.directory.remove(session)
        self.promises.removeAll { $0.session == session }
    }

    func takeCrowded() -> [(session: Int, path: Path)] {
        guard !self.crowded.isEmpty else { return [] }
        defer { self.crowded = [] }
        return self.crowded
    }

    func send(_ datagram: [UInt8], on path: Path, from session: Int, now: Instant) {
        guard self.entries.indices.contains(path.socket.rawValue) else { return }
        switch self.directory.departure(of: datagram, on: path, from: session, now: now) {
        case .leaves: self.entries[path.socket.rawValue].socket?.send(datagram, to: path.remote)
        case .refused: self.noteCrowd(session, path)
        case .dropped: break
        }
    }

    /// - Parameter onBeat: all sessions ask for sound every 20 ms: what carries voice need not wake the thread besides.
    /// - Returns: when the thread has to wait anew.
    func await(in list: inout WaitList, onBeat: Bool, now: Instant) -> Instant {
        var until = Instant.distantFuture
        for index in self.entries.indices {
            let rest = onBeat ? self.entries[index].watch.rest(now: now) : nil
            until = min(until, rest ?? .distantFuture)
            self.entries[index].slot = rest == nil ? self.entries[index].socket.map { list.add($0.descriptor) } : nil
            self.entries[index].isResting = rest != nil
        }
        return until
    }

    /// Hands every datagram that waits, and has an addressee, to that session, with the time when it came.
    /// - Parameter list: what was waited for last.
    func receive(
        _ list: WaitList, into datagram: inout [UInt8],
        _ body: (Int, inout [UInt8], TransportAddress, MediaConnection.Socket, Instant) -> Void
    ) {
        for index in 0..<self.entries.count {
            guard let slot = self.entries[index].slot, list.isReady(slot) else { continue }
            self.receive(at: index, into: &datagram, body)
        }
    }

    /// As ``receive(_:into:_:)``, from the sockets of these places that nobody waited for: a session is about to be asked
    /// for sound. Those that were read just now, for another session of its group, are not read again.
    func receive(
        restingAt places: [Int], into datagram: inout [UInt8], now: Instant,
        _ body: (Int, inout [UInt8], TransportAddress, MediaConnection.Socket, Instant) -> Void
    ) {
        for index in 0..<self.entries.count
        where self.entries[index].isResting && places.contains(self.entries[index].place)
            && now - self.entries[index].readAt >= Self.freshness
        {
            self.entries[index].readAt = now
            self.receive(at: index, into: &datagram, body)
        }
    }

    private func receive(
        at index: Int, into datagram: inout [UInt8],
        _ body: (Int, inout [UInt8], TransportAddress, MediaConnection.Socket, Instant) -> Void
    ) {
        guard let socket = self.entries[index].socket else { return }
        let media = self.entries[index].media
        // One batch: who sends without end shall not keep the others from their beat.
        for number in 0..<self.batch.receive(from: socket) {
            guard let (source, arrival) = self.batch.take(number, into: &datagram) else { continue }
            self.entries[index].watch.note(datagram, now: arrival)
            let path = Path(socket: media.id, remote: source)
            switch self.directory.addressee(of: datagram, on: path, now: arrival) {
            case .session(let session): body(session, &datagram, source, media, arrival)
            case .taken(_, let session): self.noteCrowd(session, path)
            case .nobody: break
            }
        }
    }

    private func noteCrowd(_ session: Int, _ path: Path) {
        guard !self.crowded.contains(where: { $0 == (session, path) }) else { return }
        self.crowded.append((session, path))
    }

    /// Ours: a group is served within; what comes in that time waits for the next beat, stamped with its own time.
    private static let freshness: Duration = .milliseconds(2)
    /// For some hundred packets of each of a place's sessions.
    private static let bufferSize: Int32 = 1 << 20
}

/// One session's view of the shared sockets.
final class SharedPorts: MediaPorts {
    private let sockets: SharedSockets
    private let session: Int
    private(set) var places: [Int]
    private(set) var isOpen = false

    init(_ sockets: SharedSockets, session: Int, place: Int) {
        self.sockets = sockets
        self.session = session
        self.places = [place]
    }

    var all: [MediaConnection.Socket] { self.sockets.sockets(of: self.places) }

    func refresh() {
        self.isOpen = true
        for place in self.places { self.sockets.refresh(place) }
    }

    /// - Returns: the sockets of one more place.
    func move(alsoTo place: Int) -> [MediaConnection.Socket] {
        self.places.append(place)
        self.sockets.refresh(place)
        return self.sockets.sockets(of: [place])
    }

    func send(_ datagram: [UInt8], on path: Path) {
        self.sockets.send(datagram, on: path, from: self.session, now: monotonicNow())
    }
}
