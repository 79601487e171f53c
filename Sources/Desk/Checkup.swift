package import Endpoint
internal import Foundation
package import Keystore
internal import NIOPosix
package import Network
package import Phrases
internal import Release
package import Screens
package import Sound
internal import TURN
internal import Terminal
internal import Wire

/// Looks at everything that a consultation stands on, one after the other.
package struct Checkup {
    /// `nil` leaves the broker out.
    package var identity: UnlockedIdentity?
    package var broker: WebSocketURL?
    /// A desk or a call holds the place at the broker: trials would take it.
    package var isBusy = false
    package var sound: SoundCard.Choice
    /// Asks whether the person heard themselves; `nil` where nobody sits there.
    package var asksHeard: (() -> Bool)?
    /// Tells that the person may speak now.
    package var invitesToSpeak: () -> Void = {}
    /// Tells that a look at something begins that may take a while.
    package var begin: (CheckItem) -> Void = { _ in }
    package var tell: (CheckReport.Row) -> Void

    package init(sound: SoundCard.Choice, tell: @escaping (CheckReport.Row) -> Void) {
        self.sound = sound
        self.tell = tell
    }

    package func run() async -> CheckReport {
        var report = CheckReport(rows: [])
        func note(_ item: CheckItem, _ outcome: CheckReport.Outcome) {
            let row = CheckReport.Row(item: item, outcome: outcome)
            report.rows.append(row)
            self.tell(row)
        }
        for (item, outcome) in self.checkSound() { note(item, outcome) }
        guard let broker = self.broker else { return report }
        let isReached = await self.checkBroker(broker, note)
        if isReached { await self.checkWays(broker, note) } else { Self.networkItems.forEach { note($0, .skipped) } }
        return report
    }

    private static let networkItems: [CheckItem] = [.stun, .relayUDP, .relayTCP, .relayTLS]

    // MARK: Sound

    private func checkSound() -> [(CheckItem, CheckReport.Outcome)] {
        var trial = SoundTrial(self.sound)
        defer { trial.close() }
        trial.settle()
        if self.asksHeard != nil { self.invitesToSpeak() }
        trial.listen(for: self.asksHeard == nil ? .milliseconds(1500) : .seconds(3))
        var microphone = Self.outcome(of: trial.microphone, .microphone)
        if case .passed = microphone, trial.isSilent { microphone = .failed(.microphoneSilent) }
        trial.playBack()
        var loudspeaker = Self.outcome(of: trial.loudspeaker, .loudspeaker)
        if case .passed = loudspeaker, let asks = self.asksHeard, !asks() { loudspeaker = .failed(.notHeard) }
        return [(.microphone, microphone), (.loudspeaker, loudspeaker)]
    }

    private static func outcome(of side: SoundTrial.Side, _ name: PersonSide) -> CheckReport.Outcome {
        if let loss = side.loss { return .failed(.sound(SoundTrouble(loss), name)) }
        guard let device = side.device else { return .failed(.sound(.absent, name)) }
        return .passed(Neutralised(device))
    }

    // MARK: Broker, certificate, clock, page

    private func checkBroker(
        _ broker: WebSocketURL, _ note: (CheckItem, CheckReport.Outcome) -> Void
    ) async -> Bool {
        var isReached = false
        self.begin(.broker)
        let began = monotonicNow()
        do throws(BrokerErrandError) {
            if let identity = self.identity, !self.isBusy {
                try await BrokerErrand().run(at: broker, as: identity.keyPair)
            }
            let spent = (monotonicNow() - began).components
            note(
                .broker,
                self.isBusy
                    ? .skipped
                    : .passed(Neutralised("\(spent.seconds * 1000 + spent.attoseconds / 1_000_000_000_000_000) ms")))
            isReached = true
        } catch {
            note(.broker, .failed(.broker(BrokerTrouble(error))))
        }
        let answer = await Self.fetch(broker)
        let now = UnixClock.now
        if let expiry = answer?.certificateExpiry {
            let days = (Int(clamping: expiry) - Int(clamping: now)) / 86_400
            note(.certificate, days < 14 ? .failed(.certificateExpires(days: days)) : .passed(Neutralised("\(days) d")))
        } else {
            note(.certificate, .skipped)
        }
        let date = answer?.fields.first { $0.name.lowercased() == "date" }.flatMap { HTTPDate.unix($0.value) }
        if let date {
            let difference = Int(clamping: date) - Int(clamping: now)
            note(
                .clock,
                abs(difference) > 120
                    ? .failed(.clockOff(.seconds(abs(difference)))) : .passed(Neutralised("± \(abs(difference)) s")))
        } else {
            note(.clock, .skipped)
        }
        self.begin(.page)
        let page = await PageVerification.run(at: broker, reference: PageReference(release: .own, at: broker))
        switch page.outcome {
        case .verified: note(.page, .passed(nil))
        case .differs: note(.page, .failed(.pageDiffers))
        case .unreachable: note(.page, isReached ? .failed(.pageUnreadable) : .skipped)
        }
        return isReached
    }

    private static func fetch(_ broker: WebSocketURL) async -> HTTPAnswer? {
        for address in HTTPFetch.addresses(of: broker.host) {
            if let answer = try? await HTTPFetch.get(
                "/", of: broker, at: address, group: MultiThreadedEventLoopGroup.singleton)
            {
                return answer
            }
        }
        return nil
    }

    // MARK: Ways for the voice

    private func checkWays(_ broker: WebSocketURL, _ note: (CheckItem, CheckReport.Outcome) -> Void) async {
        guard let identity = self.identity, !self.isBusy else {
            return Self.networkItems.forEach { note($0, .skipped) }
        }
        self.begin(.stun)
        let trial = TrialCall(identity: identity.keyPair, broker: broker)
        let direct = await Self.beside { trial.run(over: .direct) }
        let uris = direct.urls.compactMap { RelayURI($0) }
        if let stun = uris.first(where: { $0.service == .stun }) ?? uris.first(where: { $0.service == .relay(.udp) }) {
            self.begin(.stun)
            let mapped = await Self.beside { STUNProbe.run(stun) }
            note(.stun, mapped.map { .passed(Neutralised($0.description)) } ?? .failed(.stunSilent))
        } else {
            note(.stun, .skipped)
        }
        for (item, transport) in [(CheckItem.relayUDP, TURNClient.Transport.udp), (.relayTCP, .tcp), (.relayTLS, .tls)]
        {
            guard uris.contains(where: { $0.service == .relay(transport) }) else {
                note(item, uris.isEmpty && item == .relayUDP ? .failed(.noRelay) : .skipped)
                continue
            }
            self.begin(item)
            switch await Self.beside({ trial.run(over: .relay(transport)) }).outcome {
            case .heard(let time): note(item, .passed(Neutralised("\(Int(time.milliseconds)) ms")))
            case .notOffered: note(item, .skipped)
            case .blocked: note(item, .failed(.relayBlocked(item)))
            }
        }
    }

    /// On a thread that may sleep.
    private static func beside<Result: Sendable>(_ work: @escaping @Sendable () -> Result) async -> Result {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { continuation.resume(returning: work()) }
        }
    }
}

/// The date of an HTTP answer (RFC 9110 §5.6.7).
enum HTTPDate {
    /// Unix seconds; `nil` for another form than the preferred one.
    static func unix(_ text: String) -> UInt64? {
        let parts = text.split(separator: " ")
        guard parts.count == 6, let day = Int32(parts[1]), let month = Self.months.firstIndex(of: String(parts[2])),
            let year = Int32(parts[3]), (1970...9999).contains(year)
        else { return nil }
        let clock = parts[4].split(separator: ":").compactMap { Int32($0) }
        guard clock.count == 3, (1...31).contains(day) else { return nil }
        var fields = tm()
        (fields.tm_year, fields.tm_mon, fields.tm_mday) = (year - 1900, Int32(month), day)
        (fields.tm_hour, fields.tm_min, fields.tm_sec) = (clock[0], clock[1], clock[2])
        return UInt64(clamping: timegm(&fields))
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
}

extension BrokerTrouble {
    package init(_ error: BrokerErrandError) {
        switch error {
        case .unreachable: self = .unreachable
        case .untrusted: self = .untrusted
        case .noBroker: self = .noBroker
        case .notEnrolled: self = .notEnrolled
        case .roomTaken: self = .roomTaken
        case .tooManyRooms: self = .tooManyRooms
        case .expired: self = .expired
        case .superseded: self = .superseded
        case .violated: self = .violated
        }
    }
}
