internal import Glibc
internal import Network

/// The unix socket of a doctor's directory: the border to the system for ``DeskDoor`` and ``DeskVisit``.
///
/// A path of any length is reached through the directory's descriptor, since an address holds 107 octets.
enum DeskSocket {
    static let name = "desk.sock"

    /// A listening socket that only its owner may open, non-blocking; -1 when it cannot be had.
    static func listen(home: String) -> Int32 {
        self.inDirectory(home) { path in
            let descriptor = LocalSocket.bind(path)
            guard descriptor >= 0, Glibc.listen(descriptor, 8) == 0 else {
                if descriptor >= 0 { Glibc.close(descriptor) }
                return -1
            }
            return descriptor
        }
    }

    /// A blocking connection that gives up a read after `seconds`; -1 when nobody listens.
    static func connect(home: String, patience seconds: Int) -> Int32 {
        self.inDirectory(home) { LocalSocket.connect($0, patience: seconds) }
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

    private static func inDirectory(_ home: String, _ body: (String) -> Int32) -> Int32 {
        let directory = open(home, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { return -1 }
        defer { Glibc.close(directory) }
        return body("/proc/self/fd/\(directory)/\(Self.name)")
    }
}
