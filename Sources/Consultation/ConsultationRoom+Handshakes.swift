internal import Invitation
internal import SecureChannel
internal import Signalling
internal import Wire

/// From a visitor to a guest, and back into the room: the handshakes and their limits.
extension ConsultationRoom {
    mutating func receiveCall(_ payload: [UInt8], _ connection: UInt32, now: Instant) {
        guard self.admission == nil else { return self.drop(connection, .used) }
        let handshake: DoctorHandshake
        do {
            handshake = try DoctorHandshake(
                readingCall: payload, roomKeys: self.secrets.keys, sessionKey: self.secrets.sessionKey,
                delegation: self.secrets.delegation)
        } catch {
            return self.drop(connection, .malformed)
        }
        guard self.seenEphemerals.insert(handshake.patientEphemeral) else {
            return self.drop(connection, .malformed)
        }
        guard self.allowance.take(now: now) else { return self.drop(connection, .rate) }
        self.answerHandshake(handshake, connection, now: now)
    }

    mutating func receiveResume(_ payload: [UInt8], _ connection: UInt32, now: Instant) {
        guard let admission = self.admission else { return self.drop(connection, .unknownOrExpired) }
        do {
            let handshake = try DoctorHandshake(
                readingResume: payload, resumption: admission.record.resumption, sessionKey: self.secrets.sessionKey,
                lastEpoch: admission.record.lastEpoch)
            self.answerHandshake(handshake, connection, now: now)
        } catch {
            self.drop(connection, .malformed)
        }
    }

    private mutating func answerHandshake(_ handshake: DoctorHandshake, _ connection: UInt32, now: Instant) {
        do {
            let (messageTwo, awaited) = try handshake.answer(language: self.language, random: &self.random)
            self.outputs.append(.send(.relay(connection: connection, payload: messageTwo)))
            self.visitors[connection] = .confirming(awaited, deadline: now + Timetable.confirm)
        } catch {
            self.drop(connection, .malformed)
        }
    }

    mutating func receiveConfirmation(
        _ payload: [UInt8], _ awaited: AwaitedConfirmation, _ connection: UInt32, now: Instant
    ) {
        let confirmed: DoctorEpoch
        do {
            confirmed = try awaited.read(payload)
        } catch {
            return self.drop(connection, .malformed)
        }
        let epoch = LiveEpoch(channel: confirmed.channel, firstFrameWithin: Timetable.silence, now: now)
        guard let words = confirmed.authentication else {
            return self.resume(epoch, connection, now: now)
        }
        self.allowance.giveBack()
        guard self.admission == nil else { return self.drop(connection, .used) }
        self.guestCount += 1
        let guest = Guest(
            connection: connection, number: self.guestCount, displayName: confirmed.displayName,
            authentication: words)
        self.visitors[connection] = .waiting(guest, epoch)
        self.send(.waiting(message: self.waitingMessage), to: connection, now: now)
        self.emit(.arrived(guest))
    }

    mutating func resume(_ epoch: LiveEpoch, _ connection: UInt32, now: Instant) {
        guard let admission = self.admission, epoch.channel.index > admission.record.lastEpoch else {
            return self.drop(connection, .malformed)
        }
        if let old = admission.connection, old != connection { self.drop(old, .closed) }
        self.change { $0.lastEpoch = epoch.channel.index }
        self.admission?.connection = connection
        self.visitors[connection] = .admitted(epoch)
        self.grantAndAdmit(connection, now: now)
        if let report = self.binding.epochEstablished(epoch.channel, now: now) {
            self.sendToAdmitted(report, now: now)
        }
        if let same = admission.record.comparison { self.sendToAdmitted(.wordsResult(isSame: same), now: now) }
        self.emit(.epochEstablished(index: epoch.channel.index))
    }

    mutating func grantAndAdmit(_ connection: UInt32, now: Instant) {
        self.outputs.append(.send(.turnGrant(connection: connection)))
        self.send(.admit(self.relayOnly ? .relayOnly : []), to: connection, now: now)
    }
}
