internal import Foundation

/// A short piece of blocking work on a thread of its own.
struct BackgroundWork {
    let work: @Sendable () -> Void

    func start() {
        Thread.detachNewThread(self.work)
    }
}
