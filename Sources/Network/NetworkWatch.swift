internal import CPoll
internal import Glibc

/// Readable when links, addresses or routes of this machine change. What exactly changed it does not tell: whoever
/// wants to know looks at the addresses again.
package final class NetworkWatch {
    package let descriptor: Int32

    /// - Returns: `nil` where the kernel grants no such socket; the network then changes unnoticed.
    package init?() {
        self.descriptor = colloque_route_socket()
        guard self.descriptor >= 0 else { return nil }
    }

    deinit { close(self.descriptor) }

    /// - Returns: whether anything was told since the last call.
    package func takeChange() -> Bool {
        var buffer = [UInt8](repeating: 0, count: 8192)
        var hasChanged = false
        while true {
            let count = recv(self.descriptor, &buffer, buffer.count, 0)
            // ENOBUFS: so much happened that some of it was lost.
            guard count > 0 || (count < 0 && errno == ENOBUFS) else { return hasChanged }
            hasChanged = true
        }
    }
}
