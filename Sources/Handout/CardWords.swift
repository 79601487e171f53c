package enum CardLanguage: String, CaseIterable, Sendable {
    case french = "fr"
    case english = "en"
    case dutch = "nl"
    case german = "de"
}

/// The sentences of a card, in one language.
package struct CardWords: Sendable {
    let language: CardLanguage
    let subject: String
    let greeting: String
    let open: String
    let scan: String
    let steps: [String]
    let keep: String
    let emergency: String
    let begins: @Sendable (String) -> String
    let until: @Sendable (String) -> String

    static func of(_ language: CardLanguage) -> CardWords {
        switch language {
        case .french: self.french
        case .english: self.english
        case .dutch: self.dutch
        case .german: self.german
        }
    }

    private static let french = CardWords(
        language: .french,
        subject: "Rendez-vous à distance",
        greeting: "Bonjour, voici le lien de votre rendez-vous. Il n’y a rien à installer et aucun compte à créer.",
        open: "À l’heure dite, ouvrez ce lien dans votre navigateur :",
        scan: "À l’heure dite, visez ce carré avec l’appareil photo de votre téléphone, ou recopiez le lien :",
        steps: [
            "Installez-vous au calme, avec des écouteurs si possible.",
            "Ouvrez le lien, appuyez sur « Entrer » et autorisez le microphone.",
            "Patientez : on viendra vous chercher.",
            "Comparez à voix haute les quatre mots affichés : ils doivent être les mêmes des deux côtés.",
        ],
        keep: "Ce lien est personnel : il ouvre la porte de votre rendez-vous. Ne le transmettez à personne.",
        emergency: "Il ne remplace pas les secours : en cas d’urgence, appelez le 112.",
        begins: { "Rendez-vous le \($0)." },
        until: { "Le lien permet d’entrer jusqu’au \($0)." })

    private static let english = CardWords(
        language: .english,
        subject: "Remote appointment",
        greeting: "Hello, here is the link to your appointment. There is nothing to install and no account to make.",
        open: "When it is time, open this link in your browser:",
        scan: "When it is time, point your phone’s camera at this square, or type the link:",
        steps: [
            "Sit somewhere quiet, with headphones if you can.",
            "Open the link, press “Enter” and allow the microphone.",
            "Wait: somebody will let you in.",
            "Compare the four words on the screen aloud: they must be the same on both sides.",
        ],
        keep: "This link is yours: it opens the door to your appointment. Pass it on to nobody.",
        emergency: "It is no emergency line: in an emergency, call 112.",
        begins: { "Your appointment is on \($0)." },
        until: { "The link lets you in until \($0)." })

    private static let dutch = CardWords(
        language: .dutch,
        subject: "Afspraak op afstand",
        greeting: "Goedendag, hier is de link naar uw afspraak. U hoeft niets te installeren en geen account te maken.",
        open: "Open deze link op het afgesproken uur in uw browser:",
        scan: "Richt op het afgesproken uur de camera van uw telefoon op dit vierkant, of typ de link over:",
        steps: [
            "Ga op een rustige plek zitten, liefst met een koptelefoon.",
            "Open de link, druk op ‘Binnengaan’ en sta de microfoon toe.",
            "Wacht even: u wordt binnengelaten.",
            "Vergelijk hardop de vier woorden op het scherm: ze moeten aan beide kanten dezelfde zijn.",
        ],
        keep: "Deze link is persoonlijk: hij opent de deur naar uw afspraak. Geef hem aan niemand door.",
        emergency: "Dit is geen noodlijn: bel in nood 112.",
        begins: { "Uw afspraak is op \($0)." },
        until: { "Met de link komt u binnen tot \($0)." })

    private static let german = CardWords(
        language: .german,
        subject: "Termin aus der Ferne",
        greeting:
            "Guten Tag, hier ist der Link zu Ihrem Termin. Sie müssen nichts installieren und kein Konto anlegen.",
        open: "Öffnen Sie diesen Link zur vereinbarten Zeit in Ihrem Browser:",
        scan:
            "Richten Sie zur vereinbarten Zeit die Kamera Ihres Telefons auf dieses Quadrat, oder tippen Sie den Link ab:",
        steps: [
            "Setzen Sie sich an einen ruhigen Ort, möglichst mit Kopfhörern.",
            "Öffnen Sie den Link, drücken Sie auf „Eintreten“ und erlauben Sie das Mikrofon.",
            "Warten Sie: Sie werden hereingebeten.",
            "Vergleichen Sie laut die vier Wörter auf dem Bildschirm: Sie müssen auf beiden Seiten gleich sein.",
        ],
        keep: "Dieser Link ist persönlich: Er öffnet die Tür zu Ihrem Termin. Geben Sie ihn an niemanden weiter.",
        emergency: "Er ersetzt keinen Notruf: Rufen Sie im Notfall 112.",
        begins: { "Ihr Termin ist am \($0)." },
        until: { "Der Link lässt Sie bis \($0) herein." })
}
