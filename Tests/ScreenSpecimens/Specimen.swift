package import Phrases
package import Screens
package import Terminal

/// A state of a screen, by name: for golden frames and for the gallery.
package struct Specimen: Sendable {
    package enum Screen: Sendable {
        case desk(DeskScreen)
        case call(CallScreen)
    }

    package let name: String
    private let make: @Sendable (Phrases) -> Screen

    package func screen(_ phrases: Phrases) -> Screen { self.make(phrases) }

    static func desk(_ name: String, keys: [Key] = [], _ change: @escaping @Sendable (inout DeskModel) -> Void)
        -> Specimen
    {
        Specimen(name: "desk-\(name)") { phrases in
            var model = DeskModel(
                sessions: [], broker: .online,
                clock: WallTime(year: 2026, month: 11, day: 26, weekday: 4, hour: 14, minute: 32))
            change(&model)
            var screen = DeskScreen(model: model, phrases: phrases)
            for key in keys { _ = screen.handle(key) }
            return .desk(screen)
        }
    }

    static func call(
        _ name: String, keys: [Key] = [], _ change: @escaping @Sendable (inout CallModel, Phrases) -> Void
    ) -> Specimen {
        Specimen(name: "call-\(name)") { phrases in
            var model = CallModel(label: Neutralised("Suivi, 14 h 30"), phase: .waiting, broker: .online)
            change(&model, phrases)
            var screen = CallScreen(model: model, phrases: phrases)
            for key in keys { _ = screen.handle(key) }
            return .call(screen)
        }
    }

    package static let all: [Specimen] = desks + calls
    package static var names: [String] { self.all.map(\.name) }
    package static func named(_ name: String) -> Specimen? { self.all.first { $0.name == name } }
}

extension Specimen.Screen {
    /// The keys' effect, in words for the gallery.
    package mutating func handle(_ key: Key) -> [String] {
        switch self {
        case .desk(var screen):
            let actions = screen.handle(key)
            self = .desk(screen)
            return actions.map { "\($0)" }
        case .call(var screen):
            let actions = screen.handle(key)
            self = .call(screen)
            return actions.map { "\($0)" }
        }
    }

    package func draw(into frame: inout Frame) {
        switch self {
        case .desk(let screen): screen.draw(into: &frame)
        case .call(let screen): screen.draw(into: &frame)
        }
    }

    package func frame(_ columns: Int, _ rows: Int) -> Frame {
        var frame = Frame(size: Size(columns: columns, rows: rows))
        self.draw(into: &frame)
        return frame
    }

    /// Lines of a change from `old`; all of them without one or for another kind of screen.
    package func lines(since old: Specimen.Screen?) -> [String] {
        switch (self, old) {
        case (.desk(let screen), .desk(let old)): screen.lines(since: old)
        case (.desk(let screen), _): screen.lines(since: nil)
        case (.call(let screen), .call(let old)): screen.lines(since: old)
        case (.call(let screen), _): screen.lines(since: nil)
        }
    }
}
