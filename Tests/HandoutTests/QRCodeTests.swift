import Handout
import Testing

@Suite("QR codes")
struct QRCodeTests {
    @Test("have a finder pattern in three corners")
    func finders() throws {
        let code = try #require(QRCode("https://broker.example/#F"))
        for (column, row) in [(0, 0), (code.side - 7, 0), (0, code.side - 7)] {
            for step in 0..<7 {
                #expect(code[column + step, row] && code[column + step, row + 6])
                #expect(code[column, row + step] && code[column + 6, row + step])
            }
        }
        #expect(!code[-1, 0] && !code[code.side, 0])
    }

    @Test("refuse what no code holds")
    func tooLong() {
        #expect(QRCode("") == nil)
        #expect(QRCode(String(repeating: "a", count: 2332)) == nil)
        #expect(QRCode(String(repeating: "a", count: 2331))?.side == 177)
    }
}
