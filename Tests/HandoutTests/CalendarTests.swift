import Testing

@testable import Handout

@Suite("Calendar entries (RFC 5545)")
struct CalendarTests {
    private func entry(summary: String, description: String = "") -> CalendarEntry {
        CalendarEntry(
            identifier: "x@y", created: CalendarTime(unixTime: 0), start: CalendarTime(unixTime: 1_796_638_500),
            end: CalendarTime(unixTime: 1_796_640_300), summary: summary, description: description, link: "https://b/#F"
        )
    }

    @Test("have lines of at most 75 octets that end as they should, cut between characters")
    func folding() {
        let text = self.entry(summary: String(repeating: "é€😀", count: 60), description: "a\nb").text
        #expect(text.hasSuffix("\r\n") && !text.replacing("\r\n", with: "").contains("\n"))
        let lines = text.split(separator: "\r\n")
        #expect(lines.allSatisfy { $0.utf8.count <= 75 })
        let unfolded = text.replacing("\r\n ", with: "")
        #expect(unfolded.contains("SUMMARY:\(String(repeating: "é€😀", count: 60))\r\n"))
        #expect(unfolded.contains("DESCRIPTION:a\\nb\r\n"))
    }

    @Test("escape what means something")
    func escaping() {
        #expect(self.entry(summary: #"a,b;c\d:e"#).text.contains(#"SUMMARY:a\,b\;c\\d:e"#))
    }

    @Test(
        "know the date",
        arguments: [
            (0, "19700101T000000Z"), (951_782_399, "20000228T235959Z"), (951_782_400, "20000229T000000Z"),
            (1_796_638_500, "20261207T101500Z"), (4_107_542_399, "21000228T235959Z"),
            (4_107_542_400, "21000301T000000Z"), (253_402_300_799, "99991231T235959Z"),
        ])
    func dates(unixTime: Int64, text: String) {
        #expect(CalendarTime(unixTime: unixTime).basic == text)
    }
}

@Suite("Cards for patients")
struct CardTests {
    @Test("hold the link and no name, in each language", arguments: CardLanguage.allCases)
    func languages(language: CardLanguage) throws {
        let card = InvitationCard(
            language: language, link: "https://broker.example/#F<&", begins: "1 January", ends: "2 January")
        #expect(card.text.split(separator: "\n").contains("https://broker.example/#F<&"))
        #expect(card.text.contains("1 January") && card.text.contains("2 January") && card.text.contains("112"))
        #expect(!card.subject.contains("broker"))
        let html = try #require(card.html)
        #expect(html.contains("#F&lt;&amp;") && html.contains("<html lang=\"\(language.rawValue)\">"))
        #expect(!html.contains("src=") && !html.contains("href=") && !html.contains("url("))
    }

    @Test("no two languages share a sentence")
    func distinct() {
        let texts = CardLanguage.allCases.map {
            InvitationCard(language: $0, link: "L", begins: nil, ends: "E").text.split(separator: "\n").map(String.init)
        }
        for (index, left) in texts.enumerated() {
            for right in texts[(index + 1)...] { #expect(Set(left).intersection(right) == ["L"]) }
        }
    }
}
