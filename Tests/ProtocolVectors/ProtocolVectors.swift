import Foundation
import Wire

/// The values of the protocol's steps, computed by another implementation (`Tests/Fixtures/protocol-v1.json`).
package struct ProtocolVectors {
    /// No value of that name, or none of that kind.
    package struct Missing: Error {
        package let name: String
    }

    /// By the path of their names, as in `link.fragment`.
    private let values: [String: String]

    package init() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../Fixtures/protocol-v1.json").standardized
        guard let groups = try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any] else {
            throw Missing(name: file.path)
        }
        var values: [String: String] = [:]
        for (group, content) in groups {
            for (name, value) in content as? [String: Any] ?? [:] {
                values["\(group).\(name)"] = "\(value)"
            }
        }
        self.values = values
    }

    package func text(_ name: String) throws -> String {
        guard let text = self.values[name] else { throw Missing(name: name) }
        return text
    }

    package func octets(_ name: String) throws -> [UInt8] {
        guard let octets = [UInt8](hex: try self.text(name)) else { throw Missing(name: name) }
        return octets
    }
}
