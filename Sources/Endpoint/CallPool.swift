package import Audio
package import Consultation
internal import Dispatch
package import Foundation
internal import NIOConcurrencyHelpers
package import NIOCore
package import Network
internal import SecureTransport
package import Session
package import Wire

/// Many calls without persons in one process: each session on one of a few threads, several on one socket.
package final class CallPool: Sendable {
    /// How sessions share sockets. Two ends that both share have no two sessions on the same pair of sockets if one
    /// does it in blocks and the other in stripes, with the sessions in the same order; where they meet all the same
    /// they are given more sockets.
    package struct Sharing: Sendable {
        package enum Order: Sendable {
            /// The first sessions on the first socket, the next on the second.
            case blocks
            /// Each session on another socket, and again from the first.
            case stripes
        }

        package var order: Order
        /// Sessions on one socket at most, and stripes at least.
        package var most: Int

        package init(_ order: Order, most: Int = 16) {
            self.order = order
            self.most = max(1, most)
        }

        /// - Returns: the number of the socket, on each address, that a session is on.
        package func place(of session: Int, among sessions: Int, threads: Int) -> Int {
            switch self.order {
            case .blocks: session / min(self.most, (sessions - 1) / threads + 1)
            case .stripes: session % max(self.most, (sessions - 1) / self.most + 1)
            }
        }
    }

    /// One session and what it does.
    package struct Part: Sendable {
        package enum End: Sendable {
            case patient(PatientSeat)
            /// In a room of a seat that ``FrontDesk`` holds.
            case deputy(RoomID)

            var isDoctor: Bool { if case .deputy = self { true } else { false } }
        }

        package var end: End
        package var broker: WebSocketURL
        package var source: AudioSource
        package var recording: URL?
        package var admission: HeadlessAttendant.Admission = .first
        package var wordsAre: Bool?
        package var duration: Duration?
        /// How long sound may take to flow.
        package var timeout: Duration?

        package init(end: End, broker: WebSocketURL, source: AudioSource) {
            self.end = end
            self.broker = broker
            self.source = source
        }
    }

    package struct Settings: Sendable {
        package var threads: Int
        package var sharing: Sharing
        package var configuration: PeerSession.Configuration
        package var includesLoopback: Bool
        /// Between the beginnings of two sessions.
        package var pace: Duration = .zero
        /// Counts the calling thread's allocations of memory so far.
        package var allocationCount: (@Sendable () -> Int?)?

        package init(
            threads: Int, sharing: Sharing, configuration: PeerSession.Configuration, includesLoopback: Bool
        ) {
            self.threads = threads
            self.sharing = sharing
            self.configuration = configuration
            self.includesLoopback = includesLoopback
        }
    }

    /// What a thread saw.
    package struct ThreadReport: Sendable {
        package let sessions: Int
        package let lateness: LatenessHistogram
        package let windows: [BeatWindow]
        /// Datagrams that were for nobody.
        package let strangers: Int
        /// Datagrams for one session on a path of another's.
        package let conflicts: Int
        /// Sockets on each address.
        package let sockets: Int
    }

    /// Told from the threads.
    package struct Watcher: Sendable {
        package var onEvent: @Sendable (Int, SessionEvent) -> Void
        /// The beat was not kept in these seconds; only the first of them is told.
        package var onLateBeat: @Sendable (BeatWindow) -> Void

        package init(
            onEvent: @escaping @Sendable (Int, SessionEvent) -> Void,
            onLateBeat: @escaping @Sendable (BeatWindow) -> Void
        ) {
            self.onEvent = onEvent
            self.onLateBeat = onLateBeat
        }
    }

    private struct Results {
        var calls: [Int: CallReport] = [:]
        var threads: [ThreadReport] = []
        var wasLate = false
    }

    let parts: [Part]
    let settings: Settings
    let watcher: Watcher
    let eventLoops: any EventLoopGroup
    private let atSeat: @Sendable (@escaping @Sendable (inout DoctorSeat) -> Void) -> Void
    private let results = NIOLockedValueBox(Results())
    private let mailboxes: [Mailbox<CallWorker.Letter>]
    /// Thread and number there of each session.
    private let homes: [(thread: Int, index: Int)]
    private let numbers: [[Int]]
    private let group = DispatchGroup()

    /// - Parameter atSeat: has the doctor's seat do something, from any thread.
    package init(
        _ parts: [Part], _ settings: Settings, _ watcher: Watcher, eventLoops: any EventLoopGroup,
        atSeat: @escaping @Sendable (@escaping @Sendable (inout DoctorSeat) -> Void) -> Void = { _ in }
    ) {
        var numbers = [[Int]](repeating: [], count: max(1, settings.threads))
        var homes: [(thread: Int, index: Int)] = []
        for session in parts.indices {
            // A socket is one thread's: who shares it is there too.
            let thread = settings.sharing.place(of: session, among: parts.count, threads: numbers.count) % numbers.count
            homes.append((thread, numbers[thread].count))
            numbers[thread].append(session)
        }
        self.parts = parts
        self.settings = settings
        self.watcher = watcher
        self.eventLoops = eventLoops
        self.atSeat = atSeat
        self.homes = homes
        self.numbers = numbers
        self.mailboxes = numbers.map { _ in Mailbox() }
    }

    /// - Parameter onEnd: told when the last session is over, on a thread of its own.
    package func start(onEnd: @escaping @Sendable () -> Void = {}) {
        SRTPLibrary.prepare()
        for (number, sessions) in self.numbers.enumerated() where !sessions.isEmpty {
            self.group.enter()
            let thread = Thread { [self] in
                let worker = CallWorker(self, sessions: sessions, mailbox: self.mailboxes[number])
                let report = worker.run()
                self.results.withLockedValue { $0.threads.append(report) }
                self.group.leave()
            }
            thread.name = "calls-\(number)"
            thread.stackSize = 1 << 20
            thread.start()
        }
        self.group.notify(queue: .global(), execute: onEnd)
    }

    /// Returns when all sessions are over.
    package func wait() { self.group.wait() }

    /// Asks every session to end.
    package func stop() {
        for home in self.homes { self.mailboxes[home.thread].post(.driver(home.index, .stop)) }
    }

    /// What the doctor's seat says of a session's room.
    func post(_ event: RoomEvent, to session: Int) {
        let home = self.homes[session]
        self.mailboxes[home.thread].post(.room(home.index, event))
    }

    func seatIsOnline(_ isOnline: Bool) {
        for mailbox in self.mailboxes { mailbox.post(.seatIsOnline(isOnline)) }
    }

    /// By session; `nil` for those that are not over.
    package var reports: [CallReport?] {
        self.results.withLockedValue { results in self.parts.indices.map { results.calls[$0] } }
    }

    package var threadReports: [ThreadReport] { self.results.withLockedValue(\.threads) }

    // MARK: From the threads

    func askSeat(_ act: @escaping @Sendable (inout DoctorSeat) -> Void) { self.atSeat(act) }

    func ended(_ session: Int, _ report: CallReport) {
        self.results.withLockedValue { $0.calls[session] = report }
    }

    func wasLate(_ window: BeatWindow) {
        let isFirst = self.results.withLockedValue { results in
            defer { results.wasLate = true }
            return !results.wasLate
        }
        if isFirst { self.watcher.onLateBeat(window) }
    }

}
