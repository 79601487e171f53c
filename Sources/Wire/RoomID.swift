/// The address of a room at the broker: 16 octets derived from the secret of its link.
///
/// Whoever reads room ids in a log can tell which visits belong together, so the type prints a placeholder.
package struct RoomID: Hashable, Sendable {
    /// Octets of a room id.
    package static let count = 16

    /// Exactly ``count`` octets.
    package let bytes: [UInt8]

    /// - Returns: `nil` unless there are exactly ``count`` octets.
    package init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == Self.count else { return nil }
        self.bytes = [UInt8](bytes)
    }

    private init(zeros: Void) {
        self.bytes = [UInt8](repeating: 0, count: Self.count)
    }

    /// Sixteen zeros: "no room" in the envelopes that always carry one.
    package static let none = RoomID(zeros: ())
}

extension RoomID: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "<room>" }

    package var debugDescription: String { self.description }

    package var customMirror: Mirror { Mirror(self, children: []) }
}
