internal import CPoll
internal import Foundation
internal import Glibc
internal import Synchronization
internal import Wire

/// What the threads of a ``SoundCard`` share.
///
/// Sound itself goes through the queues of the lines, without a lock. One lock protects what is decided when a device
/// comes, goes or is chosen; it is never held across a call into the sound library, and a thread takes it only when
/// ``version`` has changed. A steady call takes it never.
final class SoundDesk: Sendable {
    private let control: Mutex<SoundControl>
    private let changes = Atomic<Int>(0)
    private let takings = Atomic<Int>(0)
    private let speech: Atomic<Bool>
    /// Rings when the owner has something to fetch.
    let ownerBell = Bell()
    /// Wakes the watch.
    let watchBell = Bell()

    init(_ choice: SoundCard.Choice) {
        self.control = Mutex(SoundControl(choice, now: soundClock()))
        self.speech = Atomic(choice.processing == .speech)
    }

    /// Rises whenever the scene has changed or an event has come.
    var version: Int { self.changes.load(ordering: .sequentiallyConsistent) }
    /// How often the lock has been taken.
    var lockings: Int { self.takings.load(ordering: .relaxed) }

    /// Whether echo, noise and gain are worked on.
    var isSpeech: Bool { self.speech.load(ordering: .relaxed) }

    func work(on processing: SoundCard.Processing) {
        self.speech.store(processing == .speech, ordering: .relaxed)
    }

    /// Runs `body` alone, then lets all threads know what it has changed.
    func with<Result: Sendable>(_ body: (inout SoundControl) -> Result) -> Result {
        self.takings.wrappingAdd(1, ordering: .relaxed)
        let (result, isChanged) = self.control.withLock { control in
            let result = body(&control)
            let isChanged = control.takeChange()
            if isChanged { self.changes.wrappingAdd(1, ordering: .sequentiallyConsistent) }
            return (result, isChanged)
        }
        if isChanged {
            self.ownerBell.ring()
            self.watchBell.ring()
        }
        return result
    }
}

extension SoundDesk {
    // MARK: Device threads

    /// `attempt` has sound flowing.
    func opened(_ attempt: DeviceWatch.Attempt, _ side: SoundSide) {
        self.with { $0.opened(attempt, side, now: soundClock()) }
    }

    /// `attempt` is over.
    func failed(_ attempt: DeviceWatch.Attempt, _ side: SoundSide, _ loss: SoundLoss) {
        self.with { $0.failed(attempt, side, loss, now: soundClock()) }
        self.watchBell.ring()
    }
}

/// A thread's own copy of the scene, renewed when it has changed.
struct SceneView {
    private(set) var scene = SoundScene()
    private var version = -1

    /// Whether the scene has changed since ``renew(from:_:)``.
    func isOld(on desk: SoundDesk) -> Bool { desk.version != self.version }

    /// Takes the lock.
    mutating func renew(from desk: SoundDesk) {
        // In this order: a change meanwhile makes this one old.
        self.version = desk.version
        self.scene = desk.with { $0.scene }
    }

    /// The same for the owner.
    /// - Returns: What a person is to be told.
    mutating func renewTakingEvents(from desk: SoundDesk) -> [SoundEvent] {
        self.version = desk.version
        let (scene, events) = desk.with { ($0.scene, $0.takeEvents()) }
        self.scene = scene
        return events
    }
}

/// CLOCK_MONOTONIC, the clock that the lock step of devices and silence is measured by: it stands still in suspend.
func soundClock() -> Instant {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Instant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
}

/// A thread with a name that is let run soon after it wakes, which ends when its work does.
/// - Parameter name: as those see it who look at the process from outside; at most 15 octets.
func startSoundThread(_ name: String, _ work: @escaping @Sendable () -> Void) {
    let thread = Thread {
        colloque_name_thread(name)
        _ = colloque_ask_for_short_slices()
        work()
    }
    thread.start()
}
