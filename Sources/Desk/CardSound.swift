internal import Audio
internal import Endpoint
internal import Network
package import Session
package import Sound
package import Wire

/// The sound of a call through a microphone and a loudspeaker, by their clocks. Confined to the driver's thread.
package final class CardSound: CallSound {
    package let card: SoundCard
    /// The other end hears silence; it is sent all the same, so that nobody on the way notices.
    package var isMuted = false
    private var heard = [Int16](repeating: 0, count: AudioFormat.blockSamples)
    private var said = [Int16](repeating: 0, count: AudioFormat.blockSamples)
    private var isOpen = false

    package init(_ choice: SoundCard.Choice) {
        self.card = SoundCard(choice)
    }

    package var descriptor: Int32? { self.card.descriptor }
    package var deadline: Instant { .distantFuture }

    package func begin(now: Instant) {
        self.isOpen = true
    }

    package func serve(_ session: PeerSession, now: Instant) {
        // Taken out of the object for the time of the beat: a span of a stored array may not leave it.
        var said = self.said
        self.said = []
        while Self.take(into: &said, from: self.card) {
            guard self.isOpen else { continue }
            if self.isMuted { for index in said.indices { said[index] = 0 } }
            let began = monotonicNow()
            session.send(said.span, now: now)
            session.noteBeat(busy: monotonicNow() - began, now: now)
        }
        self.said = said
        var heard = self.heard
        self.heard = []
        for _ in 0..<min(self.card.wantedBlocks, Self.mostBlocks) {
            if !self.isOpen || !Self.pull(into: &heard, from: session, now: now) {
                for index in heard.indices { heard[index] = 0 }
            }
            self.card.play(heard.span)
        }
        self.heard = heard
    }

    package func finish() {
        self.card.close()
    }

    private static func take(into block: inout [Int16], from card: SoundCard) -> Bool {
        var room = block.mutableSpan
        return card.takeCaptured(into: &room)
    }

    private static func pull(into block: inout [Int16], from session: PeerSession, now: Instant) -> Bool {
        var room = block.mutableSpan
        return session.pull(into: &room, now: now) != nil
    }

    /// A loudspeaker wants one block at a time, two after a stall.
    private static let mostBlocks = 4
}
