package import Consultation
package import Endpoint
package import Network
package import Wire

/// What a doctor sees and types at. Confined to the driver's thread.
package protocol DeskSurface: AnyObject {
    /// Adds what is readable when the person did something.
    func listen(on waiting: inout WaitList)
    var deadline: Instant { get }
    /// Reads what the person did and shows what changed.
    func serve(_ practice: Practice, driver: CallDriver, now: Instant)
    /// Something is to be shown anew.
    func changed()
    /// Somebody came.
    func arrived(_ guest: Guest, in room: DeskRoom)
}
