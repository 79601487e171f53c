/// What the two ends say to each other inside an epoch. Each case is one type on the wire.
package enum Frame: Equatable, Sendable {
    /// 03, the patient's first frame.
    case confirm(Confirmation)
    /// 04, what the patient reads while waiting; may be empty.
    case waiting(message: String)
    /// 05
    case admit(AdmissionFlags)
    /// 06
    case refuse(RefusalReason)
    /// 07. `generation` grows by one with each offer of the call.
    case sessionDescription(DescriptionKind, generation: UInt32, text: String)
    /// 08, the attribute's value without `a=`; empty for the end of candidates.
    case candidate(generation: UInt32, text: String)
    /// 09
    case wordsResult(isSame: Bool)
    /// 0A, see ``EstablishedEpoch/bindingFrame(patientFingerprint:doctorFingerprint:)``: 32 octets.
    case transportBinding(tag: [UInt8])
    /// 0B
    case chat(id: UInt32, text: String)
    /// 0C, an ML-KEM-768 encapsulation key (1184 octets) or ciphertext (1088).
    case keyEncapsulation([UInt8])
    /// 0D
    case keepAlive
    /// 0E
    case receipt(ReceiptPart, octets: [UInt8])
    /// 0F
    case bye(ByeReason)
    /// 10
    case consent(Consent)
    /// 11
    case identityCheck(IdentityCheck)

    package struct Confirmation: Equatable, Sendable {
        /// rP: 32 octets, zeros in a resume.
        package var nonce: [UInt8]
        /// Ed25519, 32 octets; `nil` is zeros on the wire.
        package var receiptKey: [UInt8]?
        package var displayName: String

        package init(nonce: [UInt8], receiptKey: [UInt8]?, displayName: String) {
            self.nonce = nonce
            self.receiptKey = receiptKey
            self.displayName = displayName
        }
    }

    package struct AdmissionFlags: OptionSet, Hashable, Sendable {
        package let rawValue: UInt8

        package init(rawValue: UInt8) {
            self.rawValue = rawValue
        }

        package static let relayOnly = AdmissionFlags(rawValue: 1)
    }

    package enum DescriptionKind: UInt8, Sendable {
        case offer = 0
        case answer = 1
        /// The doctor asks for a new offer: empty text for an ICE restart, ``Frame/newEndpoint`` for a new connection.
        case restart = 2
    }

    /// The text of a restart by a doctor whose former media endpoint is gone.
    package static let newEndpoint = "new"

    package enum ReceiptPart: UInt8, Sendable {
        case body = 0
        case signature = 1
    }

    /// The patient's agreement to the text that was on the screen.
    package struct Consent: Equatable, Sendable {
        /// Of the text.
        package var version: UInt8
        package var language: LanguageCode
        /// SHA-256 of the text, 32 octets.
        package var textHash: [UInt8]
        /// Unix seconds.
        package var time: UInt64

        package init(version: UInt8, language: LanguageCode, textHash: [UInt8], time: UInt64) {
            self.version = version
            self.language = language
            self.textHash = textHash
            self.time = time
        }
    }
}

/// Why a doctor does not admit, or a patient does not go on. Unknown values are kept.
package struct RefusalReason: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    package static let none = RefusalReason(rawValue: 0)
    package static let otherDeviceAdmitted = RefusalReason(rawValue: 1)
    package static let notNow = RefusalReason(rawValue: 2)
    package static let wrongPerson = RefusalReason(rawValue: 3)
}

/// Why an end leaves. Unknown values are kept.
package struct ByeReason: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    package static let hungUp = ByeReason(rawValue: 0)
    package static let wordsDiffer = ByeReason(rawValue: 1)
    package static let bindingFailed = ByeReason(rawValue: 2)
    package static let expired = ByeReason(rawValue: 3)
    package static let error = ByeReason(rawValue: 4)
}

/// How the doctor made sure who the patient is. Unknown values are kept.
package struct IdentityCheck: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    package static let none = IdentityCheck(rawValue: 0)
    package static let knownPatient = IdentityCheck(rawValue: 1)
    package static let documentShown = IdentityCheck(rawValue: 2)
    package static let vouched = IdentityCheck(rawValue: 3)
}
