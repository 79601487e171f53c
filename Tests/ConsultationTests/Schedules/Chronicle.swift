import Consultation
import Wire

/// What happened in one schedule, as a story, and what should not have happened.
final class Chronicle {
    private(set) var lines: [String] = []
    private(set) var violations: [String] = []
    var now: Instant = .zero

    func note(_ line: @autoclosure () -> String) {
        self.lines.append("\(self.time)  \(line())")
    }

    func blame(_ violation: String) {
        guard self.violations.count < 5, !self.violations.contains(where: { $0.hasSuffix(violation) }) else { return }
        self.violations.append("\(self.time)  \(violation)")
        self.lines.append("\(self.time)  !!! \(violation)")
    }

    private var time: String {
        let milliseconds = self.now.nanoseconds / 1_000_000
        let fraction = String(milliseconds % 1000 + 1000).dropFirst()
        return "\(milliseconds / 1000).\(fraction) s"
    }
}

/// A call from one page to one desk: the two certificates that met.
struct Media: Equatable {
    var patient: Int
    var doctor: Int
    var isConnected = false

    static func certificate(_ serial: Int) -> [UInt8] {
        [UInt8](repeating: 0, count: 24) + UInt64(serial).bigEndianBytes
    }

    var seen: SeenCertificates {
        SeenCertificates(patient: Self.certificate(self.patient), doctor: Self.certificate(self.doctor))
    }
}
