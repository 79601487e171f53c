import Foundation
import SDP

/// Session descriptions that browsers wrote (Chromium 156, Firefox ESR 153), octet for octet.
enum Fixture {
    static func text(_ name: String) throws -> String {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        return try String(contentsOf: folder.appending(path: "Fixtures/sdp/\(name).sdp"), encoding: .utf8)
    }

    static func description(_ name: String) throws -> SessionDescription {
        try SessionDescription(parsing: self.text(name))
    }
}
