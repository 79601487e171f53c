import Testing

@Suite("Random schedules of knocks, reloads, losses and desks, in virtual time")
struct ScheduleTests {
    @Test(
        "no knock is lost, nobody is in whom the doctor did not let in, and calm brings everybody where they belong",
        arguments: 0..<20)
    func schedules(group: UInt64) throws {
        for seed in (group * 50)..<(group * 50 + 50) {
            if let story = try Schedule(seed: seed).run() { Issue.record("\(story)") }
        }
    }
}
