package import Terminal

/// The desk: who waits, and what to do for them.
extension Phrases {
    package var deskTitle: String {
        pick(fr: "Salle d’attente", en: "Waiting room", nl: "Wachtkamer", de: "Wartezimmer")
    }

    package func waitingCount(_ count: Int) -> String {
        switch count {
        case 0:
            pick(fr: "personne n’attend", en: "nobody is waiting", nl: "niemand wacht", de: "niemand wartet")
        case 1:
            pick(fr: "1 personne attend", en: "1 person is waiting", nl: "1 persoon wacht", de: "1 Person wartet")
        default:
            pick(
                fr: "\(count) personnes attendent", en: "\(count) people are waiting",
                nl: "\(count) personen wachten", de: "\(count) Personen warten")
        }
    }

    package var noSessions: String {
        pick(
            fr: "Aucune consultation n’est ouverte.", en: "No consultation is open.",
            nl: "Er is geen consult open.", de: "Keine Sprechstunde ist offen.")
    }

    package var noSessionsAdvice: String {
        pick(
            fr: "Appuyez sur n pour préparer un lien à envoyer à votre patient.",
            en: "Press n to prepare a link to send to your patient.",
            nl: "Druk op n om een link voor uw patiënt te maken.",
            de: "Drücken Sie n, um einen Link für Ihren Patienten vorzubereiten.")
    }

    package var unnamedSession: String {
        pick(fr: "Consultation", en: "Consultation", nl: "Consult", de: "Sprechstunde")
    }

    package func waitsSince(_ span: String) -> String {
        pick(
            fr: "attend depuis \(span)", en: "waiting for \(span)", nl: "wacht sinds \(span)", de: "wartet seit \(span)"
        )
    }

    package var nobodyYet: String {
        pick(fr: "personne pour l’instant", en: "nobody yet", nl: "nog niemand", de: "noch niemand")
    }

    package func opensAt(_ time: String) -> String {
        pick(fr: "ouvre à \(time)", en: "opens at \(time)", nl: "opent om \(time)", de: "öffnet um \(time)")
    }

    package func expiresIn(_ span: String) -> String {
        pick(fr: "valable encore \(span)", en: "valid for \(span)", nl: "nog \(span) geldig", de: "noch \(span) gültig")
    }

    package var expired: String {
        pick(fr: "lien expiré", en: "link expired", nl: "link verlopen", de: "Link abgelaufen")
    }
    package var inCall: String {
        pick(fr: "en consultation", en: "in consultation", nl: "in gesprek", de: "im Gespräch")
    }
    package var opening: String { pick(fr: "ouverture…", en: "opening…", nl: "wordt geopend…", de: "wird geöffnet…") }
    package var relayOnly: String { pick(fr: "relais seul", en: "relay only", nl: "alleen relais", de: "nur Relais") }

    package var twoDevicesWarning: String {
        pick(
            fr:
                "Deux appareils ont ouvert ce lien. Un seul est celui de votre patient : demandez-lui son nom "
                + "avant de parler.",
            en: "Two devices opened this link. Only one is your patient’s: ask for a name before you talk.",
            nl: "Twee toestellen openden deze link. Maar één is van uw patiënt: vraag een naam voor u begint.",
            de:
                "Zwei Geräte haben diesen Link geöffnet. Nur eines gehört Ihrem Patienten: fragen Sie zuerst "
                + "nach dem Namen."
        )
    }

    package func strayWarning(_ count: Int) -> String {
        let times = pick(
            fr: "\(count) fois", en: count == 1 ? "once" : "\(count) times",
            nl: count == 1 ? "één keer" : "\(count) keer",
            de: count == 1 ? "einmal" : "\(count)-mal")
        return pick(
            fr: "Le lien déjà utilisé a été rouvert \(times). Personne n’est entré.",
            en: "The used link was opened again \(times). Nobody came in.",
            nl: "De gebruikte link werd \(times) opnieuw geopend. Niemand kwam binnen.",
            de: "Der benutzte Link wurde \(times) erneut geöffnet. Niemand kam herein.")
    }

    package func saysName(_ name: Neutralised) -> String {
        pick(
            fr: "dit s’appeler « \(name) »", en: "gives the name “\(name)”", nl: "noemt zich “\(name)”",
            de: "nennt sich „\(name)“")
    }

    // MARK: Keys

    package var keyAdmit: String { pick(fr: "faire entrer", en: "admit", nl: "binnenlaten", de: "hereinbitten") }
    package var keyRefuse: String { pick(fr: "refuser", en: "refuse", nl: "weigeren", de: "abweisen") }
    package var keyMessage: String { pick(fr: "message", en: "message", nl: "bericht", de: "Nachricht") }
    package var keyNew: String { pick(fr: "nouveau", en: "new", nl: "nieuw", de: "neu") }
    package var keyLink: String { pick(fr: "lien", en: "link", nl: "link", de: "Link") }
    package var keyEnd: String { pick(fr: "clore", en: "close", nl: "sluiten", de: "schließen") }
    package var keyHelp: String { pick(fr: "aide", en: "help", nl: "hulp", de: "Hilfe") }
    package var keyQuit: String { pick(fr: "quitter", en: "quit", nl: "stoppen", de: "beenden") }
    package var keySelect: String { pick(fr: "choisir", en: "select", nl: "kiezen", de: "wählen") }
    package var keyConfirm: String { pick(fr: "valider", en: "confirm", nl: "bevestigen", de: "bestätigen") }
    package var keyBack: String { pick(fr: "retour", en: "back", nl: "terug", de: "zurück") }
    package var keySend: String { pick(fr: "envoyer", en: "send", nl: "verzenden", de: "senden") }
    package var keyYes: String { pick(fr: "oui", en: "yes", nl: "ja", de: "ja") }
    package var keyNo: String { pick(fr: "non", en: "no", nl: "nee", de: "nein") }
    /// The letter for yes.
    package var yesLetter: Character {
        switch self.language {
        case .french: "o"
        case .english: "y"
        case .dutch, .german: "j"
        }
    }
    package var keyEnter: String { pick(fr: "Entrée", en: "Enter", nl: "Enter", de: "Enter") }
    package var keyEscape: String { pick(fr: "Échap", en: "Esc", nl: "Esc", de: "Esc") }
    package var keySpace: String { pick(fr: "Espace", en: "Space", nl: "Spatie", de: "Leertaste") }

    // MARK: Questions

    package func confirmRefuse(_ who: String) -> String {
        pick(
            fr: "Refuser \(who) ?", en: "Refuse \(who)?", nl: "\(who) weigeren?", de: "\(who) abweisen?")
    }

    package var confirmRefuseDetail: String {
        pick(
            fr: "Sa page affichera que vous ne pouvez pas le recevoir maintenant.",
            en: "Their page will say that you cannot see them now.",
            nl: "Op de pagina komt te staan dat u nu niet kunt ontvangen.",
            de: "Auf der Seite steht dann, dass Sie jetzt nicht empfangen können.")
    }

    package func confirmEnd(_ label: String) -> String {
        pick(
            fr: "Clore « \(label) » ?", en: "Close “\(label)”?", nl: "“\(label)” sluiten?", de: "„\(label)“ schließen?")
    }

    package var confirmEndDetail: String {
        pick(
            fr: "Le lien cessera de fonctionner. Cela ne peut pas être annulé.",
            en: "The link stops working. This cannot be undone.",
            nl: "De link werkt dan niet meer. Dit kan niet ongedaan worden gemaakt.",
            de: "Der Link funktioniert dann nicht mehr. Das lässt sich nicht rückgängig machen.")
    }

    package var confirmQuit: String {
        pick(
            fr: "Quitter la salle d’attente ?", en: "Leave the waiting room?", nl: "De wachtkamer verlaten?",
            de: "Das Wartezimmer verlassen?")
    }

    package func confirmQuitDetail(waiting: Int) -> String {
        let first = waiting == 0 ? "" : Self.capitalised(self.waitingCount(waiting)) + ". "
        return first
            + pick(
                fr: "Les liens restent valables ; vous retrouverez tout en revenant.",
                en: "Links stay valid; everything is here when you return.",
                nl: "Links blijven geldig; bij uw terugkeer is alles er nog.",
                de: "Die Links bleiben gültig; alles ist da, wenn Sie zurückkommen.")
    }

    package func messageTo(_ who: String) -> String {
        pick(fr: "Message à \(who)", en: "Message to \(who)", nl: "Bericht aan \(who)", de: "Nachricht an \(who)")
    }

    /// What the patient reads, in the doctor's language.
    package var fiveMoreMinutes: String {
        pick(
            fr: "Encore cinq minutes, s’il vous plaît.", en: "Five more minutes, please.",
            nl: "Nog vijf minuten, alstublieft.", de: "Noch fünf Minuten, bitte.")
    }

    package var fifteenMoreMinutes: String {
        pick(
            fr: "Je suis en retard : encore un quart d’heure, merci de patienter.",
            en: "I am running late: a quarter of an hour more, thank you for waiting.",
            nl: "Ik loop uit: nog een kwartier, dank u voor het wachten.",
            de: "Ich bin verspätet: noch eine Viertelstunde, danke für Ihre Geduld.")
    }

    package var freeMessage: String {
        pick(
            fr: "Écrire un autre message…", en: "Write another message…", nl: "Een ander bericht schrijven…",
            de: "Andere Nachricht schreiben…")
    }

    package var messageSent: String {
        pick(fr: "Message envoyé.", en: "Message sent.", nl: "Bericht verzonden.", de: "Nachricht gesendet.")
    }

    package func charactersLeft(_ octets: Int) -> String {
        pick(fr: "encore \(octets)", en: "\(octets) left", nl: "nog \(octets)", de: "noch \(octets)")
    }

    // MARK: The broker

    /// Another computer of the same identity took the place at the server.
    package var takenOver: String {
        pick(
            fr: "Un autre poste s’est connecté avec votre identité. Appuyez sur b pour reprendre la main ici.",
            en: "Another computer connected with your identity. Press b to take over here again.",
            nl: "Een andere computer verbond met uw identiteit. Druk op b om hier weer over te nemen.",
            de: "Ein anderer Rechner hat sich mit Ihrer Identität verbunden. Drücken Sie b, um hier zu übernehmen.")
    }

    package var brokerOnline: String {
        pick(fr: "serveur joint", en: "server reached", nl: "server bereikt", de: "Server erreicht")
    }
    package var brokerConnecting: String {
        pick(fr: "connexion…", en: "connecting…", nl: "verbinden…", de: "verbinde…")
    }
    package var brokerAway: String {
        pick(
            fr: "serveur injoignable", en: "server unreachable", nl: "server onbereikbaar",
            de: "Server nicht erreichbar")
    }

    package func brokerAwayAdvice(since span: String) -> String {
        pick(
            fr:
                "Le serveur ne répond plus depuis \(span). Vos patients peuvent attendre : nous réessayons sans "
                + "cesse. Vérifiez votre réseau.",
            en: "The server has not answered for \(span). Patients can wait: we keep trying. Check your network.",
            nl:
                "De server antwoordt niet sinds \(span). Patiënten kunnen wachten: we blijven proberen. "
                + "Controleer uw netwerk.",
            de:
                "Der Server antwortet seit \(span) nicht. Patienten können warten: wir versuchen es weiter. "
                + "Prüfen Sie Ihr Netz."
        )
    }

    // MARK: In lines

    package func arrived(_ who: String, at label: String) -> String {
        pick(
            fr: "\(who) attend pour « \(label) ».", en: "\(who) is waiting for “\(label)”.",
            nl: "\(who) wacht voor “\(label)”.", de: "\(who) wartet für „\(label)“.")
    }

    package func departed(_ who: String) -> String {
        pick(fr: "\(who) est parti.", en: "\(who) has left.", nl: "\(who) is weg.", de: "\(who) ist gegangen.")
    }

    package func sessionOpened(_ label: String) -> String {
        pick(
            fr: "La consultation « \(label) » est ouverte.", en: "The consultation “\(label)” is open.",
            nl: "Het consult “\(label)” is open.", de: "Die Sprechstunde „\(label)“ ist offen.")
    }

    package func sessionClosed(_ label: String) -> String {
        pick(
            fr: "La consultation « \(label) » est close.", en: "The consultation “\(label)” is closed.",
            nl: "Het consult “\(label)” is gesloten.", de: "Die Sprechstunde „\(label)“ ist geschlossen.")
    }

    package func selected(_ what: String) -> String {
        pick(fr: "Choisi : \(what).", en: "Selected: \(what).", nl: "Gekozen: \(what).", de: "Gewählt: \(what).")
    }

    package var helpTitle: String { pick(fr: "Aide", en: "Help", nl: "Hulp", de: "Hilfe") }

    package var terminalTooSmall: String {
        pick(
            fr: "Agrandissez la fenêtre : il faut 40 colonnes et 12 lignes.",
            en: "Enlarge the window: 40 columns and 12 rows are needed.",
            nl: "Maak het venster groter: 40 kolommen en 12 rijen nodig.",
            de: "Vergrößern Sie das Fenster: 40 Spalten, 12 Zeilen sind nötig.")
    }

    package static func capitalised(_ text: String) -> String { text.prefix(1).uppercased() + text.dropFirst() }
}
