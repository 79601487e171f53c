internal import Invitation
internal import SecureChannel
internal import Signalling
internal import Wire

/// From a socket to an epoch: JOIN, the doctor's presence, the handshake.
extension PatientSeat {
    mutating func open(now: Instant) {
        self.connection = .opening(deadline: now + Timetable.connect)
        self.outputs.append(.connect)
    }

    mutating func receiveState(_ doctorPresent: Bool, now: Instant) {
        switch self.connection {
        case .joining(let mode, let handshake, _):
            self.emit(.doctorPresent(doctorPresent))
            self.connection =
                doctorPresent
                ? .handshaking(handshake, deadline: now + Timetable.messageTwo) : .doctorAway(mode, since: now)
        case .doctorAway(let mode, let since):
            self.emit(.doctorPresent(doctorPresent))
            guard doctorPresent else { return }
            // The first message 1 may have met a doctor who was just arriving: then a second one would be a breach.
            guard now - since >= Timetable.lostMessage else { return self.leaveAndRejoin(now: now) }
            if let handshake = self.sendMessageOne(mode) {
                self.connection = .handshaking(handshake, deadline: now + Timetable.messageTwo)
            }
        case .handshaking, .established:
            // A connection carries one epoch: when the doctor comes back, so does this end.
            self.emit(.doctorPresent(doctorPresent))
            if doctorPresent { self.leaveAndRejoin(now: now) }
        case .offline, .opening, .finished:
            break
        }
    }

    /// - Returns: what message 2 finishes; `nil` at the end of this seat.
    mutating func sendMessageOne(_ mode: JoinMode) -> PatientHandshake? {
        do {
            let handshake: PatientHandshake
            if mode == .resume, let resumption = self.resumption {
                self.epochIndex += 1
                handshake = try PatientHandshake(
                    resuming: resumption, sessionPublicKey: self.invitation.sessionPublicKey,
                    epoch: self.epochIndex, random: &self.random)
            } else {
                handshake = try PatientHandshake(
                    calling: self.keys, sessionPublicKey: self.invitation.sessionPublicKey,
                    language: self.configuration.language, random: &self.random)
            }
            self.send(.relay(connection: 0, payload: handshake.messageOne))
            return handshake
        } catch {
            self.end(.cryptographicFailure(error))
            return nil
        }
    }

    mutating func receiveError(_ code: ErrorCode, now: Instant) {
        if case .joining(.resume, _, _) = self.connection, code == .unknownOrExpired, !self.isAdmitted {
            guard !self.mustResume else { return self.end(.turnedAway(code)) }
            guard !self.knowsLinkIsUsed else {
                return self.giveWay(self.claimReason ?? .turnedAway(.used), now: now)
            }
            self.joinsFresh = true
            return self.leaveAndRejoin(now: now)
        }
        if code == .used, self.joinsFresh {
            // Admitted after all, if both sockets broke between the doctor's word to the broker and the one to this
            // end; else somebody else was, and the refusal was lost.
            self.joinsFresh = false
            self.knowsLinkIsUsed = true
            return self.leaveAndRetry(now: now)
        }
        guard self.isAdmitted else { return self.end(.turnedAway(code)) }
        self.leaveAndRetry(refusedWith: code, now: now)
    }

    mutating func receiveRelay(_ payload: [UInt8], now: Instant) {
        switch self.connection {
        case .handshaking(let handshake, _): self.receiveMessageTwo(payload, handshake, now: now)
        case .established: self.receiveFrame(payload, now: now)
        case .offline, .opening, .joining, .doctorAway, .finished: break
        }
    }

    private mutating func receiveMessageTwo(_ payload: [UInt8], _ pending: PatientHandshake, now: Instant) {
        var handshake = pending
        let epoch: PatientEpoch
        do {
            epoch = try handshake.readMessageTwo(payload, unixTime: self.unixTime(now))
        } catch {
            return self.cryptographicLoss(error, now: now)
        }
        self.connection = .established(
            LiveEpoch(channel: epoch.channel, firstFrameWithin: Timetable.firstFrame, now: now))
        self.knowsLinkIsUsed = false
        self.epochIndex = epoch.channel.index
        let name = self.configuration.displayName.beginning(octets: TextBounds.nameOctets)
        self.send(epoch.confirmation(displayName: name), now: now)
        self.emit(.epochEstablished(index: epoch.channel.index))
        guard let introduction = epoch.introduction, let words = epoch.authentication else {
            return self.holdClaim()
        }
        self.become(Former(resumption: epoch.channel.resumption, introduction: introduction, words: words))
        self.joinsFresh = false
        self.generation = nil
        self.comparison = nil
        self.emit(.introduced(introduction, words))
    }
}
