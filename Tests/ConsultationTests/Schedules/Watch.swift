import Consultation
import SecureChannel
import Signalling
import Simulation
import Wire

/// The rules that must hold at every step of a schedule, and the state it must reach.
final class Watch {
    private unowned let schedule: Schedule
    /// Since when a device has been there to be seen without being seen.
    private var unseenSince: [Int: Instant] = [:]
    /// Since when a desk has shown a guest who is not there, by the guest's words.
    private var ghostSince: [ShortAuthenticationString: Instant] = [:]
    /// Which of a device's endings was looked at.
    private var judged: [Int: Int] = [:]
    private var nextLook: Instant = .zero

    init(_ schedule: Schedule) {
        self.schedule = schedule
    }

    func check(now: Instant) {
        self.checkAdmissions()
        self.checkMedia()
        for device in self.schedule.devices { self.checkCause(of: device) }
        self.checkWaitingRooms(now: now)
        if self.nextLook <= now {
            self.nextLook = now + .seconds(3)
            self.schedule.at(.seconds(1)) { $0.noticeLosses() }
        }
    }

    /// One link, one person.
    func noteAdmission(of device: Device) {
        guard let words = device.words.last else { return }
        self.schedule.practice.rooms[device.room].letIn.insert(words)
        let room = self.schedule.practice.rooms[device.room]
        if room.letIn.count > 1 { self.blame("the link of \(room.name) let a second person in") }
    }

    private func blame(_ violation: @autoclosure () -> String) {
        self.schedule.chronicle.blame(violation())
    }

    /// Nobody is in whom the doctor did not let in, under the words that both have.
    private func checkAdmissions() {
        for device in self.schedule.devices where device.wasAdmitted {
            let admissions = self.schedule.practice.rooms[device.room].admissions
            if device.words.last.map(admissions.contains) != true {
                self.blame("\(device.name) is in, and no desk let it in under its words")
            }
        }
    }

    /// One call per room, and each patient in one.
    private func checkMedia() {
        for room in self.schedule.practice.rooms.indices {
            var live = 0
            for device in self.schedule.devices where device.room == room {
                live += self.liveCalls(of: device)
            }
            if live > 1 { self.blame("two calls in \(self.schedule.practice.rooms[room].name)") }
        }
    }

    /// Desks that hold the same call as the device.
    private func liveCalls(of device: Device) -> Int {
        guard let media = device.media else { return 0 }
        return self.schedule.desks.count { $0.media[device.room]?.isPair(with: media) == true }
    }

    private func checkWaitingRooms(now: Instant) {
        let desk = self.schedule.onlineDesk
        for device in self.schedule.devices {
            let isKnocking =
                device.standing == .trying && device.presentSince != nil
                && self.schedule.world.isConnected(self.schedule.endIndex(of: device))
            let room = self.schedule.practice.rooms[device.room]
            guard let desk, isKnocking, room.admissions.isEmpty, !room.isOver,
                self.schedule.world.isConnected(self.schedule.endIndex(of: desk))
            else {
                self.unseenSince[device.number] = nil
                continue
            }
            let seen = desk.guests(in: device.room).count { $0.authentication == device.words.last }
            if seen > 1 { self.blame("\(device.name) is shown twice") }
            if seen == 1 {
                self.unseenSince[device.number] = nil
            } else {
                let since = self.unseenSince[device.number, default: now]
                self.unseenSince[device.number] = since
                if now - since > Self.knockLimit { self.blame("\(device.name) knocks and is not shown") }
            }
        }
        self.checkGhosts(now: now)
    }

    /// Whoever is shown is there, or goes before long.
    private func checkGhosts(now: Instant) {
        var ghosts: [ShortAuthenticationString: Instant] = [:]
        for desk in self.schedule.desks {
            for room in self.schedule.practice.rooms.indices {
                for guest in desk.guests(in: room) {
                    let isThere = self.schedule.devices.contains {
                        $0.room == room && $0.waitsSince != nil && $0.words.last == guest.authentication
                            && self.schedule.world.isConnected(self.schedule.endIndex(of: $0))
                    }
                    guard !isThere else { continue }
                    let since = self.ghostSince[guest.authentication] ?? now
                    ghosts[guest.authentication] = since
                    if now - since > Self.ghostLimit { self.blame("\(desk.name) shows a guest who is long gone") }
                }
            }
        }
        self.ghostSince = ghosts
    }

    // MARK: After the calm

    /// Everybody is in, or knows why not.
    func checkEnd() {
        guard let desk = self.schedule.onlineDesk else { return self.blame("no desk is online after all") }
        for device in self.schedule.devices {
            let room = self.schedule.practice.rooms[device.room]
            // Another desk admitted, and this one does not know: its patients are that one's.
            if !room.admissions.isEmpty, desk.records[device.room] == nil { continue }
            // One desk closed what the other holds open still.
            if room.isOver, self.schedule.desks.count > 1 { continue }
            // Whoever was in before the link was made to work again is not expected any more.
            if room.wasReopened, device.wasAdmitted, device.words.last != desk.records[device.room]?.authentication {
                continue
            }
            switch device.standing {
            case .closed, .away: break
            case .admitted:
                if !device.isBound || self.liveCalls(of: device) != 1 {
                    self.blame("\(device.name) was let in and is in no call")
                }
            case .trying: self.blame("\(device.name) still tries")
            case .over(let reason):
                if device.triesAgain, !self.isFair(reason, for: device, in: room) {
                    self.blame("\(device.name) still tries in vain: \(reason)")
                }
            }
        }
    }

    private func checkCause(of device: Device) {
        guard case .over(let reason) = device.standing, !device.triesAgain,
            self.judged.updateValue(device.endings, forKey: device.number) != device.endings
        else { return }
        if !self.isFair(reason, for: device, in: self.schedule.practice.rooms[device.room]) {
            self.blame("\(device.name) is out without cause: \(reason)")
        }
    }

    private func isFair(_ reason: EndReason, for device: Device, in room: Practice.Room) -> Bool {
        switch reason {
        case .hungUp: true
        case .peerHungUp, .turnedAway(.closed): room.isOver
        case .turnedAway(.unknownOrExpired):
            // The desk at work may be one that knows nothing of what the other admitted.
            room.isOver || room.wasReopened
                || !room.admissions.isEmpty
                    && self.schedule.desks.contains { $0.isWorking && $0.records[device.room] == nil }
        case .refused(.notNow): room.isOver || device.words.contains(where: room.refused.contains)
        case .refused(.otherDeviceAdmitted), .turnedAway(.used):
            room.isOver || room.admissions.contains { admission in !device.words.contains(admission) }
        default: false
        }
    }

    /// A device that is there is shown within this time: a back-off, a join and a handshake.
    private static let knockLimit: Duration = .seconds(25)
    /// A guest who is gone is shown no longer than this: the limit of silence, and a moment.
    private static let ghostLimit: Duration = .seconds(62)
}
