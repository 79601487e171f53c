import Simulation
import Wire

/// What goes wrong, or what people do that is as good as that.
enum Accident: CaseIterable {
    case reload, closeTab, reopenLink, patientHangsUp
    case deviceSocket, deviceSocketUnnoticed, deskSocket, deskSocketUnnoticed
    case cuts, brokerRestart, deskCrash, takeOver, mediaDeath, reopenRoom
}

extension Schedule {
    func happen(_ accident: Accident) {
        let device = self.devices[Int(self.random.next() % UInt64(self.devices.count))]
        let desk = self.desks[Int(self.random.next() % UInt64(self.desks.count))]
        guard !self.isCalm else { return }
        switch accident {
        case .reload: if device.isThere { device.reload(now: self.now) }
        case .closeTab: device.closeTab()
        case .reopenLink:
            if device.standing != .away { device.knock(now: self.now) }
        case .patientHangsUp:
            if self.random.unitInterval() < 0.3 { device.hangUp(now: self.now) }
        case .deviceSocket: self.kill(device, isNoticed: true)
        case .deviceSocketUnnoticed: self.kill(device, isNoticed: false)
        case .deskSocket: self.kill(desk, isNoticed: true)
        case .deskSocketUnnoticed: self.kill(desk, isNoticed: false)
        case .cuts:
            self.chronicle.note("a bad network for 10 s")
            self.world.weather.cut = 0.05
            self.at(.seconds(10)) { $0.world.weather.cut = 0 }
        case .brokerRestart:
            guard self.world.isBrokerUp else { return }
            self.chronicle.note("the broker dies")
            self.world.killBroker()
            self.at(.seconds(5) * self.random.unitInterval()) {
                guard !$0.world.isBrokerUp else { return }
                $0.chronicle.note("the broker is back")
                $0.world.startBroker()
            }
        case .deskCrash:
            guard desk.isWorking else { return }
            desk.crash()
            self.at(.seconds(1) + .seconds(10) * self.random.unitInterval()) {
                if desk.seat == nil { desk.begin(now: $0.now) }
            }
        case .takeOver:
            let other = self.desks[self.desks.count - 1]
            let heir = other.isWorking ? self.desks[0] : other
            if !heir.isWorking || self.desks.count > 1 { self.takeOver(at: heir) }
        case .reopenRoom:
            if self.random.unitInterval() < 0.5 { desk.reopen(device.room, now: self.now) }
        case .mediaDeath:
            guard device.media != nil else { return }
            self.chronicle.note("the path of \(device.name) dies")
            device.loseMedia(now: self.now)
        }
    }

    private func kill(_ device: Device, isNoticed: Bool) {
        self.kill(self.endIndex(of: device), name: device.name, isNoticed: isNoticed)
    }

    private func kill(_ desk: Desk, isNoticed: Bool) {
        self.kill(self.endIndex(of: desk), name: desk.name, isNoticed: isNoticed)
    }

    private func kill(_ end: Int, name: String, isNoticed: Bool) {
        guard self.world.isConnected(end) else { return }
        self.chronicle.note("the socket of \(name) dies\(isNoticed ? "" : ", unnoticed")")
        let longest: Duration = isNoticed ? .milliseconds(100) : .seconds(40)
        self.world.kill(
            socketOf: end, brokerLearnsAfter: longest * self.random.unitInterval(),
            endLearnsAfter: longest * self.random.unitInterval())
    }
}

extension Media {
    func isPair(with other: Media) -> Bool { self.patient == other.patient && self.doctor == other.doctor }
}
