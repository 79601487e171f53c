import STUN
import Testing
import Wire

@Suite("STUN messages (RFC 8489)")
struct STUNMessageTests {
    static let id = TransactionID(high: 1, low: 2)

    @Test("class and method survive the interleaving of their bits", arguments: [0, 1, 2, 3] as [UInt16])
    func types(classBits: UInt16) throws {
        let messageClass = try #require(STUNClass(rawValue: classBits))
        for bit in 0..<12 {
            let method = STUNMethod(rawValue: 1 << UInt16(bit))
            let bytes = STUNMessageBuilder(messageClass, method, transactionID: Self.id).bytes
            let message = try STUNMessage(decoding: bytes)
            #expect(message.messageClass == messageClass)
            #expect(message.method == method)
        }
    }

    @Test("refuses every length below 20 octets", arguments: 0..<20)
    func refusesTruncatedHeader(length: Int) {
        #expect(throws: STUNDecodingError.truncated(have: length, need: 20)) {
            try STUNMessage(decoding: RFC5769.request.prefix(length))
        }
    }

    @Test("refuses what belongs to other protocols of the same port", arguments: [20, 64, 128, 191] as [UInt8])
    func refusesOthers(first: UInt8) {
        var bytes = RFC5769.request
        bytes[0] = first
        #expect(throws: STUNDecodingError.self) { try STUNMessage(decoding: bytes) }
        bytes = RFC5769.request
        bytes[4] ^= 1
        #expect(throws: STUNDecodingError.notSTUN) { try STUNMessage(decoding: bytes) }
    }

    @Test("refuses a wrong length, trailing octets and too large a datagram")
    func refusesLengths() {
        #expect(throws: STUNDecodingError.oversized) { try STUNMessage(decoding: RFC5769.request + [0, 0, 0, 0]) }
        #expect(throws: STUNDecodingError.oversized) {
            try STUNMessage(decoding: [UInt8](repeating: 0, count: STUNMessage.maximumSize + 1))
        }
        var bytes = RFC5769.request
        bytes[3] &+= 1
        #expect(throws: STUNDecodingError.misaligned) { try STUNMessage(decoding: bytes) }
    }

    @Test("reads 32 attributes and refuses 33")
    func attributeCount() throws {
        var builder = STUNMessageBuilder(.request, .binding, transactionID: Self.id)
        for _ in 0..<STUNMessage.maximumAttributes { builder.add(.useCandidate) }
        #expect(try STUNMessage(decoding: builder.bytes).attributes.count == STUNMessage.maximumAttributes)
        builder.add(.useCandidate)
        #expect(throws: STUNDecodingError.tooManyAttributes) { try STUNMessage(decoding: builder.bytes) }
    }

    @Test("ignores what stands behind the integrity attribute, which does not cover it")
    func afterIntegrity() throws {
        var builder = STUNMessageBuilder(.request, .binding, transactionID: Self.id)
        builder.addIntegrity(key: [1])
        builder.add(.useCandidate)
        builder.addFingerprint()
        let message = try STUNMessage(decoding: builder.bytes)
        #expect(message[.useCandidate] == nil)
        #expect(message[.fingerprint] != nil)
        #expect(message.integrity(key: [1]) == .valid)
    }

    @Test("refuses a wrong fingerprint, and anything behind a right one")
    func fingerprint() {
        var builder = STUNMessageBuilder(.request, .binding, transactionID: Self.id)
        builder.addFingerprint()
        var broken = builder.bytes
        broken[broken.count - 1] ^= 1
        #expect(throws: STUNDecodingError.badFingerprint) { try STUNMessage(decoding: broken) }
        builder.add(.useCandidate)
        #expect(throws: STUNDecodingError.badFingerprint) { try STUNMessage(decoding: builder.bytes) }
    }

    @Test("names the unknown attributes that must be understood and passes over the others")
    func unknown() throws {
        var builder = STUNMessageBuilder(.request, .binding, transactionID: Self.id)
        builder.add(STUNAttributeType(rawValue: 0x7777))
        builder.add(STUNAttributeType(rawValue: 0xC057), [1, 2, 3, 4])
        let message = try STUNMessage(decoding: builder.bytes)
        #expect(message.unknownRequired(besides: []) == [STUNAttributeType(rawValue: 0x7777)])
    }

    @Test(
        "error codes survive the way, and nonsense is no code", arguments: [300, 401, 420, 438, 487, 508] as [UInt16])
    func errorCodes(number: UInt16) throws {
        var builder = STUNMessageBuilder(.error, .binding, transactionID: Self.id)
        builder.add(STUNErrorCode(rawValue: number), reason: "no")
        builder.add(unknown: [.realm, .nonce, .data])
        let message = try STUNMessage(decoding: builder.bytes)
        #expect(message.errorCode?.rawValue == number)
        #expect(message.unknownAttributes == [.realm, .nonce, .data])

        var nonsense = STUNMessageBuilder(.error, .binding, transactionID: Self.id)
        nonsense.add(.errorCode, [0, 0, 4, 200])
        #expect(try STUNMessage(decoding: nonsense.bytes).errorCode == nil)
    }

    @Test("integrity fails for each octet changed under it")
    func integrityCoversEverything() throws {
        var builder = STUNMessageBuilder(.request, .binding, transactionID: Self.id)
        builder.add(.username, text: "remote:local")
        builder.addIntegrity(key: RFC5769.password)
        for index in builder.bytes.indices {
            var bytes = builder.bytes
            bytes[index] ^= 0x80
            if let message = try? STUNMessage(decoding: bytes) {
                #expect(message.integrity(key: RFC5769.password) != .valid, "octet \(index)")
            }
        }
    }

    @Test("no octets make the reader trap", arguments: RFC5769.all.indices)
    func fuzz(sample: Int) {
        let seed = UInt64(sample) &+ 0x5EED
        var random = RandomSource.seeded(seed)
        let original = RFC5769.all[sample]
        var cases = (0...original.count).map { Array(original.prefix($0)) }
        for _ in 0..<1500 {
            var flipped = original
            for _ in 0...random.next() % 4 {
                flipped[Int(random.next() % UInt64(flipped.count))] ^= 1 << UInt8(random.next() % 8)
            }
            cases.append(flipped)
            cases.append(random.bytes(count: Int(random.next() % 200)))
            cases.append(Array(original.prefix(20)) + random.bytes(count: 88))
        }
        for bytes in cases {
            guard let message = try? STUNMessage(decoding: bytes) else { continue }
            _ = (message.errorCode, message.unknownAttributes, message.integrity(key: [1]), message.text(.username))
            _ = (message.xorAddress(.xorMappedAddress), message.uint32(.priority), message.uint64(.iceControlling))
            _ = BindingResponder.response(to: bytes[...], from: TransportAddress(.v4(1), port: 1))
        }
    }
}

@Suite("STUN retransmissions (RFC 8489 §6.2.1)")
struct RequestRetransmissionTests {
    @Test("sends at 0, 500, 1500 … 31500 ms and gives up at 39500 ms")
    func schedule() {
        var retransmission = RequestRetransmission(startedAt: .zero)
        var sent = [0]
        while true {
            let now = retransmission.deadline
            #expect(retransmission.timeoutFired(now: now - .nanoseconds(1)) == .none)
            guard retransmission.timeoutFired(now: now) == .retransmit else {
                #expect(now == .zero + .milliseconds(39_500))
                break
            }
            sent.append(Int(now.nanoseconds / 1_000_000))
        }
        #expect(sent == [0, 500, 1500, 3500, 7500, 15500, 31500])
    }

    @Test("a bounded interval doubles up to its bound")
    func bounded() {
        let schedule = RequestRetransmission.Schedule(
            timeout: .milliseconds(200), longestInterval: .milliseconds(700), maximumRequests: 6)
        var retransmission = RequestRetransmission(startedAt: .zero, schedule: schedule)
        var waits: [Duration] = []
        var last = Instant.zero
        repeat {
            waits.append(retransmission.deadline - last)
            last = retransmission.deadline
        } while retransmission.timeoutFired(now: last) == .retransmit
        #expect(waits == [200, 400, 700, 700, 700, 3200].map { .milliseconds($0) })
    }

    @Test("a single request waits sixteen timeouts")
    func single() {
        var schedule = RequestRetransmission.Schedule.standard
        schedule.timeout = .milliseconds(100)
        schedule.maximumRequests = 1
        var retransmission = RequestRetransmission(startedAt: .zero, schedule: schedule)
        #expect(retransmission.deadline == .zero + .milliseconds(1600))
        #expect(retransmission.timeoutFired(now: retransmission.deadline) == .fail)
    }
}

@Suite("STUN service")
struct BindingResponderTests {
    static let request = STUNMessageBuilder(.request, .binding, transactionID: STUNMessageTests.id).bytes

    @Test(
        "answers with the source address, at most 2.5 times the request",
        arguments: ["192.0.2.7:4444", "[2001:db8::7]:4444", "[::ffff:192.0.2.7]:4444"])
    func answers(source: String) throws {
        let source = try #require(TransportAddress(source))
        let bytes = try #require(BindingResponder.response(to: Self.request[...], from: source))
        let response = try STUNMessage(decoding: bytes)
        #expect(response.messageClass == .success)
        #expect(response.transactionID == STUNMessageTests.id)
        #expect(
            response.xorAddress(.xorMappedAddress) == TransportAddress(source.ip.unmapped, port: source.port))
        #expect(bytes.count * 2 <= Self.request.count * 5)
    }

    @Test("refuses unknown attributes with 420, never larger than 2.5 times the request", arguments: 1...32)
    func unknown(count: Int) throws {
        var builder = STUNMessageBuilder(.request, .binding, transactionID: STUNMessageTests.id)
        for index in 0..<count { builder.add(STUNAttributeType(rawValue: 0x4000 + UInt16(index))) }
        let bytes = try #require(
            BindingResponder.response(to: builder.bytes[...], from: TransportAddress(.v4(1), port: 1)))
        let response = try STUNMessage(decoding: bytes)
        #expect(response.errorCode == .unknownAttribute)
        #expect(response.unknownAttributes.count == count)
        #expect(bytes.count * 2 <= builder.bytes.count * 5)
    }

    @Test("says nothing to responses, errors, indications and other methods")
    func silence() {
        let source = TransportAddress(.v4(1), port: 1)
        for messageClass in [STUNClass.success, .error, .indication] {
            let bytes = STUNMessageBuilder(messageClass, .binding, transactionID: STUNMessageTests.id).bytes
            #expect(BindingResponder.response(to: bytes[...], from: source) == nil)
        }
        let allocate = STUNMessageBuilder(.request, .allocate, transactionID: STUNMessageTests.id).bytes
        #expect(BindingResponder.response(to: allocate[...], from: source) == nil)
        #expect(BindingResponder.response(to: [1, 2, 3], from: source) == nil)
    }
}
