import Audio
import Consultation
import Dispatch
import Endpoint
import Foundation
import Glibc
import ICE
import Invitation
import Primitives
import SecureChannel
import Session

/// One line on standard error for each step of a call.
enum CallProgress {
    static func tell(_ event: SessionEvent) {
        guard let line = self.line(for: event) else { return }
        FileHandle.standardError.write(Data("\(line)\n".utf8))
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

    /// The exit status that fits how the call ended.
    static func exit(_ report: CallReport) throws {
        switch report.outcome {
        case .completed: return
        case .refused: throw CommandFailure(code: 77, "refused: \(report.reason); ask the other side for a new link")
        case .failed where report.reason == "no-relay":
            throw CommandFailure(
                code: 69, "relay only was asked for, and this broker has no relay; make a session without --relay-only")
        case .failed:
            let isProtocol = ["words-differ", "binding-failed", "cryptographic", "protocol", "peer-failed"]
                .contains { report.reason.hasPrefix($0) }
            throw CommandFailure(
                code: isProtocol ? 76 : 75,
                "the call failed: \(report.reason)\(isProtocol ? "; do not go on with this link" : "; try again")")
        }
    }
}

/// What `--play` names.
enum SoundSource {
    static func parse(_ text: String) throws -> AudioSource {
        switch text {
        case "silence": return .silence
        case "echo": return .echo()
        default: break
        }
        if text.hasPrefix("tone:") {
            guard let hertz = Double(text.dropFirst(5)), (1...20_000).contains(hertz) else {
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

/// What a link that cannot be used tells its holder.
enum LinkTrouble {
    static func sentence(for error: InvitationError) -> String {
        switch error {
        case .incomplete, .checksum: "the link is incomplete: it was cut on its way; copy it again, whole"
        case .alphabet: "the link has characters that belong to none; copy it again, whole"
        case .version, .unknownFlags: "the link is of a later version of Colloque; update this one"
        case .notALink: "this is no link of a consultation; it looks like https://HOST/#…"
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
