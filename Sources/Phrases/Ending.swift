/// Why a consultation is over, as far as a person needs to know: each reason of the engine has its case here.
package enum Ending: Equatable, Sendable {
    case hungUp
    case peerHungUp
    /// The doctor let another device in.
    case otherDeviceAdmitted
    case notNow
    case wrongPerson
    /// The doctor gave no reason.
    case refused
    case consentRefused
    case wordsDiffer
    case bindingFailed
    case peerFailed
    case expired
    case linkUnknown
    case linkUsed
    case waitingRoomFull
    case tooManyAttempts
    case notVerified
    case roomClosed
    case turnedAway(code: Int)
    case notEnrolled
    case roomTaken
    case tooManyRooms
    case superseded
    case cryptographicFailure
    case protocolViolation
    case retriesExhausted
    case noRelay
    case mediaFailed

    package static let all: [Ending] = [
        .hungUp, .peerHungUp, .otherDeviceAdmitted, .notNow, .wrongPerson, .refused, .consentRefused, .wordsDiffer,
        .bindingFailed, .peerFailed, .expired, .linkUnknown, .linkUsed, .waitingRoomFull, .tooManyAttempts,
        .notVerified, .roomClosed, .turnedAway(code: 9), .notEnrolled, .roomTaken, .tooManyRooms, .superseded,
        .cryptographicFailure, .protocolViolation, .retriesExhausted, .noRelay, .mediaFailed,
    ]

    /// Whether somebody may have interfered: shown with emphasis.
    package var isAlarm: Bool {
        switch self {
        case .wordsDiffer, .bindingFailed, .cryptographicFailure, .protocolViolation, .notVerified: true
        default: false
        }
    }
}

extension Phrases {
    /// What happened, and what to do next.
    package func ending(_ ending: Ending) -> Explanation {
        switch ending {
        case .hungUp:
            self.explain(
                pick(
                    fr: "Vous avez raccroché.", en: "You hung up.", nl: "U hebt opgehangen.", de: "Sie haben aufgelegt."
                ),
                self.nothingMore)
        case .peerHungUp:
            self.explain(
                pick(
                    fr: "Votre correspondant a raccroché.", en: "The other side hung up.",
                    nl: "De andere kant heeft opgehangen.", de: "Die Gegenseite hat aufgelegt."), self.nothingMore)
        case .otherDeviceAdmitted:
            self.explain(
                pick(
                    fr: "Le médecin a fait entrer un autre appareil.", en: "The doctor admitted another device.",
                    nl: "De arts liet een ander toestel binnen.", de: "Der Arzt hat ein anderes Gerät eingelassen."),
                pick(
                    fr: "Si ce n’était pas le vôtre, téléphonez-lui.", en: "If it was not yours, telephone the doctor.",
                    nl: "Was het niet het uwe, bel dan de arts.", de: "War es nicht Ihres, rufen Sie den Arzt an."))
        case .notNow:
            self.explain(
                pick(
                    fr: "Le médecin ne peut pas recevoir maintenant.", en: "The doctor cannot see you now.",
                    nl: "De arts kan nu niet ontvangen.", de: "Der Arzt kann jetzt nicht empfangen."), self.askForTime)
        case .wrongPerson:
            self.explain(
                pick(
                    fr: "Le médecin attendait une autre personne.", en: "The doctor expected somebody else.",
                    nl: "De arts verwachtte iemand anders.", de: "Der Arzt hat jemand anderen erwartet."),
                self.askForLink)
        case .refused:
            self.explain(
                pick(
                    fr: "L’entrée a été refusée.", en: "Admission was refused.", nl: "De toegang werd geweigerd.",
                    de: "Der Einlass wurde verweigert."), self.askForTime)
        case .consentRefused:
            self.explain(
                pick(
                    fr: "Votre patient n’a pas accepté la consultation à distance.",
                    en: "Your patient did not agree to a consultation at a distance.",
                    nl: "Uw patiënt ging niet akkoord met een consult op afstand.",
                    de: "Ihr Patient hat der Fernsprechstunde nicht zugestimmt."),
                pick(
                    fr: "Téléphonez-lui, ou proposez un rendez-vous au cabinet.",
                    en: "Telephone your patient, or offer a visit.", nl: "Bel de patiënt, of stel een bezoek voor.",
                    de: "Rufen Sie an oder bieten Sie einen Termin in der Praxis an."))
        case .wordsDiffer:
            self.explain(
                pick(
                    fr: "Les mots étaient différents : quelqu’un a pu s’interposer.",
                    en: "The words were different: someone may have come between you.",
                    nl: "De woorden waren verschillend: iemand stond misschien tussen u.",
                    de: "Die Wörter waren verschieden: jemand könnte dazwischen stehen."), self.otherWay)
        case .bindingFailed:
            self.explain(
                pick(
                    fr: "La voie du son n’est pas celle qui a été annoncée : quelqu’un a pu s’interposer.",
                    en: "The sound’s path is not the announced one: someone may have come between you.",
                    nl: "Het pad van het geluid is niet het aangekondigde: iemand stond misschien tussen u.",
                    de: "Der Weg des Tons ist nicht der angekündigte: jemand könnte dazwischen stehen."),
                self.otherWay)
        case .peerFailed:
            self.explain(
                pick(
                    fr: "L’appareil de votre correspondant a rencontré une erreur.",
                    en: "The other side’s device ran into an error.",
                    nl: "Het toestel van de andere kant kreeg een fout.",
                    de: "Auf dem Gerät der Gegenseite trat ein Fehler auf."), self.newLink)
        case .expired:
            self.explain(
                pick(
                    fr: "Le temps de ce lien est écoulé.", en: "The time of this link is over.",
                    nl: "De tijd van deze link is om.", de: "Die Zeit dieses Links ist abgelaufen."), self.newLink)
        case .linkUnknown:
            self.explain(
                pick(
                    fr: "Ce lien est inconnu ou expiré.", en: "This link is unknown or expired.",
                    nl: "Deze link is onbekend of verlopen.", de: "Dieser Link ist unbekannt oder abgelaufen."),
                self.askForLink)
        case .linkUsed:
            self.explain(
                pick(
                    fr: "Ce lien a déjà servi.", en: "This link was used already.", nl: "Deze link is al gebruikt.",
                    de: "Dieser Link wurde schon benutzt."), self.askForLink)
        case .waitingRoomFull:
            self.explain(
                pick(
                    fr: "La salle d’attente de ce lien est pleine.", en: "The waiting room of this link is full.",
                    nl: "De wachtkamer van deze link is vol.", de: "Das Wartezimmer dieses Links ist voll."),
                pick(
                    fr: "Fermez ce lien sur les autres appareils, puis réessayez.",
                    en: "Close this link on other devices, then try again.",
                    nl: "Sluit deze link op andere toestellen en probeer opnieuw.",
                    de: "Schließen Sie den Link auf anderen Geräten und versuchen Sie es erneut."))
        case .tooManyAttempts:
            self.explain(
                pick(
                    fr: "Trop d’essais avec ce lien.", en: "Too many attempts with this link.",
                    nl: "Te veel pogingen met deze link.", de: "Zu viele Versuche mit diesem Link."),
                pick(
                    fr: "Attendez deux minutes, ou faites un nouveau lien.",
                    en: "Wait two minutes, or make a new link.", nl: "Wacht twee minuten, of maak een nieuwe link.",
                    de: "Warten Sie zwei Minuten oder machen Sie einen neuen Link."))
        case .notVerified:
            self.explain(
                pick(
                    fr: "Ce qui a été reçu ne se vérifie pas avec ce lien.",
                    en: "What was received does not verify with this link.",
                    nl: "Wat ontvangen werd, klopt niet met deze link.",
                    de: "Das Empfangene lässt sich mit diesem Link nicht prüfen."), self.otherWay)
        case .roomClosed:
            self.explain(
                pick(
                    fr: "La consultation a été close.", en: "The consultation was closed.",
                    nl: "Het consult werd gesloten.", de: "Die Sprechstunde wurde geschlossen."), self.newLink)
        case .turnedAway(let code):
            self.explain(
                pick(
                    fr: "Le serveur a refusé l’entrée (code \(code)).", en: "The server refused entry (code \(code)).",
                    nl: "De server weigerde de toegang (code \(code)).",
                    de: "Der Server verweigerte den Zugang (Code \(code))."), self.newLink)
        case .notEnrolled: self.broker(.notEnrolled)
        case .roomTaken: self.broker(.roomTaken)
        case .tooManyRooms: self.broker(.tooManyRooms)
        case .superseded: self.broker(.superseded)
        case .cryptographicFailure:
            self.explain(
                pick(
                    fr: "Un message reçu était altéré ou n’était pas pour vous.",
                    en: "A received message was altered or not meant for you.",
                    nl: "Een ontvangen bericht was gewijzigd of niet voor u.",
                    de: "Eine Nachricht war verändert oder nicht für Sie bestimmt."), self.otherWay)
        case .protocolViolation:
            self.explain(
                pick(
                    fr: "L’autre appareil ne suit pas les règles de l’appel.",
                    en: "The other device does not keep the rules of the call.",
                    nl: "Het andere toestel volgt de regels van het gesprek niet.",
                    de: "Das andere Gerät hält die Regeln des Anrufs nicht ein."), self.otherWay)
        case .retriesExhausted:
            self.explain(
                pick(
                    fr: "Plusieurs essais de suite ont échoué.", en: "Several attempts in a row failed.",
                    nl: "Meerdere pogingen na elkaar mislukten.", de: "Mehrere Versuche nacheinander schlugen fehl."),
                self.checkNetwork)
        case .noRelay:
            self.explain(
                pick(
                    fr: "Ce lien exige un relais, et le serveur n’en a pas.",
                    en: "This link demands a relay, and the server has none.",
                    nl: "Deze link eist een relais, en de server heeft er geen.",
                    de: "Dieser Link verlangt ein Relais, und der Server hat keines."),
                pick(
                    fr: "Faites un lien sans --relay-only, ou parlez-en à votre informaticien.",
                    en: "Make a link without --relay-only, or ask your administrator.",
                    nl: "Maak een link zonder --relay-only, of vraag uw beheerder.",
                    de: "Machen Sie einen Link ohne --relay-only oder fragen Sie Ihren Administrator."))
        case .mediaFailed:
            self.explain(
                pick(
                    fr: "Le son n’a trouvé aucun chemin entre les deux appareils.",
                    en: "The sound found no path between the two devices.",
                    nl: "Het geluid vond geen weg tussen de twee toestellen.",
                    de: "Der Ton fand keinen Weg zwischen den beiden Geräten."), self.checkNetwork)
        }
    }

    /// The same, where the patient reads it (`colloque join`).
    package func endingForPatient(_ ending: Ending) -> Explanation {
        let told = self.ending(ending)
        switch ending {
        case .wordsDiffer, .bindingFailed, .notVerified, .cryptographicFailure, .protocolViolation:
            return self.explain(
                told.what,
                pick(
                    fr: "N’insistez pas avec ce lien : téléphonez à votre médecin.",
                    en: "Do not go on with this link: telephone your doctor.",
                    nl: "Ga niet verder met deze link: bel uw arts.",
                    de: "Machen Sie mit diesem Link nicht weiter: rufen Sie Ihren Arzt an."))
        case .peerFailed, .expired, .roomClosed, .turnedAway, .tooManyAttempts, .noRelay, .tooManyRooms, .roomTaken,
            .notEnrolled, .superseded:
            return self.explain(told.what, self.askForLink)
        default: return told
        }
    }

    func explain(_ what: String, _ next: String) -> Explanation { Explanation(what: what, next: next) }

    private var nothingMore: String {
        pick(
            fr: "Il n’y a plus rien à faire.", en: "There is nothing left to do.", nl: "U hoeft niets meer te doen.",
            de: "Es bleibt nichts zu tun.")
    }

    private var askForTime: String {
        pick(
            fr: "Convenez d’une autre heure.", en: "Agree on another time.", nl: "Spreek een ander uur af.",
            de: "Vereinbaren Sie eine andere Zeit.")
    }

    private var askForLink: String {
        pick(
            fr: "Demandez un nouveau lien au médecin.", en: "Ask the doctor for a new link.",
            nl: "Vraag de arts om een nieuwe link.", de: "Bitten Sie den Arzt um einen neuen Link.")
    }

    private var newLink: String {
        pick(
            fr: "Faites un nouveau lien : `colloque session new`.", en: "Make a new link: `colloque session new`.",
            nl: "Maak een nieuwe link: `colloque session new`.",
            de: "Machen Sie einen neuen Link: `colloque session new`.")
    }

    private var otherWay: String {
        pick(
            fr: "N’insistez pas avec ce lien : prévenez votre patient par téléphone et faites-en un autre.",
            en: "Do not go on with this link: tell your patient by telephone and make another.",
            nl: "Ga niet verder met deze link: verwittig uw patiënt telefonisch en maak een andere.",
            de: "Machen Sie mit diesem Link nicht weiter: rufen Sie Ihren Patienten an und machen Sie einen neuen.")
    }

    private var checkNetwork: String {
        pick(
            fr: "Lancez `colloque check` pour voir ce que votre réseau laisse passer, puis réessayez.",
            en: "Run `colloque check` to see what your network lets through, then try again.",
            nl: "Start `colloque check` om te zien wat uw netwerk doorlaat, en probeer opnieuw.",
            de: "`colloque check` zeigt, was Ihr Netz durchlässt; versuchen Sie es danach erneut.")
    }
}
