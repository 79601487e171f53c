internal import ICE
internal import Network
internal import Session
internal import Wire

/// The datagram sockets of a call, one on each address of this machine. Confined to the driver's thread.
final class MediaSockets: MediaPorts {
    private struct Entry {
        let socket: DatagramSocket
        let media: MediaConnection.Socket
        /// Its place in the list of what the thread waits for.
        var slot: Int?
    }

    private var entries: [Entry] = []
    private var nextID = 0
    private(set) var isOpen = false
    private let includesLoopback: Bool

    init(includesLoopback: Bool) {
        self.includesLoopback = includesLoopback
    }

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

    func send(_ datagram: [UInt8], on path: Path) {
        for entry in self.entries where entry.media.id == path.socket {
            return entry.socket.send(datagram, to: path.remote)
        }
    }

    func await(in list: inout WaitList) {
        for index in self.entries.indices {
            self.entries[index].slot = list.add(self.entries[index].socket.descriptor)
        }
    }

    /// Hands over every datagram that waits.
    /// - Parameters:
    ///   - list: what was waited for last.
    ///   - datagram: memory for them; `body` may change it.
    func receive(
        _ list: WaitList, into datagram: inout [UInt8],
        _ body: (inout [UInt8], TransportAddress, MediaConnection.Socket) -> Void
    ) {
        for entry in self.entries {
            guard let slot = entry.slot, list.isReady(slot) else { continue }
            while let source = entry.socket.receive(into: &datagram) { body(&datagram, source, entry.media) }
        }
    }

    /// By the naming of Linux interfaces (systemd.net-naming-scheme).
    static func kind(of ip: IPAddress, interface: String) -> InterfaceKind {
        if ip.isLoopback { return .loopback }
        if interface.hasPrefix("wl") { return .wireless }
        if interface.hasPrefix("ww") { return .cellular }
        if interface.hasPrefix("tun") || interface.hasPrefix("wg") || interface.hasPrefix("tap") { return .tunnel }
        return .wired
    }
}
