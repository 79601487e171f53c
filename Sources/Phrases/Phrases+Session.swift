package import Terminal

/// A new link: what the doctor reads, and what the doctor sends to the patient.
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

    package var cardTitle: String {
        pick(
            fr: "Texte à envoyer, par MSSanté, eHealthBox ou message :",
            en: "Text to send, by secure mail or message:",
            nl: "Tekst om te verzenden, via eHealthBox of bericht:",
            de: "Text zum Versenden, per sicherer Mail oder Nachricht:")
    }

    package func linkNext(session: String) -> String {
        pick(
            fr: "Pour recevoir votre patient : `colloque desk`, ou `colloque call \(session)`.",
            en: "To receive your patient: `colloque desk`, or `colloque call \(session)`.",
            nl: "Om uw patiënt te ontvangen: `colloque desk`, of `colloque call \(session)`.",
            de: "Um Ihren Patienten zu empfangen: `colloque desk` oder `colloque call \(session)`.")
    }

    /// The subject of the message: names nobody and no illness.
    package var cardSubject: String {
        pick(
            fr: "Votre rendez-vous à distance", en: "Your remote appointment", nl: "Uw afspraak op afstand",
            de: "Ihr Termin per Fernsprechstunde")
    }

    /// The body of the message to the patient, in this language: a sentence or a link in each line.
    /// - Parameters:
    ///   - when: By ``dateAndClock(_:)``; nil when the time is agreed otherwise.
    ///   - link: Of the session.
    package func card(when: String?, link: Neutralised) -> [String] {
        let time = when.map { when in
            pick(
                fr: "Quand : \(when).", en: "When: \(when).", nl: "Wanneer: \(when).", de: "Wann: \(when).")
        }
        return [
            pick(
                fr: "Bonjour, votre médecin vous recevra à distance, de vive voix.",
                en: "Hello, your doctor will see you at a distance, by voice.",
                nl: "Dag, uw arts ontvangt u op afstand, via een gesprek.",
                de: "Guten Tag, Ihr Arzt empfängt Sie aus der Ferne, im Gespräch.")
        ] + (time.map { [$0] } ?? []) + [
            pick(
                fr: "Ouvrez ce lien à l’heure dite :", en: "Open this link at that time:",
                nl: "Open deze link op dat moment:", de: "Öffnen Sie dann diesen Link:"),
            link.text,
            pick(
                fr: "Pas de compte, rien à installer. Le lien ne sert qu’une fois ; ne le transmettez pas.",
                en: "No account, nothing to install. The link serves once; do not pass it on.",
                nl: "Geen account, niets te installeren. De link werkt één keer; geef hem niet door.",
                de: "Kein Konto, nichts zu installieren. Der Link gilt einmal; geben Sie ihn nicht weiter."),
            pick(
                fr: "Ayez sous la main : un téléphone ou un ordinateur avec micro, un endroit calme, vos ordonnances.",
                en: "Have ready: a telephone or computer with a microphone, a quiet place, your prescriptions.",
                nl: "Houd klaar: een telefoon of computer met microfoon, een rustige plek, uw voorschriften.",
                de: "Halten Sie bereit: Telefon oder Computer mit Mikrofon, einen ruhigen Ort, Ihre Rezepte."),
            pick(
                fr: "En cas d’urgence, n’attendez pas : appelez le 112.", en: "In an emergency do not wait: call 112.",
                nl: "Wacht niet bij nood: bel 112.", de: "Im Notfall warten Sie nicht: rufen Sie 112."),
        ]
    }
}
