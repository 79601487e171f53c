import Session
import Simulation
import Testing
import Wire

/// How many round trips a call takes to be heard, counted where nothing but the path takes time.
@Suite("From the link to sound, in round trips of a patient far from everybody else")
struct RoundTripTests {
    /// Milliseconds there and back.
    private static let distances = [20, 50, 100, 200, 400]
    /// The patient's first packet overtakes the proof, which travels by the broker; the second one counts.
    private static let overtaking = Duration.milliseconds(20)

    struct Moments {
        var admitted: Instant?
        var arrivals: [Instant?] = [nil, nil]
        var decoded: [Instant?] = [nil, nil]
    }

    /// - Parameters:
    ///   - isGuarded: the patient's router lets nothing in from where nothing went out to before.
    ///   - lost: the number of a datagram that is lost.
    private func moments(
        roundTrip: Duration, isGuarded: Bool, lost: Int? = nil
    ) throws -> (begun: Instant, Moments) {
        let call = try Call(seed: 7) { world in
            world.steadySockets = [Call.doctorIndex: .zero, Call.patientIndex: roundTrip / 2]
            world.weather.delay = roundTrip / 2
        }
        let begun = call.world.now
        var hasSent = false
        var count = 0
        call.world.blocks = { datagram in
            count += 1
            if datagram.source == Call.patientAddress { hasSent = true }
            return count == lost
        }
        if isGuarded { call.world.isDropped = { $0.destination == Call.patientAddress && !hasSent } }
        var moments = Moments()
        call.world.onStep = { world in
            for (index, end) in [call.doctor, call.patient].enumerated() {
                if let voice = end.session.media?.voice, voice.lastHeard != nil, moments.arrivals[index] == nil {
                    moments.arrivals[index] = world.now
                }
                moments.decoded[index] = end.session.media?.voice?.firstDecoded
            }
            moments.admitted = call.patient.session.milestones.admitted
        }
        let isHeard = call.world.run(for: .seconds(30)) { !moments.decoded.contains(nil) }
        #expect(isHeard, "\(call.report)")
        return (begun, moments)
    }

    @Test(
        "2 from a socket to admission; from there 2½ to the doctor's end and 3 to the patient's",
        arguments: distances)
    func openPath(milliseconds: Int) throws {
        let trip = Duration.milliseconds(milliseconds)
        let (begun, moments) = try self.moments(roundTrip: trip, isGuarded: false)
        let admitted = try #require(moments.admitted)
        // The simulated socket takes 1½; then JOIN with message 1 and its answer, CONFIRM and ADMIT.
        #expect(admitted - begun == trip * 3 + trip / 2)
        #expect(moments.arrivals == [admitted + trip * 2 + trip / 2 + Self.overtaking, admitted + trip * 3])
    }

    @Test("a round trip more behind a router that lets in only answers", arguments: distances)
    func guardedPath(milliseconds: Int) throws {
        let trip = Duration.milliseconds(milliseconds)
        let (_, moments) = try self.moments(roundTrip: trip, isGuarded: true)
        let admitted = try #require(moments.admitted)
        #expect(moments.arrivals == [admitted + trip * 3 + trip / 2 + Self.overtaking, admitted + trip * 4])
    }

    @Test("what arrives is heard with the next block", arguments: [20, 50, 200])
    func firstBlock(milliseconds: Int) throws {
        let (_, moments) = try self.moments(roundTrip: .milliseconds(milliseconds), isGuarded: false)
        for side in 0..<2 {
            let wait = try #require(moments.decoded[side]) - (try #require(moments.arrivals[side]))
            #expect(wait <= .milliseconds(20), "\(wait)")
        }
    }

    @Test("without any one of the first datagrams it is at most 200 ms later, the timer of a check")
    func loss() throws {
        let trip = Duration.milliseconds(50)
        let (_, best) = try self.moments(roundTrip: trip, isGuarded: false)
        let usual = try #require(best.arrivals.compactMap { $0 }.max())
        for lost in 1...14 {
            let (_, moments) = try self.moments(roundTrip: trip, isGuarded: false, lost: lost)
            let late = try #require(moments.arrivals.compactMap { $0 }.max()) - usual
            #expect(late <= .milliseconds(200), "without datagram \(lost): \(late)")
        }
    }
}
