internal import Compression

extension QRCode {
    /// A PNG in two shades (ISO/IEC 15948), with the margin.
    /// - Parameter scale: pixels a module.
    /// - Precondition: `scale` is positive.
    package func png(scale: Int = 8) -> [UInt8] {
        precondition(scale > 0)
        let width = (self.side + 2 * Self.margin) * scale
        var rows: [UInt8] = []
        for row in -Self.margin..<self.side + Self.margin {
            var line = [UInt8](repeating: 0, count: (width + 7) / 8)
            for x in 0..<width where !self[column: x / scale - Self.margin, row: row] {
                line[x / 8] |= 0x80 >> UInt8(x % 8)
            }
            for _ in 0..<scale { rows += [0] + line }  // Filter 0: as it is.
        }
        guard let compressed = Deflate.compress(rows, as: .zlib) else {
            preconditionFailure("zlib compresses whatever fits into memory")
        }
        let size = UInt32(width).octets
        // One bit a pixel, greyscale, the one compression, filter and interlace there are.
        let header = size + size + [1, 0, 0, 0, 0]
        return Self.signature + chunk("IHDR", header) + chunk("IDAT", compressed) + chunk("IEND", [])
    }

    /// An SVG of one path, one unit a module, with the margin.
    package func svg() -> String {
        let size = self.side + 2 * Self.margin
        var path = ""
        for row in 0..<self.side {
            var column = 0
            while column < self.side {
                let start = column
                while self[column: column, row: row] { column += 1 }
                if column > start {
                    let length = column - start
                    path += "M\(start + Self.margin) \(row + Self.margin)h\(length)v1h-\(length)z"
                }
                column += 1
            }
        }
        return """
            <svg xmlns="http://www.w3.org/2000/svg" width="\(size * 4)" height="\(size * 4)" \
            viewBox="0 0 \(size) \(size)" shape-rendering="crispEdges"><rect width="\(size)" height="\(size)" \
            fill="#fff"/><path d="\(path)"/></svg>

            """
    }

    private static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
}

private func chunk(_ type: String, _ content: [UInt8]) -> [UInt8] {
    let typed = [UInt8](type.utf8) + content
    return UInt32(content.count).octets + typed + cyclicRedundancyCheck(typed).octets
}

/// CRC-32 as in ISO 3309.
private func cyclicRedundancyCheck(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(~0) { value, byte in
        (0..<8).reduce(value ^ UInt32(byte)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
    }
}

extension UInt32 {
    fileprivate var octets: [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: self >> $0) }
    }
}
