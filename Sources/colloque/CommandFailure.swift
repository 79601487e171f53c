import Endpoint
import Keystore

/// Why a command ends: one sentence for the person with what to do next, one code of sysexits.h for the script.
///
/// Throw it, or an error of ``KeystoreError`` or ``BrokerErrandError``, out of `run()`.
struct CommandFailure: Error {
    let code: Int32
    let message: String

    init(code: Int32, _ message: String) {
        self.code = code
        self.message = message
    }

    /// - Returns: `nil` for errors that ArgumentParser explains.
    init?(_ error: any Error) {
        switch error {
        case let failure as CommandFailure: self = failure
        case let error as KeystoreError: self.init(error)
        case let error as BrokerErrandError: self.init(error)
        default: return nil
        }
    }

    init(_ error: KeystoreError) {
        switch error {
        case .noIdentity: self.init(code: 78, "there is no identity here; make one with `colloque init`")
        case .identityExists:
            self.init(
                code: 73,
                "an identity is here already and is never overwritten; choose another --home to make a second one")
        case .passphraseTooShort(let need):
            self.init(code: 65, "the passphrase is too short; choose one of at least \(need) octets")
        case .wrongPassphrase: self.init(code: 65, "this is not the passphrase of the identity; try again")
        case .damaged(let path):
            self.init(code: 65, "\(path): the file is damaged; restore it from a copy, or remove it")
        case .unknownVersion(let version, let path):
            self.init(code: 65, "\(path): written by another colloque (format \(version)); use that one")
        case .looseMode(let path, _):
            self.init(code: 78, "\(path): others may read or write it; take their rights with `chmod go= \(path)`")
        case .notOurs(let path):
            self.init(code: 78, "\(path): belongs to another user or is of another kind; choose another --home")
        case .foreignRooms(let path):
            self.init(
                code: 73,
                "\(path): sessions of another identity are here; import its backup, or choose another --home")
        case .fileExists(let path):
            self.init(code: 73, "\(path): is there already and is never overwritten; choose another name")
        case .noFile(let path): self.init(code: 65, "\(path): there is no such file")
        case .unknownSession(let session):
            self.init(code: 65, "there is no session \(session); see `colloque session list`")
        case .outOfMemory:
            self.init(code: 75, "not enough memory to check the passphrase; close something and try again")
        case .system(let call, let path, let errno):
            self.init(code: 73, "\(path): \(call): \(errorText(errno))")
        }
    }

    init(_ error: BrokerErrandError) {
        switch error {
        case .unreachable:
            self.init(code: 69, "the broker does not answer; check its address and the network, then try again")
        case .untrusted:
            self.init(code: 76, "the broker's certificate is not trusted, expired or for another name; do not go on")
        case .noBroker(let status):
            self.init(code: 69, "what answers there is no broker (HTTP status \(status)); check --broker")
        case .notEnrolled:
            self.init(
                code: 77,
                "the broker refuses this key; have it enrolled there with `colloque broker enroll CODE`, where CODE is "
                    + "what `colloque identity show` prints, and check that --broker is its own name")
        case .roomTaken:
            self.init(code: 77, "the broker holds this room for another key; make a new session")
        case .tooManyRooms:
            self.init(code: 75, "the broker holds as many rooms as it may; end a session first")
        case .expired: self.init(code: 77, "the time of this session is over; make a new one")
        case .superseded:
            self.init(code: 75, "another process connected with the same key in between; try again")
        case .violated: self.init(code: 76, "the broker does not keep to the protocol; check --broker")
        }
    }
}
