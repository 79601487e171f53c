internal import Glibc
internal import Wire

/// A directory that only its owner may enter, and its files: the border to the file system.
///
/// A file is replaced whole or not at all: written beside its place, synchronised, renamed, and the
/// directory synchronised. A crash at any point leaves the old content or the new.
struct PrivateDirectory: Sendable {
    /// How far a write has come, for the tests that interrupt it.
    enum Step: CaseIterable {
        case created, half, written, synchronised, placed
    }

    let path: String

    /// Opens the directory (or what a link leads to), made with mode 0700 where it is missing (as are those above it).
    init(path: String) throws(KeystoreError) {
        self.path = path
        try makeDirectories(path)
        var status = stat()
        guard stat(path, &status) == 0 else { throw failure("stat", path) }
        try check(status, kind: S_IFDIR, path)
        self.sweepDrafts()
    }

    /// The names of files that were written whole.
    func names() throws(KeystoreError) -> [String] {
        try self.entries().filter { !$0.hasPrefix(".") }.sorted()
    }

    private func entries() throws(KeystoreError) -> [String] {
        guard let directory = opendir(self.path) else { throw failure("opendir", self.path) }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
            }
            names.append(name)
        }
        return names
    }

    /// Removes what a process left that was killed while it wrote: what is old, since a young draft may be another
    /// process's work.
    private func sweepDrafts() {
        guard let entries = try? self.entries() else { return }
        let now = time(nil)
        for name in entries where name.hasPrefix(".") && name.split(separator: ".").last?.utf8.count == 16 {
            var status = stat()
            let path = self.path(of: name)
            guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { continue }
            if now - status.st_mtim.tv_sec > Self.draftLifetime { unlink(path) }
        }
    }

    /// Waits until nobody else holds the lock of that name.
    /// - Returns: what to close to let go of it.
    func lock(_ name: String) throws(KeystoreError) -> Int32 {
        let path = self.path(of: name)
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw failure("open", path) }
        while flock(descriptor, LOCK_EX) != 0 {
            guard errno == EINTR else {
                let error = failure("flock", path)
                close(descriptor)
                throw error
            }
        }
        return descriptor
    }

    /// - Returns: `nil` when there is no such file.
    func read(_ name: String) throws(KeystoreError) -> [UInt8]? {
        try readFile(self.path(of: name), limit: Self.maximumFileLength) { status, path throws(KeystoreError) in
            try check(status, kind: S_IFREG, path)
        }
    }

    /// A file that somebody names, wherever it is and whoever may read it.
    static func read(anywhere path: String, limit: Int) throws(KeystoreError) -> [UInt8]? {
        try readFile(path, flags: 0, limit: limit) { status, path throws(KeystoreError) in
            guard status.st_mode & S_IFMT == S_IFREG else { throw KeystoreError.notOurs(path: path) }
        }
    }

    /// A file of mode 0600 in a directory that need not be private.
    /// - Returns: `false`, with nothing changed, when `isNew` and there is one already.
    @discardableResult
    static func write(_ octets: [UInt8], anywhere path: String, isNew: Bool = true) throws(KeystoreError) -> Bool {
        let slash = path.lastIndex(of: "/")
        let directory = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let name = slash.map { String(path[path.index(after: $0)...]) } ?? path
        return try PrivateDirectory(unchecked: directory).write(octets, to: name, isNew: isNew)
    }

    private init(unchecked path: String) {
        self.path = path
    }

    /// Replaces the file, or makes it.
    /// - Parameter isNew: the file must not be there yet.
    /// - Returns: `false`, with nothing changed, when `isNew` and it is.
    @discardableResult
    func write(
        _ octets: [UInt8], to name: String, isNew: Bool = false,
        observing observe: (Step) throws(KeystoreError) -> Void = { _ in }
    ) throws(KeystoreError) -> Bool {
        var random = RandomSource.system
        let place = self.path(of: name)
        let draft = self.path(of: ".\(name).\(random.bytes(count: 8).hex)")
        let file = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { throw failure("open", draft) }
        do throws(KeystoreError) {
            defer { close(file) }
            try observe(.created)
            let middle = octets.count / 2
            try writeAll(octets[..<middle], to: file, draft)
            try observe(.half)
            try writeAll(octets[middle...], to: file, draft)
            try observe(.written)
            guard fsync(file) == 0 else { throw failure("fsync", draft) }
            try observe(.synchronised)
        } catch {
            unlink(draft)
            throw error
        }
        if isNew {
            // A link, unlike a renaming, fails when the place is taken.
            let status = link(draft, place)
            let reason = errno
            // Some file systems, those of memory sticks among them, have no links.
            let isPlaced = status == 0 || [EPERM, EOPNOTSUPP].contains(reason) && renameToFree(draft, place)
            unlink(draft)
            guard isPlaced else {
                if reason == EEXIST || access(place, F_OK) == 0 { return false }
                throw .system(call: "link", path: place, errno: reason)
            }
        } else {
            guard rename(draft, place) == 0 else {
                let error = failure("rename", place)
                unlink(draft)
                throw error
            }
        }
        try observe(.placed)
        try self.synchronise()
        return true
    }

    /// - Returns: `false` when there is no such file.
    func remove(_ name: String) throws(KeystoreError) -> Bool {
        guard unlink(self.path(of: name)) == 0 else {
            if errno == ENOENT { return false }
            throw failure("unlink", self.path(of: name))
        }
        try self.synchronise()
        return true
    }

    func path(of name: String) -> String {
        "\(self.path)/\(name)"
    }

    private func synchronise() throws(KeystoreError) {
        let directory = open(self.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw failure("open", self.path) }
        defer { close(directory) }
        guard fsync(directory) == 0 else { throw failure("fsync", self.path) }
    }

    /// Far more than any file of the keystore has.
    private static let maximumFileLength = 65536
    /// In seconds: nothing is written for as long.
    private static let draftLifetime = 3600
}

private func renameToFree(_ draft: String, _ place: String) -> Bool {
    access(place, F_OK) != 0 && errno == ENOENT && rename(draft, place) == 0
}

private func readFile(
    _ path: String, flags: Int32 = O_NOFOLLOW, limit: Int, check: (stat, String) throws(KeystoreError) -> Void
) throws(KeystoreError) -> [UInt8]? {
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | flags)
    guard file >= 0 else {
        if errno == ENOENT { return nil }
        if errno == ELOOP { throw .notOurs(path: path) }
        throw failure("open", path)
    }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0 else { throw failure("fstat", path) }
    try check(status, path)
    guard status.st_size <= limit else { throw .damaged(path: path) }
    var octets = [UInt8](repeating: 0, count: Int(status.st_size))
    var filled = 0
    while filled < octets.count {
        let count = octets.withUnsafeMutableBytes {
            Glibc.read(file, $0.baseAddress?.advanced(by: filled), $0.count - filled)
        }
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { throw failure("read", path) }
        filled += count
    }
    return octets
}

private func failure(_ call: String, _ path: String) -> KeystoreError {
    .system(call: call, path: path, errno: errno)
}

private func check(_ status: stat, kind: mode_t, _ path: String) throws(KeystoreError) {
    guard status.st_mode & S_IFMT == kind, status.st_uid == geteuid() else { throw .notOurs(path: path) }
    let mode = status.st_mode & 0o7777
    guard mode & 0o077 == 0 else { throw .looseMode(path: path, mode: mode) }
}

private func writeAll(_ octets: ArraySlice<UInt8>, to file: Int32, _ path: String) throws(KeystoreError) {
    var rest = octets
    while !rest.isEmpty {
        let count = rest.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { throw failure("write", path) }
        rest = rest.dropFirst(count)
    }
}

private func makeDirectories(_ path: String) throws(KeystoreError) {
    if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
    guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex else {
        throw failure("mkdir", path)
    }
    try makeDirectories(String(path[..<slash]))
    guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw failure("mkdir", path) }
}
