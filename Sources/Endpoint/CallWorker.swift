internal import Consultation
internal import Glibc
internal import ICE
internal import Network
internal import SecureChannel
internal import Session
internal import Wire

/// One thread of a ``CallPool``: it owns its sessions, its sockets and their deadlines, and sleeps in one call for all.
///
/// Every session has one deadline, the earliest of its timers and its beat; the earliest of those wakes the thread.
/// Beats are spread evenly over the 20 ms, a few sessions at a time (``BeatPhase``).
final class CallWorker {
    enum Letter: Sendable {
        case driver(Int, CallDriver.Letter)
        /// What the doctor's seat says of a session's room.
        case room(Int, RoomEvent)
        case seatIsOnline(Bool)
    }

    private struct Call {
        let driver: CallDriver
        let attendant: HeadlessAttendant
    }

    private struct Member {
        /// The session's number in the pool.
        let number: Int
        let ports: SharedPorts
        /// It has not begun.
        var isToCome = true
        /// From its beginning to its end.
        var call: Call?
        /// By which its peer's checks name it.
        var fragment: String?
        /// Asks for sound in every beat.
        var isOnBeat = false
    }

    private let pool: CallPool
    private let mailbox: Mailbox<Letter>
    private let sockets: SharedSockets
    private let network = NetworkWatch()
    private let ledger: BeatLedger
    private let phase = BeatPhase()
    private var members: [Member] = []
    private var deadlines: DeadlineQueue
    private var running: Int
    /// Sessions that have begun and do not, or not yet, ask for sound in every beat.
    private var offBeat = 0
    /// Memory for what comes.
    private var datagram: [UInt8] = []

    /// - Parameter sessions: of the pool, those of this thread.
    init(_ pool: CallPool, sessions: [Int], mailbox: Mailbox<Letter>) {
        func place(_ session: Int) -> Int {
            pool.settings.sharing.place(of: session, among: pool.parts.count, threads: max(1, pool.settings.threads))
        }
        self.pool = pool
        self.mailbox = mailbox
        self.ledger = BeatLedger { [count = pool.settings.allocationCount] in
            ThreadUsage(processorTime: Self.processorTime(), allocations: count?())
        }
        let places = Set(sessions.map(place)).sorted()
        self.sockets = SharedSockets(places: places.count, includesLoopback: pool.settings.includesLoopback)
        self.deadlines = DeadlineQueue(members: sessions.count)
        self.running = sessions.count
        for (index, number) in sessions.enumerated() {
            let ports = SharedPorts(
                self.sockets, session: index, place: places.firstIndex(of: place(number)) ?? 0)
            self.members.append(Member(number: number, ports: ports))
        }
    }

    /// Returns when all sessions are over.
    func run() -> CallPool.ThreadReport {
        BeatThread.askForShortSlices()
        let start = monotonicNow()
        for index in self.members.indices {
            self.sockets.directory.add(index, decides: self.pool.parts[self.members[index].number].end.isDoctor)
            self.deadlines.set(index, to: start + self.pool.settings.pace * self.members[index].number)
        }
        var waiting = WaitList()
        self.datagram.reserveCapacity(2048)
        while true {
            self.serveDue()
            self.makeRoom()
            guard self.running > 0 else { break }
            waiting.removeAll()
            let mailbox = waiting.add(self.mailbox.descriptor)
            let network = self.network.map { waiting.add($0.descriptor) }
            let now = monotonicNow()
            let rest = self.sockets.await(in: &waiting, onBeat: self.offBeat == 0, now: now)
            let wake = min(self.deadlines.first?.deadline ?? .distantFuture, self.ledger.deadline, rest)
            waiting.wait(for: max(.zero, wake - now))
            if waiting.isReady(mailbox) { for letter in self.mailbox.take() { self.handle(letter) } }
            self.sockets.receive(waiting, into: &self.datagram, self.receive)
            if let network, waiting.isReady(network), self.network?.takeChange() == true {
                for index in self.members.indices {
                    self.withCall(index) { $0.driver.networkMayHaveChanged(now: monotonicNow()) }
                }
            }
            self.makeRoom()
        }
        return CallPool.ThreadReport(
            sessions: self.members.count, lateness: self.ledger.total, windows: self.ledger.windows,
            strangers: self.sockets.directory.strangers, conflicts: self.sockets.directory.conflicts,
            sockets: self.sockets.placeCount)
    }

    /// Does something with a session that runs, and then what the session wants.
    private func withCall(_ index: Int, _ body: (Call) -> Void) {
        guard let call = self.members[index].call else { return }
        body(call)
        self.settle(index, call)
    }

    private func begin(_ index: Int, now: Instant) {
        let pool = self.pool
        let number = self.members[index].number
        let part = pool.parts[number]
        let session =
            switch part.end {
            case .patient(let seat):
                PeerSession(patient: seat, configuration: pool.settings.configuration, random: .system, now: now)
            case .deputy(let room):
                PeerSession(
                    deputyIn: room, language: .french, configuration: pool.settings.configuration, random: .system,
                    now: now)
            }
        let attendant = HeadlessAttendant(
            admission: part.admission, wordsAre: part.wordsAre, duration: part.duration,
            onEvent: { pool.watcher.onEvent(number, $0) })
        let beat = HeadlessSound.Beat(
            phase: self.phase.offset(of: index), count: self.members.count, ledger: self.ledger)
        let driver = CallDriver(
            session: session, broker: part.broker, group: pool.eventLoops, attendant: attendant,
            sound: HeadlessSound(
                source: part.source, recorder: part.recording.flatMap { try? WAVFileWriter(url: $0) }, beat: beat),
            surroundings: CallDriver.Surroundings(
                post: { [mailbox] in mailbox.post(.driver(index, $0)) }, ports: self.members[index].ports,
                atSeat: { pool.askSeat($0) }))
        driver.givesUpAt = part.timeout.map { now + $0 }
        driver.givesUpUnreachable = true
        self.members[index].isToCome = false
        self.offBeat += 1
        self.members[index].call = Call(driver: driver, attendant: attendant)
        driver.begin(now: now)
    }

    private func serveDue() {
        var now = monotonicNow()
        // Whoever is late catches up beat by beat, with what has come for everybody between.
        for _ in self.members.indices {
            guard let (index, deadline) = self.deadlines.first, deadline <= now else { break }
            if self.members[index].isToCome { self.begin(index, now: now) }
            if self.members[index].isOnBeat {
                self.sockets.receive(
                    restingAt: self.members[index].ports.places, into: &self.datagram, now: now, self.receive)
            }
            self.withCall(index) { $0.driver.serve(now: now) }
            now = monotonicNow()
        }
        guard now >= self.ledger.deadline || self.ledger.deadline == .distantFuture else { return }
        let sounding = self.members.count { $0.call?.driver.voiceSince != nil }
        if let window = self.ledger.serve(sessions: sounding, now: now) { self.pool.wasLate(window) }
    }

    private func handle(_ letter: Letter) {
        let now = monotonicNow()
        switch letter {
        case .driver(let index, .stop) where self.members[index].isToCome:
            self.members[index].isToCome = false
            self.deadlines.remove(index)
            self.running -= 1
        case .driver(let index, let letter): self.withCall(index) { $0.driver.handle(letter, now: now) }
        case .room(let index, let event): self.withCall(index) { $0.driver.session.receive(event, now: now) }
        case .seatIsOnline(let isOnline):
            for index in self.members.indices {
                self.withCall(index) { $0.driver.session.seatIsOnline(isOnline, now: now) }
            }
        }
    }

    private func receive(
        _ index: Int, _ datagram: inout [UInt8], _ source: TransportAddress, _ socket: MediaConnection.Socket,
        _ now: Instant
    ) {
        guard let call = self.members[index].call else { return }
        let path = Path(socket: socket.id, remote: source)
        call.driver.receive(&datagram, from: source, on: socket, now: now)
        if self.sockets.directory.owner(of: path, now: now) == nil,
            call.driver.session.media?.isValidated(path) == true
        {
            self.sockets.directory.claim(path, for: index, now: now)
        }
        self.settle(index, call)
    }

    /// Carries out what a session wants and notes when it is due again.
    private func settle(_ index: Int, _ call: Call) {
        let wake = call.driver.settle()
        if let fragment = call.driver.session.media?.usernameFragment, fragment != self.members[index].fragment {
            self.members[index].fragment = fragment
            self.sockets.directory.name(index, fragment)
        }
        self.setOnBeat(index, call.driver.isOnBeat)
        if let wake { self.deadlines.set(index, to: wake) } else { self.end(index, call) }
    }

    private func setOnBeat(_ index: Int, _ isOnBeat: Bool) {
        guard isOnBeat != self.members[index].isOnBeat else { return }
        self.members[index].isOnBeat = isOnBeat
        self.offBeat += isOnBeat ? -1 : 1
    }

    private func end(_ index: Int, _ call: Call) {
        // Who is over keeps nobody awake.
        self.setOnBeat(index, true)
        self.members[index].call = nil
        self.deadlines.remove(index)
        call.driver.end()
        self.sockets.remove(index)
        self.running -= 1
        self.pool.ended(
            self.members[index].number,
            CallReport(call.driver.session, reason: call.attendant.endReason ?? .hungUp, isAlone: false))
    }

    /// Sockets for sessions that met another's path, unless they have others from which their peer is free.
    private func makeRoom() {
        for (index, path) in self.sockets.takeCrowded() {
            guard self.members[index].call != nil else { continue }
            let ports = self.members[index].ports
            let now = monotonicNow()
            var added: [MediaConnection.Socket] = []
            if ports.places.count < Self.mostPlaces,
                let place = self.sockets.findPlace(for: index, to: path.remote, besides: ports.places, now: now)
            {
                added = ports.move(alsoTo: place)
            }
            // The way out comes first: a session that had a path and has none left would give up.
            self.withCall(index) { call in
                for socket in added { call.driver.session.add(socket, now: now) }
                call.driver.session.pathRefused(path, now: now)
            }
        }
    }

    private static func processorTime() -> Duration {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }

    /// Of one session.
    private static let mostPlaces = 8
}
