internal import CBrotli

/// RFC 7932: the border to libbrotli.
package enum Brotli {
    /// At the best level, which takes a page some 0.2 s, with a window that holds it whole: equal octets in give
    /// equal octets out.
    /// - Returns: `nil` if the library refuses.
    package static func compress(_ bytes: [UInt8]) -> [UInt8]? {
        var count = BrotliEncoderMaxCompressedSize(bytes.count)
        var output = [UInt8](repeating: 0, count: count)
        let isDone = bytes.withUnsafeBufferPointer { source in
            output.withUnsafeMutableBufferPointer { target in
                BrotliEncoderCompress(
                    BROTLI_MAX_QUALITY, BROTLI_DEFAULT_WINDOW, BROTLI_MODE_TEXT, source.count, source.baseAddress,
                    &count,
                    target.baseAddress)
            }
        }
        guard isDone == BROTLI_TRUE else { return nil }
        return Array(output.prefix(count))
    }

    /// - Parameter limit: of what comes out, in octets.
    /// - Returns: `nil` unless the octets are one whole stream with nothing behind it.
    package static func decompress(_ bytes: [UInt8], limit: Int) -> [UInt8]? {
        guard let state = BrotliDecoderCreateInstance(nil, nil, nil) else { return nil }
        defer { BrotliDecoderDestroyInstance(state) }
        var output = [UInt8](repeating: 0, count: limit + 1)
        var (inputLeft, outputLeft, total) = (bytes.count, output.count, 0)
        let result = bytes.withUnsafeBufferPointer { source in
            output.withUnsafeMutableBufferPointer { target in
                var (next, place) = (source.baseAddress, target.baseAddress)
                return BrotliDecoderDecompressStream(state, &inputLeft, &next, &outputLeft, &place, &total)
            }
        }
        guard result == BROTLI_DECODER_RESULT_SUCCESS, inputLeft == 0, total <= limit else { return nil }
        return Array(output.prefix(total))
    }
}
