internal import Invitation
internal import SecureChannel
internal import Wire

/// Whom the doctor may have admitted in this end's place: this end itself, as a guest it was before.
///
/// A socket can be dead for a minute before the doctor's end knows. Meanwhile this end has joined afresh, and the doctor
/// sees two guests. Should the one that is admitted be the one whose socket is gone, this end holds its secret still: it
/// resumes as that guest, and its words are the ones the doctor has.
extension PatientSeat {
    /// One fresh join: its secret, and what was shown for it.
    struct Former: Sendable {
        let resumption: Resumption
        let introduction: DoctorIntroduction
        let words: ShortAuthenticationString
    }

    /// A fresh join made this end a new guest; the one it was may wait still, in the doctor's eyes.
    mutating func become(_ guest: Former) {
        if let former = self.latest, !self.isAdmitted {
            self.formers = self.formers.suffix(Self.maximumFormers - 1) + [former]
        }
        self.latest = guest
        self.resumption = guest.resumption
    }

    /// Somebody else was admitted: unless that was this end, it is over.
    mutating func giveWay(_ reason: EndReason, now: Instant) {
        guard !self.isAdmitted, let former = self.formers.popLast() else { return self.end(reason) }
        self.claimReason = reason
        self.latest = former
        self.resumption = former.resumption
        self.epochIndex = 0
        self.joinsFresh = false
        self.knowsLinkIsUsed = true
        self.leaveAndRejoin(now: now)
    }

    /// The doctor answered a resumption: if it was a claim, the words of that guest are the ones to compare.
    mutating func holdClaim() {
        guard self.claimReason != nil, let guest = self.latest else { return }
        self.claimReason = nil
        self.formers = []
        self.emit(.introduced(guest.introduction, guest.words))
    }

    /// As many as the broker lets wait in one room.
    private static let maximumFormers = 3
}
