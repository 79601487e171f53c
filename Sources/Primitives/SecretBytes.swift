/// Octets in guarded memory that is locked against swapping, wiped on release and never printed.
///
/// Immutable after `init`, hence safe to share between threads. Copying the reference copies no octet.
package final class SecretBytes: @unchecked Sendable {
    // Unchecked: the memory is written in `init` only and read-only afterwards.
    private let memory: UnsafeMutableRawBufferPointer

    package let count: Int

    /// Copies the octets; the caller's copy stays the caller's to wipe (``wipe(_:)``).
    package convenience init(copying bytes: some Collection<UInt8>) {
        self.init(count: bytes.count) { $0.copyBytes(from: bytes) }
    }

    /// Fresh random octets from the system's generator.
    package convenience init(randomCount: Int) {
        self.init(count: randomCount) { Sodium.fillRandom($0) }
    }

    /// Lets `fill` write the octets in place; the memory starts as garbage.
    package init(count: Int, filledBy fill: (UnsafeMutableRawBufferPointer) -> Void) {
        guard let memory = Sodium.allocate(count) else {
            preconditionFailure("no guarded memory for \(count) octets")
        }
        fill(memory)
        self.memory = memory
        self.count = count
    }

    deinit {
        Sodium.free(self.memory)
    }

    /// The pointer must not leave `body`.
    package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        body(UnsafeRawBufferPointer(self.memory))
    }

    /// An ordinary array, for the moment in which a key goes into a message or a file; wipe it afterwards.
    package func copy() -> [UInt8] {
        self.withBytes { [UInt8]($0) }
    }

    /// Overwrites an array that held a secret. Effective only while the array's storage is not shared.
    package static func wipe(_ bytes: inout [UInt8]) {
        Sodium.zero(&bytes)
    }
}

extension SecretBytes: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "‹secret›" }
    package var debugDescription: String { "‹secret›" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

extension SecretBytes: Equatable {
    /// Constant time for equal lengths.
    package static func == (left: SecretBytes, right: SecretBytes) -> Bool {
        guard left.count == right.count else { return false }
        return left.withBytes { a in right.withBytes { b in zip(a, b).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0 } }
    }
}
