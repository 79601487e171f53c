/// A day and a time of the doctor's own clock. The caller knows calendars; phrases only word them.
package struct WallTime: Equatable, Sendable {
    package var year: Int
    /// 1 to 12.
    package var month: Int
    /// 1 to 31.
    package var day: Int
    /// 0 for Sunday to 6 for Saturday.
    package var weekday: Int
    package var hour: Int
    package var minute: Int

    package init(year: Int, month: Int, day: Int, weekday: Int, hour: Int, minute: Int) {
        self.year = year
        self.month = min(max(month, 1), 12)
        self.day = day
        self.weekday = min(max(weekday, 0), 6)
        self.hour = hour
        self.minute = minute
    }
}

extension Phrases {
    /// 14 h 05, 14:05, 14:05 Uhr.
    package func clock(_ time: WallTime) -> String {
        let minutes = Self.twoDigits(time.minute)
        return pick(
            fr: "\(time.hour)\u{A0}h\u{A0}\(minutes)", en: "\(time.hour):\(minutes)", nl: "\(time.hour):\(minutes)",
            de: "\(time.hour):\(minutes)\u{A0}Uhr")
    }

    /// jeudi 26 novembre 2026.
    package func date(_ time: WallTime) -> String {
        let weekday = self.weekdays[time.weekday]
        let month = self.months[time.month - 1]
        let first = time.day == 1 ? "1er" : "\(time.day)"
        return pick(
            fr: "\(weekday) \(first) \(month) \(time.year)", en: "\(weekday) \(time.day) \(month) \(time.year)",
            nl: "\(weekday) \(time.day) \(month) \(time.year)", de: "\(weekday), \(time.day). \(month) \(time.year)")
    }

    package func dateAndClock(_ time: WallTime) -> String {
        let (date, clock) = (self.date(time), self.clock(time))
        return pick(
            fr: "\(date) à \(clock)", en: "\(date), \(clock)", nl: "\(date) om \(clock)", de: "\(date), \(clock)")
    }

    /// A length of time in one unit, two from an hour on: 40 s, 3 min, 1 h 05.
    package func span(_ time: Duration) -> String {
        let seconds = max(0, Int(time.components.seconds))
        let hour = pick(fr: "h", en: "h", nl: "u", de: "Std.")
        if seconds < 60 { return "\(seconds)\u{A0}s" }
        if seconds < 3600 { return "\(seconds / 60)\u{A0}min" }
        if seconds < 48 * 3600 {
            let minutes = seconds / 60 % 60
            let rest = minutes == 0 ? "" : "\u{A0}\(Self.twoDigits(minutes))"
            return "\(seconds / 3600)\u{A0}\(hour)\(rest)"
        }
        return self.days(seconds / 86_400)
    }

    package func days(_ count: Int) -> String {
        pick(
            fr: "\(count)\u{A0}\(count < 2 ? "jour" : "jours")", en: "\(count)\u{A0}\(count == 1 ? "day" : "days")",
            nl: "\(count)\u{A0}\(count == 1 ? "dag" : "dagen")", de: "\(count)\u{A0}\(count == 1 ? "Tag" : "Tage")")
    }

    /// The time of a call, of constant width for an hour: 04:32, 1:04:32.
    package static func stopwatch(_ time: Duration) -> String {
        let seconds = max(0, Int(time.components.seconds))
        let minutes = "\(self.twoDigits(seconds / 60 % 60)):\(self.twoDigits(seconds % 60))"
        return seconds < 3600 ? minutes : "\(seconds / 3600):\(minutes)"
    }

    /// A share in percent with one decimal.
    package func percent(_ share: Double) -> String {
        let tenths = share.isFinite ? Int((min(max(share, 0), 1) * 1000).rounded()) : 0
        let (whole, part) = (tenths / 10, tenths % 10)
        return pick(
            fr: "\(whole),\(part) %", en: "\(whole).\(part)%", nl: "\(whole),\(part)%", de: "\(whole),\(part)\u{A0}%")
    }

    package func milliseconds(_ time: Duration) -> String {
        let (seconds, attoseconds) = time.components
        let value = min(max(seconds, -999), 999) * 1000 + attoseconds / 1_000_000_000_000_000
        return "\(max(0, value))\u{A0}ms"
    }

    private var weekdays: [String] {
        switch self.language {
        case .french: ["dimanche", "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi"]
        case .english: ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
        case .dutch: ["zondag", "maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag"]
        case .german: ["Sonntag", "Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag"]
        }
    }

    private var months: [String] {
        switch self.language {
        case .french:
            [
                "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre",
                "novembre", "décembre",
            ]
        case .english:
            [
                "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
                "November", "December",
            ]
        case .dutch:
            [
                "januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september", "oktober",
                "november", "december",
            ]
        case .german:
            [
                "Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober",
                "November", "Dezember",
            ]
        }
    }

    static func twoDigits(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
