import ArgumentParser
import Foundation

/// A length of time as people write it: 90s, 30m, 2h, 1d.
struct TimeToLive: ExpressibleByArgument {
    let seconds: UInt32

    init(seconds: UInt32) {
        self.seconds = seconds
    }

    init?(argument: String) {
        let units: [Character: UInt32] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
        let digits = argument.dropLast()
        guard let unit = argument.last.flatMap({ units[$0] }), digits.allSatisfy({ $0.isASCII && $0.isNumber }),
            let count = UInt32(digits), case let (seconds, overflow) = count.multipliedReportingOverflow(by: unit),
            !overflow, (1...Self.maximum).contains(seconds)
        else { return nil }
        self.seconds = seconds
    }

    var defaultValueDescription: String { "2h" }

    private static let maximum: UInt32 = 86_400
}

/// An instant as ISO 8601 writes it: `2026-12-01T10:15Z`, with another zone, or without one for this machine's.
struct OpeningHour: ExpressibleByArgument {
    /// Unix seconds.
    let unixTime: UInt64

    init?(argument: String) {
        let text = argument.replacingOccurrences(of: " ", with: "T")
        for format in Self.formats {
            let formatter = DateFormatter()
            formatter.locale = Locale(identifier: "en_US_POSIX")
            formatter.dateFormat = format
            formatter.isLenient = false
            if let date = formatter.date(from: text), date.timeIntervalSince1970 >= 0 {
                self.unixTime = UInt64(date.timeIntervalSince1970)
                return
            }
        }
        return nil
    }

    private static let formats = [
        "yyyy-MM-dd'T'HH:mmZZZZZ", "yyyy-MM-dd'T'HH:mm:ssZZZZZ", "yyyy-MM-dd'T'HH:mm", "yyyy-MM-dd'T'HH:mm:ss",
    ]
}
