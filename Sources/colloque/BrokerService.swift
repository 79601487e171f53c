@preconcurrency import Dispatch
import Foundation

/// What systemd and a service tell each other: readiness, a watchdog, sockets handed over.
enum ServiceManager {
    /// Sends one line of sd_notify(3); silent where nobody asked for it.
    static func tell(_ line: String) {
        guard let path = ProcessInfo.processInfo.environment["NOTIFY_SOCKET"], !path.isEmpty else { return }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var octets = Array(path.utf8)
        guard octets.count < MemoryLayout.size(ofValue: address.sun_path) else { return }
        if octets[0] == UInt8(ascii: "@") { octets[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: octets) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + octets.count)
        let descriptor = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        _ = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(descriptor, line, line.utf8.count, CInt(MSG_NOSIGNAL), $0, length)
            }
        }
    }

    /// Until cancelled, at half the interval asked for.
    static func feedWatchdog() async {
        guard let microseconds = ProcessInfo.processInfo.environment["WATCHDOG_USEC"].flatMap({ Int64($0) }),
            microseconds > 0
        else { return }
        while !Task.isCancelled {
            self.tell("WATCHDOG=1")
            try? await Task.sleep(for: .microseconds(microseconds / 2))
        }
    }

    /// Listening sockets opened by the service manager (sd_listen_fds(3)), such as port 443 for a process without
    /// privileges.
    static func inheritedSockets() -> [CInt] {
        let environment = ProcessInfo.processInfo.environment
        guard environment["LISTEN_PID"].flatMap({ Int32($0) }) == getpid(),
            let count = environment["LISTEN_FDS"].flatMap({ CInt($0) }), (1...8).contains(count)
        else { return [] }
        return Array(3..<(3 + count))
    }
}

/// Signals as a stream, in place of their default action.
enum Signals {
    static func stream(_ signals: [Int32]) -> AsyncStream<Int32> {
        AsyncStream { continuation in
            let sources = signals.map { number in
                signal(number, SIG_IGN)
                let source = DispatchSource.makeSignalSource(signal: number)
                source.setEventHandler { continuation.yield(number) }
                source.resume()
                return source
            }
            continuation.onTermination = { _ in
                for source in sources { source.cancel() }
            }
        }
    }
}
