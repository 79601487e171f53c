import Broker
import Network
import Signalling
import Testing
import Wire

@Suite("Sources that limits count by")
struct SourceTagsTests {
    private func source(_ address: String, _ tags: inout SourceTags, now: Instant = .zero) throws -> Source {
        tags.source(of: try #require(IPAddress(address)), now: now)
    }

    @Test("an IPv6 /64 is one source, an IPv4 address is one, however it is written")
    func networks() throws {
        var tags = SourceTags(hospitals: [], now: .zero)
        let one = try self.source("2001:db8:1:2::1", &tags)
        #expect(try self.source("2001:db8:1:2:ffff::1", &tags) == one)
        #expect(try self.source("2001:db8:1:3::1", &tags) != one)
        let four = try self.source("192.0.2.1", &tags)
        #expect(try self.source("::ffff:192.0.2.1", &tags) == four)
        #expect(try self.source("192.0.2.2", &tags) != four)
    }

    @Test("a hospital's addresses get its allowance, the largest where networks overlap")
    func hospitals() throws {
        let hospitals = try ["192.0.2.0/24 8", "192.0.2.128/25 20"].map { try #require(HospitalNetwork($0)) }
        var tags = SourceTags(hospitals: hospitals, now: .zero)
        #expect(try self.source("192.0.2.1", &tags).allowance == 8)
        #expect(try self.source("192.0.2.200", &tags).allowance == 20)
        #expect(try self.source("192.0.3.1", &tags).allowance == 1)
    }

    @Test("what a tag meant is forgotten after a day, and no other broker makes the same one")
    func keys() throws {
        var tags = SourceTags(hospitals: [], now: .zero)
        let today = try self.source("192.0.2.1", &tags)
        let hour: Duration = .seconds(3600)
        #expect(try self.source("192.0.2.1", &tags, now: .zero + hour * 23) == today)
        #expect(try self.source("192.0.2.1", &tags, now: .zero + hour * 24) != today)
        var others = SourceTags(hospitals: [], now: .zero)
        #expect(try self.source("192.0.2.1", &others) != today)
    }
}
