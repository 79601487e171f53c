internal import SecureChannel
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
/// Each end reports, inside the epoch, the two certificates it saw in DTLS. The check holds once this end's DTLS is up
/// and the other end's report names the same two. A report counts only in the epoch it came in.
struct BindingCheck: Sendable {
    enum Verdict: Equatable, Sendable {
        /// Half of it is still missing.
        case pending
        case holds
        /// The other end saw other certificates.
        case mismatch
    }

    /// Of the handshake under way or done: the other end proved to own its certificate.
    private var proven: SeenCertificates?
    /// Of a DTLS that is up.
    private var seen: SeenCertificates?
    /// The other end has a report of ``proven`` in this epoch, since the last description.
    private var isReported = false
    private var receivedTag: [UInt8]?
    /// When the other end's report is overdue; `nil` while none is awaited.
    private(set) var deadline: Instant?

    /// The other end proved in a handshake to own its certificate; that handshake may still fail.
    /// - Returns: the report to send, if an epoch stands.
    mutating func peerVerified(_ certificates: SeenCertificates, epoch: EstablishedEpoch?) -> Frame? {
        self.proven = certificates
        self.isReported = false
        return epoch.flatMap { self.report(in: $0) }
    }

    /// DTLS is up and this end knows both certificates.
    /// - Returns: the report to send, if an epoch stands and the other end has none.
    mutating func transportConnected(_ seen: SeenCertificates, epoch: EstablishedEpoch?, now: Instant) -> Frame? {
        self.seen = seen
        if self.proven != seen {
            self.proven = seen
            self.isReported = false
        }
        guard let epoch else { return nil }
        self.deadline = now + Timetable.binding
        return self.report(in: epoch)
    }

    /// A new epoch stands: what was reported before counts no more.
    /// - Returns: the report to send, if the other end's certificate is known.
    mutating func epochEstablished(_ epoch: EstablishedEpoch, now: Instant) -> Frame? {
        self.isReported = false
        if self.seen != nil { self.deadline = now + Timetable.binding }
        return self.report(in: epoch)
    }

    mutating func epochLost() {
        self.receivedTag = nil
        self.isReported = false
        self.deadline = nil
    }

    /// The description that the reports must follow arrived: an older one is about an older transport.
    mutating func forgetTag() {
        self.receivedTag = nil
        self.isReported = false
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

    private mutating func report(in epoch: EstablishedEpoch) -> Frame? {
        guard let proven = self.proven, !self.isReported else { return nil }
        self.isReported = true
        return epoch.bindingFrame(patientFingerprint: proven.patient, doctorFingerprint: proven.doctor)
    }
}
