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

// Targets stand in the order a packet climbs; each imports only those above it.
let package = Package(
    name: "colloque",
    dependencies: [],
    targets: [
        // C libraries: a module map and one header each.
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CSodium", pkgConfig: "libsodium", providers: [.apt(["libsodium-dev"])]),
        // Bytes, time, addresses, serial numbers, random source.
        core("Wire"),
        // Hashes, X25519, Ed25519, AES-256-GCM, secret memory: libsodium and libcrypto, sealed in.
        core("Primitives", ["Wire", "CSodium", "COpenSSL"]),

        tests("WireTests", ["Wire"]),
        tests("PrimitivesTests", ["Primitives", "Wire"]),
    ]
)
