internal import CQRencode

/// A QR code (ISO/IEC 18004) as a square of modules, without its margin: the border to libqrencode.
package struct QRCode: Equatable, Sendable {
    /// Modules on a side.
    package let side: Int
    /// Row by row from the top left; `true` is dark.
    package let modules: [Bool]

    /// The smallest code that holds the text, with medium error correction: 15 of 100 octets may be lost.
    /// - Returns: `nil` for a text that is empty or longer than any code holds.
    package init?(_ text: String) {
        let octets = [UInt8](text.utf8)
        guard !octets.isEmpty, octets.count <= Self.maximumLength,
            let code = QRcode_encodeData(Int32(octets.count), octets, 0, QR_ECLEVEL_M)
        else { return nil }
        defer { QRcode_free(code) }
        let side = Int(code.pointee.width)
        self.side = side
        self.modules = (0..<side * side).map { code.pointee.data[$0] & 1 == 1 }
    }

    /// Whether the module is dark; everything around the code is light.
    package subscript(column column: Int, row row: Int) -> Bool {
        guard (0..<self.side).contains(column), (0..<self.side).contains(row) else { return false }
        return self.modules[row * self.side + column]
    }

    /// What scanners ask for around a code, in modules (ISO/IEC 18004 §9.1).
    package static let margin = 4
    /// Of version 40 with medium error correction, in octets.
    private static let maximumLength = 2331
}
