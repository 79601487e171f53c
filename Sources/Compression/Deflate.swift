internal import CZlib

/// Deflate in the two wrappings that are needed: the border to zlib.
package enum Deflate {
    package enum Wrapping: Sendable {
        /// RFC 1950, as PNG has it.
        case zlib
        /// RFC 1952 without a file name or a time: equal octets in give equal octets out.
        case gzip

        fileprivate var windowBits: Int32 { self == .zlib ? 15 : 15 + 16 }
    }

    /// At the best level.
    /// - Returns: `nil` if zlib refuses.
    package static func compress(_ bytes: [UInt8], as wrapping: Wrapping) -> [UInt8]? {
        var stream = z_stream()
        guard
            deflateInit2_(
                &stream, Z_BEST_COMPRESSION, Z_DEFLATED, wrapping.windowBits, 9, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
                Int32(MemoryLayout<z_stream>.size)) == Z_OK
        else { return nil }
        defer { deflateEnd(&stream) }
        var input = bytes
        var output = [UInt8](repeating: 0, count: Int(deflateBound(&stream, UInt(bytes.count))))
        let result = input.withUnsafeMutableBufferPointer { source in
            output.withUnsafeMutableBufferPointer { target in
                stream.next_in = source.baseAddress
                stream.avail_in = UInt32(source.count)
                stream.next_out = target.baseAddress
                stream.avail_out = UInt32(target.count)
                return deflate(&stream, Z_FINISH)
            }
        }
        guard result == Z_STREAM_END else { return nil }
        return Array(output.prefix(Int(stream.total_out)))
    }

    /// - Parameter limit: of what comes out, in octets.
    /// - Returns: `nil` unless the octets are one whole stream with nothing behind it.
    package static func decompress(_ bytes: [UInt8], as wrapping: Wrapping, limit: Int) -> [UInt8]? {
        var stream = z_stream()
        guard inflateInit2_(&stream, wrapping.windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
        else { return nil }
        defer { inflateEnd(&stream) }
        var input = bytes
        var output = [UInt8](repeating: 0, count: limit + 1)
        let result = input.withUnsafeMutableBufferPointer { source in
            output.withUnsafeMutableBufferPointer { target in
                stream.next_in = source.baseAddress
                stream.avail_in = UInt32(source.count)
                stream.next_out = target.baseAddress
                stream.avail_out = UInt32(target.count)
                return inflate(&stream, Z_FINISH)
            }
        }
        guard result == Z_STREAM_END, stream.avail_in == 0, Int(stream.total_out) <= limit else { return nil }
        return Array(output.prefix(Int(stream.total_out)))
    }
}
