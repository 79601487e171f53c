internal import Glibc
internal import Terminal
internal import Wire

/// Keys from standard input without a screen: single keys and no echo where it is a terminal. Confined to one thread.
final class KeyInput {
    private var decoder = KeyDecoder()
    private var flushAt: Instant = .distantFuture
    private var saved: termios?
    private var isOpen = true

    init() {
        var settings = termios()
        guard isatty(STDIN_FILENO) == 1, tcgetattr(STDIN_FILENO, &settings) == 0 else { return }
        self.saved = settings
        // Interrupts stay signals here: there is no screen to restore.
        settings.c_lflag &= ~tcflag_t(ECHO | ICANON)
        tcsetattr(STDIN_FILENO, TCSANOW, &settings)
    }

    deinit { self.close() }

    /// `nil` once the input has ended.
    var descriptor: Int32? { self.isOpen ? STDIN_FILENO : nil }
    var deadline: Instant { self.flushAt }

    func read(now: Instant) -> [Key] {
        var keys: [Key] = []
        while self.isOpen {
            var entry = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
            guard poll(&entry, 1, 0) > 0 else { break }
            var octets = [UInt8](repeating: 0, count: 256)
            let count = Glibc.read(STDIN_FILENO, &octets, octets.count)
            if count < 0, errno == EINTR { continue }
            // The end of input ends no call: whoever started it closed a pipe.
            guard count > 0 else {
                self.isOpen = false
                break
            }
            keys += self.decoder.feed(octets.prefix(count))
        }
        if self.flushAt <= now { keys += self.decoder.flush() }
        // Packets wake this far more often than the delay lasts: they must not put it off.
        if !self.decoder.awaitsMore {
            self.flushAt = .distantFuture
        } else if self.flushAt == .distantFuture {
            self.flushAt = now + KeyDecoder.escapeDelay
        }
        return keys
    }

    /// Sleeps until something can be read.
    func wait(for descriptor: Int32) {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        _ = poll(&entry, 1, -1)
    }

    func close() {
        guard var settings = self.saved else { return }
        self.saved = nil
        tcsetattr(STDIN_FILENO, TCSANOW, &settings)
    }
}
