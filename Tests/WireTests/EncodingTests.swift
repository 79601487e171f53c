import Testing

@testable import Wire

@Suite("Octets, text and serial numbers")
struct EncodingTests {
    @Test("base64url and hexadecimal give back what they were given", arguments: 0..<70)
    func roundTrip(count: Int) {
        var random = RandomSource.seeded(UInt64(count))
        let bytes = random.bytes(count: count)
        #expect([UInt8](base64URL: bytes.base64URL) == bytes)
        #expect([UInt8](hex: bytes.hex) == bytes)
    }

    @Test(
        "refuses padding, other alphabets, impossible lengths and stray bits",
        arguments: ["A", "AA==", "A+AA", "AB", "AAB", "é"])
    func refusesBase64(text: String) {
        #expect([UInt8](base64URL: text) == nil)
    }

    @Test("a reader never runs past the end", arguments: 0..<8)
    func truncated(count: Int) {
        var reader = ByteReader([UInt8](repeating: 1, count: count))
        #expect(throws: ByteReader.Failure.truncated(have: count, need: 8)) { try reader.readUInt64() }
    }

    @Test("writer and reader agree")
    func writerReader() throws {
        var writer = ByteWriter()
        writer.write(UInt8(1))
        writer.write(UInt16(0x0203))
        writer.write(UInt32(0x0405_0607))
        writer.write(UInt64(0x0809_0A0B_0C0D_0E0F))
        writer.writeLengthPrefixed([7, 8])
        #expect(writer.bytes == Array(1...15) + [0, 2, 7, 8])
        var reader = ByteReader(writer.bytes)
        #expect(try reader.readUInt8() == 1)
        #expect(try reader.readUInt16() == 0x0203)
        #expect(try reader.readUInt32() == 0x0405_0607)
        #expect(try reader.readUInt64() == 0x0809_0A0B_0C0D_0E0F)
        #expect(try reader.readLengthPrefixed() == [7, 8])
        #expect(reader.isAtEnd)
    }

    @Test("serial numbers compare across the wrap")
    func serial() {
        let old = SerialNumber<UInt16>(65_535)
        #expect(old.advanced(by: 2).value == 1)
        #expect(old.advanced(by: 2).isNewer(than: old))
        #expect(old.distance(from: old.advanced(by: 2)) == -2)
        #expect(SerialNumber<UInt16>(32_768).distance(from: SerialNumber(0)) == -32_768)
    }

    @Test("instants saturate instead of overflowing")
    func instants() {
        #expect(Instant.distantFuture + .seconds(1) == .distantFuture)
        #expect(Instant.zero + .milliseconds(20) - Instant.zero == .milliseconds(20))
        #expect(Duration.seconds(Int64.max).wholeNanoseconds == .max)
    }
}
