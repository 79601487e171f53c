internal import CPoll
internal import Glibc
internal import NIOConcurrencyHelpers

/// Letters from any thread to one that sleeps in ``waitForInput(on:for:)``.
package final class Mailbox<Letter: Sendable>: Sendable {
    private let letters = NIOLockedValueBox<[Letter]>([])
    /// Readable while letters wait.
    package let descriptor: Int32

    package init() {
        self.descriptor = colloque_eventfd()
        precondition(self.descriptor >= 0, "no descriptor is left for a mailbox")
    }

    deinit { close(self.descriptor) }

    package func post(_ letter: Letter) {
        self.letters.withLockedValue { $0.append(letter) }
        var one: UInt64 = 1
        _ = write(self.descriptor, &one, 8)
    }

    /// Everything posted so far, in order.
    package func take() -> [Letter] {
        var count: UInt64 = 0
        _ = read(self.descriptor, &count, 8)
        return self.letters.withLockedValue { letters in
            defer { letters = [] }
            return letters
        }
    }
}
