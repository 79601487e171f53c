package import Phrases
package import Terminal

/// What `session new` says of a new link.
package struct SessionReport: Equatable, Sendable {
    package var session: String
    package var link: Neutralised
    package var expires: WallTime
    package var opens: WallTime?
    package var isRelayOnly: Bool
    package var qr: QRPattern?

    package init(
        session: String, link: Neutralised, expires: WallTime, opens: WallTime?, isRelayOnly: Bool, qr: QRPattern?
    ) {
        self.session = session
        self.link = link
        self.expires = expires
        self.opens = opens
        self.isRelayOnly = isRelayOnly
        self.qr = qr
    }

    /// Link, code, validity, and what to do next.
    /// - Parameter width: Of the terminal; links are never broken, so that they can be copied whole.
    package func lines(_ phrases: Phrases, width: Int) -> [Line] {
        var lines = [Line(phrases.linkReady, .bold), .empty, Line(self.link.text, Style(.cyan)), .empty]
        if let qr, qr.columns <= width {
            lines += qr.lines + [.empty] + Line.wrapped(phrases.qrCaption, .dim, to: width) + [.empty]
        }
        lines += Line.wrapped(phrases.linkValidity(until: phrases.dateAndClock(self.expires)), to: width)
        if let opens { lines += Line.wrapped(phrases.linkOpens(at: phrases.dateAndClock(opens)), to: width) }
        if self.isRelayOnly { lines += Line.wrapped(phrases.linkRelayOnly, to: width) }
        lines += Line.wrapped(phrases.linkSecrecy, to: width) + [.empty]
        return lines + Line.wrapped(phrases.linkCard(session: self.session), to: width)
            + Line.wrapped(phrases.linkNext(session: self.session), to: width)
    }
}
