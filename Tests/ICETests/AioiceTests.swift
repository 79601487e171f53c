import Foundation
import Glibc
import ICE
import Testing
import Wire

/// Over real UDP against an agent of another make: needs a Python with `aioice`, named by
/// `COLLOQUE_AIOICE_PYTHON`.
@Suite(
    "Interoperation with aioice", .serialized,
    .enabled(if: ProcessInfo.processInfo.environment["COLLOQUE_AIOICE_PYTHON"] != nil))
struct AioiceTests {
    private struct Description: Codable {
        let ufrag: String
        let pwd: String
        let candidates: [String]
    }

    @Test("connects and carries data in both roles", arguments: [ICERole.controlling, .controlled])
    func echoes(role: ICERole) throws {
        let python = try #require(ProcessInfo.processInfo.environment["COLLOQUE_AIOICE_PYTHON"])
        let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Interop/ice_aioice.py")
        let process = Process()
        let (input, output) = (Pipe(), Pipe())
        process.executableURL = URL(filePath: python)
        process.arguments = [script.path, role == .controlling ? "controlled" : "controlling"]
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        defer { process.terminate() }

        let remote = try JSONDecoder().decode(Description.self, from: output.fileHandleForReading.readLine())
        let candidates = try remote.candidates.map { try Candidate(sdp: $0) }
        let host = try #require(candidates.compactMap(\.transportAddress).first { !$0.ip.isIPv6 })
        let socket = try #require(UDPSocket(ip: host.ip))
        defer { socket.close() }

        var random = RandomSource.system
        let local = ICECredentials(random: &random)
        var agent = ICEAgent(role: role, localCredentials: local, random: random)
        let clock = ContinuousClock()
        let start = clock.now
        var now: Instant { .zero + (clock.now - start) }
        agent.addLocalSocket(SocketID(1), base: socket.address, now: now)
        agent.gather(now: now)

        var told: [String] = []
        var deadline: Instant?
        func drain() {
            while true {
                switch agent.pollOutput() {
                case .transmit(let transmit): socket.send(transmit.bytes, to: transmit.destination)
                case .event(.candidate(let candidate)): told.append(candidate.sdp)
                case .event: break
                case .wait(let until):
                    deadline = until
                    return
                }
            }
        }
        drain()
        let description = Description(ufrag: local.usernameFragment, pwd: local.password, candidates: told)
        input.fileHandleForWriting.write(try JSONEncoder().encode(description) + Data("\n".utf8))
        agent.setRemote(try ICECredentials(usernameFragment: remote.ufrag, password: remote.pwd), now: now)
        for candidate in candidates { agent.addRemoteCandidate(candidate, now: now) }
        agent.endOfRemoteCandidates(now: now)
        drain()

        var echoed = 0
        while echoed < 20, now < .zero + .seconds(15) {
            let wait = deadline.map { max(0, ($0 - now).milliseconds) } ?? 100
            if let (datagram, source) = socket.receive(milliseconds: Int32(min(wait + 1, 100))) {
                if datagram[0] < 4 {
                    agent.handle(datagram, from: source, on: SocketID(1), now: now)
                } else if agent.isValidated(source, on: SocketID(1)), let path = agent.destination {
                    socket.send(datagram, to: path.remote)
                    echoed += 1
                }
            }
            agent.handleTimeout(now: now)
            drain()
        }
        #expect(echoed == 20)
        #expect(agent.selectedPair?.isNominated == true)
        #expect(String(decoding: output.fileHandleForReading.readLine(), as: UTF8.self) == "echoed 20")
    }
}

extension FileHandle {
    /// Up to the next newline, which is taken too, or to the end.
    fileprivate func readLine() -> Data {
        var line = Data()
        while let byte = try? self.read(upToCount: 1)?.first, byte != UInt8(ascii: "\n") { line.append(byte) }
        return line
    }
}

/// A bound IPv4 datagram socket.
private struct UDPSocket {
    private let descriptor: Int32
    let address: TransportAddress

    init?(ip: IPAddress) {
        let descriptor = Glibc.socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        var name = Self.name(TransportAddress(ip, port: 0))
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let failed = withUnsafeMutablePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) != 0 || getsockname(descriptor, $0, &length) != 0
            }
        }
        guard !failed else { return nil }
        self.descriptor = descriptor
        self.address = TransportAddress(ip, port: UInt16(bigEndian: name.sin_port))
    }

    func send(_ bytes: [UInt8], to destination: TransportAddress) {
        guard !destination.ip.isIPv6 else { return }
        var name = Self.name(destination)
        withUnsafePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = sendto(self.descriptor, bytes, bytes.count, 0, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    /// - Returns: One datagram of at least one octet, or `nil` when none came in time.
    func receive(milliseconds: Int32) -> ([UInt8], TransportAddress)? {
        var entry = pollfd(fd: self.descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&entry, 1, milliseconds) == 1 else { return nil }
        var buffer = [UInt8](repeating: 0, count: 2048)
        var name = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let count = withUnsafeMutablePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                recvfrom(self.descriptor, &buffer, buffer.count, 0, $0, &length)
            }
        }
        guard count > 0 else { return nil }
        let ip = IPAddress.v4(UInt32(bigEndian: name.sin_addr.s_addr))
        return (Array(buffer.prefix(count)), TransportAddress(ip, port: UInt16(bigEndian: name.sin_port)))
    }

    func close() {
        _ = Glibc.close(self.descriptor)
    }

    private static func name(_ address: TransportAddress) -> sockaddr_in {
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = address.port.bigEndian
        if case .v4(let word) = address.ip { name.sin_addr.s_addr = word.bigEndian }
        return name
    }
}
