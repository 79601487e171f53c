package import Terminal

/// Why a command on one session does nothing.
package enum SessionTrouble: Equatable, Sendable {
    case labelUnfit
    /// How many may be made at once.
    case countUnfit(most: Int)
    case opensInPast
    /// `days`: how far ahead it may lie.
    case opensTooLate(days: Int)
    /// At the desk that runs here.
    case inCall(String)
    case over
    case ended
    /// Ended without a goodbye; its session.
    case brokenOff(String)
    case nobodyAdmitted
    case reopenedAlready
    /// The broker's address cannot stand in a link.
    case originUnfit(Neutralised)
    case noCode

    package static let all: [SessionTrouble] = [
        .labelUnfit, .countUnfit(most: 50), .opensInPast, .opensTooLate(days: 30), .inCall("abc"), .over, .ended,
        .brokenOff("abc"), .nobodyAdmitted, .reopenedAlready, .originUnfit(Neutralised("x")), .noCode,
    ]
}

extension Phrases {
    package func session(_ trouble: SessionTrouble) -> Explanation {
        switch trouble {
        case .labelUnfit:
            explain(
                pick(
                    fr: "Ce libellé est trop long, ou tient sur plusieurs lignes.",
                    en: "This label is too long, or has several lines.",
                    nl: "Dit label is te lang, of heeft meerdere regels.",
                    de: "Diese Notiz ist zu lang oder hat mehrere Zeilen."),
                pick(
                    fr: "Écrivez une ligne de 200 octets au plus.", en: "Write one line of at most 200 octets.",
                    nl: "Schrijf één regel van hoogstens 200 bytes.",
                    de: "Schreiben Sie eine Zeile von höchstens 200 Bytes."))
        case .countUnfit(let most):
            explain(
                pick(
                    fr: "Ce nombre de liens ne va pas.", en: "This is no number of links.",
                    nl: "Dit aantal links kan niet.", de: "Diese Zahl von Links geht nicht."),
                pick(
                    fr: "--count va de 1 à \(most).", en: "--count goes from 1 to \(most).",
                    nl: "--count gaat van 1 tot \(most).", de: "--count geht von 1 bis \(most)."))
        case .opensInPast:
            explain(
                pick(
                    fr: "Cette heure est déjà passée.", en: "This hour is past already.", nl: "Dit uur is al voorbij.",
                    de: "Diese Zeit ist schon vorbei."),
                pick(
                    fr: "Donnez à --opens une heure à venir.", en: "Give --opens an hour to come.",
                    nl: "Geef --opens een later uur.", de: "Geben Sie bei --opens eine spätere Zeit an."))
        case .opensTooLate(let days):
            explain(
                pick(
                    fr: "Cette heure est trop lointaine.", en: "This hour is too far ahead.",
                    nl: "Dit uur ligt te ver.", de: "Diese Zeit liegt zu weit voraus."),
                pick(
                    fr: "--opens va jusqu’à \(self.days(days)) d’avance.",
                    en: "--opens reaches \(self.days(days)) ahead.",
                    nl: "--opens gaat tot \(self.days(days)) vooruit.",
                    de: "--opens reicht im Voraus: \(self.days(days))."))
        case .inCall(let session):
            explain(
                pick(
                    fr: "La consultation \(session) est en cours à l’accueil ouvert sur ce poste.",
                    en: "The consultation \(session) is in a call at the desk that runs here.",
                    nl: "Het consult \(session) is in gesprek aan de balie die hier draait.",
                    de: "Die Sprechstunde \(session) ist im Gespräch am Empfang, der hier läuft."),
                pick(
                    fr: "Raccrochez-y d’abord.", en: "Hang up there first.", nl: "Hang daar eerst op.",
                    de: "Legen Sie dort zuerst auf."))
        case .over:
            explain(
                pick(
                    fr: "Le temps de cette consultation est écoulé.", en: "The time of this consultation is over.",
                    nl: "De tijd van dit consult is om.", de: "Die Zeit dieser Sprechstunde ist abgelaufen."),
                self.newSession)
        case .ended:
            explain(
                pick(
                    fr: "Cette consultation est close.", en: "This consultation is ended.",
                    nl: "Dit consult is gesloten.", de: "Diese Sprechstunde ist geschlossen."), self.newSession)
        case .brokenOff(let session):
            explain(
                pick(
                    fr: "Cette consultation a été coupée.", en: "This consultation broke off.",
                    nl: "Dit consult is afgebroken.", de: "Diese Sprechstunde ist abgebrochen."),
                pick(
                    fr: "Pour rouvrir son lien : colloque session reopen \(session)",
                    en: "To re-open its link: colloque session reopen \(session)",
                    nl: "Om de link te heropenen: colloque session reopen \(session)",
                    de: "So öffnen Sie den Link wieder: colloque session reopen \(session)"))
        case .nobodyAdmitted:
            explain(
                pick(
                    fr: "Personne n’est encore entré par ce lien.", en: "Nobody was admitted by this link yet.",
                    nl: "Niemand kwam al binnen met deze link.", de: "Über diesen Link kam noch niemand herein."),
                pick(
                    fr: "Il sert toujours ; il n’y a rien à rouvrir.", en: "It still works and need not be re-opened.",
                    nl: "Hij werkt nog; heropenen is niet nodig.",
                    de: "Er gilt noch und muss nicht wieder geöffnet werden."))
        case .reopenedAlready:
            explain(
                pick(
                    fr: "Ce lien a déjà été rouvert une fois.", en: "This link was re-opened once already.",
                    nl: "Deze link werd al eens heropend.", de: "Dieser Link wurde schon einmal wieder geöffnet."),
                self.newSession)
        case .originUnfit(let origin):
            explain(
                pick(
                    fr: "« \(origin) » ne peut pas figurer dans un lien.", en: "“\(origin)” cannot stand in a link.",
                    nl: "“\(origin)” kan niet in een link staan.", de: "„\(origin)“ kann nicht in einem Link stehen."),
                pick(
                    fr: "Donnez une autre adresse du serveur.", en: "Name the server by another address.",
                    nl: "Geef een ander adres van de server.", de: "Geben Sie eine andere Adresse des Servers an."))
        case .noCode:
            explain(
                pick(
                    fr: "Ce lien ne tient pas dans un code QR.", en: "This link fits into no QR code.",
                    nl: "Deze link past niet in een QR-code.", de: "Dieser Link passt in keinen QR-Code."),
                pick(
                    fr: "Envoyez-le en texte.", en: "Send it as text.", nl: "Verstuur hem als tekst.",
                    de: "Senden Sie ihn als Text."))
        }
    }

    private var newSession: String {
        pick(
            fr: "Faites-en une autre : `colloque session new`.", en: "Make another one: `colloque session new`.",
            nl: "Maak een ander: `colloque session new`.", de: "Machen Sie eine neue: `colloque session new`.")
    }
}
