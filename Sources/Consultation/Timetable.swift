/// How long each step of the conversation may take before an end gives up on the connection and joins again.
enum Timetable {
    /// From opening a socket to its being open.
    static let connect: Duration = .seconds(10)
    /// JOIN to STATE, at the patient.
    static let state: Duration = .seconds(6)
    /// A message 1 that went with the JOIN and was dropped, since the doctor was away, is surely gone by then.
    static let lostMessage: Duration = .seconds(2)
    /// PEER_UP to message 1, at the doctor.
    static let messageOne: Duration = .seconds(10)
    /// Message 1 to message 2, at the patient.
    static let messageTwo: Duration = .seconds(12)
    /// Message 2 to CONFIRM, at the doctor; later the attempt counts as unfinished.
    static let confirm: Duration = .seconds(10)
    /// CONFIRM to the doctor's first frame, at the patient.
    static let firstFrame: Duration = .seconds(6)
    /// Offer to answer, at the patient.
    static let answer: Duration = .seconds(6)
    /// Any frame from the other end, once the epoch stands.
    static let silence: Duration = .seconds(60)
    /// KEEPALIVE, both ways.
    static let keepAlive: Duration = .seconds(25)
    /// A patient answers a KEEPALIVE if it sent nothing for so long: a hidden tab's timers hardly run.
    static let keepAliveAnswer: Duration = .seconds(20)
    /// DTLS connected to the other end's binding tag, while an epoch stands.
    static let binding: Duration = .seconds(5)
    /// An epoch of this age forgives the failures before it.
    static let settled: Duration = .seconds(60)
    /// AUTH to DONE, at the doctor.
    static let authentication: Duration = .seconds(6)
}
