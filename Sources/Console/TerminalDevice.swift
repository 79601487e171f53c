internal import CConsole
internal import Glibc
package import Terminal

/// Why there is no terminal to hold; the doctor is told, and lines are printed instead.
package enum TerminalDeviceError: Error, Equatable, Sendable {
    /// Standard input is no terminal, or another device is open already.
    case unavailable(errno: Int32)
}

/// The terminal of this process in raw mode, its keys, its size and its signals.
///
/// The caller polls ``inputDescriptor`` and ``eventDescriptor``, calls ``readKeys()`` and ``takeEvents()`` when they
/// are readable, ``flushKeys()`` when ``KeyDecoder/escapeDelay`` passed with ``awaitsMoreKeys``, and draws with
/// ``show(_:)``. Not `Sendable`: lives on one thread.
///
/// Ctrl-C, Ctrl-\ and Ctrl-Z arrive as keys; answer the last with ``suspend()``. However the process ends, except
/// by SIGKILL, the screen and the settings are as before: by ``close()`` or `deinit`, at `exit`, and in the handlers
/// of SIGTERM, SIGHUP, SIGINT, SIGQUIT, of crashes and of stops.
package struct TerminalDevice: ~Copyable {
    package enum Event: Equatable, Sendable {
        /// Ask for ``size`` again and draw.
        case resized
        /// Back in the foreground after a stop: the screen is taken over again, draw.
        case resumed
        /// Somebody asked the process to end: hang up, close, exit. A second signal ends it at once.
        case stop
    }

    /// Readable when keys wait. Blocking: read through ``readKeys()`` only.
    package let inputDescriptor: Int32 = STDIN_FILENO
    /// Readable when events wait.
    package let eventDescriptor: Int32
    private var decoder = KeyDecoder()
    private var renderer: Renderer
    private var isOpen = true
    /// Of a frame that the terminal has not taken yet.
    private var pending: ArraySlice<UInt8> = []

    /// Takes the terminal over.
    /// - Parameter reportsStop: Whether a first SIGTERM, SIGHUP or SIGINT becomes ``Event/stop``; it ends the process
    ///   otherwise.
    package init(capabilities: Capabilities, reportsStop: Bool = true) throws(TerminalDeviceError) {
        let farewell = Renderer.leave
        let descriptor = farewell.withUnsafeBufferPointer { buffer in
            colloque_console_begin(STDIN_FILENO, STDOUT_FILENO, buffer.baseAddress, buffer.count, reportsStop ? 1 : 0)
        }
        guard descriptor >= 0 else { throw .unavailable(errno: errno) }
        self.eventDescriptor = descriptor
        self.renderer = Renderer(hasColours: capabilities.hasColours)
        Self.write(self.renderer.enter())
    }

    deinit {
        if self.isOpen { Self.restore() }
    }

    /// Gives the terminal back; calling it twice is harmless.
    package mutating func close() {
        guard self.isOpen else { return }
        self.isOpen = false
        Self.restore()
    }

    /// As the terminal says now, 80×24 when it does not.
    package var size: Size {
        var columns: Int32 = 0
        var rows: Int32 = 0
        guard colloque_console_size(STDOUT_FILENO, &columns, &rows) == 0 else { return .standard }
        return Size(columns: Int(columns), rows: Int(rows))
    }

    /// Draws what changed since the last frame. A terminal that takes no more, stopped by Ctrl-S or at the end of a slow
    /// line, is not waited for: what is left of a frame goes with the next call, and frames in between are not drawn.
    package mutating func show(_ frame: Frame) {
        self.flush()
        guard self.pending.isEmpty else { return }
        self.pending = self.renderer.render(frame)[...]
        self.flush()
    }

    private mutating func flush() {
        while !self.pending.isEmpty, Self.isWritable(STDOUT_FILENO) {
            let count = self.pending.prefix(Self.chunk).withUnsafeBytes {
                Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count)
            }
            if count < 0, errno != EINTR, errno != EAGAIN { self.pending = [] }
            if count > 0 { self.pending = self.pending.dropFirst(count) }
        }
    }

    private static func isWritable(_ descriptor: Int32) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        return poll(&entry, 1, 0) > 0
    }

    /// Less than what a terminal that says it is writable takes at once.
    private static let chunk = 256

    /// The terminal's bell: somebody came. A terminal that takes nothing does not ring.
    package mutating func ring() {
        self.flush()
        guard self.pending.isEmpty else { return }
        self.pending = [0x07]
        self.flush()
    }

    /// - Returns: The keys of what waited; nil at the end of input: the terminal is gone.
    package mutating func readKeys() -> [Key]? {
        guard Self.isReadable(self.inputDescriptor) else { return [] }
        var buffer = [UInt8](repeating: 0, count: 1024)
        var keys: [Key] = []
        while Self.isReadable(self.inputDescriptor) {
            let count = buffer.withUnsafeMutableBytes { read(self.inputDescriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN { break }
            guard count > 0 else { return nil }
            keys += self.decoder.feed(buffer.prefix(count))
            if count < buffer.count { break }
        }
        return keys
    }

    /// Whether ``flushKeys()`` is due after ``KeyDecoder/escapeDelay``.
    package var awaitsMoreKeys: Bool { self.decoder.awaitsMore }

    package mutating func flushKeys() -> [Key] { self.decoder.flush() }

    /// What happened since, oldest first, each kind once.
    package mutating func takeEvents() -> [Event] {
        // Asked for after each packet of a call, and there is hardly ever one.
        guard Self.isReadable(self.eventDescriptor) else { return [] }
        var buffer = [UInt8](repeating: 0, count: 64)
        var events: [Event] = []
        while true {
            let count = buffer.withUnsafeMutableBytes { read(self.eventDescriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            for octet in buffer.prefix(count) {
                guard let event = Self.event(octet), !events.contains(event) else { continue }
                events.append(event)
            }
        }
        if events.contains(.resumed) {
            self.pending = []
            Self.write(self.renderer.enter())
        }
        return events
    }

    /// Stops the process as Ctrl-Z does; returns when it continues, then ``takeEvents()`` tells ``Event/resumed``.
    package func suspend() { colloque_console_suspend() }

    private static func event(_ octet: UInt8) -> Event? {
        switch Int(octet) {
        case Int(colloque_console_resized): .resized
        case Int(colloque_console_resumed): .resumed
        case Int(colloque_console_stop): .stop
        default: nil
        }
    }

    private static func restore() {
        self.write(Renderer.leave)
        colloque_console_end()
    }

    private static func isReadable(_ descriptor: Int32) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, 0) > 0
    }

    /// All of it: a slow terminal is waited for, one that is gone is given up.
    private static func write(_ octets: [UInt8]) {
        octets.withUnsafeBytes { buffer in
            var done = 0
            while done < buffer.count {
                let count = Glibc.write(STDOUT_FILENO, buffer.baseAddress.map { $0 + done }, buffer.count - done)
                if count > 0 {
                    done += count
                } else if errno == EAGAIN {
                    var entry = pollfd(fd: STDOUT_FILENO, events: Int16(POLLOUT), revents: 0)
                    if poll(&entry, 1, 1000) <= 0 { return }
                } else if errno != EINTR {
                    return
                }
            }
        }
    }
}
