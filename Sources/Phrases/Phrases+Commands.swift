package import Terminal

/// What goes wrong before anything begins: options, files, links.
package enum CommandTrouble: Equatable, Sendable {
    case noBrokerNamed
    case brokerMalformed(Neutralised)
    case unknownLanguage(Neutralised)
    /// No person can type here and no file holds the passphrase.
    case noPassphrase
    case passphrasesDiffer
    case unreadable(path: String)
    case unwritable(path: String)
    case linkIncomplete
    case linkOfLaterVersion
    case notALink
    case notATerminal
    case alreadyRunning

    package static let all: [CommandTrouble] = [
        .noBrokerNamed, .brokerMalformed(Neutralised("x")), .unknownLanguage(Neutralised("xx")), .noPassphrase,
        .passphrasesDiffer, .unreadable(path: "/f"), .unwritable(path: "/f"), .linkIncomplete, .linkOfLaterVersion,
        .notALink, .notATerminal, .alreadyRunning,
    ]
}

extension Phrases {
    package func command(_ trouble: CommandTrouble) -> Explanation {
        switch trouble {
        case .noBrokerNamed:
            explain(
                pick(
                    fr: "Aucun serveur n’est indiqué.", en: "No server is named.", nl: "Er is geen server opgegeven.",
                    de: "Es ist kein Server angegeben."),
                pick(
                    fr: "Ajoutez --broker https://…, ou lancez `colloque init`.",
                    en: "Add --broker https://…, or run `colloque init`.",
                    nl: "Voeg --broker https://… toe, of start `colloque init`.",
                    de: "Fügen Sie --broker https://… hinzu oder starten Sie `colloque init`."))
        case .brokerMalformed(let text):
            explain(
                pick(
                    fr: "« \(text) » n’est pas une adresse de serveur.", en: "“\(text)” is no server’s address.",
                    nl: "“\(text)” is geen adres van een server.", de: "„\(text)“ ist keine Serveradresse."),
                pick(
                    fr: "Écrivez-la ainsi : https://serveur.exemple.fr", en: "Write it as https://server.example.org",
                    nl: "Schrijf het zo: https://server.voorbeeld.be",
                    de: "Schreiben Sie sie so: https://server.beispiel.de"))
        case .unknownLanguage(let text):
            explain(
                pick(
                    fr: "La langue « \(text) » n’est pas parlée ici.", en: "The language “\(text)” is not spoken here.",
                    nl: "De taal “\(text)” wordt hier niet gesproken.",
                    de: "Die Sprache „\(text)“ gibt es hier "
                        + "nicht."),
                pick(
                    fr: "Choisissez fr, en, nl ou de.", en: "Choose fr, en, nl or de.", nl: "Kies fr, en, nl of de.",
                    de: "Wählen Sie fr, en, nl oder de."))
        case .noPassphrase:
            explain(
                pick(
                    fr: "Aucune phrase secrète n’a été donnée.", en: "No passphrase was given.",
                    nl: "Er is geen wachtzin gegeven.", de: "Es wurde keine Passphrase angegeben."),
                pick(
                    fr: "Rien n’a été fait ; tapez-la, ou nommez un fichier avec --passphrase-file.",
                    en: "Nothing was done; type it, or name a file with --passphrase-file.",
                    nl: "Er is niets gedaan; typ ze, of noem een bestand met --passphrase-file.",
                    de: "Nichts wurde getan; tippen Sie sie oder nennen Sie eine Datei mit --passphrase-file."))
        case .passphrasesDiffer: explain(self.passphrasesDiffer, "")
        case .unreadable(let path):
            explain(
                pick(
                    fr: "Le fichier \(path) ne peut pas être lu.", en: "The file \(path) cannot be read.",
                    nl: "Het bestand \(path) kan niet gelezen worden.",
                    de: "Die Datei \(path) lässt sich nicht "
                        + "lesen."),
                pick(
                    fr: "Vérifiez son nom et vos droits.", en: "Check its name and your rights.",
                    nl: "Controleer de naam en uw rechten.", de: "Prüfen Sie den Namen und Ihre Rechte."))
        case .unwritable(let path):
            explain(
                pick(
                    fr: "Le fichier \(path) ne peut pas être écrit.", en: "The file \(path) cannot be written.",
                    nl: "Het bestand \(path) kan niet geschreven worden.",
                    de: "Die Datei \(path) lässt sich nicht schreiben."),
                pick(
                    fr: "Choisissez un autre endroit.", en: "Choose another place.", nl: "Kies een andere plek.",
                    de: "Wählen Sie einen anderen Ort."))
        case .linkIncomplete:
            explain(
                pick(
                    fr: "Le lien est incomplet : il a été coupé en route.",
                    en: "The link is incomplete: it was cut on its way.",
                    nl: "De link is onvolledig: hij werd onderweg afgebroken.",
                    de: "Der Link ist unvollständig: er wurde unterwegs abgeschnitten."),
                pick(
                    fr: "Recopiez-le en entier.", en: "Copy it again, whole.", nl: "Kopieer hem opnieuw, helemaal.",
                    de: "Kopieren Sie ihn noch einmal ganz."))
        case .linkOfLaterVersion:
            explain(
                pick(
                    fr: "Ce lien vient d’une version plus récente de Colloque.",
                    en: "This link comes from a later version of Colloque.",
                    nl: "Deze link komt van een nieuwere versie van Colloque.",
                    de: "Dieser Link stammt von einer neueren Colloque-Version."),
                pick(
                    fr: "Mettez Colloque à jour.", en: "Update Colloque.", nl: "Werk Colloque bij.",
                    de: "Aktualisieren Sie Colloque."))
        case .notALink:
            explain(
                pick(
                    fr: "Ce n’est pas un lien de consultation.", en: "This is no link of a consultation.",
                    nl: "Dit is geen link van een consult.", de: "Das ist kein Link einer Sprechstunde."),
                pick(
                    fr: "Il ressemble à https://serveur/#…", en: "It looks like https://server/#…",
                    nl: "Hij lijkt op https://server/#…", de: "Er sieht aus wie https://server/#…"))
        case .notATerminal:
            explain(
                pick(
                    fr: "Il n’y a pas de terminal où taper.", en: "There is no terminal to type in.",
                    nl: "Er is geen terminal om in te typen.", de: "Es gibt kein Terminal zum Tippen."),
                pick(
                    fr: "Lancez cette commande dans une fenêtre de terminal.",
                    en: "Run this command in a terminal window.", nl: "Start deze opdracht in een terminalvenster.",
                    de: "Starten Sie diesen Befehl in einem Terminalfenster."))
        case .alreadyRunning:
            explain(
                pick(
                    fr: "Colloque tourne déjà avec cette identité.", en: "Colloque already runs with this identity.",
                    nl: "Colloque draait al met deze identiteit.", de: "Colloque läuft schon mit dieser Identität."),
                pick(
                    fr: "Revenez à l’autre fenêtre, ou fermez-la d’abord.",
                    en: "Go back to the other window, or close it first.",
                    nl: "Ga terug naar het andere venster, of sluit het eerst.",
                    de: "Gehen Sie zum anderen Fenster zurück oder schließen Sie es zuerst."))
        }
    }
}
