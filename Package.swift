// swift-tools-version: 6.2
import PackageDescription

/// One strictness for every Swift target of the package.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

func core(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

let nio: [Target.Dependency] = [
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"),
    .product(name: "NIOHTTP1", package: "swift-nio"),
    .product(name: "NIOWebSocket", package: "swift-nio"),
    .product(name: "NIOTLS", package: "swift-nio"),
    .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
    .product(name: "NIOSSL", package: "swift-nio-ssl"),
    .product(name: "Logging", package: "swift-log"),
]

// Targets stand in the order a packet climbs; each imports only those above it.
let package = Package(
    name: "colloque",
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio.git", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", exact: "2.37.6"),
        .package(url: "https://github.com/groue/GRDB.swift.git", exact: "7.10.0"),
        .package(url: "https://github.com/apple/swift-argument-parser.git", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log.git", exact: "1.16.2"),
    ],
    targets: [
        // C libraries: a module map and one header each.
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "COpus", pkgConfig: "opus", providers: [.apt(["libopus-dev"])]),
        // Only for tests, which hold our SRTP against it.
        .systemLibrary(name: "CSRTP", pkgConfig: "libsrtp2", providers: [.apt(["libsrtp2-dev"])]),
        .systemLibrary(name: "CSodium", pkgConfig: "libsodium", providers: [.apt(["libsodium-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),

        // Bytes, time, addresses, serial numbers, random source.
        core("Wire"),
        // Hashes, X25519, Ed25519, AES-256-GCM, secret memory: libsodium and libcrypto, sealed in.
        core("Primitives", ["Wire", "CSodium", "COpenSSL"]),

        // STUN messages and transactions.
        core("STUN", ["Wire", "Primitives"]),
        // Descriptions of one audio section: read, offered, answered.
        core("SDP", ["Wire"]),
        // Headers, reports and statistics of the media path.
        core("RTP", ["Wire"]),
        // Links and all that is derived from them.
        core("Invitation", ["Wire", "Primitives"]),
        // Noise, frames, the words to compare, the binding to DTLS.
        core("SecureChannel", ["Wire", "Primitives", "Invitation"]),
        // Envelopes, and the broker's rules as one value.
        core("Signalling", ["Wire", "Primitives"]),

        // The agent that finds a path and keeps it.
        core("ICE", ["Wire", "Primitives", "STUN"]),
        // The closed relay and its client, both sans-IO: credentials, framing, allocations.
        core("TURN", ["Wire", "Primitives", "STUN"]),
        // DTLS and SRTP: libssl and libcrypto, sealed in.
        core("SecureTransport", ["Wire", "COpenSSL"]),
        // Opus, jitter buffer, sources, WAV: libopus, sealed in.
        core("Audio", ["Wire", "COpus"]),
        // The patient's seat and the doctor's: who joins, waits, is admitted, comes back.
        core("Consultation", ["Wire", "Primitives", "Invitation", "SecureChannel", "Signalling"]),

        // One peer, composed, sans-IO: a seat and its media.
        core(
            "Session",
            [
                "Wire", "Primitives", "Invitation", "SecureChannel", "Signalling", "Consultation", "SDP", "RTP", "ICE",
                "TURN", "SecureTransport", "Audio",
            ]),

        // Event loops, threads and files only below this line.

        // System calls that the C library's module does not show.
        .target(name: "CPoll"),
        // Sockets: WebSocket and datagrams.
        core("Network", ["Wire", "CPoll"] + nio),
        // Many datagrams per system call, and epoll.
        .target(name: "CDatagrams"),
        // The relay on real sockets: UDP on threads of its own, TCP and TLS on an event loop.
        core("Relay", ["Wire", "Primitives", "TURN", "Network", "CDatagrams"] + nio),
        // The doctor's identity and rooms, sealed on disk.
        core("Keystore", ["Wire", "Primitives", "Invitation"]),
        // The one document that is served, and its hashes; made from Web/.
        core("Page"),
        // HTTPS, WebSocket and SQLite around the switchboard, and the hold on a relay.
        core(
            "Broker",
            [
                "Wire", "Primitives", "Signalling", "Page", "CZlib", "Network", "TURN", "Relay",
                .product(name: "GRDB", package: "GRDB.swift"),
            ] + nio),
        // A session on real sockets and files: bridge, errands to the broker, WAV.
        core(
            "Endpoint",
            [
                "Wire", "Primitives", "Invitation", "SecureChannel", "Signalling", "Consultation", "ICE", "TURN",
                "SecureTransport", "RTP", "Audio", "Session", "Network", "Keystore",
            ] + nio),
        // The command.
        .executableTarget(
            name: "colloque",
            dependencies: [
                "Wire", "Primitives", "Invitation", "ICE", "SecureChannel", "Signalling", "Consultation", "Audio",
                "Session", "TURN",
                "Network", "Keystore", "Relay", "Broker", "Endpoint",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ] + nio, swiftSettings: strict),
        // The sealed channel on standard input and output, for tests of interoperability.
        .executableTarget(
            name: "interop-peer", dependencies: ["Wire", "Primitives", "Invitation", "SecureChannel"],
            path: "Sources/InteropPeer", swiftSettings: strict),
        // Heap allocations, counted.
        .target(name: "CAllocations", path: "Benchmarks/CAllocations"),
        .executableTarget(
            name: "MediaBenchmark",
            dependencies: ["Audio", "SecureTransport", "Session", "Wire", "COpus", "CAllocations"],
            path: "Benchmarks/Media", swiftSettings: strict),
        // What a listener hears over seeded bad paths, for Scripts/bench-quality to score.
        .executableTarget(
            name: "QualityBenchmark", dependencies: ["Audio", "RTP", "Wire"], path: "Benchmarks/Quality",
            swiftSettings: strict),
        // Thousands of clients behind one socket: sendmmsg(2), recvmmsg(2), addresses and stamps.
        .target(name: "CLoad", path: "Benchmarks/CLoad"),
        .executableTarget(
            name: "RelayBenchmark",
            dependencies: [
                "Wire", "Primitives", "STUN", "TURN", "CLoad", "CAllocations",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Benchmarks/Relay", swiftSettings: strict),

        // gettimeofday(2) as libssl sees it, in the hands of the tests.
        .target(name: "CVirtualClock", path: "Tests/CVirtualClock"),
        // Ends, a broker and bad networks in virtual time, from one seed.
        .target(
            name: "Simulation", dependencies: ["Signalling", "Wire"], path: "Tests/Simulation",
            swiftSettings: strict),
        tests("WireTests", ["Wire"]),
        tests("PrimitivesTests", ["Primitives", "Wire"]),
        tests("STUNTests", ["STUN", "Primitives", "Wire"]),
        tests("SDPTests", ["SDP", "Wire"]),
        tests("RTPTests", ["RTP", "Wire"]),
        tests("InvitationTests", ["Wire", "Primitives", "Invitation", "Signalling"]),
        tests("SecureChannelTests", ["Wire", "Primitives", "Invitation", "SecureChannel"]),
        tests("SignallingTests", ["Wire", "Primitives", "Signalling"]),
        tests("ICETests", ["ICE", "STUN", "Wire"]),
        tests("TURNTests", ["TURN", "STUN", "Primitives", "Wire"]),
        tests("SecureTransportTests", ["SecureTransport", "Wire", "CVirtualClock", "CSRTP"]),
        tests("AudioTests", ["Audio", "Wire"]),
        tests(
            "ConsultationTests",
            ["Consultation", "Simulation", "Signalling", "SecureChannel", "Invitation", "Primitives", "Wire"]),
        tests(
            "SessionTests",
            [
                "Session", "Consultation", "Simulation", "Signalling", "SecureChannel", "Invitation", "ICE", "TURN",
                "Audio",
                "SecureTransport", "RTP", "Primitives", "Wire", "CVirtualClock",
            ]),
        // A client of a relay on a real socket.
        .target(
            name: "RelaySupport", dependencies: ["TURN", "Network", "Wire"], path: "Tests/RelaySupport",
            swiftSettings: strict),
        tests("RelayTests", ["Wire", "Primitives", "STUN", "TURN", "Network", "Relay", "RelaySupport"] + nio),
        tests(
            "NetworkTests",
            ["Network", "Wire", .product(name: "NIOEmbedded", package: "swift-nio")] + nio),
        // Allocations on somebody else's relay, over real sockets.
        tests(
            "RelayInteropTests",
            [
                "Session", "TURN", "ICE", "Signalling", "Network", "Wire",
                .product(name: "NIOPosix", package: "swift-nio"),
            ]),
        tests("KeystoreTests", ["Wire", "Primitives", "Invitation", "Keystore"]),
        tests(
            "BrokerTests",
            [
                "Wire", "Primitives", "Signalling", "TURN", "Page", "Network", "Relay", "RelaySupport", "Broker",
                "CZlib",
            ] + nio),
    ]
)

// The fuzz target exists only for Scripts/fuzz: its flags are not for an ordinary build.
if Context.environment["COLLOQUE_FUZZ"] == "1" {
    for target in package.targets where target.type == .regular {
        target.swiftSettings = (target.swiftSettings ?? []) + [.unsafeFlags(["-sanitize=fuzzer"])]
    }
    package.targets.append(
        .executableTarget(
            name: "Fuzz",
            dependencies: [
                "Audio", "ICE", "Invitation", "RTP", "SDP", "SecureChannel", "Signalling", "STUN", "TURN", "Relay",
                "Wire",
            ],
            path: "Tests/Fuzz",
            swiftSettings: strict + [.unsafeFlags(["-sanitize=fuzzer", "-parse-as-library"])],
            linkerSettings: [.unsafeFlags(["-sanitize=fuzzer", "-use-ld=lld"])]))
}
