import STUN
import Testing
import Wire

@testable import TURN

@Suite("Closed relay: hostile input")
struct HostileInputTests {
    @Test("a source that proved nothing gets at most 2.5 times what it sent, 20 answers a second")
    func amplification() throws {
        let rig = RelayRig()
        let flow = RelayFlow(datagramFrom: TransportAddress(.v4(0xC633_6401), port: 9), listener: 0)
        for method in [STUNMethod.binding, .allocate, .refresh, .createPermission, .channelBind, .send, .data] {
            for hasTransport in [false, true] {
                var builder = STUNMessageBuilder(.request, method, transactionID: TransactionID(random: &rig.random))
                if hasTransport { builder.add(.requestedTransport, uint32: 17 << 24) }
                if let answer = rig.deliver(builder.bytes, from: flow) {
                    #expect(answer.to == flow)
                    #expect(Double(answer.octets.count) <= 2.5 * Double(builder.bytes.count), "\(method)")
                }
            }
        }
        rig.advance(.seconds(2))
        var builder = STUNMessageBuilder(.request, .allocate, transactionID: TransactionID(random: &rig.random))
        builder.add(.requestedTransport, uint32: 17 << 24)
        #expect((0..<1000).count { _ in rig.deliver(builder.bytes, from: flow) != nil } == 20)
        rig.advance(.seconds(2))
        let answered = (0..<20_000).count { index in
            let forged = RelayFlow(datagramFrom: TransportAddress(.v4(UInt32(index) << 6), port: 9), listener: 0)
            return rig.deliver(builder.bytes, from: forged) != nil
        }
        #expect(answered == 2000)
    }

    @Test("a flood of forged requests takes nothing from a call")
    func flood() throws {
        let rig = RelayRig()
        let (patient, doctor) = rig.pair()
        _ = patient.bind(0x4001, doctor.relayed, rig)
        var builder = STUNMessageBuilder(.request, .allocate, transactionID: TransactionID(random: &rig.random))
        builder.add(.requestedTransport, uint32: 17 << 24)
        for second in 0..<3 {
            for index in 0..<5000 {
                let forged = RelayFlow(
                    datagramFrom: TransportAddress(.v4(UInt32(index) &* 2_654_435_761), port: 9), listener: 0)
                _ = rig.deliver(builder.bytes, from: forged)
                if index % 100 == 0 {
                    let packet = RelayClient.channelData(0x4001, [UInt8](repeating: 1, count: 172))
                    #expect(rig.deliver(packet, from: patient.flow) != nil, "second \(second)")
                }
            }
            rig.advance(.seconds(1))
        }
        #expect(patient.refresh(rig)?.messageClass == .success, "who has proved itself is answered all the same")
        // In the name of the patient's own address too, and with a nonce that is over.
        rig.advance(.seconds(599))
        for _ in 0..<200 { _ = rig.deliver(builder.bytes, from: patient.flow) }
        #expect(patient.refresh(rig)?.messageClass == .success, "a stale nonce is told to whom it concerns")
    }

    @Test("never answers responses, errors or indications")
    func loops() throws {
        let rig = RelayRig()
        let flow = RelayFlow(datagramFrom: TransportAddress(.v4(0xC633_6401), port: 3478), listener: 0)
        for messageClass in [STUNClass.success, .error, .indication] {
            for method in 0..<16 {
                let builder = STUNMessageBuilder(
                    messageClass, STUNMethod(rawValue: UInt16(method)), transactionID: TransactionID(high: 1, low: 2))
                #expect(rig.deliver(builder.bytes, from: flow) == nil)
            }
        }
    }

    @Test(
        "octets at random, flipped and cut messages: no trap, nothing relayed, nobody's allocation lost",
        arguments: 0..<20)
    func noise(seed: UInt64) throws {
        let rig = RelayRig(seed: seed) { $0.replies = 1_000_000 }
        let (patient, doctor) = rig.pair()
        _ = patient.bind(0x4001, doctor.relayed, rig)
        let corpus = [
            patient.request(.refresh, transaction: TransactionID(high: 1, low: 1)) { $0.add(.lifetime, uint32: 600) },
            patient.request(.createPermission, transaction: TransactionID(high: 1, low: 2)) {
                $0.add(.xorPeerAddress, xor: doctor.relayed)
            },
            patient.request(.allocate, transaction: TransactionID(high: 1, low: 3)) {
                $0.add(.requestedTransport, uint32: 17 << 24)
            },
            patient.indication([1, 2, 3], to: doctor.relayed, rig), RelayClient.channelData(0x4001, [1, 2, 3, 4]),
        ]
        let strange = RelayFlow(datagramFrom: TransportAddress(.v4(1), port: 1), listener: 0)
        for _ in 0..<1500 {
            var octets = corpus[Int(rig.random.next() % UInt64(corpus.count))]
            switch rig.random.next() % 3 {
            case 0: octets = rig.random.bytes(count: Int(rig.random.next() % 200))
            case 1: octets = Array(octets.prefix(Int(rig.random.next() % UInt64(octets.count))))
            default:
                for _ in 0...rig.random.next() % 4 {
                    octets[Int(rig.random.next() % UInt64(octets.count))] ^= 1 << UInt8(rig.random.next() % 8)
                }
            }
            let fromStranger = rig.deliver(octets, from: strange)
            #expect(fromStranger == nil || fromStranger?.to == strange, "seed \(seed)")
            _ = rig.deliver(octets, from: patient.flow)
        }
        #expect(rig.server.isAllocated(patient.flow, now: rig.now), "seed \(seed)")
        #expect(rig.server.isAllocated(doctor.flow, now: rig.now), "seed \(seed)")
    }

    @Test("the table of allocations agrees with a dictionary over random insertions and removals", arguments: 0..<8)
    func table(seed: UInt64) throws {
        var random = RandomSource.seeded(seed)
        var table = AllocationTable(seed: random.next())
        var model: [RelayFlow: Int] = [:]
        func flow(_ number: UInt64) -> RelayFlow {
            RelayFlow(datagramFrom: TransportAddress(.v4(UInt32(number % 300)), port: UInt16(number % 7)), listener: 0)
        }
        let username = RelayUsername(expiry: 0, group: RelayGroup(rawValue: 0), role: .patient, random: &random)
        for step in 0..<20_000 {
            let flow = flow(random.next())
            if let slot = model[flow] {
                #expect(table.find(flow) == slot)
                if random.next() % 2 == 0 {
                    table.remove(slot)
                    model[flow] = nil
                }
            } else {
                #expect(table.find(flow) == nil)
                model[flow] = table.insert(
                    Allocation(
                        flow: flow, generation: UInt32(step), username: username, key: (0, 0), relayed: flow.address,
                        transaction: TransactionID(high: 0, low: 0), endOfLife: .zero, expiry: .zero, lastHeard: .zero,
                        inbound: OctetBucket(), outbound: OctetBucket()))
            }
            #expect(table.count == model.count)
        }
        for (flow, slot) in model { #expect(table.find(flow) == slot, "seed \(seed)") }
    }
}
