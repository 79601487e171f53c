import Compression
import Handout
import Testing

@Suite("Pictures of QR codes")
struct PictureTests {
    private let code = QRCode("https://broker.example/#AQDUzkbQ4PPd-OWmUw1YOKu0cmrriiwjysEmjfgo")

    @Test("a PNG holds the modules, each a square, and a margin of four")
    func png() throws {
        let code = try #require(self.code)
        let octets = code.png(scale: 3)
        #expect(octets.prefix(8) == [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
        let width = (code.side + 8) * 3
        #expect(octets[16..<24] == [0, 0, 0, UInt8(width), 0, 0, 0, UInt8(width)])
        // Signature 8, IHDR 25, then the length of IDAT.
        let length = Int(octets[35]) << 8 | Int(octets[36])
        let stride = (width + 7) / 8 + 1
        let rows = try #require(
            Deflate.decompress([UInt8](octets[41..<41 + length]), as: .zlib, limit: stride * width))
        #expect(rows.count == stride * width)
        for y in 0..<width {
            for x in 0..<width {
                let isLight = rows[y * stride + 1 + x / 8] & 0x80 >> UInt8(x % 8) != 0
                #expect(isLight != code[column: x / 3 - 4, row: y / 3 - 4])
            }
        }
    }

    @Test("each drawing holds the modules")
    func text() throws {
        let code = try #require(self.code)
        let ascii = code.text(.ascii).split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(
            Array.init)
        let blocks = code.text(.blocks).split(separator: "\n").map(Array.init)
        #expect(ascii.count == code.side + 8)
        for row in 0..<code.side + 8 {
            for column in 0..<code.side + 8 {
                let isDark = code[column: column - 4, row: row - 4]
                #expect((ascii[row][2 * column] == "#") == isDark)
                let lit: Set<Character> = row % 2 == 0 ? ["█", "▀"] : ["█", "▄"]
                #expect(lit.contains(blocks[row / 2][column]) != isDark)
            }
        }
        #expect(code.text(.coloured).contains("\u{1B}[") && !code.text(.blocks).contains("\u{1B}"))
    }
}
