/// The devices there are, for a person to choose from.
package enum SoundDevices {
    /// One device of one side.
    package struct Device: Equatable, Sendable {
        /// What ``SoundCard/Choice`` takes.
        package let name: String
        /// For people, one line.
        package let title: String
    }

    /// All devices of `side`, the default first. Reads ALSA's configuration anew: some milliseconds, and no sound
    /// server is asked. Any thread.
    package static func list(_ side: SoundSide) -> [Device] {
        var devices: [Device] = []
        for hint in DeviceHint.all() where hint.side == nil || hint.side == side {
            guard Self.isUseful(hint.name), !devices.contains(where: { $0.name == hint.name }) else { continue }
            devices.append(Device(name: hint.name, title: Self.title(hint)))
        }
        let isDefault: (Device) -> Bool = { $0.name == DeviceWatch.defaultDevice }
        let first = devices.first(where: isDefault) ?? Device(name: DeviceWatch.defaultDevice, title: "Default")
        return [first] + devices.filter { !isDefault($0) }
    }

    /// What discards sound, converts only, or speaks of surround channels is no seat for a voice.
    private static func isUseful(_ name: String) -> Bool {
        let kind = name.prefix { $0 != ":" }
        return !Self.useless.contains(String(kind)) && !kind.hasPrefix("surround")
    }

    /// ALSA describes in lines, the card first: they become one.
    private static func title(_ hint: DeviceHint) -> String {
        hint.description.split(separator: "\n").joined(separator: ", ")
    }

    private static let useless: Set<String> = [
        "null", "samplerate", "speexrate", "lavrate", "jack", "oss", "speex", "upmix", "vdownmix", "usbstream",
        "iec958", "front",
        "dmix", "dsnoop", "hw",
    ]
}
