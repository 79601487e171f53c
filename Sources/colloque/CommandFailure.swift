import Consultation
import Desk
import Endpoint
import Keystore
import Phrases
import SecureChannel

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

    init(code: Int32, _ explanation: Explanation) {
        self.init(code: code, explanation.line)
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
        self.init(code: error.exitCode, Speech.phrases.keystore(KeystoreTrouble(error)))
    }

    init(_ error: BrokerErrandError) {
        self.init(code: error.exitCode, Speech.phrases.broker(BrokerTrouble(error)))
    }

    init(_ trouble: CommandTrouble) {
        self.init(code: trouble.exitCode, Speech.phrases.command(trouble))
    }

    init(_ trouble: SessionTrouble) {
        self.init(code: trouble.exitCode, Speech.phrases.session(trouble))
    }

    init(_ trouble: PageTrouble) {
        self.init(code: trouble.exitCode, Speech.phrases.page(trouble))
    }

    /// Why a desk cannot go on.
    init(_ reason: EndReason) {
        let code =
            switch reason {
            case .notEnrolled: BrokerErrandError.notEnrolled.exitCode
            case .superseded: BrokerErrandError.superseded.exitCode
            default: Int32(75)
            }
        self.init(code: code, Speech.phrases.ending(Ending(reason)))
    }
}

extension KeystoreError {
    fileprivate var exitCode: Int32 {
        switch self {
        case .passphraseTooShort, .wrongPassphrase, .damaged, .unknownVersion, .noFile, .unknownSession: 65
        case .identityExists, .foreignRooms, .fileExists, .system: 73
        case .outOfMemory: 75
        case .noIdentity, .looseMode, .notOurs: 78
        }
    }
}

extension BrokerErrandError {
    fileprivate var exitCode: Int32 {
        switch self {
        case .unreachable, .noBroker: 69
        case .tooManyRooms, .superseded: 75
        case .untrusted, .violated: 76
        case .notEnrolled, .roomTaken, .expired: 77
        }
    }
}

extension CommandTrouble {
    fileprivate var exitCode: Int32 {
        switch self {
        case .noBrokerNamed, .brokerMalformed, .unknownLanguage, .noPassphrase, .notATerminal, .noLink: 64
        case .passphrasesDiffer, .unreadable, .linkIncomplete, .linkOfLaterVersion, .notALink, .passphraseFileEmpty,
            .linkBeyondUs, .linkWithoutBroker, .confirmationWrong:
            65
        case .unwritable: 73
        case .alreadyRunning: 75
        }
    }
}

extension SessionTrouble {
    fileprivate var exitCode: Int32 {
        switch self {
        case .labelUnfit, .countUnfit, .opensInPast, .opensTooLate, .originUnfit: 64
        case .noCode: 65
        case .inCall, .over, .ended, .brokenOff, .nobodyAdmitted, .reopenedAlready: 77
        }
    }
}

extension PageTrouble {
    fileprivate var exitCode: Int32 {
        switch self {
        case .noKey: 64
        case .unreachable: 69
        case .differs, .noManifest, .manifestMalformed, .manifestOfOtherKey, .manifestChanged: 76
        case .keyMalformed: 78
        }
    }
}
