internal import CDatagrams
internal import Glibc
package import Wire

/// A bound, non-blocking UDP socket. Closed with its last reference; used by one thread.
package final class DatagramSocket {
    /// Why a socket could not be had: the system's error number.
    package struct Failure: Error, Equatable {
        package let errorNumber: Int32
    }

    package let descriptor: Int32
    /// The concrete address and port it is bound to.
    package let local: TransportAddress
    private var buffer = [UInt8](repeating: 0, count: 2048)

    /// Binds to `ip` on a port of the system's choice.
    /// - Parameter bufferSize: octets that may wait in the system each way, as far as it allows; `nil` for its default.
    package init(bindingTo ip: IPAddress, bufferSize: Int32? = nil) throws(Failure) {
        let family = ip.isIPv6 ? AF_INET6 : AF_INET
        let descriptor = socket(family, Int32(SOCK_DGRAM.rawValue) | O_NONBLOCK | O_CLOEXEC, 0)
        guard descriptor >= 0 else { throw Failure(errorNumber: errno) }
        var one: Int32 = 1
        if ip.isIPv6 { setsockopt(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &one, 4) }
        if var size = bufferSize {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, 4)
            setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &size, 4)
        }
        let bound = withSocketAddress(TransportAddress(ip, port: 0)) { bind(descriptor, $0, $1) }
        guard bound == 0, let local = socketName(of: descriptor) else {
            let failure = Failure(errorNumber: errno)
            close(descriptor)
            throw failure
        }
        // Who reads when it is time to play still knows when things came.
        _ = colloque_stamp_arrivals(descriptor)
        self.descriptor = descriptor
        self.local = local
    }

    deinit { close(self.descriptor) }

    /// Sends one datagram; one that the system refuses is lost like any other.
    package func send(_ bytes: [UInt8], to destination: TransportAddress) {
        _ = withSocketAddress(destination) { sendto(self.descriptor, bytes, bytes.count, 0, $0, $1) }
    }

    /// Takes the next datagram.
    /// - Parameter datagram: Becomes that datagram, in the memory that it has.
    /// - Returns: Whom it is from; `nil`, and `datagram` as it was, when none waits.
    package func receive(into datagram: inout [UInt8]) -> TransportAddress? {
        while true {
            var storage = sockaddr_storage()
            var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
            let count = withUnsafeMutablePointer(to: &storage) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    recvfrom(self.descriptor, &self.buffer, self.buffer.count, 0, $0, &length)
                }
            }
            if count >= 0, let source = transportAddress(storage) {
                datagram.removeAll(keepingCapacity: true)
                datagram.append(contentsOf: self.buffer[..<count])
                return source
            }
            // ECONNREFUSED and its like tell of an earlier datagram: they end nothing.
            if count < 0, errno == EAGAIN || errno == EWOULDBLOCK || errno == EBADF { return nil }
        }
    }

    /// - Returns: `nil` when no datagram waits.
    package func receive() -> (bytes: [UInt8], source: TransportAddress)? {
        var datagram: [UInt8] = []
        return self.receive(into: &datagram).map { (datagram, $0) }
    }
}

/// The addresses of this machine that media may use.
package enum NetworkInterfaces {
    /// Addresses of interfaces that are up; no link-local IPv6 (it needs a zone), no duplicates.
    package static func addresses(includingLoopback: Bool) -> [(ip: IPAddress, interface: String)] {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0 else { return [] }
        defer { freeifaddrs(list) }
        var found: [(ip: IPAddress, interface: String)] = []
        var next = list
        while let entry = next {
            next = entry.pointee.ifa_next
            guard let address = entry.pointee.ifa_addr, entry.pointee.ifa_flags & UInt32(IFF_UP) != 0,
                let ip = ipAddress(address), includingLoopback || !ip.isLoopback, !ip.isUnspecified,
                !(ip.isIPv6 && ip.isLinkLocal), !found.contains(where: { $0.ip == ip })
            else { continue }
            found.append((ip, String(cString: entry.pointee.ifa_name)))
        }
        return found
    }

    /// The address of this machine that packets to `destination` leave from, as its routes are now; nothing is sent.
    /// - Returns: `nil` when there is no way.
    package static func address(toward destination: IPAddress) -> IPAddress? {
        let family = destination.isIPv6 ? AF_INET6 : AF_INET
        let descriptor = socket(family, Int32(SOCK_DGRAM.rawValue) | O_CLOEXEC, 0)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        let status = withSocketAddress(TransportAddress(destination, port: 9)) { connect(descriptor, $0, $1) }
        return status == 0 ? socketName(of: descriptor)?.ip : nil
    }

    /// The addresses of a host name, resolved by the system; blocks.
    package static func resolve(_ host: String) -> [IPAddress] {
        if let ip = IPAddress(host) { return [ip] }
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_DGRAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &list) == 0 else { return [] }
        defer { freeaddrinfo(list) }
        var found: [IPAddress] = []
        var next = list
        while let entry = next {
            next = entry.pointee.ai_next
            guard let address = entry.pointee.ai_addr, let ip = ipAddress(address), !found.contains(ip) else {
                continue
            }
            found.append(ip)
        }
        return found
    }
}

/// Nanoseconds of the clock that neither jumps nor stops in suspend.
package func monotonicNow() -> Instant {
    var time = timespec()
    clock_gettime(CLOCK_BOOTTIME, &time)
    return Instant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
}

private func withSocketAddress<Result>(
    _ address: TransportAddress, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
) -> Result {
    switch address.ip {
    case .v4(let word):
        var value = sockaddr_in()
        value.sin_family = sa_family_t(AF_INET)
        value.sin_port = address.port.bigEndian
        value.sin_addr.s_addr = word.bigEndian
        return withUnsafePointer(to: value) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    case .v6:
        var value = sockaddr_in6()
        value.sin6_family = sa_family_t(AF_INET6)
        value.sin6_port = address.port.bigEndian
        if case .v6(let high, let low) = address.ip {
            withUnsafeMutableBytes(of: &value.sin6_addr) {
                $0.storeBytes(of: high.bigEndian, as: UInt64.self)
                $0.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
            }
        }
        return withUnsafePointer(to: value) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in6>.size))
            }
        }
    }
}

private func socketName(of descriptor: Int32) -> TransportAddress? {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let status = withUnsafeMutablePointer(to: &storage) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
    }
    return status == 0 ? transportAddress(storage) : nil
}

private func ipAddress(_ address: UnsafePointer<sockaddr>) -> IPAddress? {
    var storage = sockaddr_storage()
    let size =
        switch Int32(address.pointee.sa_family) {
        case AF_INET: MemoryLayout<sockaddr_in>.size
        case AF_INET6: MemoryLayout<sockaddr_in6>.size
        default: 0
        }
    guard size > 0 else { return nil }
    withUnsafeMutableBytes(of: &storage) { $0.copyMemory(from: UnsafeRawBufferPointer(start: address, count: size)) }
    return transportAddress(storage)?.ip
}

private func transportAddress(_ storage: sockaddr_storage) -> TransportAddress? {
    withUnsafeBytes(of: storage) { octets in
        let port = UInt16(octets[2]) << 8 | UInt16(octets[3])
        switch Int32(storage.ss_family) {
        case AF_INET:
            let word = octets.loadUnaligned(fromByteOffset: 4, as: UInt32.self)
            return TransportAddress(.v4(UInt32(bigEndian: word)), port: port)
        case AF_INET6:
            let high = octets.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
            let low = octets.loadUnaligned(fromByteOffset: 16, as: UInt64.self)
            return TransportAddress(.v6(high: UInt64(bigEndian: high), low: UInt64(bigEndian: low)), port: port)
        default: return nil
        }
    }
}
