import Primitives
package import Wire

/// What the broker knows a room by: a hash of its id, so a stolen disk names no room.
package struct RoomAddress: Hashable, Sendable {
    /// 32 octets.
    package let bytes: [UInt8]

    package init(of room: RoomID) {
        self.bytes = SHA256.hash(Array("colloque/1 room-address".utf8), room.bytes)
    }

    /// - Returns: `nil` unless there are exactly 32 octets.
    package init?(bytes: [UInt8]) {
        guard bytes.count == 32 else { return nil }
        self.bytes = bytes
    }
}

/// All the broker keeps about a room on disk.
package struct RoomRecord: Equatable, Sendable {
    package var address: RoomAddress
    /// The identity key that opened it, 32 octets.
    package var owner: [UInt8]
    /// What the token of the link must hash to, 32 octets.
    package var joinHash: [UInt8]
    /// What the token of the admitted patient must hash to, 32 octets; `nil` until somebody is admitted.
    package var rejoinHash: [UInt8]?
    /// Unix seconds.
    package var expiry: UInt64

    package init(
        address: RoomAddress, owner: [UInt8], joinHash: [UInt8], rejoinHash: [UInt8]?, expiry: UInt64
    ) {
        self.address = address
        self.owner = owner
        self.joinHash = joinHash
        self.rejoinHash = rejoinHash
        self.expiry = expiry
    }
}

/// What the broker stores of a token, and compares: one way, so a stolen disk opens no room.
package func joinHash(ofToken token: [UInt8]) -> [UInt8] {
    SHA256.hash(Array("colloque/1 join-hash".utf8), token)
}

/// A room while the broker runs: its record, who is in it and who attends to it.
struct Room {
    var record: RoomRecord
    /// When fresh joins end; when the room ends, once somebody was admitted.
    var ends: Instant
    /// The doctor's connection that opened the room since it authenticated.
    var attendant: ConnectionID?
    /// Numbers of the patients inside, by arrival.
    var patients: [UInt32] = []
    /// Tries of the used link.
    var strays: UInt32 = 0
    var hasUnreportedStrays = false
    /// The doctor hears of strays once per interval.
    var isStrayReportPending = false

    var isConsumed: Bool { self.record.rejoinHash != nil }

    /// Whether somebody else than the holder of this hash was admitted: two desks of one doctor, each with its own.
    func contradicts(_ rejoinHash: [UInt8]?) -> Bool {
        guard let rejoinHash, let admitted = self.record.rejoinHash else { return false }
        return rejoinHash != admitted
    }

    func takesFreshJoins(now: Instant) -> Bool { now < self.ends }
}

/// Rooms by address and by owner: who may open, consume and close which.
struct RoomDirectory {
    private(set) var rooms: [RoomAddress: Room] = [:]
    /// In the order of opening: a set would make runs of one seed differ.
    private(set) var roomsByOwner: [[UInt8]: [RoomAddress]] = [:]

    subscript(room: RoomAddress) -> Room? { self.rooms[room] }

    mutating func update(_ room: RoomAddress, _ body: (inout Room) -> Void) {
        guard var value = self.rooms[room] else { return }
        self.rooms[room] = nil
        body(&value)
        self.rooms[room] = value
    }

    /// Takes back what was stored before a restart.
    /// - Returns: `false` for a record that has expired.
    mutating func restore(_ record: RoomRecord, now: Instant, unixTime: UInt64) -> Bool {
        guard record.expiry > unixTime, self.rooms[record.address] == nil else { return false }
        let left = min(record.expiry - unixTime, UInt64(Self.maximumTimeToLive))
        self.insert(Room(record: record, ends: now + .seconds(Int64(left))))
        return true
    }

    /// - Parameters:
    ///   - rejoinHash: `nil` if the envelope had zeros.
    ///   - timeToLive: Seconds, cut to ``maximumTimeToLive``.
    mutating func open(
        _ room: RoomAddress, owner: [UInt8], joinHash: [UInt8], rejoinHash: [UInt8]?, timeToLive: UInt32,
        flags: RoomOpenFlags, now: Instant, unixTime: UInt64
    ) -> DoneCode {
        let seconds = min(timeToLive, Self.maximumTimeToLive)
        let ends = now + .seconds(Int64(seconds))
        let expiry = unixTime &+ UInt64(seconds)
        if let existing = self.rooms[room], existing.record.owner != owner, existing.patients.isEmpty,
            !existing.isConsumed, !existing.takesFreshJoins(now: now)
        {
            self.remove(room)
        }
        guard let existing = self.rooms[room] else {
            guard self.roomsByOwner[owner, default: []].count < Self.maximumRoomsPerOwner,
                self.rooms.count < Self.maximumRooms
            else { return .tooManyRooms }
            let record = RoomRecord(
                address: room, owner: owner, joinHash: joinHash, rejoinHash: nil, expiry: expiry)
            self.insert(Room(record: record, ends: ends))
            if let rejoinHash { self.consume(room, rejoinHash: rejoinHash, now: now, unixTime: unixTime) }
            return .done
        }
        guard existing.record.owner == owner, existing.record.joinHash == joinHash else { return .otherOwner }
        guard flags.contains(.reopen) || !existing.contradicts(rejoinHash) else { return .otherOwner }
        if flags.contains(.reopen) {
            self.update(room) { value in
                value.record.rejoinHash = nil
                value.strays = 0
                value.hasUnreportedStrays = false
            }
        }
        if let rejoinHash, self.rooms[room]?.record.rejoinHash != rejoinHash {
            self.consume(room, rejoinHash: rejoinHash, now: now, unixTime: unixTime)
        }
        self.update(room) { value in
            guard !value.isConsumed else { return }
            value.ends = ends
            value.record.expiry = expiry
        }
        return .done
    }

    mutating func consume(
        _ room: RoomAddress, by owner: [UInt8], rejoinHash: [UInt8], now: Instant, unixTime: UInt64
    ) -> DoneCode {
        guard let existing = self.rooms[room] else { return .unknown }
        guard existing.record.owner == owner else { return .otherOwner }
        guard !existing.contradicts(rejoinHash) else { return .otherOwner }
        if existing.record.rejoinHash != rejoinHash {
            self.consume(room, rejoinHash: rejoinHash, now: now, unixTime: unixTime)
        }
        return .done
    }

    mutating func remove(_ room: RoomAddress) {
        guard let removed = self.rooms.removeValue(forKey: room) else { return }
        let owner = removed.record.owner
        var rooms = self.roomsByOwner[owner, default: []]
        rooms.removeAll { $0 == room }
        self.roomsByOwner[owner] = rooms.isEmpty ? nil : rooms
    }

    /// Rooms whose time is over and in which nobody waits for an answer, in a stable order.
    func ended(now: Instant) -> [RoomAddress] {
        self.rooms.values
            .filter { room in
                guard room.ends <= now else { return false }
                return room.isConsumed || room.patients.isEmpty || room.ends + Self.consumedLifetime <= now
            }
            .map(\.record.address)
            .sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
    }

    private mutating func insert(_ room: Room) {
        self.rooms[room.record.address] = room
        self.roomsByOwner[room.record.owner, default: []].append(room.record.address)
    }

    private mutating func consume(_ room: RoomAddress, rejoinHash: [UInt8], now: Instant, unixTime: UInt64) {
        self.update(room) { value in
            value.record.rejoinHash = rejoinHash
            value.ends = now + Self.consumedLifetime
            value.record.expiry = unixTime &+ UInt64(Self.consumedLifetime.components.seconds)
        }
    }

    /// An admitted patient may come back for this long, unless the doctor closes the room.
    static let consumedLifetime: Duration = .seconds(12 * 3600)
    static let maximumRoomsPerOwner = 50

    /// Links may be made some weeks ahead: 31 days, in seconds.
    private static let maximumTimeToLive: UInt32 = 31 * 86_400
    private static let maximumRooms = 100_000
}
