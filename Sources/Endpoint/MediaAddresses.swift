internal import Foundation
internal import ICE
internal import Wire

/// A `stun:HOST[:PORT]` address (RFC 7064).
struct STUNServer: Sendable {
    let host: String
    let port: UInt16

    init?(_ text: String) {
        guard text.hasPrefix("stun:") else { return nil }
        var rest = text.dropFirst(5)
        if let query = rest.firstIndex(of: "?") { rest = rest[..<query] }
        if rest.hasPrefix("["), let close = rest.firstIndex(of: "]") {
            self.host = String(rest[rest.index(after: rest.startIndex)..<close])
            let port = rest[rest.index(after: close)...].drop { $0 == ":" }
            self.port = UInt16(port) ?? 3478
        } else {
            let parts = rest.split(separator: ":", maxSplits: 1)
            guard let host = parts.first else { return nil }
            self.host = String(host)
            self.port = parts.count == 2 ? UInt16(parts[1]) ?? 3478 : 3478
        }
    }
}

/// A socket's place in the driver's list, and what kind of interface it stands on.
struct SocketNumber {
    let id: SocketID

    init(_ index: Int) {
        self.id = SocketID(index)
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

/// A short piece of blocking work on a thread of its own.
struct BackgroundWork {
    let work: @Sendable () -> Void

    func start() {
        Thread.detachNewThread(self.work)
    }
}
