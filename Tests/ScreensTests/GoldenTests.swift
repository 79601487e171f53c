import Foundation
import Phrases
import ScreenSpecimens
import Terminal
import Testing

/// Frames as text, compared with those that somebody looked at. `COLLOQUE_GOLDEN=write` writes them anew.
@Suite("Golden frames")
struct GoldenTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden")
    private static let sizes = [(80, 24), (40, 12), (120, 40)]

    private static func document(_ specimen: Specimen) -> String {
        var parts: [String] = []
        for language in Language.allCases {
            for (columns, rows) in self.sizes {
                let text = specimen.screen(Phrases(language)).frame(columns, rows).text
                parts.append("=== \(language.rawValue) \(columns)×\(rows)\n\(text)\n")
            }
        }
        return parts.joined()
    }

    @Test("are what was looked at", arguments: Specimen.names)
    func golden(_ name: String) throws {
        let specimen = try #require(Specimen.named(name))
        let file = Self.folder.appending(path: "\(name).txt")
        let document = Self.document(specimen)
        if ProcessInfo.processInfo.environment["COLLOQUE_GOLDEN"] == "write" {
            try document.write(to: file, atomically: true, encoding: .utf8)
            return
        }
        let golden = try String(contentsOf: file, encoding: .utf8)
        guard golden != document else { return }
        let differing = zip(golden.split(separator: "\n"), document.split(separator: "\n")).first { $0 != $1 }
        Issue.record("\(name): first difference: \(String(describing: differing))")
    }

    @Test("belong to a specimen each")
    func noneLeft() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
        #expect(Set(files) == Set(Specimen.names.map { "\($0).txt" }))
    }
}
