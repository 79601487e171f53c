internal import Compression
internal import Foundation
internal import NIOPosix
package import Network
internal import Page
package import Release
package import Wire

/// Whether a broker serves the page of the release, seen from here.
///
/// It shows tampering that is not aimed: who serves the page can tell a check from a patient by how it speaks TLS.
package struct PageVerification: Equatable, Sendable {
    package enum Outcome: String, Sendable {
        case verified, differs, unreachable
    }

    package struct Address: Equatable, Sendable {
        package let address: IPAddress
        package let outcome: Outcome
        /// What differs, in a few words each.
        package let differences: [String]
    }

    package let addresses: [Address]

    /// `verified` if every address that answers serves it, and one does.
    package var outcome: Outcome {
        if self.addresses.contains(where: { $0.outcome == .differs }) { return .differs }
        return self.addresses.contains { $0.outcome == .verified } ? .verified : .unreachable
    }

    /// Every difference once.
    package var differences: [String] {
        self.addresses.flatMap(\.differences).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }

    /// Looks at one address of each family that the host has.
    package static func run(
        at url: WebSocketURL, reference: PageReference, trust: ServerTrust = .system
    ) async -> PageVerification {
        let all = await self.addresses(of: url.host)
        let addresses = [all.first { !$0.isIPv6 }, all.first { $0.isIPv6 }].compactMap { $0 }
        return await withTaskGroup(of: Address.self) { group in
            for address in addresses {
                group.addTask { await self.look(at: url, address, reference, trust) }
            }
            var seen: [Address] = []
            for await one in group { seen.append(one) }
            return PageVerification(addresses: seen.sorted { !$0.address.isIPv6 && $1.address.isIPv6 })
        }
    }

    /// Fetches the manifest that the broker serves.
    package static func manifest(
        at url: WebSocketURL, trust: ServerTrust = .system
    ) async throws(HTTPFetchError) -> [UInt8] {
        for address in await self.addresses(of: url.host) {
            let answer: HTTPAnswer
            do {
                answer = try await HTTPFetch.get(
                    ReleaseManifest.wellKnownPath, of: url, at: address, trust: trust,
                    group: MultiThreadedEventLoopGroup.singleton)
            } catch {
                guard error == .unreachable else { throw error }
                continue
            }
            guard answer.status == 200, let body = Self.plainBody(of: answer) else { throw .malformed }
            return body
        }
        throw .unreachable
    }

    private static func look(
        at url: WebSocketURL, _ address: IPAddress, _ reference: PageReference, _ trust: ServerTrust
    ) async -> Address {
        let answer: HTTPAnswer
        do {
            answer = try await HTTPFetch.get(
                "/", of: url, at: address, trust: trust, group: MultiThreadedEventLoopGroup.singleton)
        } catch {
            let said =
                switch error {
                case .unreachable: [String]()
                case .untrusted: ["certificate: not trusted, expired or for another name"]
                case .malformed: ["answer: not whole, or no HTTP"]
                }
            return Address(address: address, outcome: said.isEmpty ? .unreachable : .differs, differences: said)
        }
        guard let body = Self.plainBody(of: answer) else {
            return Address(
                address: address, outcome: .differs,
                differences: ["body: \(answer.body.count) octets whose compression is broken"])
        }
        let sight = PageSight(
            status: answer.status,
            fields: answer.fields.map { PageHeaders.Field(name: $0.name, value: $0.value) }, body: body)
        let differences = reference.differences(in: sight)
        return Address(
            address: address, outcome: differences.isEmpty ? .verified : .differs, differences: differences)
    }

    private static func plainBody(of answer: HTTPAnswer) -> [UInt8]? {
        let encodings = answer.fields.filter { $0.name.lowercased() == "content-encoding" }.map {
            $0.value.lowercased()
        }
        switch encodings {
        case []: return answer.body
        case ["gzip"]: return Deflate.decompress(answer.body, as: .gzip, limit: Self.maximumPageLength)
        case ["br"]: return Brotli.decompress(answer.body, limit: Self.maximumPageLength)
        default: return nil
        }
    }

    private static func addresses(of host: String) async -> [IPAddress] {
        await withCheckedContinuation { continuation in
            BackgroundWork { continuation.resume(returning: HTTPFetch.addresses(of: host)) }.start()
        }
    }

    private static let maximumPageLength = 4 << 20
}

extension PageReference {
    /// What the broker at `url` should serve, if it goes by no other name.
    /// - Parameter hosts: the names it goes by, `HOST[:PORT]`; empty for the one in `url`.
    package init(release: Release, at url: WebSocketURL, hosts: [String] = []) {
        var authorities = hosts.isEmpty ? [url.authority] : hosts
        let isLocal = ["localhost", "127.0.0.1", "::1"].contains(url.host)
        if hosts.isEmpty, isLocal, !url.isSecure {
            let port = url.port == 80 ? "" : ":\(url.port)"
            authorities = ["localhost", "127.0.0.1"].map { $0 + port }
        }
        self.init(
            // A policy names no IPv6 address.
            release: release,
            socketOrigins: authorities.filter { !$0.hasPrefix("[") }.map { "\(url.isSecure ? "wss" : "ws")://\($0)" },
            isTLS: url.isSecure)
    }
}
