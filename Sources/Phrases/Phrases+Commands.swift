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
    /// The file that should hold one.
    case passphraseFileEmpty(path: String)
    case noLink
    /// The link asks for what this version has not.
    case linkBeyondUs
    case linkWithoutBroker
    /// The administrator's answer is about another key or address.
    case confirmationWrong

    package static let all: [CommandTrouble] = [
        .noBrokerNamed, .brokerMalformed(Neutralised("x")), .unknownLanguage(Neutralised("xx")), .noPassphrase,
        .passphrasesDiffer, .unreadable(path: "/f"), .unwritable(path: "/f"), .linkIncomplete, .linkOfLaterVersion,
        .notALink, .notATerminal, .alreadyRunning, .passphraseFileEmpty(path: "/f"), .noLink, .linkBeyondUs,
        .linkWithoutBroker, .confirmationWrong,
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
        case .passphraseFileEmpty(let path):
            explain(
                pick(
                    fr: "La première ligne de \(path) est vide.", en: "The first line of \(path) is empty.",
                    nl: "De eerste regel van \(path) is leeg.", de: "Die erste Zeile von \(path) ist leer."),
                pick(
                    fr: "La phrase secrète s’y écrit.", en: "The passphrase stands there.",
                    nl: "Daar staat de wachtzin.",
                    de: "Dort steht die Passphrase."))
        case .noLink:
            explain(
                pick(
                    fr: "Aucun lien n’a été donné.", en: "No link was given.", nl: "Er is geen link gegeven.",
                    de: "Es wurde kein Link angegeben."),
                pick(
                    fr: "Collez-le derrière la commande, ou tapez-le.", en: "Paste it behind the command, or type it.",
                    nl: "Plak hem achter de opdracht, of typ hem.",
                    de: "Fügen Sie ihn hinter dem Befehl ein oder tippen Sie ihn."))
        case .linkBeyondUs:
            explain(
                pick(
                    fr: "Ce lien demande des clés post-quantiques, que cette version n’a pas.",
                    en: "This link asks for post-quantum keys, which this version has not.",
                    nl: "Deze link vraagt postkwantumsleutels, die deze versie niet heeft.",
                    de: "Dieser Link verlangt Post-Quanten-Schlüssel, die diese Version nicht hat."),
                pick(
                    fr: "Mettez Colloque à jour, ou demandez un autre lien.",
                    en: "Update Colloque, or ask for another.",
                    nl: "Werk Colloque bij, of vraag een andere link.",
                    de: "Aktualisieren Sie Colloque oder bitten Sie um einen anderen Link."))
        case .linkWithoutBroker:
            explain(
                pick(
                    fr: "Ce lien ne nomme aucun serveur joignable.", en: "This link names no server to be reached.",
                    nl: "Deze link noemt geen bereikbare server.", de: "Dieser Link nennt keinen erreichbaren Server."),
                pick(
                    fr: "Demandez-le de nouveau.", en: "Ask for it again.", nl: "Vraag hem opnieuw.",
                    de: "Bitten Sie erneut darum."))
        case .confirmationWrong:
            explain(
                pick(
                    fr: "Ce code ne confirme pas la clé de ce poste, ou il a été mal recopié.",
                    en: "This code is not about the key of this machine, or was mistyped.",
                    nl: "Deze code gaat niet over de sleutel van deze machine, of is fout overgetypt.",
                    de: "Dieser Code gehört nicht zum Schlüssel dieses Rechners, oder er ist vertippt."),
                pick(
                    fr: "Recopiez-le en entier ; sinon, redonnez à l’administrateur celui de `colloque identity show`.",
                    en: "Copy it whole; else give the administrator that of `colloque identity show` again.",
                    nl: "Kopieer hem helemaal; geef de beheerder anders opnieuw die van `colloque identity show`.",
                    de: "Kopieren Sie ihn ganz; sonst geben Sie dem Betreiber erneut den von `colloque identity show`.")
            )
        }
    }
}
