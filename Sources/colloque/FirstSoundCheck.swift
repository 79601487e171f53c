import Desk
import Foundation
import Phrases
import Screens
import Sound

/// The sound test of the first start: the person speaks, hears it, and says so. Told apart from standard output.
enum FirstSoundCheck {
    /// Asks first, since whoever has no headset at hand does it later; blocks for the length of the test.
    /// - Returns: whether microphone and loudspeaker work; `nil` where it was passed over.
    static func run(_ phrases: Phrases) -> Bool? {
        Speech.show(apart: true) { phrases, width in StartReport.lines(.sound, phrases, width: width) }
        Self.ask(phrases.soundBeginPrompt)
        guard let answer = readLine(), answer.allSatisfy(\.isWhitespace) else {
            say(phrases.soundSkipped)
            return nil
        }
        var trial = SoundTrial(SoundCard.Choice())
        trial.settle()
        defer { trial.close() }
        say(phrases.soundSpeakNow)
        trial.listen(for: .seconds(3))
        var faults: [CheckFault] = []
        if let loss = trial.microphone.loss {
            faults.append(.sound(SoundTrouble(loss), .microphone))
        } else if trial.microphone.device == nil {
            faults.append(.sound(.absent, .microphone))
        } else if trial.isSilent {
            faults.append(.microphoneSilent)
        }
        say(phrases.soundPlaying)
        trial.playBack()
        if let loss = trial.loudspeaker.loss {
            faults.append(.sound(SoundTrouble(loss), .loudspeaker))
        } else if trial.loudspeaker.device == nil {
            faults.append(.sound(.absent, .loudspeaker))
        } else if !Self.heard(phrases) {
            faults.append(.notHeard)
        }
        for fault in faults { say(phrases.fault(fault).line) }
        say(faults.isEmpty ? phrases.soundWorks : phrases.soundAgain)
        return faults.isEmpty
    }

    private static func heard(_ phrases: Phrases) -> Bool {
        Self.ask(phrases.soundHeardPrompt)
        return readLine()?.lowercased().first.map { "oyj".contains($0) } ?? false
    }

    private static func ask(_ prompt: String) {
        FileHandle.standardError.write(Data(prompt.utf8))
    }
}
