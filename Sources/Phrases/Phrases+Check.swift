/// What `colloque check` looks at, in the order it does.
package enum CheckItem: CaseIterable, Equatable, Sendable {
    case microphone, loudspeaker, broker, certificate, clock, stun, relayUDP, relayTCP, relayTLS, page
}

/// What can be wrong there.
package enum CheckFault: Equatable, Sendable {
    case sound(SoundTrouble, SoundSide)
    /// The microphone gives nothing but silence.
    case microphoneSilent
    /// The doctor did not hear the test sound.
    case notHeard
    case broker(BrokerTrouble)
    case certificateExpires(days: Int)
    /// How far this machine's clock is from the broker's.
    case clockOff(Duration)
    case stunSilent
    /// The network lets nothing through to the relay by this transport.
    case relayBlocked(CheckItem)
    /// The broker has no relay at all.
    case noRelay
    /// The served page is not that of this release.
    case pageDiffers
    case pageUnreadable

    package static let all: [CheckFault] =
        SoundTrouble.allCases.flatMap { trouble in SoundSide.allCases.map { .sound(trouble, $0) } }
        + [.microphoneSilent, .notHeard] + BrokerTrouble.allCases.map { .broker($0) }
        + [
            .certificateExpires(days: 3), .clockOff(.seconds(400)), .stunSilent, .relayBlocked(.relayUDP),
            .relayBlocked(.relayTCP), .relayBlocked(.relayTLS), .noRelay, .pageDiffers, .pageUnreadable,
        ]
}

extension Phrases {
    package var checkTitle: String {
        pick(
            fr: "Vérification de votre poste", en: "Checking your workstation", nl: "Controle van uw werkplek",
            de: "Prüfung Ihres Arbeitsplatzes")
    }

    package func name(_ item: CheckItem) -> String {
        switch item {
        case .microphone: self.microphone
        case .loudspeaker: self.loudspeaker
        case .broker: pick(fr: "Serveur", en: "Server", nl: "Server", de: "Server")
        case .certificate: pick(fr: "Certificat", en: "Certificate", nl: "Certificaat", de: "Zertifikat")
        case .clock: pick(fr: "Horloge", en: "Clock", nl: "Klok", de: "Uhr")
        case .stun: pick(fr: "Voie directe", en: "Direct path", nl: "Rechtstreekse weg", de: "Direkter Weg")
        case .relayUDP: pick(fr: "Relais, UDP", en: "Relay, UDP", nl: "Relais, UDP", de: "Relais, UDP")
        case .relayTCP: pick(fr: "Relais, TCP", en: "Relay, TCP", nl: "Relais, TCP", de: "Relais, TCP")
        case .relayTLS: pick(fr: "Relais, TLS", en: "Relay, TLS", nl: "Relais, TLS", de: "Relais, TLS")
        case .page:
            pick(fr: "Page du patient", en: "Patient’s page", nl: "Pagina van de patiënt", de: "Seite des Patienten")
        }
    }

    package var checkGood: String { pick(fr: "bon", en: "good", nl: "goed", de: "gut") }
    package var checkBad: String { pick(fr: "à revoir", en: "to fix", nl: "na te kijken", de: "zu beheben") }
    package var checkRunning: String { pick(fr: "en cours…", en: "running…", nl: "bezig…", de: "läuft…") }
    package var checkSkipped: String { pick(fr: "passé", en: "skipped", nl: "overgeslagen", de: "übersprungen") }

    package func checkSummary(faults: Int) -> String {
        switch faults {
        case 0:
            pick(
                fr: "Tout est prêt pour une consultation.", en: "Everything is ready for a consultation.",
                nl: "Alles is klaar voor een consult.", de: "Alles ist bereit für eine Sprechstunde.")
        case 1:
            pick(
                fr: "Un point est à revoir.", en: "One thing needs fixing.", nl: "Eén punt is na te kijken.",
                de: "Ein Punkt ist zu beheben.")
        default:
            pick(
                fr: "\(faults) points sont à revoir.", en: "\(faults) things need fixing.",
                nl: "\(faults) punten zijn na te kijken.", de: "\(faults) Punkte sind zu beheben.")
        }
    }

    /// What was found, and one line of advice.
    package func fault(_ fault: CheckFault) -> Explanation {
        switch fault {
        case .sound(let trouble, let side): self.soundOutsideCall(trouble, side)
        case .broker(let trouble): self.broker(trouble)
        case .microphoneSilent:
            explain(
                pick(
                    fr: "Le micro ne capte que du silence.", en: "The microphone picks up only silence.",
                    nl: "De microfoon vangt alleen stilte op.", de: "Das Mikrofon nimmt nur Stille auf."),
                pick(
                    fr: "Vérifiez son bouton de coupure et son volume, puis parlez en le testant de nouveau.",
                    en: "Check its mute button and its volume, then speak while you test again.",
                    nl: "Controleer de dempknop en het volume, en spreek bij een nieuwe test.",
                    de: "Prüfen Sie Stummtaste und Lautstärke und sprechen Sie beim nächsten Test."))
        case .notHeard:
            explain(
                pick(
                    fr: "Vous n’avez pas entendu votre voix.", en: "You did not hear your voice.",
                    nl: "U hoorde uw stem niet.", de: "Sie haben Ihre Stimme nicht gehört."),
                pick(
                    fr: "Montez le volume, ou choisissez un autre haut-parleur.",
                    en: "Turn the volume up, or choose another loudspeaker.",
                    nl: "Zet het volume hoger, of kies een andere luidspreker.",
                    de: "Erhöhen Sie die Lautstärke oder wählen Sie einen anderen Lautsprecher."))
        case .certificateExpires(let days):
            explain(
                pick(
                    fr: "Le certificat du serveur expire dans \(self.days(days)).",
                    en: "The server’s certificate expires in \(self.days(days)).",
                    nl: "Het certificaat van de server verloopt over \(self.days(days)).",
                    de: "Das Zertifikat des Servers läuft ab, Restzeit: \(self.days(days))."),
                pick(
                    fr: "Prévenez la personne qui tient le serveur.", en: "Tell the person who runs the server.",
                    nl: "Verwittig de beheerder van de server.", de: "Benachrichtigen Sie den Betreiber des Servers."))
        case .clockOff(let time):
            explain(
                pick(
                    fr: "L’horloge de ce poste est décalée de \(self.span(time)).",
                    en: "This machine’s clock is off by \(self.span(time)).",
                    nl: "De klok van deze machine wijkt \(self.span(time)) af.",
                    de: "Die Uhr dieses Rechners weicht um \(self.span(time)) ab."),
                pick(
                    fr: "Activez l’heure automatique du système : `timedatectl set-ntp true`.",
                    en: "Turn automatic time on: `timedatectl set-ntp true`.",
                    nl: "Zet de automatische tijd aan: `timedatectl set-ntp true`.",
                    de: "Schalten Sie die automatische Zeit ein: `timedatectl set-ntp true`."))
        case .stunSilent:
            explain(
                pick(
                    fr: "Votre réseau ne laisse pas passer l’UDP.", en: "Your network does not let UDP through.",
                    nl: "Uw netwerk laat geen UDP door.", de: "Ihr Netz lässt kein UDP durch."),
                pick(
                    fr: "Les appels passeront par le relais ; pour une voie directe, ouvrez l’UDP sortant.",
                    en: "Calls will go through the relay; for a direct path open outgoing UDP.",
                    nl: "Gesprekken gaan via het relais; open uitgaand UDP voor een rechtstreekse weg.",
                    de: "Anrufe gehen über das Relais; für den direkten Weg öffnen Sie ausgehendes UDP."))
        case .relayBlocked(let item):
            explain(
                pick(
                    fr: "Le relais ne répond pas par cette voie (\(self.name(item))).",
                    en: "The relay does not answer this way (\(self.name(item))).",
                    nl: "Het relais antwoordt niet langs deze weg (\(self.name(item))).",
                    de: "Das Relais antwortet auf diesem Weg nicht (\(self.name(item)))."),
                self.relayAdvice(item))
        case .noRelay:
            explain(
                pick(
                    fr: "Ce serveur n’a pas de relais.", en: "This server has no relay.",
                    nl: "Deze server heeft geen relais.", de: "Dieser Server hat kein Relais."),
                pick(
                    fr: "Certains patients ne pourront pas vous joindre ; parlez-en à qui tient le serveur.",
                    en: "Some patients cannot reach you; tell the person who runs the server.",
                    nl: "Sommige patiënten kunnen u niet bereiken; verwittig de beheerder.",
                    de: "Manche Patienten erreichen Sie nicht; sprechen Sie mit dem Betreiber."))
        case .pageDiffers:
            explain(
                pick(
                    fr: "La page servie n’est pas celle de cette version.",
                    en: "The served page is not that of this release.",
                    nl: "De getoonde pagina is niet die van deze versie.",
                    de: "Die ausgelieferte Seite ist nicht die dieser Version."),
                pick(
                    fr: "N’envoyez pas de lien ; demandez si le serveur vient d’être mis à jour.",
                    en: "Send no link; ask whether the server was just updated.",
                    nl: "Stuur geen link; vraag of de server net is bijgewerkt.",
                    de: "Senden Sie keinen Link; fragen Sie, ob der Server gerade aktualisiert wurde."))
        case .pageUnreadable:
            explain(
                pick(
                    fr: "La page du patient n’a pas pu être lue.", en: "The patient’s page could not be read.",
                    nl: "De pagina van de patiënt kon niet gelezen worden.",
                    de: "Die Seite des Patienten ließ sich nicht lesen."),
                pick(
                    fr: "Réessayez ; si cela dure, prévenez la personne qui tient le serveur.",
                    en: "Try again; if it lasts, tell the person who runs the server.",
                    nl: "Probeer opnieuw; blijft het, verwittig de beheerder.",
                    de: "Versuchen Sie es erneut; bleibt es dabei, benachrichtigen Sie den Betreiber."))
        }
    }

    private func relayAdvice(_ item: CheckItem) -> String {
        switch item {
        case .relayUDP:
            pick(
                fr: "Ouvrez le port 3478 en UDP sortant ; sinon TCP ou TLS prendront le relais.",
                en: "Open port 3478 for outgoing UDP; otherwise TCP or TLS will serve.",
                nl: "Open poort 3478 voor uitgaand UDP; anders volstaan TCP of TLS.",
                de: "Öffnen Sie Port 3478 für ausgehendes UDP; sonst dienen TCP oder TLS.")
        case .relayTCP:
            pick(
                fr: "Ouvrez le port 3478 en TCP sortant ; sinon TLS prendra le relais.",
                en: "Open port 3478 for outgoing TCP; otherwise TLS will serve.",
                nl: "Open poort 3478 voor uitgaand TCP; anders volstaat TLS.",
                de: "Öffnen Sie Port 3478 für ausgehendes TCP; sonst dient TLS.")
        default:
            pick(
                fr: "Un pare-feu inspecte peut-être le port 443 ; montrez cette ligne à votre informaticien.",
                en: "A firewall may inspect port 443; show this line to your administrator.",
                nl: "Een firewall bekijkt misschien poort 443; toon deze regel aan uw beheerder.",
                de: "Eine Firewall prüft vielleicht Port 443; zeigen Sie diese Zeile Ihrem Administrator.")
        }
    }
}
