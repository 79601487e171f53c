package import Terminal

/// What is thought of a new passphrase.
package enum PassphraseJudgement: CaseIterable, Equatable, Sendable {
    case tooShort, weak, fair, strong
}

/// The first start, `colloque init`.
extension Phrases {
    package var welcome: String {
        pick(
            fr: "Bienvenue dans Colloque.", en: "Welcome to Colloque.", nl: "Welkom bij Colloque.",
            de: "Willkommen bei Colloque.")
    }

    package var welcomeText: String {
        pick(
            fr: "En une minute, ce poste sera prêt pour vos consultations. Trois étapes : une phrase secrète, votre "
                + "inscription au serveur, un essai du son.",
            en: "In a minute this machine is ready for your consultations. Three steps: a passphrase, your enrolment "
                + "at the server, a sound test.",
            nl: "Over een minuut is deze machine klaar voor uw consulten. Drie stappen: een wachtzin, uw inschrijving "
                + "bij de server, een geluidstest.",
            de: "In einer Minute ist dieser Rechner bereit. Drei Schritte: eine Passphrase, Ihre Anmeldung am Server, "
                + "eine Tonprobe.")
    }

    package func step(_ number: Int, of count: Int) -> String {
        pick(
            fr: "Étape \(number) sur \(count)", en: "Step \(number) of \(count)", nl: "Stap \(number) van \(count)",
            de: "Schritt \(number) von \(count)")
    }

    package var passphraseAsk: String {
        pick(
            fr: "Choisissez une phrase secrète", en: "Choose a passphrase", nl: "Kies een wachtzin",
            de: "Wählen Sie eine Passphrase")
    }

    package var passphraseText: String {
        pick(
            fr:
                "Elle protège votre clé sur ce poste. Personne ne peut la retrouver pour vous : notez-la en "
                + "lieu sûr. Quatre "
                + "mots sans rapport font une bonne phrase.",
            en:
                "It protects your key on this machine. Nobody can recover it for you: write it down in a safe "
                + "place. Four "
                + "unrelated words make a good one.",
            nl:
                "Ze beschermt uw sleutel op deze machine. Niemand kan ze voor u terugvinden: noteer ze op een "
                + "veilige plek. "
                + "Vier losse woorden zijn een goede wachtzin.",
            de:
                "Sie schützt Ihren Schlüssel auf diesem Rechner. Niemand kann sie wiederherstellen: notieren "
                + "Sie sie an einem "
                + "sicheren Ort. Vier Wörter ohne Bezug sind gut.")
    }

    package var passphrasePrompt: String {
        pick(fr: "Phrase secrète : ", en: "Passphrase: ", nl: "Wachtzin: ", de: "Passphrase: ")
    }
    package var passphraseAgain: String {
        pick(fr: "Encore une fois : ", en: "Once more: ", nl: "Nog een keer: ", de: "Noch einmal: ")
    }

    package var passphrasesDiffer: String {
        pick(
            fr: "Les deux phrases ne sont pas les mêmes. Recommencez.", en: "The two are not the same. Start again.",
            nl: "De twee zijn niet gelijk. Begin opnieuw.", de: "Die beiden sind nicht gleich. Beginnen Sie neu.")
    }

    package func judgement(_ judgement: PassphraseJudgement) -> String {
        switch judgement {
        case .tooShort:
            pick(
                fr: "Trop courte : douze caractères au moins.", en: "Too short: at least twelve characters.",
                nl: "Te kort: minstens twaalf tekens.", de: "Zu kurz: mindestens zwölf Zeichen.")
        case .weak:
            pick(
                fr: "Trop facile : qui aurait une copie du disque la devinerait. Ajoutez un ou deux mots.",
                en: "Too easy: whoever had a copy of the disk would guess it. Add a word or two.",
                nl: "Te makkelijk: wie een kopie van de schijf heeft, raadt ze. Voeg een of twee woorden toe.",
                de: "Zu leicht: wer eine Kopie der Platte hat, errät sie. Fügen Sie ein, zwei Wörter hinzu.")
        case .fair:
            pick(
                fr: "Passable : un mot de plus la rendrait bonne.", en: "Fair: one more word would make it good.",
                nl: "Redelijk: met één woord meer is ze goed.", de: "Mäßig: ein Wort mehr macht sie gut.")
        case .strong:
            pick(
                fr: "Solide : elle ne se devine pas.", en: "Strong: nobody guesses it.",
                nl: "Sterk: niemand raadt ze.", de: "Stark: niemand errät sie.")
        }
    }

    /// - Parameter words: drawn for this person now.
    package func passphraseSuggestion(_ words: String) -> String {
        pick(
            fr: "Par exemple : \(words)", en: "For example: \(words)", nl: "Bijvoorbeeld: \(words)",
            de: "Zum Beispiel: \(words)")
    }

    package var newPassphrasePrompt: String {
        pick(
            fr: "Nouvelle phrase secrète : ", en: "New passphrase: ", nl: "Nieuwe wachtzin: ", de: "Neue Passphrase: ")
    }

    /// After one that is too easy.
    package var otherPassphrasePrompt: String {
        pick(
            fr: "Une autre (ou la même, pour la garder) : ", en: "Another one (or the same, to keep it): ",
            nl: "Een andere (of dezelfde, om ze te houden): ", de: "Eine andere (oder dieselbe, um sie zu behalten): ")
    }

    package var backupPassphrasePrompt: String {
        pick(
            fr: "Phrase secrète de la sauvegarde : ", en: "Passphrase of the backup: ", nl: "Wachtzin van de back-up: ",
            de: "Passphrase der Sicherung: ")
    }

    package var identityIsHere: String {
        pick(
            fr: "Votre clé est déjà ici.", en: "Your key is here already.", nl: "Uw sleutel is hier al.",
            de: "Ihr Schlüssel ist schon hier.")
    }

    package var identityIsMade: String {
        pick(
            fr: "Votre clé est faite.", en: "Your key is made.", nl: "Uw sleutel is gemaakt.",
            de: "Ihr Schlüssel ist erstellt.")
    }

    package func identityIsRestored(sessions count: Int) -> String {
        let sessions = self.sessionCount(count)
        return pick(
            fr: "Votre clé est restaurée, avec \(sessions).", en: "Your key is restored, with \(sessions).",
            nl: "Uw sleutel is hersteld, met \(sessions).", de: "Ihr Schlüssel ist wiederhergestellt, mit \(sessions).")
    }

    package var enrolAsk: String {
        pick(fr: "Votre inscription", en: "Your enrolment", nl: "Uw inschrijving", de: "Ihre Anmeldung")
    }

    package var enrolText: String {
        pick(
            fr:
                "Lisez ou envoyez ce code à la personne qui tient le serveur. Il n’est pas secret. Elle le tape derrière "
                + "`colloque broker enroll`, et vous rend un autre code.",
            en: "Read or send this code to the person who runs the server. It is not secret. It is typed there behind "
                + "`colloque broker enroll`, and another code comes back.",
            nl:
                "Lees of stuur deze code naar de beheerder van de server. Ze is niet geheim. Daar wordt ze getypt achter "
                + "`colloque broker enroll`, en een andere code komt terug.",
            de: "Lesen oder senden Sie diesen Code dem Betreiber des Servers. Er ist nicht geheim. Dort wird er hinter "
                + "`colloque broker enroll` getippt, und ein anderer Code kommt zurück.")
    }

    package var enrolPrompt: String {
        pick(
            fr: "Code reçu en retour (Entrée pour plus tard) : ", en: "Code received in return (Enter for later): ",
            nl: "Ontvangen code (Enter voor later): ", de: "Erhaltener Code (Enter für später): ")
    }

    package var enrolLater: String {
        pick(
            fr: "Presque prêt : il manque le code du serveur.", en: "Nearly done: the server’s code is missing.",
            nl: "Bijna klaar: de code van de server ontbreekt.", de: "Fast fertig: der Code des Servers fehlt.")
    }

    package var enrolLaterSend: String {
        pick(
            fr: "Faites inscrire ce code par la personne qui tient le serveur (`colloque broker enroll`) :",
            en: "Have this code enrolled by the person who runs the server (`colloque broker enroll`):",
            nl: "Laat deze code inschrijven door de beheerder van de server (`colloque broker enroll`):",
            de: "Lassen Sie diesen Code vom Betreiber des Servers eintragen (`colloque broker enroll`):")
    }

    package var enrolLaterFinish: String {
        pick(
            fr: "Puis, avec le code qui vous revient :", en: "Then, with the code that comes back:",
            nl: "Daarna, met de code die terugkomt:", de: "Danach, mit dem Code, der zurückkommt:")
    }

    package func brokerUnaware(_ origin: Neutralised) -> String {
        pick(
            fr: "\(origin) ne connaît pas encore votre clé.", en: "\(origin) does not know your key yet.",
            nl: "\(origin) kent uw sleutel nog niet.", de: "\(origin) kennt Ihren Schlüssel noch nicht.")
    }

    package var brokerUnawareNext: String {
        pick(
            fr: "Faites-y inscrire ce code, puis relancez `colloque init` :",
            en: "Have this code enrolled there, then run `colloque init` again:",
            nl: "Laat deze code daar inschrijven en start `colloque init` opnieuw:",
            de: "Lassen Sie dort diesen Code eintragen und starten Sie `colloque init` erneut:")
    }

    package func brokerIs(_ origin: Neutralised) -> String {
        pick(
            fr: "Votre serveur : \(origin)", en: "Your server: \(origin)", nl: "Uw server: \(origin)",
            de: "Ihr Server: \(origin)")
    }

    package var soundAsk: String { pick(fr: "Essai du son", en: "Sound test", nl: "Geluidstest", de: "Tonprobe") }

    package var soundText: String {
        pick(
            fr: "Parlez trois secondes ; vous entendrez ensuite votre voix.",
            en: "Speak for three seconds; then you will hear your voice.",
            nl: "Spreek drie seconden; daarna hoort u uw stem.",
            de: "Sprechen Sie drei Sekunden; danach hören Sie Ihre Stimme.")
    }

    package var soundBeginPrompt: String {
        pick(
            fr: "Entrée pour commencer, n puis Entrée pour passer : ", en: "Enter to begin, n then Enter to skip: ",
            nl: "Enter om te beginnen, n en Enter om over te slaan: ",
            de: "Enter zum Beginnen, n und Enter zum Auslassen: ")
    }

    package var soundSpeakNow: String {
        pick(fr: "Parlez maintenant…", en: "Speak now…", nl: "Spreek nu…", de: "Sprechen Sie jetzt…")
    }

    package var soundPlaying: String {
        pick(fr: "Écoutez…", en: "Listen…", nl: "Luister…", de: "Hören Sie…")
    }

    package var soundWorks: String {
        pick(
            fr: "Micro et haut-parleur marchent.", en: "Microphone and loudspeaker work.",
            nl: "Microfoon en luidspreker werken.", de: "Mikrofon und Lautsprecher funktionieren.")
    }

    /// Behind what is wrong.
    package var soundAgain: String {
        pick(
            fr: "Réessayez quand vous voulez avec `colloque check`.", en: "Try again any time with `colloque check`.",
            nl: "Probeer opnieuw wanneer u wilt met `colloque check`.",
            de: "Versuchen Sie es jederzeit erneut mit `colloque check`.")
    }

    package var soundSkipped: String {
        pick(
            fr: "Passé ; `colloque check` y revient quand vous voulez.",
            en: "Skipped; `colloque check` tries it any time.",
            nl: "Overgeslagen; `colloque check` test het wanneer u wilt.",
            de: "Ausgelassen; `colloque check` holt es jederzeit nach.")
    }

    package var soundHeardPrompt: String {
        pick(
            fr: "Vous êtes-vous entendu ? (o/n) ", en: "Did you hear yourself? (y/n) ", nl: "Hoorde u uzelf? (j/n) ",
            de: "Haben Sie sich gehört? (j/n) ")
    }

    package var startDone: String {
        pick(fr: "Tout est prêt.", en: "Everything is ready.", nl: "Alles is klaar.", de: "Alles ist bereit.")
    }

    package var startNext: String {
        pick(
            fr: "Pour votre premier patient : `colloque session new`, puis `colloque desk`.",
            en: "For your first patient: `colloque session new`, then `colloque desk`.",
            nl: "Voor uw eerste patiënt: `colloque session new`, dan `colloque desk`.",
            de: "Für Ihren ersten Patienten: `colloque session new`, dann `colloque desk`.")
    }

    package var startBackUp: String {
        pick(
            fr: "Pensez à une sauvegarde de votre clé : `colloque identity export`.",
            en: "Keep a backup of your key: `colloque identity export`.",
            nl: "Bewaar een back-up van uw sleutel: `colloque identity export`.",
            de: "Sichern Sie Ihren Schlüssel: `colloque identity export`.")
    }
}
