internal import Glibc

/// Just enough of files.
package enum Files {
    package struct Failure: Error {
        package let path: String
        /// `errno`.
        package let code: Int32
    }

    static func read(_ path: String) throws -> [UInt8] {
        guard let file = fopen(path, "rb") else { throw Failure(path: path, code: errno) }
        defer { fclose(file) }
        var octets: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = fread(&piece, 1, piece.count, file), count > 0 {
            octets += piece[..<count]
        }
        return octets
    }

    /// Writes a whole file, and makes the directories above it.
    static func write(_ octets: [UInt8], to path: String) throws {
        var position = path.startIndex
        while let slash = path[position...].dropFirst().firstIndex(of: "/") {
            mkdir(String(path[..<slash]), 0o777)
            position = slash
        }
        guard let file = fopen(path, "wb") else { throw Failure(path: path, code: errno) }
        defer { fclose(file) }
        guard fwrite(octets, 1, octets.count, file) == octets.count else { throw Failure(path: path, code: errno) }
    }

    /// The names in a directory that end in `suffix`, without it, in order.
    static func names(in directory: String, suffix: String) -> [String] {
        guard let handle = opendir(directory) else { return [] }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { octets in
                String(decoding: octets.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name.hasSuffix(suffix) { names.append(String(name.dropLast(suffix.count))) }
        }
        return names.sorted()
    }
}

/// Packets one after the other: two octets of length, most significant first, then the payload.
enum PacketFile {
    static func octets(_ payloads: [[UInt8]]) -> [UInt8] {
        payloads.flatMap { [UInt8($0.count >> 8), UInt8($0.count & 0xFF)] + $0 }
    }
}
