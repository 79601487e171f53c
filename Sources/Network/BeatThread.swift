internal import CPoll
internal import Wire

/// What a thread that keeps a beat asks of the system.
package enum BeatThread {
    /// Asks for short slices of the processor for the calling thread, so that it runs soon after it wakes, also where
    /// others use the machine. It needs no privilege.
    /// - Returns: the slice that holds from now on; `nil` where the kernel (before Linux 6.12) or the thread's class has
    ///   none.
    @discardableResult
    package static func askForShortSlices() -> Duration? {
        let slice = colloque_ask_for_short_slices()
        return slice > 0 ? .nanoseconds(slice) : nil
    }
}
