import NIOConcurrencyHelpers
import Signalling
import TURN
import Wire

/// Who may use the relay: credentials for the two sides of an admitted room, and their end with the room.
final class RelayGrants: Sendable {
    private let secret: RelaySecret
    private let urls: @Sendable () -> [String]
    private let close: @Sendable (RelayGroup) -> Void
    /// Rooms that were granted something, as the store calls them.
    private let groups: NIOLockedValueBox<[RoomAddress: RelayGroup]>

    /// - Parameters:
    ///   - urls: What both ends are told at this moment, best first; empty while no relay is up.
    ///   - former: What it takes the place of, whose rooms it goes on with.
    ///   - close: Tells the relay that a room is over.
    init(
        secret: RelaySecret, continuing former: RelayGrants?, urls: @escaping @Sendable () -> [String],
        close: @escaping @Sendable (RelayGroup) -> Void
    ) {
        self.secret = secret
        self.urls = urls
        self.close = close
        self.groups = former?.groups ?? NIOLockedValueBox([:])
    }

    func credentials(for room: RoomID, side: RelaySide, unixTime: UInt64) -> RelayCredentials? {
        let urls = self.urls()
        guard !urls.isEmpty else { return nil }
        let group = RelayGroup(of: room, secret: self.secret)
        self.groups.withLockedValue { $0[RoomAddress(of: room)] = group }
        var random = RandomSource.system
        let username = RelayUsername(
            expiry: UInt32(clamping: unixTime + UInt64(Self.timeToLive)), group: group,
            role: side == .patient ? .patient : .doctor, random: &random)
        return RelayCredentials(
            urls: urls, user: username.text, password: username.password(secret: self.secret),
            timeToLive: Self.timeToLive)
    }

    /// The room is over: whatever it allocated goes.
    func ended(_ room: RoomAddress) {
        if let group = self.groups.withLockedValue({ $0.removeValue(forKey: room) }) { self.close(group) }
    }

    /// Seconds in which credentials may allocate. What is allocated may be refreshed as long as the room lives.
    private static let timeToLive: UInt32 = 600
}
