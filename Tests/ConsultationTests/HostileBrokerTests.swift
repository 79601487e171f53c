import Consultation
import SecureChannel
import Signalling
import Simulation
import Testing
import Wire

@Suite("A broker that tampers with what it relays")
struct HostileBrokerTests {
    enum Attack: CaseIterable, Sendable {
        case flip, drop, double, reorder, replayOld, reflect, truncate, swapPeers
    }

    /// A relayed message of the wire, its connection number apart from its sealed payload.
    private struct Relayed {
        var header: ArraySlice<UInt8>
        var payload: ArraySlice<UInt8>

        init(_ message: [UInt8]) {
            self.header = message.prefix(5)
            self.payload = message.dropFirst(5)
        }
    }

    /// One run is one seed: which attack, when, how often.
    private func run(seed: UInt64, attack: Attack) throws -> Consulting {
        var held: [Int: [UInt8]] = [:]
        var history: [[UInt8]] = []
        let scene = try Consulting(seed: seed) { world, _ in
            world.tamper = { message, direction, end, random in
                let relayed = Relayed(message)
                history.append(Array(relayed.payload))
                guard random.unitInterval() < 0.2 else { return [message] }
                let lane = end * 2 + (direction == .toBroker ? 0 : 1)
                switch attack {
                case .flip:
                    var changed = message
                    let index = 5 + Int(random.next() % UInt64(max(1, message.count - 5)))
                    changed[min(index, message.count - 1)] ^= 1 << UInt8(random.next() % 8)
                    return [changed]
                case .drop: return []
                case .double: return [message, message]
                case .reorder:
                    if let earlier = held.removeValue(forKey: lane) { return [message, earlier] }
                    held[lane] = message
                    return []
                case .replayOld, .reflect, .swapPeers:
                    let old = history[Int(random.next() % UInt64(history.count))]
                    let forged = Array(relayed.header) + old
                    return attack == .reflect ? [message, forged] : [forged]
                case .truncate: return [Array(message.dropLast(Int(1 + random.next() % 16)))]
                }
            }
        }
        scene.world.run(for: .seconds(90))
        return scene
    }

    @Test("never makes an end bind to a wrong certificate, believe other words, or crash", arguments: Attack.allCases)
    func neverDeceives(attack: Attack) throws {
        for seed in 0..<UInt64(150) {
            let scene = try self.run(seed: seed, attack: attack)
            if scene.patient.isBound, scene.doctor.isBound, let guest = scene.doctor.admitted {
                #expect(
                    scene.patient.words.contains(guest.authentication),
                    "seed \(seed), \(attack): bound with other words")
            }
        }
    }

    @Test("that also shows other certificates never gets one bound", arguments: Attack.allCases)
    func neverBinds(attack: Attack) throws {
        for seed in 0..<UInt64(150) {
            let scene = try self.run(seed: 10_000 + seed, attack: attack)
            _ = scene
            let world = try Consulting(seed: 20_000 + seed) { world, doctor in
                // Each end is shown the attacker's certificate in place of the other end's.
                doctor.certificates = SeenCertificates(
                    patient: [UInt8](repeating: 66, count: 32), doctor: [UInt8](repeating: 2, count: 32))
                var history: [[UInt8]] = []
                world.tamper = { message, _, _, random in
                    history.append(message)
                    guard random.unitInterval() < 0.3 else { return [message] }
                    let old = history[Int(random.next() % UInt64(history.count))]
                    return attack == .drop ? [] : [Array(message.prefix(5)) + old.dropFirst(5), message]
                }
            }
            world.patient.certificates = SeenCertificates(
                patient: [UInt8](repeating: 1, count: 32), doctor: [UInt8](repeating: 66, count: 32))
            world.world.run(for: .seconds(60))
            #expect(!world.patient.isBound && !world.doctor.isBound, "seed \(20_000 + seed), \(attack)")
        }
    }
}
