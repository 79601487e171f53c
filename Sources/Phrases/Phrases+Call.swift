package import Terminal

/// The call: its states, the words to compare, how good it is, chat.
extension Phrases {
    // MARK: States

    package var stateWaiting: String { pick(fr: "en attente", en: "waiting", nl: "wachten", de: "wartet") }
    package var stateHandshake: String {
        pick(fr: "prise de contact", en: "making contact", nl: "contact leggen", de: "Kontaktaufnahme")
    }
    package var stateConnecting: String {
        pick(fr: "mise en relation", en: "connecting", nl: "verbinden", de: "wird verbunden")
    }
    package var stateConnected: String { pick(fr: "en ligne", en: "connected", nl: "verbonden", de: "verbunden") }
    package var stateReconnecting: String {
        pick(fr: "reconnexion", en: "reconnecting", nl: "herverbinden", de: "neue Verbindung")
    }
    package var stateEnded: String { pick(fr: "terminé", en: "ended", nl: "beëindigd", de: "beendet") }

    package var waitingForPatient: String {
        pick(
            fr: "Le lien est prêt. Votre patient n’est pas encore là.",
            en: "The link is ready. Your patient is not here yet.",
            nl: "De link is klaar. Uw patiënt is er nog niet.",
            de: "Der Link ist bereit. Ihr Patient ist noch nicht da.")
    }

    package var waitingForPatientAdvice: String {
        pick(
            fr: "Vous serez averti par un son dès son arrivée. Appuyez sur l pour revoir le lien.",
            en: "A sound will tell you when someone arrives. Press l to see the link again.",
            nl: "Een geluid meldt u wanneer er iemand komt. Druk op l om de link opnieuw te zien.",
            de: "Ein Ton meldet Ihnen die Ankunft. Drücken Sie l, um den Link noch einmal zu sehen.")
    }

    package var openingRoom: String {
        pick(
            fr: "Ouverture de la consultation sur le serveur…", en: "Opening the consultation on the server…",
            nl: "Het consult wordt op de server geopend…", de: "Die Sprechstunde wird auf dem Server geöffnet…")
    }

    package var patientConsents: String {
        pick(
            fr: "Votre patient lit et accepte les conditions sur sa page.",
            en: "Your patient is reading the terms on the page and agreeing to them.",
            nl: "Uw patiënt leest op de pagina de voorwaarden en gaat akkoord.",
            de: "Ihr Patient liest auf der Seite die Bedingungen und stimmt zu.")
    }

    package var connectingAdvice: String {
        pick(
            fr: "La liaison s’établit, quelques secondes.", en: "The connection is being made, a few seconds.",
            nl: "De verbinding wordt gemaakt, enkele seconden.", de: "Die Verbindung entsteht, wenige Sekunden.")
    }

    package func reconnectingAdvice(_ span: String) -> String {
        pick(
            fr: "Le son est interrompu depuis \(span). Il revient de lui-même ; restez en ligne.",
            en: "The sound has been gone for \(span). It comes back by itself; stay on the line.",
            nl: "Het geluid is weg sinds \(span). Het komt vanzelf terug; blijf aan de lijn.",
            de: "Der Ton fehlt seit \(span). Er kommt von selbst zurück; bleiben Sie dran.")
    }

    package var brokerAwayVoiceGoesOn: String {
        pick(
            fr: "Le serveur est injoignable ; la conversation continue. Les messages écrits attendront.",
            en: "The server is unreachable; the conversation goes on. Written messages will wait.",
            nl: "De server is onbereikbaar; het gesprek gaat door. Geschreven berichten wachten.",
            de: "Der Server ist nicht erreichbar; das Gespräch geht weiter. Nachrichten warten.")
    }

    package var resumed: String {
        pick(
            fr: "Consultation reprise là où elle s’était arrêtée : les mots restent vérifiés.",
            en: "The consultation resumed where it stopped: the words remain verified.",
            nl: "Het consult gaat verder waar het stopte: de woorden blijven gecontroleerd.",
            de: "Die Sprechstunde geht weiter, wo sie stehen blieb: die Wörter bleiben geprüft.")
    }

    package var resuming: String {
        pick(
            fr: "La consultation précédente s’est interrompue sans adieu. Nous y retournons…",
            en: "The last consultation stopped without a goodbye. Returning to it…",
            nl: "Het vorige consult stopte zonder afscheid. We keren ernaar terug…",
            de: "Die letzte Sprechstunde brach ohne Abschied ab. Wir kehren dahin zurück…")
    }

    // MARK: Words

    package var compareTitle: String {
        pick(
            fr: "Comparez ces mots à voix haute", en: "Compare these words aloud",
            nl: "Vergelijk deze woorden hardop", de: "Vergleichen Sie diese Wörter laut")
    }

    package var patientReads: String {
        pick(fr: "Votre patient lit", en: "Your patient reads", nl: "Uw patiënt leest", de: "Ihr Patient liest")
    }
    package var doctorReads: String { pick(fr: "Vous lisez", en: "You read", nl: "U leest", de: "Sie lesen") }
    package var orDigits: String {
        pick(fr: "ou les chiffres", en: "or the digits", nl: "of de cijfers", de: "oder die Ziffern")
    }

    package var compareWhy: String {
        pick(
            fr: "S’ils sont les mêmes, personne ne s’est glissé entre vous.",
            en: "If they are the same, nobody has come between you.",
            nl: "Zijn ze dezelfde, dan staat niemand tussen u beiden.",
            de: "Sind sie gleich, steht niemand zwischen Ihnen.")
    }

    package var keySame: String { pick(fr: "les mêmes", en: "the same", nl: "dezelfde", de: "gleich") }
    package var keyDifferent: String { pick(fr: "différents", en: "different", nl: "verschillend", de: "verschieden") }
    package var verified: String {
        pick(fr: "mots vérifiés", en: "words verified", nl: "woorden gecontroleerd", de: "Wörter geprüft")
    }
    package var notVerified: String {
        pick(
            fr: "mots non comparés", en: "words not compared", nl: "woorden niet vergeleken",
            de: "Wörter nicht verglichen")
    }

    package var peerSaysSame: String {
        pick(
            fr: "Votre patient a confirmé les mots.", en: "Your patient has confirmed the words.",
            nl: "Uw patiënt heeft de woorden bevestigd.", de: "Ihr Patient hat die Wörter bestätigt.")
    }

    package var confirmDifferent: String {
        pick(
            fr: "Les mots sont différents ?", en: "Are the words different?", nl: "Zijn de woorden verschillend?",
            de: "Sind die Wörter verschieden?")
    }

    package var confirmDifferentDetail: String {
        pick(
            fr: "L’appel s’arrête aussitôt et le lien est détruit : quelqu’un pourrait écouter.",
            en: "The call ends at once and the link is destroyed: someone may be listening.",
            nl: "Het gesprek eindigt meteen en de link wordt vernietigd: iemand luistert misschien mee.",
            de: "Der Anruf endet sofort und der Link wird zerstört: jemand könnte mithören.")
    }

    package func wordsAloud(patient: [Neutralised], doctor: [Neutralised], digits: String) -> String {
        let first = patient.map(\.text).joined(separator: ", ")
        let last = doctor.map(\.text).joined(separator: ", ")
        return pick(
            fr: "Mots à comparer. Votre patient lit : \(first). Vous lisez : \(last). Ou les chiffres : \(digits).",
            en: "Words to compare. Your patient reads: \(first). You read: \(last). Or the digits: \(digits).",
            nl: "Woorden om te vergelijken. Uw patiënt leest: \(first). U leest: \(last). Of de cijfers: \(digits).",
            de: "Wörter zum Vergleich. Ihr Patient liest: \(first). Sie lesen: \(last). Oder die Ziffern: \(digits).")
    }

    package var sameOrDifferent: String {
        pick(
            fr: "Appuyez sur s si ce sont les mêmes, sur d s’ils sont différents.",
            en: "Press s if they are the same, d if they are different.",
            nl: "Druk op s als ze dezelfde zijn, op d als ze verschillen.",
            de: "Drücken Sie s, wenn sie gleich sind, d, wenn sie verschieden sind.")
    }

    /// - Parameter name: A pseudonym; nil for a patient whose waiting this screen did not see.
    package func talkingWith(_ name: String?) -> String {
        let who = name ?? pick(fr: "votre patient", en: "your patient", nl: "uw patiënt", de: "Ihrem Patienten")
        return pick(
            fr: "En consultation avec \(who)", en: "In consultation with \(who)", nl: "In gesprek met \(who)",
            de: "Im Gespräch mit \(who)")
    }

    // MARK: Sound

    package var you: String { pick(fr: "Vous", en: "You", nl: "U", de: "Sie") }
    package var patient: String { pick(fr: "Patient", en: "Patient", nl: "Patiënt", de: "Patient") }
    package var muted: String { pick(fr: "MICRO COUPÉ", en: "MICROPHONE OFF", nl: "MICROFOON UIT", de: "MIKROFON AUS") }

    package var mutedAdvice: String {
        pick(
            fr: "Votre patient ne vous entend pas. Espace rétablit le micro.",
            en: "Your patient does not hear you. Space turns the microphone on.",
            nl: "Uw patiënt hoort u niet. Spatie zet de microfoon aan.",
            de: "Ihr Patient hört Sie nicht. Leertaste schaltet das Mikrofon ein.")
    }

    package var unmuted: String {
        pick(fr: "Micro rétabli.", en: "Microphone on.", nl: "Microfoon aan.", de: "Mikrofon an.")
    }
    package var keyMute: String { pick(fr: "couper le micro", en: "mute", nl: "microfoon uit", de: "stumm") }
    package var keyUnmute: String {
        pick(fr: "rétablir le micro", en: "unmute", nl: "microfoon aan", de: "Mikrofon an")
    }
    package var keyChat: String { pick(fr: "écrire", en: "write", nl: "schrijven", de: "schreiben") }
    package var keyDevices: String { pick(fr: "appareils", en: "devices", nl: "apparaten", de: "Geräte") }
    package var keyDetails: String { pick(fr: "détails", en: "details", nl: "details", de: "Details") }
    package var keyHangUp: String { pick(fr: "raccrocher", en: "hang up", nl: "ophangen", de: "auflegen") }
    package var keyCancel: String { pick(fr: "annuler", en: "cancel", nl: "annuleren", de: "abbrechen") }
    package var keyClose: String { pick(fr: "fermer", en: "close", nl: "sluiten", de: "schließen") }

    package var microphone: String { pick(fr: "Microphone", en: "Microphone", nl: "Microfoon", de: "Mikrofon") }
    package var loudspeaker: String {
        pick(fr: "Haut-parleur", en: "Loudspeaker", nl: "Luidspreker", de: "Lautsprecher")
    }
    package var rawSound: String {
        pick(
            fr: "Son brut, pour le souffle et la toux", en: "Raw sound, for breath and cough",
            nl: "Ruw geluid, voor adem en hoest", de: "Rohton, für Atem und Husten")
    }
    package var on: String { pick(fr: "oui", en: "on", nl: "aan", de: "an") }
    package var off: String { pick(fr: "non", en: "off", nl: "uit", de: "aus") }
    package var noDevice: String { pick(fr: "aucun appareil", en: "no device", nl: "geen apparaat", de: "kein Gerät") }

    // MARK: Quality

    package var quality: String { pick(fr: "Qualité", en: "Quality", nl: "Kwaliteit", de: "Qualität") }
    package var qualityGood: String { pick(fr: "bonne", en: "good", nl: "goed", de: "gut") }
    package var qualityFair: String { pick(fr: "moyenne", en: "fair", nl: "matig", de: "mittel") }
    package var qualityPoor: String { pick(fr: "mauvaise", en: "poor", nl: "slecht", de: "schlecht") }
    package var qualityNone: String { pick(fr: "pas de son", en: "no sound", nl: "geen geluid", de: "kein Ton") }
    package var detailLoss: String { pick(fr: "Pertes", en: "Loss", nl: "Verlies", de: "Verlust") }
    package var detailDelay: String { pick(fr: "Délai", en: "Delay", nl: "Vertraging", de: "Verzögerung") }
    package var detailJitter: String { pick(fr: "Gigue", en: "Jitter", nl: "Jitter", de: "Jitter") }
    package var detailPath: String { pick(fr: "Chemin", en: "Path", nl: "Pad", de: "Weg") }
    package var detailCodec: String { pick(fr: "Codage", en: "Codec", nl: "Codering", de: "Kodierung") }
    package var detailRestarts: String { pick(fr: "Reprises", en: "Restarts", nl: "Herstarts", de: "Neustarts") }
    package var pathDirect: String { pick(fr: "direct", en: "direct", nl: "rechtstreeks", de: "direkt") }
    package var pathRelayed: String {
        pick(fr: "par un relais", en: "relayed", nl: "via een relais", de: "über ein Relais")
    }

    // MARK: Chat

    package var chatTitle: String {
        pick(fr: "Messages écrits", en: "Written messages", nl: "Geschreven berichten", de: "Nachrichten")
    }
    package var notSentYet: String {
        pick(fr: "pas encore envoyé", en: "not sent yet", nl: "nog niet verzonden", de: "noch nicht gesendet")
    }

    package func patientWrites(_ text: Neutralised) -> String {
        pick(
            fr: "Votre patient écrit : \(text)", en: "Your patient writes: \(text)", nl: "Uw patiënt schrijft: \(text)",
            de: "Ihr Patient schreibt: \(text)")
    }

    package func youWrote(_ text: Neutralised) -> String {
        pick(
            fr: "Vous écrivez : \(text)", en: "You write: \(text)", nl: "U schrijft: \(text)",
            de: "Sie schreiben: \(text)")
    }

    // MARK: Ends

    package var confirmHangUp: String { pick(fr: "Raccrocher ?", en: "Hang up?", nl: "Ophangen?", de: "Auflegen?") }

    package var confirmHangUpDetail: String {
        pick(
            fr: "La consultation se termine pour vous deux ; le lien ne servira plus.",
            en: "The consultation ends for both of you; the link will not serve again.",
            nl: "Het consult eindigt voor u beiden; de link werkt daarna niet meer.",
            de: "Die Sprechstunde endet für Sie beide; der Link dient danach nicht mehr.")
    }

    package var endedTitle: String {
        pick(
            fr: "Consultation terminée", en: "The consultation is over", nl: "Het consult is afgelopen",
            de: "Die Sprechstunde ist beendet")
    }

    package func lasted(_ span: String) -> String {
        pick(fr: "Durée : \(span).", en: "It lasted \(span).", nl: "Duur: \(span).", de: "Dauer: \(span).")
    }

    package var nothingKept: String {
        pick(
            fr: "Rien de ce qui a été dit ou écrit n’est gardé.", en: "Nothing of what was said or written is kept.",
            nl: "Niets van wat gezegd of geschreven werd, blijft bewaard.",
            de: "Nichts vom Gesagten oder Geschriebenen wird aufbewahrt.")
    }

    package func othersWaiting(_ count: Int) -> String {
        count == 1
            ? pick(
                fr: "1 autre patient attend", en: "1 other patient is waiting", nl: "1 andere patiënt wacht",
                de: "1 weiterer Patient wartet")
            : pick(
                fr: "\(count) autres patients attendent", en: "\(count) other patients are waiting",
                nl: "\(count) andere patiënten wachten", de: "\(count) weitere Patienten warten")
    }
}

extension Phrases {
    package var confirmLeave: String {
        pick(
            fr: "Quitter cet écran ?", en: "Leave this screen?", nl: "Dit scherm verlaten?",
            de: "Diesen Bildschirm verlassen?")
    }
    package var soundTitle: String {
        pick(
            fr: "Micro et haut-parleur", en: "Microphone and loudspeaker", nl: "Microfoon en luidspreker",
            de: "Mikrofon und Lautsprecher")
    }
    /// What stands before what a label names.
    package var colon: String { self.language == .french ? "\u{A0}:" : ":" }

    package var qrCaption: String {
        pick(
            fr: "Votre patient peut viser ce code avec l’appareil photo de son téléphone.",
            en: "Your patient can point a telephone’s camera at this code.",
            nl: "Uw patiënt kan de camera van een telefoon op deze code richten.",
            de: "Ihr Patient kann die Kamera seines Telefons auf diesen Code richten.")
    }

    package var qrDoesNotFit: String {
        pick(
            fr: "Agrandissez la fenêtre pour voir le code QR.", en: "Enlarge the window to see the QR code.",
            nl: "Maak het venster groter om de QR-code te zien.", de: "Vergrößern Sie das Fenster für den QR-Code.")
    }

    /// A phrase as a sentence: a capital and a full stop.
    package static func sentence(_ text: String) -> String {
        let ends = text.last.map { ".…!?".contains($0) } ?? true
        return Self.capitalised(text) + (ends ? "" : ".")
    }
}
