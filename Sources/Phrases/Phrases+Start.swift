/// How well a passphrase resists guessing.
package enum PassphraseStrength: CaseIterable, Equatable, Sendable {
    case tooShort, weak, fair, good, excellent
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
            fr:
                "En une minute, ce poste sera prêt pour vos consultations. Quatre étapes : une phrase secrète, "
                + "le serveur, "
                + "votre inscription, un essai du son.",
            en: "In a minute this machine is ready for your consultations. Four steps: a passphrase, the server, your "
                + "enrolment, a sound test.",
            nl: "Over een minuut is deze machine klaar voor uw consulten. Vier stappen: een wachtzin, de server, uw "
                + "inschrijving, een geluidstest.",
            de:
                "In einer Minute ist dieser Rechner bereit. Vier Schritte: eine Passphrase, der Server, Ihre "
                + "Anmeldung, "
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

    package func strength(_ strength: PassphraseStrength) -> String {
        switch strength {
        case .tooShort:
            pick(
                fr: "Trop courte : douze caractères au moins.", en: "Too short: at least twelve characters.",
                nl: "Te kort: minstens twaalf tekens.", de: "Zu kurz: mindestens zwölf Zeichen.")
        case .weak:
            pick(
                fr: "Faible : elle se devine. Ajoutez un ou deux mots.",
                en: "Weak: it can be guessed. Add a word or two.",
                nl: "Zwak: ze is te raden. Voeg een of twee woorden toe.",
                de: "Schwach: sie lässt sich erraten. Fügen Sie ein, zwei Wörter hinzu.")
        case .fair:
            pick(
                fr: "Passable : un mot de plus la rendrait bonne.", en: "Fair: one more word would make it good.",
                nl: "Redelijk: met één woord meer is ze goed.", de: "Mäßig: ein Wort mehr macht sie gut.")
        case .good: pick(fr: "Bonne.", en: "Good.", nl: "Goed.", de: "Gut.")
        case .excellent: pick(fr: "Excellente.", en: "Excellent.", nl: "Uitstekend.", de: "Ausgezeichnet.")
        }
    }

    package var brokerAsk: String {
        pick(
            fr: "Adresse du serveur", en: "Address of the server", nl: "Adres van de server", de: "Adresse des Servers")
    }

    package var brokerText: String {
        pick(
            fr: "La personne qui tient le serveur vous l’a donnée ; elle ressemble à https://consultation.exemple.fr",
            en: "The person who runs the server gave it to you; it looks like https://consultation.example.org",
            nl: "De beheerder van de server gaf het u; het lijkt op https://consult.voorbeeld.be",
            de: "Der Betreiber hat sie Ihnen gegeben; sie sieht aus wie https://sprechstunde.beispiel.de")
    }

    package var brokerPrompt: String { pick(fr: "Serveur : ", en: "Server: ", nl: "Server: ", de: "Server: ") }

    package var brokerMalformed: String {
        pick(
            fr: "Ce n’est pas une adresse de serveur : elle commence par https://",
            en: "This is no server’s address: it begins with https://",
            nl: "Dit is geen adres van een server: het begint met https://",
            de: "Das ist keine Serveradresse: sie beginnt mit https://")
    }

    package var enrolAsk: String {
        pick(fr: "Votre inscription", en: "Your enrolment", nl: "Uw inschrijving", de: "Ihre Anmeldung")
    }

    package var enrolText: String {
        pick(
            fr: "Envoyez ce code à la personne qui tient le serveur. Il n’est pas secret.",
            en: "Send this code to the person who runs the server. It is not secret.",
            nl: "Stuur deze code naar de beheerder van de server. Ze is niet geheim.",
            de: "Senden Sie diesen Code an den Betreiber des Servers. Er ist nicht geheim.")
    }

    package var enrolPrompt: String {
        pick(
            fr: "Code reçu en retour (Entrée pour plus tard) : ", en: "Code received in return (Enter for later): ",
            nl: "Ontvangen code (Enter voor later): ", de: "Erhaltener Code (Enter für später): ")
    }

    package var enrolled: String {
        pick(
            fr: "Le serveur vous connaît.", en: "The server knows you.", nl: "De server kent u.",
            de: "Der Server kennt Sie.")
    }

    package var enrolLater: String {
        pick(
            fr: "Vous pourrez finir plus tard avec `colloque init`.", en: "You can finish later with `colloque init`.",
            nl: "U kunt later verdergaan met `colloque init`.",
            de: "Sie können später mit `colloque init` weitermachen.")
    }

    package var enrolMalformed: String {
        pick(
            fr: "Ce code est incomplet ou ne vient pas de ce serveur. Recopiez-le en entier.",
            en: "This code is incomplete or not from this server. Copy it whole.",
            nl: "Deze code is onvolledig of niet van deze server. Kopieer ze helemaal.",
            de: "Dieser Code ist unvollständig oder nicht von diesem Server. Kopieren Sie ihn ganz.")
    }

    package var soundAsk: String { pick(fr: "Essai du son", en: "Sound test", nl: "Geluidstest", de: "Tonprobe") }

    package var soundText: String {
        pick(
            fr: "Parlez trois secondes ; vous entendrez ensuite votre voix.",
            en: "Speak for three seconds; then you will hear your voice.",
            nl: "Spreek drie seconden; daarna hoort u uw stem.",
            de: "Sprechen Sie drei Sekunden; danach hören Sie Ihre Stimme.")
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
