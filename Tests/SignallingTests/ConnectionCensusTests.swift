import Signalling
import Testing

@Suite("Connections counted")
struct ConnectionCensusTests {
    @Test("a source has its share, a hospital a multiple of it, and who leaves makes room")
    func shares() {
        var census = ConnectionCensus(total: 100, reserved: 10)
        let household = Source(tag: 1)
        let hospital = Source(tag: 2, allowance: 3)
        #expect((0..<3).map { _ in census.enter(household, limit: 2) } == [.admitted, .admitted, .refused])
        #expect((0..<7).map { _ in census.enter(hospital, limit: 2) }.count { $0 == .admitted } == 6)
        census.leave(household)
        #expect(census.enter(household, limit: 2) == .admitted)
        for _ in 0..<2 { census.leave(household) }
        for _ in 0..<6 { census.leave(hospital) }
        #expect(census.isEmpty)
        census.leave(hospital)
        #expect(census.isEmpty, "nobody leaves twice")
    }

    @Test("the last tenth is for doctors, and then nobody gets in")
    func total() {
        var census = ConnectionCensus(total: 20, reserved: 2)
        let verdicts = (0..<22).map { census.enter(Source(tag: $0), limit: 1) }
        #expect(verdicts.prefix(18).allSatisfy { $0 == .admitted })
        #expect(verdicts.suffix(4) == [.doctorsOnly, .doctorsOnly, .refused, .refused])
    }
}
