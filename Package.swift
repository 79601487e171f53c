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
        .systemLibrary(name: "CALSA", pkgConfig: "alsa", providers: [.apt(["libasound2-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "COpus", pkgConfig: "opus", providers: [.apt(["libopus-dev"])]),
        // Only for tests, which hold our SRTP against it.
        .systemLibrary(name: "CSRTP", pkgConfig: "libsrtp2", providers: [.apt(["libsrtp2-dev"])]),
        .systemLibrary(name: "CSodium", pkgConfig: "libsodium", providers: [.apt(["libsodium-dev"])]),
        .systemLibrary(name: "CBrotli", pkgConfig: "libbrotlienc", providers: [.apt(["libbrotli-dev"])]),
        .systemLibrary(name: "CZopfli", providers: [.apt(["libzopfli-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CQRencode", pkgConfig: "libqrencode", providers: [.apt(["libqrencode-dev"])]),

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
                "Wire", "Primitives", "Invitation", "SecureChannel", "Signalling", "Consultation", "STUN", "SDP", "RTP",
                "ICE", "TURN", "SecureTransport", "Audio",
            ]),

        // Keys, text fit to be shown, frames of cells and the octets that draw them.
        core("Terminal"),
        // Every sentence the doctor reads, in four languages.
        core("Phrases", ["Terminal"]),
        // The doctor's screens: models in, frames, lines and decisions out.
        core("Screens", ["Terminal", "Phrases"]),

        // Event loops, threads and files only below this line.

        // A terminal in raw mode that signals cannot leave broken.
        .target(name: "CConsole"),
        core("Console", ["Terminal", "CConsole"]),

        // Deflate and brotli, whole: zlib, zopfli and libbrotli, sealed in.
        core("Compression", ["CZlib", "CZopfli", "CBrotli"]),
        // System calls that the C library's module does not show.
        .target(name: "CPoll"),
        // Many datagrams per system call, and epoll.
        .target(name: "CDatagrams"),
        // Sockets: WebSocket and datagrams.
        core("Network", ["Wire", "CPoll", "CDatagrams"] + nio),
        // The relay on real sockets: UDP on threads of its own, TCP and TLS on an event loop.
        core("Relay", ["Wire", "Primitives", "TURN", "Network", "CDatagrams"] + nio),
        // The doctor's identity and rooms, sealed on disk.
        core("Keystore", ["Wire", "Primitives", "Invitation", "CPoll"]),
        // What is handed to a patient: QR codes, a card, a calendar entry; libqrencode, sealed in.
        core("Handout", ["CQRencode", "Compression"]),
        // The one document that is served, its hashes and its headers; made from Web/.
        core("Page"),
        // Echo, noise and gain: a C++ library behind a C header.
        .target(
            name: "CAudioProcessing",
            // The flags of its pkg-config file are more than SwiftPM takes.
            cxxSettings: [.unsafeFlags(["-isystem", "/usr/include/webrtc_audio_processing"])],
            linkerSettings: [
                .linkedLibrary("speexdsp"), .linkedLibrary("webrtc_audio_processing"), .linkedLibrary("stdc++"),
            ]),
        // Microphone and loudspeaker, whatever becomes of them: ALSA, sealed in.
        core("Sound", ["Wire", "Audio", "CPoll", "CALSA", "CAudioProcessing"]),
        // What a release signed, and whether what a broker serves is that.
        core("Release", ["Wire", "Primitives", "Page"]),
        // HTTPS, WebSocket and SQLite around the switchboard, and the hold on a relay.
        core(
            "Broker",
            [
                "Wire", "Primitives", "Signalling", "Page", "Compression", "Network", "TURN", "Relay",
                .product(name: "GRDB", package: "GRDB.swift"),
            ] + nio),
        // A session on real sockets and files: bridge, errands to the broker, WAV.
        core(
            "Endpoint",
            [
                "Wire", "Primitives", "Invitation", "SecureChannel", "Signalling", "Consultation", "ICE", "TURN",
                "SecureTransport", "RTP", "Audio", "Session", "Network", "Keystore", "Page", "Release", "Compression",
            ] + nio),
        // The doctor at work: rooms, calls, and the screen before them.
        core(
            "Desk",
            [
                "Wire", "Invitation", "SecureChannel", "Consultation", "ICE", "RTP", "Audio", "Session", "Network",
                "Keystore", "Sound", "Release", "Endpoint", "TURN", "Signalling", "Primitives", "Handout", "Terminal",
                "Phrases",
                "Screens", "Console", .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ]),
        // Heap allocations of a thread, counted by the processor.
        .target(name: "CAllocations", path: "Benchmarks/CAllocations"),
        // What media costs beside libopus alone, and what memory hours of a call take.
        .target(
            name: "MediaBench",
            dependencies: ["Audio", "SecureTransport", "Session", "Wire", "COpus", "CAllocations"],
            path: "Benchmarks/Media", swiftSettings: strict),
        // What a listener hears over seeded bad paths.
        .target(
            name: "QualityBench", dependencies: ["Audio", "RTP", "Wire"], path: "Benchmarks/Quality",
            swiftSettings: strict),
        // How long a call takes until it is heard, over paths of several lengths.
        .target(
            name: "SetupBench",
            dependencies: [
                "Wire", "Primitives", "Invitation", "SecureChannel", "Signalling", "Consultation", "ICE", "Audio",
                "Session",
            ],
            path: "Benchmarks/Setup", exclude: ["browsers.py"], swiftSettings: strict),
        // The command.
        .executableTarget(
            name: "colloque",
            dependencies: [
                "Wire", "Primitives", "Invitation", "ICE", "SecureChannel", "Signalling", "Consultation", "Audio",
                "Session", "TURN", "Network", "Keystore", "Handout", "Page", "Release", "Relay", "Broker", "Endpoint",
                "Terminal", "Phrases", "Screens", "Console", "Sound", "Desk", "MediaBench", "QualityBench",
                "SetupBench", "CAllocations",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ] + nio, swiftSettings: strict),
        // The sealed channel on standard input and output, for tests of interoperability.
        .executableTarget(
            name: "interop-peer", dependencies: ["Wire", "Primitives", "Invitation", "SecureChannel"],
            path: "Sources/InteropPeer", swiftSettings: strict),
        // A sound card in the hands of a test.
        .executableTarget(
            name: "sound-probe", dependencies: ["Sound", "Audio", "Wire", "CPoll"], path: "Sources/SoundProbe",
            swiftSettings: strict),
        // States of the doctor's screens, by name; and any of them on a real terminal.
        .target(
            name: "ScreenSpecimens", dependencies: ["Terminal", "Phrases", "Screens"], path: "Tests/ScreenSpecimens",
            swiftSettings: strict),
        .executableTarget(
            name: "screen-gallery", dependencies: ["Terminal", "Phrases", "Screens", "Console", "ScreenSpecimens"],
            path: "Sources/ScreenGallery", swiftSettings: strict),
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
        // What another implementation computed of the protocol's steps.
        .target(
            name: "ProtocolVectors", dependencies: ["Wire"], path: "Tests/ProtocolVectors", swiftSettings: strict),
        tests("InvitationTests", ["Wire", "Primitives", "Invitation", "Signalling", "ProtocolVectors"]),
        tests("SecureChannelTests", ["Wire", "Primitives", "Invitation", "SecureChannel", "ProtocolVectors"]),
        tests("SignallingTests", ["Wire", "Primitives", "Signalling"]),
        tests("ICETests", ["ICE", "STUN", "Wire"]),
        tests("TURNTests", ["TURN", "STUN", "Primitives", "Wire"]),
        tests("SecureTransportTests", ["SecureTransport", "Wire", "CVirtualClock", "CSRTP"]),
        tests("AudioTests", ["Audio", "Wire"]),
        tests("TerminalTests", ["Terminal"]),
        tests("PhrasesTests", ["Phrases", "Terminal"]),
        .testTarget(
            name: "ScreensTests", dependencies: ["Screens", "Phrases", "Terminal", "ScreenSpecimens"],
            exclude: ["Golden"], swiftSettings: strict),
        tests("SoundTests", ["Sound", "Audio", "Wire"]),
        tests(
            "ConsultationTests",
            ["Consultation", "Simulation", "Signalling", "SecureChannel", "Invitation", "Primitives", "Wire"]),
        tests(
            "SessionTests",
            [
                "Session", "STUN", "Consultation", "Simulation", "Signalling", "SecureChannel", "Invitation", "ICE",
                "TURN",
                "Audio",
                "SecureTransport", "RTP", "Primitives", "Wire", "CVirtualClock",
            ]),
        // A client of a relay on a real socket.
        .target(
            name: "RelaySupport", dependencies: ["TURN", "Network", "Wire"], path: "Tests/RelaySupport",
            swiftSettings: strict),
        tests("EndpointTests", ["Endpoint", "Wire"]),
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
        tests("HandoutTests", ["Handout", "Compression"]),
        tests(
            "DeskTests",
            [
                "Desk", "Endpoint", "Keystore", "Network", "Consultation", "Session", "ICE", "Invitation", "Primitives",
                "SecureChannel", "Terminal", "Wire", .product(name: "NIOPosix", package: "swift-nio"),
            ]),
        tests("ReleaseTests", ["Wire", "Primitives", "Page", "Release"]),
        tests(
            "BrokerTests",
            [
                "Wire", "Primitives", "Signalling", "TURN", "Page", "Network", "Relay", "RelaySupport", "Broker",
                "CBrotli", "CZlib",
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
