package import Primitives

/// Octets of a key as a plain value: compared in constant time, never printed, overwritten when the last copy goes.
///
/// ``SecretBytes`` guards a key with four mappings of memory, right for the few that live long. An end
/// in the simulator, of which there are thousands, holds its epoch's keys in these.
package struct Secret: Sendable {
    private let storage: Storage

    package init(_ bytes: [UInt8]) {
        self.storage = Storage(bytes)
    }

    /// For the moment in which the octets are used: while this array is held they are not overwritten.
    package var bytes: [UInt8] { self.storage.bytes }

    package var count: Int { self.storage.bytes.count }

    /// A copy in guarded memory, as the primitives take it.
    package var guarded: SecretBytes { SecretBytes(copying: self.bytes) }

    // Unchecked: written in `deinit` only, when nobody else holds it.
    private final class Storage: @unchecked Sendable {
        private(set) var bytes: [UInt8]

        /// Of its own, so that no other array keeps them from being overwritten.
        init(_ bytes: [UInt8]) {
            self.bytes = bytes.withUnsafeBufferPointer { source in
                [UInt8](unsafeUninitializedCapacity: source.count) { target, count in
                    count = target.update(fromContentsOf: source)
                }
            }
        }

        deinit {
            SecretBytes.wipe(&self.bytes)
        }
    }
}

extension Secret: Equatable {
    package static func == (left: Secret, right: Secret) -> Bool {
        constantTimeEquals(left.bytes, right.bytes)
    }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "‹secret›" }
    package var debugDescription: String { "‹secret›" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
