/// How far a consultation is.
package enum SessionState: String, CaseIterable, Sendable {
    case open, expired
    /// Somebody was let in by its link.
    case admitted
    case ended
    /// Ended without a goodbye: its link may be re-opened.
    case brokenOff = "broken-off"
}

/// Links, from their making to their end; and the key that makes them.
extension Phrases {
    package var linkReady: String {
        pick(fr: "Le lien est prêt.", en: "The link is ready.", nl: "De link is klaar.", de: "Der Link ist bereit.")
    }

    package func linkValidity(until time: String) -> String {
        pick(
            fr: "Valable jusqu’au \(time), pour une seule consultation.",
            en: "Valid until \(time), for one consultation.", nl: "Geldig tot \(time), voor één consult.",
            de: "Gültig bis \(time), für eine Sprechstunde.")
    }

    package func linkOpens(at time: String) -> String {
        pick(
            fr: "Vous pourrez faire entrer à partir du \(time).", en: "You can admit from \(time) on.",
            nl: "U kunt binnenlaten vanaf \(time).", de: "Sie können ab \(time) hereinbitten.")
    }

    package var linkRelayOnly: String {
        pick(
            fr: "Par un relais uniquement : aucun des deux ne voit l’adresse de l’autre.",
            en: "Through a relay only: neither sees the other’s address.",
            nl: "Alleen via een relais: geen van beiden ziet het adres van de ander.",
            de: "Nur über ein Relais: keiner sieht die Adresse des anderen.")
    }

    package var linkSecrecy: String {
        pick(
            fr: "Ce lien ouvre la consultation : envoyez-le à votre patient et à personne d’autre.",
            en: "This link opens the consultation: send it to your patient and to nobody else.",
            nl: "Deze link opent het consult: stuur hem naar uw patiënt en naar niemand anders.",
            de: "Dieser Link öffnet die Sprechstunde: senden Sie ihn nur Ihrem Patienten.")
    }

    /// Where the text is that goes with the link.
    package func linkCard(session: String) -> String {
        pick(
            fr: "Texte prêt à envoyer par MSSanté ou eHealthBox : `colloque session card \(session)`.",
            en: "A text ready to send by secure mail: `colloque session card \(session)`.",
            nl: "Een tekst om te verzenden via eHealthBox: `colloque session card \(session)`.",
            de: "Ein Text zum Versenden per sicherer Mail: `colloque session card \(session)`.")
    }

    package func linkNext(session: String) -> String {
        pick(
            fr: "Pour recevoir votre patient : `colloque desk`, ou `colloque call \(session)`.",
            en: "To receive your patient: `colloque desk`, or `colloque call \(session)`.",
            nl: "Om uw patiënt te ontvangen: `colloque desk`, of `colloque call \(session)`.",
            de: "Um Ihren Patienten zu empfangen: `colloque desk` oder `colloque call \(session)`.")
    }

    /// One line on a link that went to a script.
    package func linkMade(session: String, from opens: String?, until time: String) -> String {
        let hours = opens.map { self.fromUntil($0, time) } ?? self.until(time)
        return pick(
            fr: "Consultation \(session), \(hours). Pour la clore : `colloque session end \(session)`.",
            en: "Consultation \(session), \(hours). To end it: `colloque session end \(session)`.",
            nl: "Consult \(session), \(hours). Om het te sluiten: `colloque session end \(session)`.",
            de: "Sprechstunde \(session), \(hours). Zum Schließen: `colloque session end \(session)`.")
    }

    private func until(_ time: String) -> String {
        pick(fr: "jusqu’au \(time)", en: "until \(time)", nl: "tot \(time)", de: "bis \(time)")
    }

    private func fromUntil(_ opens: String, _ time: String) -> String {
        pick(
            fr: "du \(opens) au \(time)", en: "from \(opens) until \(time)", nl: "van \(opens) tot \(time)",
            de: "von \(opens) bis \(time)")
    }

    package func sessionIsEnded(_ session: String) -> String {
        pick(
            fr: "La consultation \(session) est close ; son lien n’ouvre plus rien.",
            en: "The consultation \(session) is ended; its link opens nothing any more.",
            nl: "Het consult \(session) is gesloten; de link opent niets meer.",
            de: "Die Sprechstunde \(session) ist geschlossen; ihr Link öffnet nichts mehr.")
    }

    package func sessionIsReopened(_ session: String, until time: String) -> String {
        pick(
            fr: "Le lien de la consultation \(session) fait de nouveau entrer, jusqu’au \(time).",
            en: "The link of the consultation \(session) lets somebody in again, until \(time).",
            nl: "De link van het consult \(session) laat opnieuw binnen, tot \(time).",
            de: "Der Link der Sprechstunde \(session) lässt wieder ein, bis \(time).")
    }

    package func name(_ state: SessionState) -> String {
        switch state {
        case .open: pick(fr: "ouverte", en: "open", nl: "open", de: "offen")
        case .expired: pick(fr: "expirée", en: "expired", nl: "verlopen", de: "abgelaufen")
        case .admitted: pick(fr: "servie", en: "admitted", nl: "gebruikt", de: "benutzt")
        case .ended: pick(fr: "close", en: "ended", nl: "gesloten", de: "geschlossen")
        case .brokenOff: pick(fr: "coupée", en: "broken off", nl: "afgebroken", de: "abgebrochen")
        }
    }

    package func sessionCount(_ count: Int) -> String {
        pick(
            fr: "\(count)\u{A0}\(count < 2 ? "consultation" : "consultations")",
            en: "\(count)\u{A0}\(count == 1 ? "consultation" : "consultations")",
            nl: "\(count)\u{A0}\(count == 1 ? "consult" : "consulten")",
            de: "\(count)\u{A0}\(count == 1 ? "Sprechstunde" : "Sprechstunden")")
    }

    package func identityIsExported(file: String, sessions count: Int) -> String {
        let sessions = self.sessionCount(count)
        return pick(
            fr: "\(file) : votre clé et \(sessions). Gardez ce fichier ailleurs que sur ce poste.",
            en: "\(file): your key and \(sessions). Keep this file elsewhere than on this machine.",
            nl: "\(file): uw sleutel en \(sessions). Bewaar dit bestand elders dan op deze machine.",
            de: "\(file): Ihr Schlüssel und \(sessions). Bewahren Sie die Datei anderswo auf als auf diesem Rechner.")
    }

    package var passphraseIsChanged: String {
        pick(
            fr: "La phrase secrète est changée.", en: "The passphrase is changed.", nl: "De wachtzin is gewijzigd.",
            de: "Die Passphrase ist geändert.")
    }

    /// Behind a new key: what is next.
    package var enrolNext: String {
        pick(
            fr: "Faites inscrire ce code par la personne qui tient le serveur : `colloque broker enroll`.",
            en: "Have this code enrolled by the person who runs the server: `colloque broker enroll`.",
            nl: "Laat deze code inschrijven door de beheerder van de server: `colloque broker enroll`.",
            de: "Lassen Sie diesen Code vom Betreiber des Servers eintragen: `colloque broker enroll`.")
    }
}
