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
        var watch = VoiceWatch()
    }

    private let batch = DatagramBatch()
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

    /// - Parameter onBeat: sound is asked for every 20 ms: what carries voice need not wake the thread besides.
    /// - Returns: when the thread has to wait anew.
    func await(in list: inout WaitList, onBeat: Bool, now: Instant) -> Instant {
        var until = Instant.distantFuture
        for index in self.entries.indices {
            let rest = onBeat ? self.entries[index].watch.rest(now: now) : nil
            until = min(until, rest ?? .distantFuture)
            self.entries[index].slot = rest == nil ? list.add(self.entries[index].socket.descriptor) : nil
        }
        return until
    }

    /// Hands over every datagram that waits, with the time when it came.
    /// - Parameters:
    ///   - list: what was waited for last.
    ///   - datagram: memory for them; `body` may change it.
    func receive(
        _ list: WaitList, into datagram: inout [UInt8],
        _ body: (inout [UInt8], TransportAddress, MediaConnection.Socket, Instant) -> Void
    ) {
        for index in self.entries.indices {
            let entry = self.entries[index]
            if let slot = entry.slot, !list.isReady(slot) { continue }
            var count = Int(DatagramBatch.capacity)
            while count == Int(DatagramBatch.capacity) {
                count = self.batch.receive(from: entry.socket)
                for number in 0..<count {
                    guard let (source, arrival) = self.batch.take(number, into: &datagram) else { continue }
                    self.entries[index].watch.note(datagram, now: arrival)
                    body(&datagram, source, entry.media, arrival)
                }
            }
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
