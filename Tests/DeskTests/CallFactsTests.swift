import Consultation
import ICE
import Session
import Terminal
import Testing
import Wire

@testable import Desk

@Suite("What a person is shown of a call")
struct CallFactsTests {
    private func facts() -> CallFacts {
        CallFacts(session: nil, label: "", isAdmitted: false, startedAt: .zero)
    }

    @Test("a line that comes again with its number is the same line; an empty one takes it away; others follow")
    func growingLines() {
        var facts = self.facts()
        for (id, text) in [(1, "B"), (1, "Bonj"), (1, "Bonjour"), (2, "Oui"), (2, ""), (3, "Non")] {
            facts.handle(.chat(id: UInt32(id), text: text), now: .zero)
        }
        #expect(facts.chat.map(\.text.text) == ["Bonjour", "Non"])
    }

    @Test("no number of lines grows without bound")
    func bounded() {
        var facts = self.facts()
        for id in 1...1000 { facts.handle(.chat(id: UInt32(id), text: "x"), now: .zero) }
        #expect(facts.chat.count == 200)
    }

    @Test("without a goodbye, or with one that nobody hears, the call broke off")
    func brokeOff() {
        var facts = self.facts()
        facts.handle(.bound, now: .zero)
        #expect(!facts.brokeOff(by: .hungUp) && !facts.brokeOff(by: .peerHungUp))
        #expect(!facts.brokeOff(by: .wordsDiffer) && !facts.brokeOff(by: .bindingFailed))
        #expect(facts.brokeOff(by: .mediaFailed("no sound")) && facts.brokeOff(by: .peerFailed))
        facts.handle(.pathState(.disconnected), now: .zero + .seconds(3))
        #expect(facts.brokeOff(by: .hungUp) && !facts.brokeOff(by: .peerHungUp))
    }

    @Test("a broken path is told since it broke, and no more once it is back")
    func path() {
        var facts = self.facts()
        facts.handle(.pathState(.disconnected), now: .zero + .seconds(1))
        #expect(facts.pathBrokenSince == nil, "before there was a path none broke")
        facts.handle(.bound, now: .zero + .seconds(2))
        facts.handle(.pathState(.disconnected), now: .zero + .seconds(3))
        facts.handle(.pathState(.failed), now: .zero + .seconds(4))
        #expect(facts.pathBrokenSince == .zero + .seconds(3))
        facts.handle(.pathState(.connected), now: .zero + .seconds(5))
        #expect(facts.pathBrokenSince == nil)
    }

    @Test("the date of an answer is read, and nothing else as one")
    func date() {
        #expect(HTTPDate.unix("Sun, 06 Nov 1994 08:49:37 GMT") == 784_111_777)
        for text in ["", "Sun, 06 Nov", "Sun, 99 Nov 1994 08:49:37 GMT", "Sun, 06 Nov -1 08:49:37 GMT", "a b c d e f"] {
            #expect(HTTPDate.unix(text) == nil, "\(text)")
        }
    }
}
