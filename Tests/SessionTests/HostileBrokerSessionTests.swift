import Session
import Simulation
import Testing
import Wire

@Suite("Whole sessions through a broker that tampers")
struct HostileBrokerSessionTests {
    enum Attack: CaseIterable, Sendable {
        case flip, drop, reorder, replay, reflect
    }

    @Test("never open the voice to anybody but the other end", arguments: Attack.allCases)
    func neverDeceives(attack: Attack) throws {
        var bound = 0
        for seed in 6000..<UInt64(6021) {
            let share = [0.02, 0.05, 0.1, 0.3][Int(seed % 4)]
            let call = try Call(seed: seed) { Self.tamper(with: $0, attack, share: share) }
            call.world.run(for: .seconds(45)) { call.isOver || call.isBound }
            call.world.run(for: .seconds(1)) { call.isOver }
            for end in [call.patient, call.doctor] {
                #expect(!end.hasBrokenPromise, "\(attack): \(call.report)")
                #expect(end.session.isBound || end.heard.isEmpty, "\(attack): heard before bound: \(call.report)")
            }
            guard call.patient.session.isVoiceOpen, call.doctor.session.isVoiceOpen else { continue }
            bound += 1
            #expect(call.sharesKeys, "\(attack): \(call.report)")
            #expect(
                call.patient.session.authentication == call.doctor.session.authentication,
                "\(attack): \(call.report)")
        }
        #expect(bound > 0, "\(attack): no call came through, so nothing was tried")
    }

    private static func tamper(with world: World, _ attack: Attack, share: Double) {
        var held: [Int: [UInt8]] = [:]
        var history: [[UInt8]] = []
        world.tamper = { message, direction, end, random in
            let header = message.prefix(5)
            history.append(Array(message.dropFirst(5)))
            guard random.unitInterval() < share else { return [message] }
            let old = Array(header) + history[Int(random.next() % UInt64(history.count))]
            let lane = end * 2 + (direction == .toBroker ? 0 : 1)
            switch attack {
            case .flip:
                guard message.count > 5 else { return [message] }
                var changed = message
                changed[5 + Int(random.next() % UInt64(message.count - 5))] ^= 1 << UInt8(random.next() % 8)
                return [changed]
            case .drop: return []
            case .reorder:
                if let earlier = held.removeValue(forKey: lane) { return [message, earlier] }
                held[lane] = message
                return []
            case .replay: return [old]
            case .reflect: return [message, old]
            }
        }
    }
}
