import ArgumentParser
import CAllocations
import Foundation
import Primitives
import STUN
import TURN
import Wire

/// The relay's core by itself: what judging and rewriting one packet costs, and what it allocates.
struct Core: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Time the relay's core without sockets, and count its allocations.")

    @Option(help: "Packets of each way of sending.")
    var packets = 1_000_000
    @Option(help: "Rooms that share the relay, two allocations each.")
    var rooms = 400

    func run() throws {
        var relay = CoreRelay()
        let pairs = (0..<self.rooms).map { relay.makePair(room: $0) }
        print("| way | packets | ns per packet | allocations per packet |")
        print("|---|---|---|---|")
        for way in CoreRelay.Way.allCases {
            _ = relay.run(way, pairs, packets: 10_000)
            let before = colloque_allocation_count()
            let began = ContinuousClock.now
            let relayed = relay.run(way, pairs, packets: self.packets)
            let took = ContinuousClock.now - began
            let allocated = before < 0 ? nil : colloque_allocation_count() - before
            precondition(relayed == self.packets, "\(self.packets - relayed) packets were not relayed")
            let nanoseconds = Double(took.wholeNanoseconds) / Double(self.packets)
            print(
                "| \(way.rawValue) | \(self.packets) | \(String(format: "%.0f", nanoseconds)) | "
                    + "\(allocated.map { String(format: "%.4f", Double($0) / Double(self.packets)) } ?? "not counted") |"
            )
        }
    }
}

/// A relay and its clients in one process, time standing still but for what the buckets need.
private struct CoreRelay {
    enum Way: String, CaseIterable {
        case channels = "ChannelData to ChannelData"
        case indications = "Send to Data"
    }

    struct Pair {
        var sender: RelayFlow
        var channelData: [UInt8]
        var indication: [UInt8]
    }

    private let secret = RelaySecret.random()
    private var server: TURNServer
    private var random = RandomSource.system
    private var slot = [UInt8](repeating: 0, count: TURNServer.slotSize)
    private var now = Instant.zero + .seconds(1)

    init() {
        var policy = RelayPolicy()
        policy.publicIPv4 = IPAddress("192.0.2.1")
        policy.allocationsPerSource = 1_000_000
        policy.repliesPerSource = 1_000_000
        policy.replies = 10_000_000
        policy.kilobitsPerSecond = 10_000_000
        self.server = TURNServer(policy: policy, secret: self.secret, random: .system, now: self.now)
    }

    /// The patient on a channel, the doctor on one for `channels`, and a third allocation without for `indications`.
    mutating func makePair(room: Int) -> Pair {
        let patient = CoreClient(self.flow(room, 0), self.name(room, .patient), self.secret)
        let doctor = CoreClient(self.flow(room, 1), self.name(room, .doctor), self.secret)
        let other = CoreClient(self.flow(room, 2), self.name(room, .doctor), self.secret)
        let (atPatient, atDoctor, atOther) = (self.allocate(patient), self.allocate(doctor), self.allocate(other))
        self.ask(patient, .channelBind) { $0.bind(0x4001, atDoctor) }
        self.ask(doctor, .channelBind) { $0.bind(0x4002, atPatient) }
        self.ask(patient, .createPermission) { $0.add(.xorPeerAddress, xor: atOther) }
        self.ask(other, .createPermission) { $0.add(.xorPeerAddress, xor: atPatient) }
        let voice = [UInt8](repeating: 7, count: 172)
        var builder = STUNMessageBuilder(.indication, .send, transactionID: TransactionID(random: &self.random))
        builder.add(.xorPeerAddress, xor: atOther)
        builder.add(.data, voice)
        return Pair(
            sender: patient.flow, channelData: [0x40, 0x01, 0, UInt8(voice.count)] + voice, indication: builder.bytes)
    }

    mutating func run(_ way: Way, _ pairs: [Pair], packets: Int) -> Int {
        var relayed = 0
        for number in 0..<packets {
            // Fifty packets a second of each.
            if number % pairs.count == 0 { self.now += .milliseconds(20) }
            let index = number % pairs.count
            let isRelayed =
                switch way {
                case .channels: self.deliver(pairs[index].channelData, from: pairs[index].sender) != nil
                case .indications: self.deliver(pairs[index].indication, from: pairs[index].sender) != nil
                }
            if isRelayed { relayed += 1 }
            if self.now >= .zero + .seconds(200) { self.now = .zero + .seconds(1) }
        }
        return relayed
    }

    private mutating func deliver(_ message: [UInt8], from flow: RelayFlow) -> Range<Int>? {
        let start = TURNServer.headroom
        let payload = start..<start + message.count
        let now = self.now
        return self.slot.withUnsafeMutableBytes { memory in
            message.withUnsafeBytes {
                memory.baseAddress!.advanced(by: start).copyMemory(from: $0.baseAddress!, byteCount: $0.count)
            }
            var octets = MutableRawSpan(_unsafeBytes: memory)
            guard case .send(_, let range) = self.server.handle(&octets, payload, from: flow, now: now, unixTime: 0)
            else { return nil }
            return range
        }
    }

    private func flow(_ room: Int, _ number: UInt16) -> RelayFlow {
        RelayFlow(
            datagramFrom: TransportAddress(.v4(0x0A00_0000 | UInt32(room)), port: 1024 + number), listener: 0)
    }

    private mutating func name(_ room: Int, _ role: RelayRole) -> RelayUsername {
        RelayUsername(expiry: .max, group: RelayGroup(rawValue: UInt64(room)), role: role, random: &self.random)
    }

    private mutating func allocate(_ client: CoreClient) -> TransportAddress {
        let answer = self.ask(client, .allocate) { $0.add(.requestedTransport, uint32: 17 << 24) }
        guard let relayed = answer.xorAddress(.xorRelayedAddress) else { preconditionFailure("no allocation") }
        return relayed
    }

    @discardableResult
    private mutating func ask(
        _ client: CoreClient, _ method: STUNMethod, _ write: (inout STUNMessageBuilder) -> Void
    ) -> STUNMessage {
        for _ in 0..<2 {
            var builder = STUNMessageBuilder(.request, method, transactionID: TransactionID(random: &self.random))
            write(&builder)
            client.sign(&builder)
            guard let range = self.deliver(builder.bytes, from: client.flow),
                let answer = try? STUNMessage(decoding: self.slot[range])
            else { preconditionFailure("no answer to \(method)") }
            if answer.messageClass == .success { return answer }
            client.nonce = answer.text(.nonce) ?? ""
        }
        preconditionFailure("\(method) is refused")
    }
}

private final class CoreClient {
    let flow: RelayFlow
    var nonce = ""
    private let name: String
    private let key: [UInt8]

    init(_ flow: RelayFlow, _ name: RelayUsername, _ secret: RelaySecret) {
        self.flow = flow
        self.name = name.text
        self.key = MD5.hash(Array("\(name.text):colloque:\(name.password(secret: secret))".utf8))
    }

    func sign(_ builder: inout STUNMessageBuilder) {
        guard !self.nonce.isEmpty else { return }
        builder.add(.username, text: self.name)
        builder.add(.realm, text: "colloque")
        builder.add(.nonce, text: self.nonce)
        builder.addIntegrity(key: self.key)
    }
}

extension STUNMessageBuilder {
    fileprivate mutating func bind(_ number: UInt16, _ peer: TransportAddress) {
        self.add(.channelNumber, uint32: UInt32(number) << 16)
        self.add(.xorPeerAddress, xor: peer)
    }
}
