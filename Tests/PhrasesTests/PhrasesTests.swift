import Phrases
import Terminal
import Testing

@Suite("Phrases")
struct PhrasesTests {
    static let all = Language.allCases.map { Phrases($0) }

    @Test("the language is the option's, then LC_ALL's, LC_MESSAGES', LANG's, then French")
    func choice() {
        #expect(Language.chosen(option: "nl", environment: ["LC_ALL": "de_DE.UTF-8"]) == .dutch)
        #expect(Language.chosen(option: nil, environment: ["LC_ALL": "de_DE.UTF-8", "LANG": "en_GB"]) == .german)
        #expect(Language.chosen(option: nil, environment: ["LC_ALL": "", "LC_MESSAGES": "nl_BE"]) == .dutch)
        #expect(Language.chosen(option: nil, environment: ["LANG": "en_US.UTF-8"]) == .english)
        #expect(Language.chosen(option: nil, environment: ["LANG": "C.UTF-8"]) == .french)
        #expect(Language.chosen(option: nil, environment: ["LANG": "pt_PT"]) == .french)
        #expect(Language.chosen(option: nil, environment: [:]) == .french)
        #expect(Language(locale: "FR-be") == .french && Language(locale: "frx") == nil)
    }

    @Test("every explanation says what happened and what to do, once, in whole sentences", arguments: all)
    func explanations(_ phrases: Phrases) {
        var explanations = Ending.all.map { phrases.ending($0) } + KeystoreTrouble.all.map { phrases.keystore($0) }
        explanations += BrokerTrouble.allCases.map { phrases.broker($0) } + CheckFault.all.map { phrases.fault($0) }
        explanations += Ending.all.map { phrases.endingForPatient($0) }
        explanations += SessionTrouble.all.map { phrases.session($0) } + PageTrouble.allCases.map { phrases.page($0) }
        explanations += CommandTrouble.all.filter { $0 != .passphrasesDiffer }.map { phrases.command($0) }
        for explanation in explanations {
            #expect(explanation.what.last == ".", "\(explanation.what)")
            #expect(explanation.what.count > 10 && explanation.next.count > 10, "\(explanation)")
            #expect(explanation.what != explanation.next)
        }
    }

    @Test("each error is told in each language, and in none with the words of another")
    func translated() {
        func all(_ phrases: Phrases) -> [Explanation] {
            var told = Ending.all.map { phrases.ending($0) } + Ending.all.map { phrases.endingForPatient($0) }
            told += KeystoreTrouble.all.map { phrases.keystore($0) } + BrokerTrouble.allCases.map { phrases.broker($0) }
            told += CommandTrouble.all.map { phrases.command($0) } + SessionTrouble.all.map { phrases.session($0) }
            told += PageTrouble.allCases.map { phrases.page($0) } + CheckFault.all.map { phrases.fault($0) }
            return told
        }
        let languages = Self.all.map(all)
        for (index, told) in languages.enumerated() {
            #expect(told.count == languages[0].count && told.allSatisfy { !$0.what.isEmpty && $0.line.count > 20 })
            for other in languages[..<index] {
                for (one, another) in zip(told, other) {
                    #expect(one.what != another.what && (one.next != another.next || one.next.isEmpty), "\(one)")
                }
            }
        }
    }

    @Test("a patient is never told to make a link or to telephone a patient", arguments: all)
    func patient(_ phrases: Phrases) {
        for ending in Ending.all.filter({ $0 != .consentRefused }) {
            let line = phrases.endingForPatient(ending).line
            #expect(!line.contains("colloque session") && !line.contains("--relay-only"), "\(line)")
            for word in ["votre patient", "your patient", "uw patiënt", "Ihren Patienten"] {
                #expect(!line.contains(word), "\(line)")
            }
        }
    }

    @Test("French punctuation is never parted from its word")
    func french() {
        let phrases = Phrases(.french)
        #expect(phrases.confirmHangUp == "Raccrocher\u{A0}?")
        #expect(phrases.confirmEnd("x") == "Clore «\u{A0}x\u{A0}»\u{A0}?")
        #expect(phrases.percent(0.008) == "0,8\u{A0}%")
        var texts = Ending.all.map { phrases.ending($0).line } + CheckFault.all.map { phrases.fault($0).line }
        texts +=
            KeystoreTrouble.all.map { phrases.keystore($0).line } + [phrases.twoDevicesWarning, phrases.welcomeText]
        for text in texts {
            for mark in [" :", " ;", " ?", " !", " »", "« "] {
                #expect(!text.contains(mark), "\(text)")
            }
        }
    }

    @Test("plurals agree", arguments: all)
    func plurals(_ phrases: Phrases) {
        #expect(Set([0, 1, 2].map { phrases.waitingCount($0) }).count == 3)
        #expect(phrases.waitingCount(2).contains("2") && phrases.waitingCount(1).contains("1"))
        #expect(phrases.days(1) != phrases.days(2).replacing("2", with: "1"))
        #expect(phrases.othersWaiting(1) != phrases.othersWaiting(2).replacing("2", with: "1"))
        #expect(Set([0, 1, 2].map { phrases.checkSummary(faults: $0) }).count == 3)
    }

    @Test("times and numbers are written as each language does")
    func formats() {
        let time = WallTime(year: 2026, month: 11, day: 1, weekday: 0, hour: 9, minute: 5)
        let of = Self.all.map { $0.dateAndClock(time) }
        #expect(
            of == [
                "dimanche 1er novembre 2026 à 9\u{A0}h\u{A0}05", "Sunday 1 November 2026, 9:05",
                "zondag 1 november 2026 om 9:05", "Sonntag, 1. November 2026, 9:05\u{A0}Uhr",
            ])
        #expect(
            Self.all.map { $0.span(.seconds(3900)) } == [
                "1\u{A0}h\u{A0}05", "1\u{A0}h\u{A0}05", "1\u{A0}u\u{A0}05", "1\u{A0}Std.\u{A0}05",
            ])
        #expect(Self.all.map { $0.percent(0.1234) } == ["12,3\u{A0}%", "12.3%", "12,3%", "12,3\u{A0}%"])
        #expect([9, 272, 3872].map { Phrases.stopwatch(.seconds($0)) } == ["00:09", "04:32", "1:04:32"])
        let phrases = Self.all[0]
        #expect(phrases.span(.seconds(-5)) == "0\u{A0}s" && phrases.milliseconds(.milliseconds(84)) == "84\u{A0}ms")
        #expect(phrases.percent(.nan) == "0,0\u{A0}%" && phrases.percent(7) == "100,0\u{A0}%")
    }

    @Test("a pseudonym is one plant in four languages, and stays")
    func pseudonyms() {
        #expect(
            Self.all.map { $0.pseudonym(64) } == [
                "Bleuet\u{A0}3", "Cornflower\u{A0}3", "Korenbloem\u{A0}3", "Kornblume\u{A0}3",
            ])
        for phrases in Self.all {
            #expect(Set(phrases.plants).count == 32, "\(phrases.language)")
            #expect(Set((0..<288).map { phrases.pseudonym($0) }).count == 288)
            #expect(phrases.pseudonym(288) == phrases.pseudonym(0))
            #expect(phrases.plants.allSatisfy { $0.count <= 14 })
            _ = phrases.pseudonym(.max)
        }
    }
}
