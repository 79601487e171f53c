internal import CBrotli
internal import CZlib

/// RFC 7932 at the best level, which takes a page some 0.2 s, with a window that holds it whole: equal octets in give
/// equal octets out.
/// - Returns: `nil` if the library refuses.
func brotli(_ bytes: [UInt8]) -> [UInt8]? {
    var count = BrotliEncoderMaxCompressedSize(bytes.count)
    var output = [UInt8](repeating: 0, count: count)
    let isDone = bytes.withUnsafeBufferPointer { source in
        output.withUnsafeMutableBufferPointer { target in
            BrotliEncoderCompress(
                BROTLI_MAX_QUALITY, BROTLI_DEFAULT_WINDOW, BROTLI_MODE_TEXT, source.count, source.baseAddress, &count,
                target.baseAddress)
        }
    }
    guard isDone == BROTLI_TRUE else { return nil }
    return Array(output.prefix(count))
}

/// RFC 1952 at the best level, without a file name or a time: equal octets in give equal octets out.
/// - Returns: `nil` if zlib refuses.
func gzip(_ bytes: [UInt8]) -> [UInt8]? {
    var stream = z_stream()
    let gzipWindow = 15 + 16
    guard
        deflateInit2_(
            &stream, Z_BEST_COMPRESSION, Z_DEFLATED, Int32(gzipWindow), 9, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
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
