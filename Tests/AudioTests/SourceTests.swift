import Audio
import Testing
import Wire

@Suite("What an endpoint says by itself")
struct SourceTests {
    private static func read(_ source: inout AudioSource, blocks: Int, hearing: [Int16] = []) -> [Int16] {
        var said: [Int16] = []
        var block = [Int16](repeating: 7, count: 960)
        for index in 0..<blocks {
            if hearing.count >= (index + 1) * 960 {
                source.hear(hearing.span.extracting(index * 960..<(index + 1) * 960))
            }
            var room = block.mutableSpan
            source.read(into: &room)
            said += block
        }
        return said
    }

    @Test("silence is silent and a tone goes on over the borders of blocks")
    func simple() {
        var silence = AudioSource.silence
        #expect(Self.read(&silence, blocks: 2) == [Int16](repeating: 0, count: 1920))
        var tone = AudioSource.tone(hertz: 1_234.5)
        let sound = Self.read(&tone, blocks: 50)
        #expect(ToneDetector.share(of: 1_234.5, in: sound) > 0.999)
        #expect(!tone.isFinished)
    }

    @Test("a recording ends in silence, or starts again")
    func recording() {
        let samples = Material.tone(hertz: 300, seconds: 0.05)
        var once = AudioSource.recording(samples)
        #expect(!once.isFinished)
        #expect(Self.read(&once, blocks: 3) == samples + [Int16](repeating: 0, count: 480))
        #expect(once.isFinished)
        var again = AudioSource.recording(samples, repeats: true)
        #expect(Self.read(&again, blocks: 5) == samples + samples)
        var empty = AudioSource.recording([], repeats: true)
        #expect(Self.read(&empty, blocks: 1) == [Int16](repeating: 0, count: 960))
    }

    @Test("an echo comes after its delay, softer", arguments: [0, 60, 240])
    func echo(milliseconds: Int) throws {
        let heard = Array(Material.speech.prefix(96_000))
        var echo = AudioSource.echo(delay: .milliseconds(milliseconds))
        // Some time passes before anything is heard.
        #expect(Self.read(&echo, blocks: 30).allSatisfy { $0 == 0 })
        let said = Self.read(&echo, blocks: 100, hearing: heard)
        let alignment = try #require(SignalAlignment.find(heard, in: said))
        #expect(alignment.delaySamples == milliseconds * 48)
        #expect(alignment.coefficient > 0.999)
        #expect(ToneDetector.level(of: said) < ToneDetector.level(of: heard) * 0.75)
    }

    @Test("an echo that is asked too seldom keeps its delay bounded")
    func echoLagging() throws {
        var echo = AudioSource.echo(delay: .milliseconds(100))
        let heard = Array(Material.speech.prefix(96_000))
        for start in stride(from: 0, to: 96_000, by: 960) {
            echo.hear(heard.span.extracting(start..<start + 960))
        }
        // 200 ms of line are left: the last of what was heard.
        let said = Self.read(&echo, blocks: 12)
        #expect(said.prefix(9_600).elementsEqual(heard.suffix(9_600).map { Int16(Int($0) * 7 / 10) }))
        #expect(said.suffix(1_920).allSatisfy { $0 == 0 })
    }

    @Test("the greeting is a few seconds of sound below full scale, and an echo follows")
    func greeting() throws {
        let greeting = Material.speech
        #expect((8.0...16.0).contains(Double(greeting.count) / 48_000))
        #expect(ToneDetector.level(of: greeting) > 1_000)
        #expect(greeting.allSatisfy { abs(Int($0)) < 32_000 })
        // The chime, then a voice.
        #expect(ToneDetector.share(of: 587.33, in: greeting[960..<9_600]) > 0.5)

        var doctor = try AudioSource.demonstration()
        let blocks = greeting.count / 960
        #expect(Self.read(&doctor, blocks: blocks) == greeting)
        let heard = Material.tone(hertz: 500, seconds: 1)
        let said = Self.read(&doctor, blocks: 50, hearing: heard)
        #expect(ToneDetector.share(of: 500, in: said.suffix(24_000)) > 0.99)
    }
}
