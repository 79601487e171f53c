internal import Glibc

/// The unix socket by which a broker holds its relay: the border to the system.
enum ControlSocket {
    /// A socket at `path`, in place of what was there, that only its owner may open from its first moment on.
    /// - Returns: the descriptor, which does not listen yet; `nil` when it cannot be had.
    static func bind(_ path: String) -> CInt? {
        unlink(path)
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        // The mode of the socket is that of its file; a umask would be every thread's.
        guard fchmod(descriptor, 0o600) == 0, Self.withAddress(path, { Glibc.bind(descriptor, $0, $1) }) == 0 else {
            close(descriptor)
            return nil
        }
        return descriptor
    }

    private static func withAddress(_ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
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
