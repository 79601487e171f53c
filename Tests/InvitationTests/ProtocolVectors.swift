import Foundation
import Testing
import Wire

/// The values of the protocol's steps, computed by another implementation (`Tests/Fixtures/protocol-v1.json`).
struct ProtocolVectors {
    /// By the path of their names, as in `link.fragment`.
    private let values: [String: String]

    init() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../Fixtures/protocol-v1.json").standardized
        let groups = try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any]
        var values: [String: String] = [:]
        for (group, content) in try #require(groups) {
            for (name, value) in content as? [String: Any] ?? [:] {
                values["\(group).\(name)"] = "\(value)"
            }
        }
        self.values = values
    }

    func text(_ name: String) throws -> String {
        try #require(self.values[name], "no value \(name) in the vectors")
    }

    func octets(_ name: String) throws -> [UInt8] {
        try #require([UInt8](hex: self.text(name)))
    }
}
