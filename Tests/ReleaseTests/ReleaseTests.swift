import Page
import Primitives
import Release
import Testing
import Wire

private let reference = PageReference(release: .own, socketOrigins: ["wss://broker.example"], isTLS: true)

private func sight(isTLS: Bool = true) -> PageSight {
    let headers = PageHeaders(
        socketOrigins: isTLS ? ["wss://broker.example"] : ["ws://localhost:1", "ws://[::1]:1"], isTLS: isTLS)
    let transport = [("Content-Length", "5"), ("Date", "now"), ("Connection", "close"), ("Content-Encoding", "gzip")]
    return PageSight(
        status: 200, fields: headers.fields + transport.map { PageHeaders.Field(name: $0.0, value: $0.1) },
        body: Array(Page.html.utf8))
}

private let key = Ed25519.KeyPair()

private func manifest(_ entries: [(String, [UInt8])], signedBy signer: Ed25519.KeyPair = key) -> [UInt8] {
    let lines = entries.map { "\(SHA256.hash($0.1).hex)  \($0.0)\n" }.joined()
    let signed = [UInt8]("colloque release manifest 1\n\(lines)".utf8)
    let last = "ed25519 \(signer.publicKey.base64URL) \(signer.sign(signed).base64URL)\n"
    return signed + [UInt8](last.utf8)
}

private let own = manifest([
    ("index.html", Array(Page.html.utf8)), ("index.html.headers", PageReference.ownCanonicalFields),
])

@Suite("The page as it was served")
struct PageSightTests {
    private func references() throws -> [PageReference] {
        [
            reference,
            PageReference(
                release: .manifest(try ReleaseManifest(verifying: own, key: key.publicKey)),
                socketOrigins: reference.socketOrigins, isTLS: true),
        ]
    }

    @Test("equals the release, over TLS and without")
    func equal() throws {
        for reference in try self.references() {
            #expect(reference.differences(in: sight()) == [])
            var plain = reference
            plain.isTLS = false
            plain.socketOrigins = ["ws://localhost:1", "ws://[::1]:1"]
            #expect(plain.differences(in: sight(isTLS: false)) == [])
            #expect(plain.differences(in: sight()) != [])
        }
    }

    @Test("differs by any field that is missing, doubled, added or changed in any octet, and by its name")
    func fields() throws {
        for reference in try self.references() {
            for (index, field) in sight().fields.enumerated().dropLast(4) {
                func differs(_ change: (inout PageSight) -> Void) {
                    var changed = sight()
                    change(&changed)
                    let said = reference.differences(in: changed)
                    #expect(said.count == 1 && said[0].hasPrefix(field.name), "\(field.name): \(said)")
                }
                differs { $0.fields.remove(at: index) }
                differs { $0.fields.append(field) }
                for position in field.value.indices {
                    var value = field.value
                    value.replaceSubrange(position...position, with: value[position] == "x" ? "y" : "x")
                    differs { $0.fields[index] = PageHeaders.Field(name: field.name, value: value) }
                }
            }
            for name in ["Set-Cookie", "Link", "Refresh", "Content-Security-Policy-Report-Only", "Server", "Alt-Svc"] {
                var changed = sight()
                changed.fields.append(PageHeaders.Field(name: name, value: "x"))
                #expect(reference.differences(in: changed) == ["\(name): not of the release"])
            }
        }
    }

    @Test("differs by any octet of the body")
    func body() throws {
        for reference in try self.references() {
            for index in stride(from: 0, to: Page.html.utf8.count, by: 4999) {
                var changed = sight()
                changed.body[index] ^= 1
                #expect(reference.differences(in: changed).count == 1)
            }
            var longer = sight()
            longer.body.append(0x0A)
            #expect(reference.differences(in: longer).count == 1)
            var elsewhere = sight()
            elsewhere.status = 302
            #expect(reference.differences(in: elsewhere) == ["status 302"])
        }
    }
}

@Suite("Manifests of a release")
struct ReleaseManifestTests {
    @Test("are believed by their key and signature only")
    func signature() throws {
        #expect(try ReleaseManifest(verifying: own, key: key.publicKey).digests["index.html"] == Page.sha256)
        let other = Ed25519.KeyPair()
        #expect(throws: ReleaseManifest.Failure.otherKey) {
            try ReleaseManifest(verifying: own, key: other.publicKey)
        }
        for index in own.indices {
            var changed = own
            changed[index] ^= 1
            #expect(throws: ReleaseManifest.Failure.self, "octet \(index)") {
                try ReleaseManifest(verifying: changed, key: key.publicKey)
            }
        }
        for length in 0..<own.count {
            #expect(throws: ReleaseManifest.Failure.self, "length \(length)") {
                try ReleaseManifest(verifying: [UInt8](own.prefix(length)), key: key.publicKey)
            }
        }
    }

    @Test("are sorted, and name each file once")
    func order() {
        for paths in [["b", "a"], ["a", "a"]] {
            #expect(throws: ReleaseManifest.Failure.malformed) {
                try ReleaseManifest(verifying: manifest(paths.map { ($0, []) }), key: key.publicKey)
            }
        }
    }
}
