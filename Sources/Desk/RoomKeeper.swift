internal import Consultation
internal import Dispatch
internal import Endpoint
internal import Keystore
internal import NIOConcurrencyHelpers
internal import Network
internal import Synchronization

/// Writes what a desk must not forget: whom it admitted, and that a consultation is over.
///
/// An admission is on the disk before the method returns, because the link is used up right after. What changes later
/// is written beside the call, in order: sound does not wait for a disk.
final class RoomKeeper: Sendable {
    private let rooms: RoomStore
    private let journal: Journal
    private let queue = DispatchQueue(label: "colloque.rooms")
    private let outcome = Outcome()

    /// What became of what was written last, and how often that has changed.
    private final class Outcome: Sendable {
        let failures = NIOLockedValueBox<(room: KeystoreError?, journal: KeystoreError?)>((nil, nil))
        let changes = Atomic<Int>(0)

        func tell(_ body: (inout (room: KeystoreError?, journal: KeystoreError?)) -> Void) {
            self.failures.withLockedValue(body)
            self.changes.wrappingAdd(1, ordering: .releasing)
        }
    }

    init(_ rooms: RoomStore, _ journal: Journal) {
        self.rooms = rooms
        self.journal = journal
    }

    /// A line in the journal; what ends a consultation is signed.
    func note(_ kind: JournalEntry.Kind, _ session: SessionID, _ text: String = "") {
        let time = UnixClock.now
        self.queue.async { [journal, outcome] in
            do throws(KeystoreError) {
                try journal.append(kind, session: session, text: text, time: time)
                if kind == .ended { try journal.sign(time: time) }
                outcome.tell { $0.journal = nil }
            } catch {
                outcome.tell { $0.journal = error }
            }
        }
    }

    func keep(_ admission: StoredRoom.Admission, of session: SessionID, isNew: Bool) {
        self.change(session, waits: isNew) { $0.state = .admitted(admission) }
    }

    /// The keys of the room are of no more use.
    /// - Parameter brokeOff: nobody said goodbye; its link may be re-opened.
    func end(_ session: SessionID, brokeOff: Bool = false) {
        self.change(session, waits: false) { $0.state = brokeOff ? .brokenOff : .ended }
    }

    /// Writes a room whole, new or as its link works again; on return it is on the disk, or ``failure`` tells why not.
    /// - Returns: whether it is.
    func keep(_ room: StoredRoom) -> Bool {
        self.queue.sync {
            self.write { rooms throws(KeystoreError) in try rooms.save(room) }
            return self.outcome.failures.withLockedValue { $0.room == nil }
        }
    }

    /// Why the last room, or else the last line of the journal, could not be written; `nil` as soon as the next one was.
    var failure: KeystoreError? {
        self.outcome.failures.withLockedValue { $0.room ?? $0.journal }
    }

    /// How often ``failure`` may have changed: who looks after each packet takes no lock for it.
    var outcomes: Int { self.outcome.changes.load(ordering: .acquiring) }

    /// Returns when everything is on the disk.
    func finish() {
        self.queue.sync {}
    }

    private func change(_ session: SessionID, waits: Bool, _ body: @escaping @Sendable (inout StoredRoom) -> Void) {
        let work: @Sendable () -> Void = {
            self.write { rooms throws(KeystoreError) in
                var room = try rooms.load(session)
                body(&room)
                try rooms.save(room)
            }
        }
        if waits { self.queue.sync(execute: work) } else { self.queue.async(execute: work) }
    }

    private func write(_ body: (RoomStore) throws(KeystoreError) -> Void) {
        do throws(KeystoreError) {
            try body(self.rooms)
            self.outcome.tell { $0.room = nil }
        } catch {
            self.outcome.tell { $0.room = error }
        }
    }
}
