/// Why the keystore gives or takes nothing: each of its errors has its case here.
package enum KeystoreTrouble: Equatable, Sendable {
    case noIdentity
    case identityExists
    /// `need` in octets.
    case passphraseTooShort(need: Int)
    case wrongPassphrase
    case damaged(path: String)
    case unknownVersion(Int, path: String)
    case looseMode(path: String)
    case notOurs(path: String)
    case unknownSession(String)
    /// Rooms of an identity whose file is gone.
    case foreignRooms(path: String)
    case fileExists(path: String)
    case noFile(path: String)
    case outOfMemory
    case system(path: String, reason: SystemReason)

    package static let all: [KeystoreTrouble] = [
        .noIdentity, .identityExists, .passphraseTooShort(need: 12), .wrongPassphrase, .damaged(path: "/k"),
        .unknownVersion(9, path: "/k"), .looseMode(path: "/k"), .notOurs(path: "/k"), .unknownSession("abc"),
        .foreignRooms(path: "/k"), .fileExists(path: "/k"), .noFile(path: "/k"),
        .outOfMemory, .system(path: "/k", reason: .noSpace),
        .system(path: "/k", reason: .forbidden), .system(path: "/k", reason: .readOnly),
        .system(path: "/k", reason: .missing),
    ]
}

/// Why the system does not do as it is asked.
package enum SystemReason: Equatable, Sendable {
    case noSpace, forbidden, readOnly, missing
    /// The system's own words, in its own language.
    case other(String)
}

/// Why an errand to the broker failed: each of its errors has its case here.
package enum BrokerTrouble: CaseIterable, Equatable, Sendable {
    case unreachable, untrusted, noBroker, notEnrolled, roomTaken, tooManyRooms, expired, superseded, violated
}

extension Phrases {
    package func keystore(_ trouble: KeystoreTrouble) -> Explanation {
        switch trouble {
        case .noIdentity:
            explain(
                pick(
                    fr: "Il n’y a pas encore d’identité ici.", en: "There is no identity here yet.",
                    nl: "Er is hier nog geen identiteit.", de: "Hier ist noch keine Identität."),
                pick(
                    fr: "Commencez par `colloque init`.", en: "Begin with `colloque init`.",
                    nl: "Begin met `colloque init`.", de: "Beginnen Sie mit `colloque init`."))
        case .identityExists:
            explain(
                pick(
                    fr: "Il y a déjà une identité ici ; elle n’est jamais remplacée.",
                    en: "There is an identity here already; it is never overwritten.",
                    nl: "Er is hier al een identiteit; ze wordt nooit overschreven.",
                    de: "Hier ist schon eine Identität; sie wird nie überschrieben."),
                pick(
                    fr: "Pour en faire une seconde, choisissez un autre dossier avec --home.",
                    en: "For a second one choose another folder with --home.",
                    nl: "Kies voor een tweede een andere map met --home.",
                    de: "Für eine zweite wählen Sie mit --home einen anderen Ordner."))
        case .passphraseTooShort(let need):
            explain(
                pick(
                    fr: "La phrase secrète est trop courte.", en: "The passphrase is too short.",
                    nl: "De wachtzin is te kort.", de: "Die Passphrase ist zu kurz."),
                pick(
                    fr: "Il faut au moins \(need) caractères ; quatre mots sans rapport font bien l’affaire.",
                    en: "It needs at least \(need) characters; four unrelated words do well.",
                    nl: "Minstens \(need) tekens zijn nodig; vier losse woorden zijn prima.",
                    de: "Mindestens \(need) Zeichen sind nötig; vier Wörter ohne Bezug sind gut."))
        case .wrongPassphrase:
            explain(
                pick(
                    fr: "Ce n’est pas la phrase secrète de cette identité.",
                    en: "This is not the passphrase of this identity.",
                    nl: "Dit is niet de wachtzin van deze identiteit.",
                    de: "Das ist nicht die Passphrase dieser Identität."),
                pick(
                    fr: "Vérifiez la touche majuscules et réessayez.", en: "Check the caps lock key and try again.",
                    nl: "Controleer de hoofdlettertoets en probeer opnieuw.",
                    de: "Prüfen Sie die Feststelltaste und versuchen Sie es erneut."))
        case .damaged(let path):
            explain(
                pick(
                    fr: "Le fichier \(path) est abîmé.", en: "The file \(path) is damaged.",
                    nl: "Het bestand \(path) is beschadigd.", de: "Die Datei \(path) ist beschädigt."),
                pick(
                    fr: "Mettez-le de côté et prenez-en une copie ; `colloque identity import` lit une sauvegarde.",
                    en: "Move it aside and use a copy; `colloque identity import` reads a backup.",
                    nl: "Leg het opzij en neem een kopie; `colloque identity import` leest een back-up.",
                    de: "Legen Sie sie beiseite und nehmen Sie eine Kopie; `colloque identity import` liest eine "
                        + "Sicherung."))
        case .unknownVersion(let version, let path):
            explain(
                pick(
                    fr: "Le fichier \(path) vient d’une version plus récente (\(version)).",
                    en: "The file \(path) was written by a later version (\(version)).",
                    nl: "Het bestand \(path) komt van een nieuwere versie (\(version)).",
                    de: "Die Datei \(path) stammt von einer neueren Version (\(version))."),
                pick(
                    fr: "Mettez Colloque à jour.", en: "Update Colloque.", nl: "Werk Colloque bij.",
                    de: "Aktualisieren Sie Colloque."))
        case .looseMode(let path):
            explain(
                pick(
                    fr: "D’autres peuvent lire ou modifier \(path).", en: "Others may read or change \(path).",
                    nl: "Anderen kunnen \(path) lezen of wijzigen.", de: "Andere dürfen \(path) lesen oder ändern."),
                pick(
                    fr: "Retirez-leur ce droit : `chmod go= \(path)`", en: "Take that right away: `chmod go= \(path)`",
                    nl: "Ontneem hun dat recht: `chmod go= \(path)`",
                    de: "Nehmen Sie ihnen das Recht: `chmod go= \(path)`"))
        case .notOurs(let path):
            explain(
                pick(
                    fr: "\(path) appartient à un autre compte, ou n’est pas un fichier ordinaire.",
                    en: "\(path) belongs to another account, or is no ordinary file.",
                    nl: "\(path) is van een ander account, of geen gewoon bestand.",
                    de: "\(path) gehört einem anderen Konto oder ist keine gewöhnliche Datei."),
                pick(
                    fr: "Choisissez un autre dossier avec --home.", en: "Choose another folder with --home.",
                    nl: "Kies een andere map met --home.", de: "Wählen Sie mit --home einen anderen Ordner."))
        case .unknownSession(let session):
            explain(
                pick(
                    fr: "Il n’y a pas de consultation \(session).", en: "There is no consultation \(session).",
                    nl: "Er is geen consult \(session).", de: "Es gibt keine Sprechstunde \(session)."),
                pick(
                    fr: "`colloque session list` les montre toutes.", en: "`colloque session list` shows all of them.",
                    nl: "`colloque session list` toont ze allemaal.", de: "`colloque session list` zeigt sie alle."))
        case .foreignRooms(let path):
            explain(
                pick(
                    fr: "\(path) contient les consultations d’une autre identité.",
                    en: "\(path) holds the consultations of another identity.",
                    nl: "\(path) bevat de consulten van een andere identiteit.",
                    de: "\(path) enthält die Sprechstunden einer anderen Identität."),
                pick(
                    fr: "Importez sa sauvegarde, ou choisissez un autre dossier avec --home.",
                    en: "Import its backup, or choose another folder with --home.",
                    nl: "Importeer de back-up ervan, of kies een andere map met --home.",
                    de: "Importieren Sie deren Sicherung, oder wählen Sie mit --home einen anderen Ordner."))
        case .fileExists(let path):
            explain(
                pick(
                    fr: "Le fichier \(path) existe déjà ; il n’est jamais remplacé.",
                    en: "The file \(path) is there already; it is never overwritten.",
                    nl: "Het bestand \(path) bestaat al; het wordt nooit overschreven.",
                    de: "Die Datei \(path) gibt es schon; sie wird nie überschrieben."),
                pick(
                    fr: "Choisissez un autre nom.", en: "Choose another name.", nl: "Kies een andere naam.",
                    de: "Wählen Sie einen anderen Namen."))
        case .noFile(let path):
            explain(
                pick(
                    fr: "Le fichier \(path) n’existe pas.", en: "There is no file \(path).",
                    nl: "Het bestand \(path) bestaat niet.", de: "Die Datei \(path) gibt es nicht."),
                pick(
                    fr: "Vérifiez son nom.", en: "Check its name.", nl: "Controleer de naam.",
                    de: "Prüfen Sie den Namen."))
        case .outOfMemory:
            explain(
                pick(
                    fr: "La mémoire ne suffit pas pour vérifier la phrase secrète.",
                    en: "There is not enough memory to check the passphrase.",
                    nl: "Er is te weinig geheugen om de wachtzin te controleren.",
                    de: "Der Speicher reicht nicht, um die Passphrase zu prüfen."),
                pick(
                    fr: "Fermez des programmes et réessayez.", en: "Close some programs and try again.",
                    nl: "Sluit programma’s en probeer opnieuw.",
                    de: "Schließen Sie Programme und versuchen Sie es erneut."))
        case .system(let path, let reason):
            explain(
                pick(
                    fr: "Le système ne donne pas accès à \(path) : \(self.words(reason)).",
                    en: "The system gives no access to \(path): \(self.words(reason)).",
                    nl: "Het systeem geeft geen toegang tot \(path): \(self.words(reason)).",
                    de: "Das System gewährt keinen Zugriff auf \(path): \(self.words(reason))."),
                pick(
                    fr: "Vérifiez les droits du dossier et la place sur le disque.",
                    en: "Check the folder’s rights and the space on the disk.",
                    nl: "Controleer de rechten van de map en de schijfruimte.",
                    de: "Prüfen Sie die Rechte des Ordners und den Platz auf der Platte."))
        }
    }

    private func words(_ reason: SystemReason) -> String {
        switch reason {
        case .noSpace:
            pick(
                fr: "le disque est plein", en: "there is no space left on the disk", nl: "de schijf is vol",
                de: "die Platte ist voll")
        case .forbidden:
            pick(
                fr: "il vous en manque le droit", en: "you lack the right", nl: "u hebt er het recht niet toe",
                de: "Ihnen fehlt das Recht")
        case .readOnly:
            pick(
                fr: "rien ne peut y être écrit", en: "nothing can be written there",
                nl: "er kan niets geschreven worden", de: "dort lässt sich nichts schreiben")
        case .missing:
            pick(fr: "il n’existe pas", en: "it does not exist", nl: "het bestaat niet", de: "es gibt ihn nicht")
        case .other(let text): text
        }
    }

    package func broker(_ trouble: BrokerTrouble) -> Explanation {
        switch trouble {
        case .unreachable:
            explain(
                pick(
                    fr: "Le serveur ne répond pas.", en: "The server does not answer.", nl: "De server antwoordt niet.",
                    de: "Der Server antwortet nicht."),
                pick(
                    fr: "Vérifiez son adresse et votre réseau, puis réessayez.",
                    en: "Check its address and your network, then try again.",
                    nl: "Controleer het adres en uw netwerk, en probeer opnieuw.",
                    de: "Prüfen Sie seine Adresse und Ihr Netz und versuchen Sie es erneut."))
        case .untrusted:
            explain(
                pick(
                    fr: "Le certificat du serveur n’est pas digne de confiance.",
                    en: "The server’s certificate is not trusted.",
                    nl: "Het certificaat van de server is niet betrouwbaar.",
                    de: "Das Zertifikat des Servers ist nicht vertrauenswürdig."),
                pick(
                    fr: "N’allez pas plus loin ; prévenez la personne qui tient le serveur.",
                    en: "Do not go on; tell the person who runs the server.",
                    nl: "Ga niet verder; verwittig de beheerder van de server.",
                    de: "Machen Sie nicht weiter; benachrichtigen Sie den Betreiber des Servers."))
        case .noBroker:
            explain(
                pick(
                    fr: "Ce qui répond à cette adresse n’est pas un serveur Colloque.",
                    en: "What answers at this address is no Colloque server.",
                    nl: "Wat op dit adres antwoordt, is geen Colloque-server.",
                    de: "Was unter dieser Adresse antwortet, ist kein Colloque-Server."),
                pick(
                    fr: "Vérifiez l’adresse donnée par --broker.", en: "Check the address given by --broker.",
                    nl: "Controleer het adres bij --broker.", de: "Prüfen Sie die Adresse bei --broker."))
        case .notEnrolled:
            explain(
                pick(
                    fr: "Le serveur ne connaît pas encore votre clé.", en: "The server does not know your key yet.",
                    nl: "De server kent uw sleutel nog niet.", de: "Der Server kennt Ihren Schlüssel noch nicht."),
                pick(
                    fr: "Envoyez à la personne qui tient le serveur le code de `colloque identity show`.",
                    en: "Send the code of `colloque identity show` to the person who runs the server.",
                    nl: "Stuur de code van `colloque identity show` naar de beheerder van de server.",
                    de: "Senden Sie den Code von `colloque identity show` an den Betreiber des Servers."))
        case .roomTaken:
            explain(
                pick(
                    fr: "Le serveur garde cette consultation pour une autre clé.",
                    en: "The server holds this consultation for another key.",
                    nl: "De server houdt dit consult voor een andere sleutel.",
                    de: "Der Server hält diese Sprechstunde für einen anderen Schlüssel."),
                pick(
                    fr: "Faites un nouveau lien.", en: "Make a new link.", nl: "Maak een nieuwe link.",
                    de: "Machen Sie einen neuen Link."))
        case .tooManyRooms:
            explain(
                pick(
                    fr: "Trop de consultations sont ouvertes à la fois.",
                    en: "Too many consultations are open at once.",
                    nl: "Er zijn te veel consulten tegelijk open.",
                    de: "Zu viele Sprechstunden sind gleichzeitig offen."),
                pick(
                    fr: "Fermez-en d’abord une : `colloque session end`.",
                    en: "Close one first: `colloque session end`.", nl: "Sluit er eerst een: `colloque session end`.",
                    de: "Schließen Sie zuerst eine: `colloque session end`."))
        case .expired:
            explain(
                pick(
                    fr: "Le temps de cette consultation est écoulé.", en: "The time of this consultation is over.",
                    nl: "De tijd van dit consult is om.", de: "Die Zeit dieser Sprechstunde ist abgelaufen."),
                pick(
                    fr: "Faites un nouveau lien.", en: "Make a new link.", nl: "Maak een nieuwe link.",
                    de: "Machen Sie einen neuen Link."))
        case .superseded:
            explain(
                pick(
                    fr: "Votre clé s’est connectée ailleurs.", en: "Your key connected elsewhere.",
                    nl: "Uw sleutel maakte elders verbinding.", de: "Ihr Schlüssel hat sich anderswo verbunden."),
                pick(
                    fr: "Fermez l’autre fenêtre de Colloque ; si vous n’en avez pas, prévenez l’administrateur.",
                    en: "Close the other window of Colloque; if there is none, tell the administrator.",
                    nl: "Sluit het andere venster van Colloque; is er geen, verwittig dan de beheerder.",
                    de: "Schließen Sie das andere Colloque-Fenster; gibt es keines, informieren Sie den Administrator.")
            )
        case .violated:
            explain(
                pick(
                    fr: "Le serveur ne suit pas le protocole.", en: "The server does not keep to the protocol.",
                    nl: "De server volgt het protocol niet.", de: "Der Server hält sich nicht an das Protokoll."),
                pick(
                    fr: "Vérifiez --broker ; mettez à jour Colloque des deux côtés.",
                    en: "Check --broker; update Colloque on both sides.",
                    nl: "Controleer --broker; werk Colloque aan beide kanten bij.",
                    de: "Prüfen Sie --broker; aktualisieren Sie Colloque auf beiden Seiten."))
        }
    }
}
