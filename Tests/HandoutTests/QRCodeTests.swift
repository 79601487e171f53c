import Handout
import Testing

@Suite("QR codes")
struct QRCodeTests {
    @Test("have a finder pattern in three corners")
    func finders() throws {
        let code = try #require(QRCode("https://broker.example/#F"))
        for (column, row) in [(0, 0), (code.side - 7, 0), (0, code.side - 7)] {
            for step in 0..<7 {
                #expect(code[column: column + step, row: row] && code[column: column + step, row: row + 6])
                #expect(code[column: column, row: row + step] && code[column: column + 6, row: row + step])
            }
        }
        #expect(!code[column: -1, row: 0] && !code[column: code.side, row: 0])
    }

    @Test("refuse what no code holds")
    func tooLong() {
        #expect(QRCode("") == nil)
        #expect(QRCode(String(repeating: "a", count: 2332)) == nil)
        #expect(QRCode(String(repeating: "a", count: 2331))?.side == 177)
    }
}
