internal import CZopfli
internal import Glibc

/// Deflate as small as it gets, forty times as slow as zlib: the border to libzopfli.
package enum Zopfli {
    /// RFC 1952 without a file name or a time: equal octets in give equal octets out. A page takes it some 0.2 s.
    package static func compress(_ bytes: [UInt8]) -> [UInt8] {
        var options = ZopfliOptions()
        ZopfliInitOptions(&options)
        options.numiterations = Self.iterations
        var (output, count): (UnsafeMutablePointer<UInt8>?, Int) = (nil, 0)
        defer { free(output) }
        ZopfliCompress(&options, ZOPFLI_FORMAT_GZIP, bytes, bytes.count, &output, &count)
        return Array(UnsafeBufferPointer(start: output, count: count))
    }

    /// More of them save a few octets of a page and take as long again.
    private static let iterations: Int32 = 5
}
