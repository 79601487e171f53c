internal import Glibc

/// The unix socket of a doctor's directory: the border to the system for ``DeskDoor`` and ``DeskVisit``.
///
/// A path of any length is reached through the directory's descriptor, since an address holds 107 octets.
enum DeskSocket {
    static let name = "desk.sock"

    /// A listening socket that only its owner may open, non-blocking; -1 when it cannot be had.
    static func listen(home: String) -> Int32 {
        self.inDirectory(home) { path in
            unlink(path)
            let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Self.flags, 0)
            guard descriptor >= 0 else { return -1 }
            // The mode of the socket is that of its file; a umask would be every thread's.
            guard fchmod(descriptor, 0o600) == 0, Self.withAddress(path, { bind(descriptor, $0, $1) }) == 0,
                Glibc.listen(descriptor, 8) == 0
            else {
                Glibc.close(descriptor)
                return -1
            }
            return descriptor
        }
    }

    /// A blocking connection that gives up a read after `seconds`; -1 when nobody listens.
    static func connect(home: String, patience seconds: Int) -> Int32 {
        self.inDirectory(home) { path in
            let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            guard descriptor >= 0 else { return -1 }
            var limit = timeval(tv_sec: seconds, tv_usec: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
            setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
            guard Self.withAddress(path, { Glibc.connect(descriptor, $0, $1) }) == 0 else {
                Glibc.close(descriptor)
                return -1
            }
            return descriptor
        }
    }

    /// - Returns: a non-blocking connection, -1 when none waits.
    static func accept(_ listener: Int32) -> Int32 {
        let descriptor = Glibc.accept(listener, nil, nil)
        guard descriptor >= 0 else { return -1 }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        return descriptor
    }

    /// - Returns: what waits, up to `limit` octets; empty when the other side is gone; `nil` when nothing waits.
    static func read(_ descriptor: Int32, limit: Int) -> [UInt8]? {
        var octets = [UInt8](repeating: 0, count: limit)
        let count = recv(descriptor, &octets, limit, 0)
        if count < 0 { return errno == EAGAIN || errno == EINTR ? nil : [] }
        return [UInt8](octets.prefix(count))
    }

    /// - Returns: whether all was taken.
    @discardableResult
    static func write(_ octets: [UInt8], to descriptor: Int32) -> Bool {
        send(descriptor, octets, octets.count, Int32(MSG_NOSIGNAL)) == octets.count
    }

    static func close(_ descriptor: Int32) {
        Glibc.close(descriptor)
    }

    static func remove(home: String) {
        unlink("\(home)/\(Self.name)")
    }

    private static let flags = Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)

    private static func inDirectory(_ home: String, _ body: (String) -> Int32) -> Int32 {
        let directory = open(home, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { return -1 }
        defer { Glibc.close(directory) }
        return body("/proc/self/fd/\(directory)/\(Self.name)")
    }

    private static func withAddress(
        _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let octets = [UInt8](path.utf8)
        guard octets.count < MemoryLayout.size(ofValue: address.sun_path) else { return -1 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: octets) }
        return withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}
