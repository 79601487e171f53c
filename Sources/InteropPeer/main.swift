/// One end of the bare handshake for `Tests/Interop/noise_pairs.py`: a JSON object a line in, one a line out.
///
///     {"op":"initiate","prologue":hex,"psk":hex,"rs":hex,"payload1":hex}        → {"message1":hex}
///     {"message2":hex}                                → {"h":hex,"k_i2r":hex,"k_r2i":hex,"payload2":hex}
///     {"op":"respond","prologue":hex,"psk":hex,"s":hex,"payload2":hex}
///     {"message1":hex}                 → {"message2":hex,"h":hex,"k_i2r":hex,"k_r2i":hex,"payload1":hex}
///
/// A failure answers {"error":name}; sessions follow each other until the input ends.

import Foundation
import Invitation
import Primitives
import SecureChannel
import Wire

private struct Line: Codable {
    var op: String?
    var prologue: String?
    var psk: String?
    var rs: String?
    var s: String?
    var payload1: String?
    var payload2: String?
    var message1: String?
    var message2: String?
    var h: String?
    var initiatorKey: String?
    var responderKey: String?
    var error: String?

    enum CodingKeys: String, CodingKey {
        case op, prologue, psk, rs, s, payload1, payload2, message1, message2, h, error
        case initiatorKey = "k_i2r"
        case responderKey = "k_r2i"
    }
}

private enum PeerError: Error {
    case line
    case endOfInput
}

private func octets(_ hex: String?) throws -> [UInt8] {
    guard let hex, let octets = [UInt8](hex: hex) else { throw PeerError.line }
    return octets
}

private func read() throws -> Line {
    guard let text = readLine() else { throw PeerError.endOfInput }
    return try JSONDecoder().decode(Line.self, from: Data(text.utf8))
}

private func write(_ line: Line) throws {
    try FileHandle.standardOutput.write(contentsOf: JSONEncoder().encode(line) + Data("\n".utf8))
}

private func facts(_ result: NoiseHandshake.Result) -> Line {
    Line(
        h: result.hash.hex, initiatorKey: result.initiatorKey.bytes.hex, responderKey: result.responderKey.bytes.hex)
}

private func session(_ command: Line) throws {
    let prologue = try octets(command.prologue)
    let psk = Secret(try octets(command.psk))
    switch command.op {
    case "initiate":
        let initiator = try NoiseHandshake.Initiator(
            prologue: prologue, psk: psk, remoteStatic: octets(command.rs), ephemeral: X25519.KeyPair(),
            payload: octets(command.payload1))
        try write(Line(message1: initiator.message.hex))
        let (result, payload) = try initiator.finish(octets(read().message2))
        var line = facts(result)
        line.payload2 = payload.hex
        try write(line)
    case "respond":
        let key = try X25519.KeyPair(privateKey: SecretBytes(copying: octets(command.s)))
        let responder = try NoiseHandshake.Responder(
            prologue: prologue, psk: psk, localStatic: key, message: octets(read().message1))
        let (result, message) = try responder.finish(
            ephemeral: X25519.KeyPair(), payload: octets(command.payload2))
        var line = facts(result)
        line.message2 = message.hex
        line.payload1 = responder.payload.hex
        try write(line)
    default: throw PeerError.line
    }
}

while true {
    do {
        try session(read())
    } catch PeerError.endOfInput {
        break
    } catch {
        try write(Line(error: "\(error)"))
    }
}
