package import Primitives

/// Octets of a key as a plain value: compared in constant time, never printed.
///
/// ``SecretBytes`` guards a key with four mappings of memory, right for the few that live long. An end
/// in the simulator, of which there are thousands, holds its epoch's keys in these.
package struct Secret: Sendable {
    package let bytes: [UInt8]

    package init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    package var count: Int { self.bytes.count }

    /// A copy in guarded memory, as the primitives take it.
    package var guarded: SecretBytes { SecretBytes(copying: self.bytes) }
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
