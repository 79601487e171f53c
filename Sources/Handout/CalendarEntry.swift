/// One appointment as a calendar takes it (RFC 5545).
///
/// It says when and by which link; neither a name nor a label is in it.
package struct CalendarEntry: Equatable, Sendable {
    /// Says nothing of the session to whoever reads it.
    package var identifier: String
    package var created: CalendarTime
    package var start: CalendarTime
    package var end: CalendarTime
    package var summary: String
    package var description: String
    package var link: String

    package init(
        identifier: String, created: CalendarTime, start: CalendarTime, end: CalendarTime, summary: String,
        description: String, link: String
    ) {
        self.identifier = identifier
        self.created = created
        self.start = start
        self.end = end
        self.summary = summary
        self.description = description
        self.link = link
    }

    /// The whole file.
    package var text: String {
        [
            "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Colloque//Colloque//EN", "METHOD:PUBLISH", "BEGIN:VEVENT",
            "UID:\(escaped(self.identifier))", "DTSTAMP:\(self.created.basic)", "DTSTART:\(self.start.basic)",
            "DTEND:\(self.end.basic)", "SUMMARY:\(escaped(self.summary))",
            "DESCRIPTION:\(escaped(self.description))",
            "URL:\(self.link)", "CLASS:PRIVATE", "TRANSP:OPAQUE",
            "BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:\(escaped(self.summary))", "TRIGGER:-PT10M", "END:VALARM",
            "END:VEVENT", "END:VCALENDAR",
        ].map(folded).joined()
    }
}

/// An instant of the calendar in UTC.
package struct CalendarTime: Equatable, Sendable {
    private let unixTime: Int64

    /// - Parameter unixTime: seconds; the years 1970 to 9999.
    package init(unixTime: Int64) {
        self.unixTime = unixTime
    }

    /// `20261126T143000Z`.
    var basic: String {
        let (days, seconds) = self.unixTime.quotientAndRemainder(dividingBy: 86_400)
        // Days since 1 March of year 0, in eras of 400 years.
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        let (hour, rest) = seconds.quotientAndRemainder(dividingBy: 3600)
        return padded(year, 4) + padded(month, 2) + padded(day, 2) + "T" + padded(hour, 2) + padded(rest / 60, 2)
            + padded(rest % 60, 2) + "Z"
    }
}

private func padded(_ value: Int64, _ width: Int) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
}

/// A value of type TEXT (RFC 5545 §3.3.11).
private func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\\", ";", ",": result += "\\\(scalar)"
        case "\n": result += "\\n"
        case "\r": break
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result
}

/// Lines of at most 75 octets, each with its end, cut between characters (RFC 5545 §3.1).
private func folded(_ line: String) -> String {
    var result = ""
    var width = 0
    for scalar in line.unicodeScalars {
        let count = UTF8.width(scalar)
        if width + count > 75 {
            result += "\r\n "
            width = 1
        }
        result.unicodeScalars.append(scalar)
        width += count
    }
    return result + "\r\n"
}
