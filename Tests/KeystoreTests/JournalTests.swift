import Foundation
import Primitives
import Testing
import Wire

@testable import Keystore

@Suite("The doctor's journal")
struct JournalTests {
    private let home: String

    init() {
        var random = RandomSource.system
        self.home = NSTemporaryDirectory() + "journal-\(random.bytes(count: 6).hex)"
    }

    private func identity() throws -> UnlockedIdentity {
        try Keystore(home: self.home).createIdentity(
            passphrase: SecretBytes(copying: "quatre chevaux sages".utf8),
            cost: PasswordHash(operations: 1, memoryBytes: 8192))
    }

    private func session() -> SessionID {
        var random = RandomSource.system
        return SessionID(random: &random)
    }

    @Test("entries come back in order, to the minute, signed, over several files")
    func roundTrip() throws {
        let journal = try self.identity().journal
        for index in 0..<150 {
            try journal.append(.admitted, session: self.session(), text: "number=\(index)", time: 1_800_000_059)
        }
        try journal.sign(time: 1_800_000_100)
        let (entries, fault) = try journal.read()
        #expect(fault == nil)
        #expect(entries.count == 151 && entries.last?.kind == .signed)
        #expect(entries.map(\.sequence) == (0..<151).map { UInt64($0) })
        #expect(entries[7].text == "number=7" && entries[7].time == 1_800_000_000)
    }

    @Test("an entry that was changed, taken out, moved, or signed by another is found")
    func chain() throws {
        let journal = try self.identity().journal
        for _ in 0..<4 { try journal.append(.made, session: self.session(), time: 60) }
        try journal.sign(time: 60)
        let entries = try journal.read().entries
        func verdict(_ changed: [JournalEntry], _ key: [UInt8]) -> Journal.Fault? {
            var last: JournalEntry?
            for entry in changed {
                if let fault = Journal.fault(of: entry, after: last, identity: key) { return fault }
                last = entry
            }
            return nil
        }
        let key = try Keystore(home: self.home).publicKey()
        #expect(verdict(entries, key) == nil)
        #expect(verdict(Array(entries.dropFirst()), key) == .broken(sequence: 1))
        var gap = entries
        gap.remove(at: 2)
        #expect(verdict(gap, key) == .broken(sequence: 3))
        var swapped = entries
        swapped.swapAt(1, 2)
        #expect(verdict(swapped, key) == .broken(sequence: 2))
        var changed = entries
        changed[2] = JournalEntry(
            sequence: 2, previous: entries[2].previous, kind: .ended, time: 60, session: nil, text: "")
        #expect(verdict(changed, key) == .broken(sequence: 3))
        #expect(verdict(entries, Ed25519.KeyPair().publicKey) == .badSignature(sequence: 4))
    }

    @Test("a damaged file is told by name, and nothing is written over it")
    func damaged() throws {
        let journal = try self.identity().journal
        try journal.append(.made, session: self.session(), time: 60)
        let path = "\(self.home)/journal/00000000"
        var octets = try #require(FileManager.default.contents(atPath: path))
        octets[octets.count - 1] ^= 1
        try octets.write(to: URL(fileURLWithPath: path))
        #expect(try journal.read().fault == .damaged(path: path))
        #expect(throws: KeystoreError.damaged(path: path)) {
            try journal.append(.made, session: nil, time: 60)
        }
    }

    @Test("no octets make an entry but its own")
    func fuzz() {
        let entry = JournalEntry(
            sequence: 3, previous: [UInt8](repeating: 9, count: 32), kind: .ended, time: 120, session: self.session(),
            text: "words=same")
        var random = RandomSource.seeded(5)
        for _ in 0..<2000 {
            var octets = entry.octets
            octets[Int.random(in: 0..<octets.count, using: &random)] ^= UInt8.random(in: 1...255, using: &random)
            octets.removeLast(Int.random(in: 0..<4, using: &random))
            var reader = ByteReader(octets)
            if let found = JournalEntry(reading: &reader), reader.isAtEnd { #expect(found != entry) }
        }
    }
}
