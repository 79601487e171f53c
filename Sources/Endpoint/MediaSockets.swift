internal import ICE
internal import Network
internal import Session
internal import Wire

/// The datagram sockets of a call, one on each address of this machine. Confined to the driver's thread.
final class MediaSockets {
    private struct Entry {
        let socket: DatagramSocket
        let media: MediaConnection.Socket
    }

    private var entries: [Entry] = []
    private var nextID = 0
    private(set) var isOpen = false
    private let includesLoopback: Bool

    init(includesLoopback: Bool) {
        self.includesLoopback = includesLoopback
    }

    /// Opens sockets on addresses that are new and closes those on addresses that are gone.
    func refresh() {
        self.isOpen = true
        let addresses = NetworkInterfaces.addresses(includingLoopback: self.includesLoopback)
        self.entries.removeAll { entry in !addresses.contains { $0.ip == entry.media.base.ip } }
        for (ip, interface) in addresses where !self.entries.contains(where: { $0.media.base.ip == ip }) {
            guard let socket = try? DatagramSocket(bindingTo: ip) else { continue }
            let kind = Self.kind(of: ip, interface: interface)
            let media = MediaConnection.Socket(id: SocketID(self.nextID), base: socket.local, kind: kind)
            self.nextID += 1
            self.entries.append(Entry(socket: socket, media: media))
        }
    }

    var all: [MediaConnection.Socket] { self.entries.map(\.media) }

    var descriptors: [Int32] { self.entries.map(\.socket.descriptor) }

    func send(_ datagram: [UInt8], on path: Path) {
        self.entries.first { $0.media.id == path.socket }?.socket.send(datagram, to: path.remote)
    }

    /// Hands over every datagram that waits.
    func receive(_ body: ([UInt8], TransportAddress, MediaConnection.Socket) -> Void) {
        for entry in self.entries {
            while let (datagram, source) = entry.socket.receive() { body(datagram, source, entry.media) }
        }
    }

    /// By the naming of Linux interfaces (systemd.net-naming-scheme).
    private static func kind(of ip: IPAddress, interface: String) -> InterfaceKind {
        if ip.isLoopback { return .loopback }
        if interface.hasPrefix("wl") { return .wireless }
        if interface.hasPrefix("ww") { return .cellular }
        if interface.hasPrefix("tun") || interface.hasPrefix("wg") || interface.hasPrefix("tap") { return .tunnel }
        return .wired
    }
}
