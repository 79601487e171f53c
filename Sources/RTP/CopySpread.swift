/// Of which earlier packets a packet carries copies (RFC 2198).
///
/// A run of losses takes what stands close to a packet with it: where losses come in runs, far copies bring back what
/// near ones do not. Where each is lost for itself, near ones are as good, and playout waits for them less.
package struct CopySpread: Equatable, Sendable {
    /// How many, 0 … 3.
    package let count: Int
    /// For losses that come in runs.
    package let isFar: Bool

    package init(count: Int, isFar: Bool = false) {
        self.count = min(max(count, 0), Self.most)
        self.isFar = isFar
    }

    /// By how many packets the copied ones are earlier, the oldest first.
    package var distances: [Int] { self.isFar ? Self.far[self.count] : Self.near[self.count] }

    package static let most = 3
    /// No copy is of an earlier packet than that: with 40 ms each, 200 of the 341 ms that RED can tell.
    static let reach = 5

    private static let near = [[], [1], [2, 1], [3, 2, 1]]
    /// What is heard over runs of three hangs on the farthest copy; beyond the fifth, on the wait for it.
    private static let far = [[], [3], [5, 2], [5, 3, 1]]
}
