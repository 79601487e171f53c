import ArgumentParser
import Endpoint
import Foundation
import Keystore
import Network
import Page
import Phrases
import Release
import Wire

/// `colloque verify-page`: whether a broker serves the page of a release.
struct VerifyPageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify-page",
        abstract: "Compare the page that a broker serves with the release.",
        discussion: """
            Fetches the page as a browser would, over IPv4 and over IPv6 where both exist, and compares every octet of \
            it and of its header fields with this release's own page; or with --key with a manifest signed by that \
            key, which the broker serves or --manifest names. Says what differs (76).

            It finds a page that was changed for everybody. It cannot find one that is changed for one patient only: a \
            broker can tell this command from a browser.

            EXAMPLES
              colloque verify-page https://broker.example
              colloque verify-page https://broker.example --key RELEASEKEY
            """)

    @Argument(
        help: ArgumentHelp("Where the page is, such as https://broker.example; a link does too.", valueName: "url"))
    var url: String?

    @Option(
        help: ArgumentHelp(
            "The release's signed manifest, in place of the one that the broker serves.", valueName: "file"),
        completion: .file())
    var manifest: String?

    @Option(
        help: ArgumentHelp("The release key, 43 characters (default: release-key in the settings).", valueName: "key"))
    var key: IdentityKeyText?

    @Option(
        help: ArgumentHelp(
            "A name the broker goes by, HOST[:PORT], in its order; may be repeated (default: broker-names in the "
                + "settings, else the one in the URL).",
            valueName: "host"))
    var host: [String] = []

    @Option(help: ArgumentHelp("Print this release's own page or headers.", visibility: .hidden))
    var print: Part?

    @OptionGroup var speech: SpeechOptions
    @OptionGroup var options: GlobalOptions

    enum Part: String, ExpressibleByArgument {
        case page, headers
    }

    func run() async throws {
        if let part = self.print {
            let octets = part == .page ? [UInt8](Page.html.utf8) : PageReference.ownCanonicalFields
            return FileHandle.standardOutput.write(Data(octets))
        }
        let url = try self.address()
        let hosts = self.host.isEmpty ? try self.settings()?.brokerNames ?? [] : self.host
        let reference = PageReference(release: try await self.release(at: url), at: url, hosts: hosts)
        let verification = await PageVerification.run(at: url, reference: reference)
        if self.options.json {
            try printJSON(Facts(url.origin, verification))
        } else {
            Swift.print("\(Self.name(verification.outcome)) \(url.origin)")
            for one in verification.addresses {
                Swift.print("  \(Self.name(one.outcome)) \(one.address)")
                for difference in one.differences { Swift.print("    \(printable(difference))") }
            }
        }
        switch verification.outcome {
        case .verified: break
        case .differs: throw CommandFailure(PageTrouble.differs)
        case .unreachable: throw CommandFailure(PageTrouble.unreachable)
        }
    }

    /// The address without what stands behind `#`, which is nobody's business.
    private func address() throws -> WebSocketURL {
        guard let text = self.url else { return try self.options.brokerURL() }
        return try GlobalOptions.brokerURL(String(text.prefix { $0 != "#" && $0 != "?" }))
    }

    private func release(at url: WebSocketURL) async throws -> PageReference.Release {
        let key = try self.key ?? self.settledKey()
        guard self.manifest != nil || key != nil else { return .own }
        guard let key else { throw CommandFailure(PageTrouble.noKey) }
        do {
            return .manifest(try ReleaseManifest(verifying: try await self.manifestText(at: url), key: key.bytes))
        } catch let error as ReleaseManifest.Failure {
            throw CommandFailure(PageTrouble(error))
        }
    }

    private func manifestText(at url: WebSocketURL) async throws -> [UInt8] {
        if let file = self.manifest {
            guard let content = FileManager.default.contents(atPath: file) else {
                throw CommandFailure(CommandTrouble.unreadable(path: file))
            }
            return [UInt8](content)
        }
        do {
            return try await PageVerification.manifest(at: url)
        } catch .unreachable {
            throw CommandFailure(PageTrouble.unreachable)
        } catch {
            throw CommandFailure(PageTrouble.noManifest)
        }
    }

    private func settledKey() throws -> IdentityKeyText? {
        guard let text = try self.settings()?.releaseKey else { return nil }
        guard let key = IdentityKeyText(argument: text) else {
            throw CommandFailure(PageTrouble.keyMalformed)
        }
        return key
    }

    /// - Returns: `nil` where there is no home: nothing is made for a look.
    private func settings() throws -> Settings? {
        guard FileManager.default.fileExists(atPath: self.options.homePath) else { return nil }
        return try self.options.keystore().settings()
    }

    private struct Facts: Encodable {
        let url: String
        let page: String
        let addresses: [Address]

        struct Address: Encodable {
            let address: String
            let page: String
            let differences: [String]
        }

        init(_ url: String, _ verification: PageVerification) {
            self.url = url
            self.page = verification.outcome.rawValue
            self.addresses = verification.addresses.map {
                Address(
                    address: $0.address.description, page: $0.outcome.rawValue,
                    differences: $0.differences.map(printable))
            }
        }
    }

    private static func name(_ outcome: PageVerification.Outcome) -> String {
        Speech.phrases.name(PageVerdict(rawValue: outcome.rawValue) ?? .unreachable)
    }
}

extension PageTrouble {
    fileprivate init(_ failure: ReleaseManifest.Failure) {
        switch failure {
        case .malformed: self = .manifestMalformed
        case .otherKey: self = .manifestOfOtherKey
        case .signature: self = .manifestChanged
        }
    }
}
