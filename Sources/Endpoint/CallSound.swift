package import Session
package import Wire

/// Where the sound of a call comes from and goes to, and by which clock. Confined to the driver's thread.
///
/// Each block of 960 samples goes to ``PeerSession/send(_:now:)`` when it was captured, and is asked of
/// ``PeerSession/pull(into:now:)`` when it is to be played.
package protocol CallSound: AnyObject {
    /// Readable when there is something to serve; `nil` for a sound that goes by ``deadline`` alone.
    var descriptor: Int32? { get }
    /// When to serve it at the latest.
    var deadline: Instant { get }
    /// Sound may flow for the first time.
    func begin(now: Instant)
    /// Moves the blocks that are due, none or several.
    func serve(_ session: PeerSession, now: Instant)
    /// The call is over.
    func finish()
}
