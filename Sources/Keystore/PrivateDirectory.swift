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
    }

    /// The names of files that were written whole.
    func names() throws(KeystoreError) -> [String] {
        guard let directory = opendir(self.path) else { throw failure("opendir", self.path) }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }

    /// - Returns: `nil` when there is no such file.
    func read(_ name: String) throws(KeystoreError) -> [UInt8]? {
        let path = self.path(of: name)
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard file >= 0 else {
            if errno == ENOENT { return nil }
            if errno == ELOOP { throw .notOurs(path: path) }
            throw failure("open", path)
        }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw failure("fstat", path) }
        try check(status, kind: S_IFREG, path)
        guard status.st_size <= Self.maximumFileLength else { throw .damaged(path: path) }
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
            unlink(draft)
            guard status == 0 else {
                if reason == EEXIST { return false }
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
