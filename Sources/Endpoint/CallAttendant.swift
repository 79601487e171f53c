package import Network
package import Session
package import Wire

/// Who decides in a call: a person at a screen, or what stands in for one. Confined to the driver's thread.
package protocol CallAttendant: AnyObject {
    /// Adds whatever else should wake the driver, such as a keyboard. Called before each sleep: it should not allocate.
    func listen(on waiting: inout WaitList)
    /// When ``serve(_:now:)`` is due at the latest.
    var deadline: Instant { get }
    func handle(_ event: SessionEvent, in driver: CallDriver, now: Instant)
    /// Called after each wake of the driver, some fifty times a second in a call.
    func serve(_ driver: CallDriver, now: Instant)
    /// The process is asked to end.
    func stop(_ driver: CallDriver, now: Instant)
}
