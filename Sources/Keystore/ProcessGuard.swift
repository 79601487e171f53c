internal import CPoll

/// Keeps what this process knows out of core dumps and out of sight of the user's other processes.
package enum ProcessGuard {
    /// For good; called before a passphrase is read. The administrator of the machine still sees everything.
    /// - Returns: `false` where the system refuses.
    @discardableResult
    package static func forbidDumps() -> Bool {
        colloque_forbid_dumps() == 0
    }
}
