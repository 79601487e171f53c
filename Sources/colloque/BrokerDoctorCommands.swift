import ArgumentParser
import Broker
import Foundation
import Keystore
import Network
import Signalling
import Wire

/// A doctor's public key as people pass it on: base64url of 32 octets, 43 characters, as `identity show` prints it.
struct IdentityKeyText: ExpressibleByArgument, Encodable {
    let bytes: [UInt8]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// - Returns: `nil` for anything but 43 characters or a whole enrolment code.
    init?(argument: String) {
        if let bytes = [UInt8](base64URL: argument), bytes.count == 32 {
            self.bytes = bytes
        } else if let code = try? EnrolmentCode(reading: argument) {
            self.bytes = code.key
        } else {
            return nil
        }
    }

    /// Reads a key in either form: 43 characters, or an enrolment code, which the shell may have cut at its blanks.
    init(words: [String]) throws {
        if words.count == 1, let key = IdentityKeyText(argument: words[0]) {
            self = key
            return
        }
        do {
            self.bytes = try EnrolmentCode(reading: words.joined()).key
        } catch .length(let have, let need) {
            throw CommandFailure(
                code: 64, "an enrolment code has \(need) letters and digits, and these are \(have); read it again")
        } catch .character(let character) {
            throw CommandFailure(code: 64, "`\(character)` is in no enrolment code; read it again")
        } catch .checksum {
            throw CommandFailure(code: 64, "some letter of this code is not as it was printed; read it again")
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(self.bytes.base64URL)
    }
}

struct BrokerEnroll: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "enroll",
        abstract: "Let a doctor's key open rooms here.",
        discussion: """
            Takes the code that `colloque identity show` prints, in whatever case and grouping; a mistake in it is \
            noticed (64). The 43 characters of the bare key are taken too. Takes effect at once, also while the broker \
            runs. Enrolling a key again changes its note. The note is for whoever administers this broker and is \
            stored as typed: prefer one that names no person.

            Answers with a confirmation code, HOST/ABCD-EFGH, for the doctor to type into `colloque init`. It names the \
            broker by the first `host` of --config, or by --address.
            """)

    @Argument(help: ArgumentHelp("The doctor's enrolment code.", valueName: "code"))
    var code: [String]

    @Option(help: ArgumentHelp("How doctors reach this broker, such as https://broker.example.", valueName: "url"))
    var address: String?

    @Option(help: "What reminds you whose key this is.")
    var note: String = ""

    @OptionGroup var place: BrokerPlace

    func validate() throws {
        guard self.note.utf8.count <= 200,
            !self.note.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
        else {
            throw ValidationError("a note is one line of at most 200 octets")
        }
    }

    func run() throws {
        let key = try IdentityKeyText(words: self.code)
        let confirmation = try self.confirmation(of: key.bytes)
        let doctor = EnrolledDoctor(
            key: key.bytes, note: self.note, added: UInt64(max(0, Date().timeIntervalSince1970)))
        try onStore(self.place) { try $0.enroll(doctor) }
        if self.place.json {
            var facts = DoctorFacts(doctor)
            facts.confirmation = confirmation?.description
            try printJSON(facts)
        } else {
            print("enrolled \(key.bytes.base64URL)")
            if let confirmation {
                print("confirmation \(confirmation)")
            } else {
                say("For a confirmation code that names this broker, add --address https://HOST or --config FILE.")
            }
        }
    }

    /// - Returns: `nil` where nothing says how the broker is reached.
    private func confirmation(of key: [UInt8]) throws -> EnrolmentConfirmation? {
        if let address {
            guard let url = WebSocketURL(address) else {
                throw ValidationError("--address is written as https://HOST[:PORT], not `\(address)`")
            }
            return EnrolmentConfirmation(key: key, authority: url.authority, isPlain: !url.isSecure)
        }
        guard self.place.config != nil else { return nil }
        let configuration = try self.place.fileConfiguration()
        let port = configuration.listen.port
        guard configuration.isTLS else {
            return EnrolmentConfirmation(key: key, authority: "localhost:\(port)", isPlain: true)
        }
        // The port only where the file says one: a socket unit brings its own, which is 443.
        let isSaid = port != BrokerConfiguration().listen.port && port != 443
        return configuration.hosts.first.map { host in
            EnrolmentConfirmation(key: key, authority: isSaid ? "\(host):\(port)" : host, isPlain: false)
        }
    }
}

struct BrokerRevoke: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke",
        abstract: "Forget a doctor's key and its rooms.",
        discussion: """
            A running broker refuses the key at once and ends its rooms and its connection within ten seconds; a \
            call in progress goes on, since its sound does not pass here. Exit status 77 if the key was not enrolled.
            """)

    @Argument(help: ArgumentHelp("The doctor's key, 43 characters, or its enrolment code.", valueName: "key"))
    var code: [String]

    @OptionGroup var place: BrokerPlace

    func run() throws {
        let key = try IdentityKeyText(words: self.code)
        guard try onStore(self.place, { try $0.revoke(key.bytes) }) else {
            throw BrokerFailure("this key is not enrolled", code: 77).exit()
        }
        if self.place.json {
            try printJSON(["revoked": key])
        } else {
            print("revoked \(key.bytes.base64URL)")
        }
    }
}

struct BrokerDoctors: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctors", abstract: "List who may open rooms here.",
        discussion: "One line each: key, day of enrolment, note.")

    @OptionGroup var place: BrokerPlace

    func run() throws {
        let doctors = try onStore(self.place) { store in try store.doctors().map { DoctorFacts($0) } }
        if self.place.json {
            try printJSON(["doctors": doctors])
        } else {
            for doctor in doctors { print(doctor.line) }
        }
    }
}

struct BrokerKnows: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "knows",
        abstract: "Print everything the broker holds on disk.",
        discussion: """
            Enrolled keys with their notes, and for each room a hash of its address, its owner's key, hashes of \
            its tokens and when it ends. There is nothing else: no name, no address, no link, no message.
            """)

    @OptionGroup var place: BrokerPlace

    func run() throws {
        let (doctors, rooms) = try onStore(self.place) { (try $0.doctors(), try $0.rooms()) }
        let facts = Facts(
            doctors: doctors.map { DoctorFacts($0) },
            rooms: rooms.map { room in
                RoomFacts(
                    addressHash: room.address.bytes.hex, owner: IdentityKeyText(room.owner),
                    joinHash: room.joinHash.hex, rejoinHash: room.rejoinHash?.hex, expires: date(room.expiry))
            })
        if self.place.json {
            try printJSON(facts)
            return
        }
        print("\(facts.doctors.count) enrolled")
        for doctor in facts.doctors { print("  \(doctor.line)") }
        print("\(facts.rooms.count) rooms")
        for room in facts.rooms {
            print("  address hash \(room.addressHash)")
            print("    owner       \(room.owner.bytes.base64URL)")
            print("    join hash   \(room.joinHash)")
            print("    rejoin hash \(room.rejoinHash ?? "none: nobody was admitted")")
            print("    expires     \(Date.ISO8601FormatStyle().format(room.expires))")
        }
    }

    private struct Facts: Encodable {
        let doctors: [DoctorFacts]
        let rooms: [RoomFacts]
    }

    private struct RoomFacts: Encodable {
        let addressHash: String
        let owner: IdentityKeyText
        let joinHash: String
        let rejoinHash: String?
        let expires: Date
    }
}

private struct DoctorFacts: Encodable {
    let key: IdentityKeyText
    let note: String
    let added: Date
    var confirmation: String?

    init(_ doctor: EnrolledDoctor) {
        self.key = IdentityKeyText(doctor.key)
        self.note = doctor.note
        self.added = date(doctor.added)
    }

    var line: String {
        "\(self.key.bytes.base64URL)  \(day(self.added))  \(self.note)"
    }
}

private func date(_ unixTime: UInt64) -> Date {
    Date(timeIntervalSince1970: TimeInterval(unixTime))
}

private func day(_ date: Date) -> String {
    Date.ISO8601FormatStyle().year().month().day().format(date)
}

private func onStore<Value>(
    _ place: BrokerPlace, _ body: (any Broker.RoomStore) throws -> Value
) throws -> Value {
    let store = try place.store()
    do {
        return try body(store)
    } catch let error as StoreError {
        throw BrokerFailure(.store(error)).exit()
    }
}
