import Foundation
import GRDB
package import Signalling

/// Rooms and enrolments in one SQLite file with a write-ahead log, so that the broker and the administrator's
/// commands may use it at the same time.
package final class SQLiteRoomStore: RoomStore {
    private let database: DatabasePool

    /// Opens, or makes, `broker.sqlite` in a directory that only its owner can enter.
    package init(directory: String) throws(StoreError) {
        try Self.prepare(directory)
        do {
            var configuration = Configuration()
            configuration.busyMode = .timeout(5)
            configuration.publicStatementArguments = false
            configuration.prepareDatabase { database in
                // A revoked key or an ended room must not linger in free pages.
                try database.execute(sql: "PRAGMA secure_delete = ON")
            }
            self.database = try DatabasePool(path: directory + "/" + Self.fileName, configuration: configuration)
            try Self.migrator.migrate(self.database)
        } catch {
            throw .database(Self.words(error))
        }
    }

    package func rooms() throws(StoreError) -> [RoomRecord] {
        try self.read { database in
            try Row.fetchAll(database, sql: "SELECT * FROM room ORDER BY rowid").compactMap { row in
                guard let address = RoomAddress(bytes: row.octets("address")) else { return nil }
                let rejoinHash: Data? = row["rejoinHash"]
                return RoomRecord(
                    address: address, owner: row.octets("owner"), joinHash: row.octets("joinHash"),
                    rejoinHash: rejoinHash.map { [UInt8]($0) }, expiry: UInt64(clamping: row["expiry"] as Int64))
            }
        }
    }

    package func save(_ record: RoomRecord) throws(StoreError) {
        try self.write { database in
            try database.execute(
                sql: """
                    INSERT INTO room (address, owner, joinHash, rejoinHash, expiry) VALUES (?, ?, ?, ?, ?)
                    ON CONFLICT (address) DO UPDATE SET owner = excluded.owner, joinHash = excluded.joinHash,
                        rejoinHash = excluded.rejoinHash, expiry = excluded.expiry
                    """,
                arguments: [
                    Data(record.address.bytes), Data(record.owner), Data(record.joinHash),
                    record.rejoinHash.map { Data($0) }, Int64(clamping: record.expiry),
                ])
        }
    }

    package func delete(_ address: RoomAddress) throws(StoreError) {
        try self.write { database in
            try database.execute(sql: "DELETE FROM room WHERE address = ?", arguments: [Data(address.bytes)])
        }
    }

    package func isEnrolled(_ key: [UInt8]) throws(StoreError) -> Bool {
        try self.read { database in
            try Bool.fetchOne(
                database, sql: "SELECT EXISTS (SELECT 1 FROM doctor WHERE key = ?)", arguments: [Data(key)]) ?? false
        }
    }

    package func enroll(_ doctor: EnrolledDoctor) throws(StoreError) {
        try self.write { database in
            try database.execute(
                sql: """
                    INSERT INTO doctor (key, note, added) VALUES (?, ?, ?)
                    ON CONFLICT (key) DO UPDATE SET note = excluded.note
                    """,
                arguments: [Data(doctor.key), doctor.note, Int64(clamping: doctor.added)])
        }
    }

    package func revoke(_ key: [UInt8]) throws(StoreError) -> Bool {
        try self.write { database in
            try database.execute(sql: "DELETE FROM room WHERE owner = ?", arguments: [Data(key)])
            try database.execute(sql: "DELETE FROM doctor WHERE key = ?", arguments: [Data(key)])
            return database.changesCount > 0
        }
    }

    package func doctors() throws(StoreError) -> [EnrolledDoctor] {
        try self.read { database in
            try Row.fetchAll(database, sql: "SELECT key, note, added FROM doctor ORDER BY added, key").map { row in
                EnrolledDoctor(
                    key: row.octets("key"), note: row["note"], added: UInt64(clamping: row["added"] as Int64))
            }
        }
    }

    // MARK: Borders

    private func read<Value: Sendable>(_ body: @Sendable (Database) throws -> Value) throws(StoreError) -> Value {
        do {
            return try self.database.read(body)
        } catch {
            throw .database(Self.words(error))
        }
    }

    private func write<Value: Sendable>(_ body: @Sendable (Database) throws -> Value) throws(StoreError) -> Value {
        do {
            return try self.database.write(body)
        } catch {
            throw .database(Self.words(error))
        }
    }

    private static func words(_ error: any Error) -> String {
        guard let error = error as? DatabaseError else { return "cannot open" }
        return error.message ?? "code \(error.resultCode.rawValue)"
    }

    private static func prepare(_ directory: String) throws(StoreError) {
        let files = FileManager.default
        do {
            try files.createDirectory(
                atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            try files.setAttributes([.posixPermissions: 0o700], ofItemAtPath: directory)
        } catch {
            throw .directory(directory)
        }
    }

    private static let fileName = "broker.sqlite"

    private static let migrator: DatabaseMigrator = {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { database in
            try database.execute(
                sql: """
                    CREATE TABLE doctor (key BLOB PRIMARY KEY, note TEXT NOT NULL, added INTEGER NOT NULL);
                    CREATE TABLE room (
                        address BLOB PRIMARY KEY, owner BLOB NOT NULL, joinHash BLOB NOT NULL, rejoinHash BLOB,
                        expiry INTEGER NOT NULL);
                    CREATE INDEX roomByOwner ON room (owner);
                    """)
        }
        return migrator
    }()
}

extension Row {
    fileprivate func octets(_ column: String) -> [UInt8] {
        let data: Data? = self[column]
        return data.map { [UInt8]($0) } ?? []
    }
}
