import Wire

/// Why octets are no envelope. The broker answers ERROR 5 and closes; page and doctor ignore the message.
package enum EnvelopeError: Error, Equatable, Sendable {
    case empty
    case tooLong(count: Int)
    /// A type nobody knows, or one that this reader is never sent.
    case unexpectedType(EnvelopeType)
    /// Fields missing or octets left over.
    case wrongLength(EnvelopeType)
    /// A field holds a value outside its registry.
    case badField(EnvelopeType)
}

extension Envelope {
    package var type: EnvelopeType {
        switch self {
        case .join: .join
        case .authenticate: .authenticate
        case .roomOpen: .roomOpen
        case .roomConsume: .roomConsume
        case .roomClose: .roomClose
        case .drop: .drop
        case .turnGrant: .turnGrant
        case .relay: .relay
        case .challenge: .challenge
        case .state: .state
        case .peerUp: .peerUp
        case .peerDown: .peerDown
        case .stray: .stray
        case .turn: .turn
        case .done: .done
        case .error: .error
        }
    }

    /// Reads one WebSocket message.
    /// - Parameter reader: Who was sent it. Types that this reader is never sent are refused.
    package init(decoding bytes: [UInt8], for reader: EnvelopeReader) throws(EnvelopeError) {
        guard let first = bytes.first else { throw .empty }
        guard bytes.count <= Self.maximumCount else { throw .tooLong(count: bytes.count) }
        let type = EnvelopeType(rawValue: first)
        var fields = ByteReader(bytes.dropFirst())
        do {
            let decoded: Envelope? =
                switch reader {
                case .broker: try Self.decodeForBroker(type, &fields)
                case .doctor: try Self.decodeForDoctor(type, &fields)
                case .patient: try Self.decodeForPatient(type, &fields)
                }
            guard let decoded else { throw EnvelopeError.unexpectedType(type) }
            self = decoded
        } catch let error as EnvelopeError {
            throw error
        } catch {
            throw .wrongLength(type)
        }
        guard fields.isAtEnd else { throw .wrongLength(type) }
    }

    /// The octets of one WebSocket message, at most ``maximumCount``.
    ///
    /// Fields of a fixed size are written with that size: longer values are cut and shorter ones end in zeros.
    package var encoded: [UInt8] {
        var writer = ByteWriter(capacity: 160)
        writer.write(self.type.rawValue)
        switch self {
        case .join(let version, let room, let token, let mode):
            writer.write(version)
            writer.write(room.bytes)
            writer.write(token, exactly: Self.hashCount)
            writer.write(mode.rawValue)
        case .authenticate(let identityKey, let time, let signature):
            writer.write(identityKey, exactly: Self.hashCount)
            writer.write(time)
            writer.write(signature, exactly: Self.signatureCount)
        case .roomOpen(let room, let joinHash, let rejoinHash, let timeToLive, let flags):
            writer.write(room.bytes)
            writer.write(joinHash, exactly: Self.hashCount)
            writer.write(rejoinHash, exactly: Self.hashCount)
            writer.write(timeToLive)
            writer.write(flags.rawValue)
        case .roomConsume(let room, let rejoinHash):
            writer.write(room.bytes)
            writer.write(rejoinHash, exactly: Self.hashCount)
        case .roomClose(let room):
            writer.write(room.bytes)
        case .drop(let connection, let code):
            writer.write(connection)
            writer.write(code.rawValue)
        case .turnGrant(let connection), .peerDown(let connection):
            writer.write(connection)
        case .relay(let connection, let payload):
            writer.write(connection)
            writer.write(payload.prefix(Self.maximumPayloadCount))
        case .challenge(let octets):
            writer.write(octets, exactly: Self.hashCount)
        case .state(let doctorPresent):
            writer.write(UInt8(doctorPresent ? 1 : 0))
        case .peerUp(let connection, let room, let mode):
            writer.write(connection)
            writer.write(room.bytes)
            writer.write(mode.rawValue)
        case .stray(let room, let count):
            writer.write(room.bytes)
            writer.write(count)
        case .turn(let connection, let credentials):
            if let connection { writer.write(connection) }
            writer.write(credentials)
        case .done(let type, let room, let code):
            writer.write(type.rawValue)
            writer.write(room.bytes)
            writer.write(code.rawValue)
        case .error(let code, let room):
            writer.write(code.rawValue)
            if let room { writer.write(room.bytes) }
        }
        return writer.bytes
    }
}

extension Envelope {
    private static func decodeForBroker(_ type: EnvelopeType, _ fields: inout ByteReader) throws -> Envelope? {
        switch type {
        case .join:
            let version = try fields.readUInt8()
            let room = try fields.readRoom()
            let token = try fields.readBytes(Self.hashCount)
            return .join(version: version, room: room, token: token, mode: try fields.readMode(of: type))
        case .authenticate:
            let identityKey = try fields.readBytes(Self.hashCount)
            let time = try fields.readUInt64()
            return .authenticate(
                identityKey: identityKey, time: time, signature: try fields.readBytes(Self.signatureCount))
        case .roomOpen:
            let room = try fields.readRoom()
            let joinHash = try fields.readBytes(Self.hashCount)
            let rejoinHash = try fields.readBytes(Self.hashCount)
            let timeToLive = try fields.readUInt32()
            let flags = RoomOpenFlags(rawValue: try fields.readUInt8())
            guard flags.isSubset(of: .reopen) else { throw EnvelopeError.badField(type) }
            return .roomOpen(
                room: room, joinHash: joinHash, rejoinHash: rejoinHash, timeToLive: timeToLive, flags: flags)
        case .roomConsume:
            let room = try fields.readRoom()
            return .roomConsume(room: room, rejoinHash: try fields.readBytes(Self.hashCount))
        case .roomClose:
            return .roomClose(room: try fields.readRoom())
        case .drop:
            let connection = try fields.readUInt32()
            return .drop(connection: connection, code: ErrorCode(rawValue: try fields.readUInt16()))
        case .turnGrant:
            return .turnGrant(connection: try fields.readUInt32())
        case .relay:
            return try self.decodeRelay(&fields)
        default:
            return nil
        }
    }

    private static func decodeForDoctor(_ type: EnvelopeType, _ fields: inout ByteReader) throws -> Envelope? {
        switch type {
        case .challenge:
            return .challenge(try fields.readBytes(Self.hashCount))
        case .relay:
            return try self.decodeRelay(&fields)
        case .peerUp:
            let connection = try fields.readUInt32()
            let room = try fields.readRoom()
            return .peerUp(connection: connection, room: room, mode: try fields.readMode(of: type))
        case .peerDown:
            return .peerDown(connection: try fields.readUInt32())
        case .stray:
            let room = try fields.readRoom()
            return .stray(room: room, count: try fields.readUInt32())
        case .turn:
            let connection = try fields.readUInt32()
            return .turn(connection: connection, try fields.readCredentials())
        case .done:
            let request = EnvelopeType(rawValue: try fields.readUInt8())
            let room = try fields.readRoom()
            return .done(type: request, room: room, code: DoneCode(rawValue: try fields.readUInt16()))
        case .error:
            let code = ErrorCode(rawValue: try fields.readUInt16())
            return .error(code: code, room: try fields.readRoom())
        default:
            return nil
        }
    }

    private static func decodeForPatient(_ type: EnvelopeType, _ fields: inout ByteReader) throws -> Envelope? {
        switch type {
        case .challenge:
            return .challenge(try fields.readBytes(Self.hashCount))
        case .relay:
            return try self.decodeRelay(&fields)
        case .state:
            switch try fields.readUInt8() {
            case 0: return .state(doctorPresent: false)
            case 1: return .state(doctorPresent: true)
            default: throw EnvelopeError.badField(type)
            }
        case .turn:
            return .turn(connection: nil, try fields.readCredentials())
        case .error:
            return .error(code: ErrorCode(rawValue: try fields.readUInt16()), room: nil)
        default:
            return nil
        }
    }

    private static func decodeRelay(_ fields: inout ByteReader) throws -> Envelope {
        let connection = try fields.readUInt32()
        let payload = fields.readRemainder()
        guard (1...Self.maximumPayloadCount).contains(payload.count) else {
            throw EnvelopeError.wrongLength(.relay)
        }
        return .relay(connection: connection, payload: payload)
    }
}

extension ByteReader {
    fileprivate mutating func readRoom() throws -> RoomID {
        RoomID(try self.readSlice(RoomID.count)) ?? .none
    }

    fileprivate mutating func readMode(of type: EnvelopeType) throws -> JoinMode {
        guard let mode = JoinMode(rawValue: try self.readUInt8()) else { throw EnvelopeError.badField(type) }
        return mode
    }

    fileprivate mutating func readCredentials() throws -> RelayCredentials {
        let count = Int(try self.readUInt8())
        guard count <= Envelope.maximumURLCount else { throw EnvelopeError.badField(.turn) }
        var urls: [String] = []
        for _ in 0..<count {
            urls.append(try self.readText())
        }
        let user = try self.readText()
        let password = try self.readText()
        return RelayCredentials(urls: urls, user: user, password: password, timeToLive: try self.readUInt32())
    }

    private mutating func readText() throws -> String {
        let octets = try self.readLengthPrefixed()
        guard octets.count <= Envelope.maximumTextCount, let text = String(validating: octets, as: UTF8.self) else {
            throw EnvelopeError.badField(.turn)
        }
        return text
    }
}

extension ByteWriter {
    fileprivate mutating func write(_ octets: [UInt8], exactly count: Int) {
        self.write(octets.prefix(count))
        self.writeZeros(max(0, count - octets.count))
    }

    fileprivate mutating func write(_ credentials: RelayCredentials) {
        let urls = credentials.urls.prefix(Envelope.maximumURLCount)
        self.write(UInt8(truncatingIfNeeded: urls.count))
        for text in urls + [credentials.user, credentials.password] {
            self.writeLengthPrefixed(text.utf8.prefix(Envelope.maximumTextCount))
        }
        self.write(credentials.timeToLive)
    }
}
