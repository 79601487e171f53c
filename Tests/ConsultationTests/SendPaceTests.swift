import Consultation
import Primitives
import Simulation
import Testing
import Wire

@Suite("What a doctor's one connection says for many rooms, in virtual time")
struct SendPaceTests {
    @Test("much at once leaves by and by: the broker has no reason to end the connection, and loses nothing")
    func manyMessages() throws {
        let scene = try Consulting(seed: 11)
        #expect(scene.untilBound())
        let (world, doctor, room) = (scene.world, scene.doctor, scene.doctor.room)
        let wasOnline = doctor.seatEvents
        for id in 1...600 as ClosedRange<UInt32> {
            doctor.seat.chat(id: id, text: "\(id)", in: room, now: world.now)
        }
        world.touch(Consulting.doctorIndex)
        world.run(for: .seconds(2))
        let soon = scene.patient.received.count
        #expect((150...300).contains(soon), "\(soon)")
        world.run(for: .seconds(12))
        #expect(scene.patient.received == Array(1...600))
        #expect(doctor.seatEvents == wasOnline, "the doctor's connection was lost")
        #expect(scene.patient.epochs == [0])
    }

    @Test("leaving takes along what waits")
    func leaving() throws {
        let scene = try Consulting(seed: 12)
        #expect(scene.untilBound())
        let (world, doctor, room) = (scene.world, scene.doctor, scene.doctor.room)
        for id in 1...170 as ClosedRange<UInt32> {
            doctor.seat.chat(id: id, text: "\(id)", in: room, now: world.now)
        }
        doctor.seat.stop()
        world.touch(Consulting.doctorIndex)
        world.run(for: .seconds(2))
        #expect(scene.patient.received == Array(1...170))
    }
}
