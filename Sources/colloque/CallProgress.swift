import Audio
import Consultation
import Dispatch
import Endpoint
import Foundation
import Glibc
import ICE
import Phrases
import Primitives
import SecureChannel
import Session

/// One line on standard error for each step of a call.
enum CallProgress {
    static func tell(_ event: SessionEvent) {
        guard let line = self.line(for: event) else { return }
        say(line)
    }

    /// One of many calls: what changes for it, without what all of them go through.
    static func tell(_ event: SessionEvent, of session: Int) {
        switch event {
        case .bound, .offline, .placeLost, .ended:
            if let line = self.line(for: event) { say("\(session): \(line)") }
        default: break
        }
    }

    private static func line(for event: SessionEvent) -> String? {
        switch event {
        case .online: "broker: answered"
        case .offline: "broker: connection lost, joining again"
        case .doctorPresent(false): "waiting: the doctor is away"
        case .doctorPresent(true): nil
        case .waiting: "waiting: for admission"
        case .roomOpened: "room: open, waiting for the patient"
        case .guestArrived(let guest): "waiting room: device \(guest.number)"
        case .guestLeft(let guest): "waiting room: device \(guest.number) left"
        case .words(let words, let language):
            "words: \((words.words(in: language) ?? []).joined(separator: " "))  digits: \(words.digits)"
        case .admitted: "admitted"
        case .path(let pair) where pair.isNominated: "path: \(pair.isRelayed ? "relay" : "direct")"
        case .secured: nil
        case .bound: "connected: sealed from end to end, certificates verified"
        case .peerCompared(let same): "the other end says: words \(same ? "same" : "different")"
        case .epochEstablished(let index) where index > 0: "broker: back, in epoch \(index)"
        case .stray: "the used link was tried again"
        case .ended(let reason): "ended: \(reason)"
        case .placeLost(let reason): "broker: the place there is lost: \(reason)"
        case .roomClosed, .mediaWanted, .epochEstablished, .path, .pathState, .chat, .admissionChanged, .elsewhere: nil
        }
    }

    /// The exit status that fits how the call ended, in the words of its report.
    static func exit(_ report: CallReport) throws {
        guard let code = report.exitCode else { return }
        switch report.outcome {
        case .completed: return
        case .refused: throw CommandFailure(code: code, "refused: \(report.reason); ask the other side for a new link")
        case .failed where code == 69:
            throw CommandFailure(
                code: code,
                "relay only was asked for, and this broker has no relay; make a session without --relay-only")
        case .failed:
            let next = code == 76 ? "do not go on with this link" : "try again"
            throw CommandFailure(code: code, "the call failed: \(report.reason); \(next)")
        }
    }

    /// The same, where a person reads it.
    static func exit(_ report: CallReport, _ words: Explanation) throws {
        guard let code = report.exitCode else { return }
        throw CommandFailure(code: code, words)
    }
}

extension CallReport {
    fileprivate var exitCode: Int32? {
        switch self.outcome {
        case .completed: return nil
        case .refused: return 77
        case .failed where self.reason == "no-relay": return 69
        case .failed:
            let isProtocol = ["words-differ", "binding-failed", "cryptographic", "protocol", "peer-failed"]
                .contains { self.reason.hasPrefix($0) }
            return isProtocol ? 76 : 75
        }
    }
}

/// What `--play` names.
enum SoundSource {
    /// - Parameter session: which of several, from 0.
    static func parse(_ text: String, session: Int = 0) throws -> AudioSource {
        switch text {
        case "silence": return .silence
        case "echo": return .echo()
        default: break
        }
        if text.hasPrefix("tone:") {
            // tone:HZ+STEP: another tone for each session.
            let parts = text.dropFirst(5).split(separator: "+", maxSplits: 1, omittingEmptySubsequences: false)
            let step = parts.count == 2 ? Double(parts[1]) : 0
            guard let first = parts.first.flatMap({ Double($0) }), let step,
                case let hertz = first + step * Double(session), (1...20_000).contains(hertz)
            else {
                throw CommandFailure(code: 64, "`\(text)`: a tone has 1 to 20000 hertz, as in tone:440")
            }
            return .tone(hertz: hertz)
        }
        guard let file = FileManager.default.contents(atPath: text) else {
            throw CommandFailure(code: 65, "\(text): cannot be read; --play takes FILE.wav, tone:HZ, silence or echo")
        }
        do {
            return .recording(try WAVRecording(decoding: [UInt8](file)).engineSamples())
        } catch {
            throw CommandFailure(code: 65, "\(text): is no WAV file that can be played (\(error))")
        }
    }
}

/// The text a headless patient agrees to.
enum ConsentText {
    static let english = """
        This consultation is sealed between the two devices. Nothing of it is recorded by Colloque.
        """

    static var hash: [UInt8] { SHA256.hash([UInt8](self.english.utf8)) }
}

/// Interrupt and termination hang up before the process ends.
final class StopSignals {
    private let sources: [any DispatchSourceSignal]

    init(_ stop: @escaping @Sendable () -> Void) {
        self.sources = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler(handler: stop)
            source.resume()
            return source
        }
    }

    func cancel() {
        for source in self.sources { source.cancel() }
    }
}
