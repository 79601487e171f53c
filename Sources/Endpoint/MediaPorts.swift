package import ICE
package import Session

/// The datagram sockets that a driver sends from. Confined to the driver's thread.
package protocol MediaPorts: AnyObject {
    /// Whether media was ever wanted.
    var isOpen: Bool { get }
    /// Those that are bound now.
    var all: [MediaConnection.Socket] { get }
    /// Opens sockets on addresses that are new and closes those on addresses that are gone.
    func refresh()
    func send(_ datagram: [UInt8], on path: Path)
}
