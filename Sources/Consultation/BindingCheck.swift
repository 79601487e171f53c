package import SecureChannel
internal import Wire

/// The two certificates of a DTLS connection as one end saw them: SHA-256, 32 octets each.
package struct SeenCertificates: Equatable, Sendable {
    package let patient: [UInt8]
    package let doctor: [UInt8]

    package init(patient: [UInt8], doctor: [UInt8]) {
        self.patient = patient
        self.doctor = doctor
    }
}

/// Proves that the media path ends where the sealed channel ends.
///
/// Each end reports, inside the epoch, the two certificates it saw in DTLS. The check holds once the other end's
/// report names the same two. A report counts only in the epoch it came in.
struct BindingCheck: Sendable {
    enum Verdict: Equatable, Sendable {
        /// Half of it is still missing.
        case pending
        case holds
        /// The other end saw other certificates.
        case mismatch
    }

    private var seen: SeenCertificates?
    private var receivedTag: [UInt8]?
    /// When the other end's report is overdue; `nil` while none is awaited.
    private(set) var deadline: Instant?

    /// DTLS is up and this end knows both certificates.
    /// - Returns: the report to send, if an epoch stands.
    mutating func transportConnected(_ seen: SeenCertificates, epoch: EstablishedEpoch?, now: Instant) -> Frame? {
        self.seen = seen
        return epoch.flatMap { self.report(in: $0, now: now) }
    }

    /// A new epoch stands: what was reported before counts no more.
    /// - Returns: the report to send, if the transport stands.
    mutating func epochEstablished(_ epoch: EstablishedEpoch, now: Instant) -> Frame? {
        self.report(in: epoch, now: now)
    }

    mutating func epochLost() {
        self.receivedTag = nil
        self.deadline = nil
    }

    /// The description that the reports must follow arrived: an older one is about an older transport.
    mutating func forgetTag() {
        self.receivedTag = nil
    }

    /// A new transport takes the place of the one that was checked.
    mutating func transportReplaced() {
        self = BindingCheck()
    }

    mutating func received(_ tag: [UInt8]) {
        self.receivedTag = tag
    }

    /// Compares as soon as both halves are there.
    mutating func verdict(in epoch: EstablishedEpoch) -> Verdict {
        guard let seen = self.seen, let tag = self.receivedTag else { return .pending }
        self.receivedTag = nil
        self.deadline = nil
        let holds = epoch.binds(tag, patientFingerprint: seen.patient, doctorFingerprint: seen.doctor)
        return holds ? .holds : .mismatch
    }

    private mutating func report(in epoch: EstablishedEpoch, now: Instant) -> Frame? {
        guard let seen = self.seen else { return nil }
        self.deadline = now + Timetable.binding
        return epoch.bindingFrame(patientFingerprint: seen.patient, doctorFingerprint: seen.doctor)
    }
}
