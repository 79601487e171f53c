package import Terminal

/// What can befall the doctor's microphone or loudspeaker.
package enum SoundTrouble: CaseIterable, Equatable, Sendable {
    case lost
    /// Another program holds it.
    case busy
    /// The system does not allow it.
    case denied
    /// None is there.
    case absent
}

/// Which of the two devices.
package enum SoundSide: CaseIterable, Equatable, Sendable {
    case microphone, loudspeaker
}

extension Phrases {
    package func sound(_ trouble: SoundTrouble, _ side: SoundSide) -> Explanation {
        Explanation(what: self.what(trouble, side), next: self.next(trouble, side))
    }

    /// The same where nobody is on the line and no key changes the device.
    package func soundOutsideCall(_ trouble: SoundTrouble, _ side: SoundSide) -> Explanation {
        let next =
            switch trouble {
            case .denied: self.next(trouble, side)
            case .busy:
                pick(
                    fr: "Fermez les autres programmes de visioconférence.", en: "Close other conference programs.",
                    nl: "Sluit andere vergaderprogramma’s.", de: "Schließen Sie andere Konferenzprogramme.")
            case .lost, .absent:
                pick(
                    fr: "Branchez un casque, ou voyez ce qui est là avec `colloque check --devices`.",
                    en: "Plug a headset in, or see what is there with `colloque check --devices`.",
                    nl: "Sluit een headset aan, of bekijk wat er is met `colloque check --devices`.",
                    de: "Schließen Sie ein Headset an oder sehen Sie mit `colloque check --devices` nach.")
            }
        return Explanation(what: self.what(trouble, side), next: next)
    }

    /// A device that was lost is back.
    package func soundReturned(_ side: SoundSide, device: Neutralised) -> String {
        switch side {
        case .microphone:
            pick(
                fr: "Votre micro est revenu : \(device).", en: "Your microphone is back: \(device).",
                nl: "Uw microfoon is terug: \(device).", de: "Ihr Mikrofon ist wieder da: \(device).")
        case .loudspeaker:
            pick(
                fr: "Votre haut-parleur est revenu : \(device).", en: "Your loudspeaker is back: \(device).",
                nl: "Uw luidspreker is terug: \(device).", de: "Ihr Lautsprecher ist wieder da: \(device).")
        }
    }

    package func soundChanged(_ side: SoundSide, device: Neutralised) -> String {
        switch side {
        case .microphone:
            pick(
                fr: "Micro : \(device).", en: "Microphone: \(device).", nl: "Microfoon: \(device).",
                de: "Mikrofon: \(device).")
        case .loudspeaker:
            pick(
                fr: "Haut-parleur : \(device).", en: "Loudspeaker: \(device).", nl: "Luidspreker: \(device).",
                de: "Lautsprecher: \(device).")
        }
    }

    private func what(_ trouble: SoundTrouble, _ side: SoundSide) -> String {
        switch (trouble, side) {
        case (.lost, .microphone):
            pick(
                fr: "Votre micro a été débranché.", en: "Your microphone was unplugged.",
                nl: "Uw microfoon is losgekoppeld.", de: "Ihr Mikrofon wurde getrennt.")
        case (.lost, .loudspeaker):
            pick(
                fr: "Votre haut-parleur a été débranché.", en: "Your loudspeaker was unplugged.",
                nl: "Uw luidspreker is losgekoppeld.", de: "Ihr Lautsprecher wurde getrennt.")
        case (.busy, .microphone):
            pick(
                fr: "Un autre programme occupe votre micro.", en: "Another program is using your microphone.",
                nl: "Een ander programma gebruikt uw microfoon.", de: "Ein anderes Programm belegt Ihr Mikrofon.")
        case (.busy, .loudspeaker):
            pick(
                fr: "Un autre programme occupe votre haut-parleur.", en: "Another program is using your loudspeaker.",
                nl: "Een ander programma gebruikt uw luidspreker.",
                de: "Ein anderes Programm belegt Ihren Lautsprecher.")
        case (.denied, .microphone):
            pick(
                fr: "Le système refuse l’accès au micro.", en: "The system does not allow the microphone.",
                nl: "Het systeem weigert de microfoon.", de: "Das System verweigert das Mikrofon.")
        case (.denied, .loudspeaker):
            pick(
                fr: "Le système refuse l’accès au haut-parleur.", en: "The system does not allow the loudspeaker.",
                nl: "Het systeem weigert de luidspreker.", de: "Das System verweigert den Lautsprecher.")
        case (.absent, .microphone):
            pick(
                fr: "Aucun micro n’a été trouvé.", en: "No microphone was found.", nl: "Er is geen microfoon gevonden.",
                de: "Kein Mikrofon gefunden.")
        case (.absent, .loudspeaker):
            pick(
                fr: "Aucun haut-parleur n’a été trouvé.", en: "No loudspeaker was found.",
                nl: "Er is geen luidspreker gevonden.", de: "Kein Lautsprecher gefunden.")
        }
    }

    private func next(_ trouble: SoundTrouble, _ side: SoundSide) -> String {
        switch (trouble, side) {
        case (.lost, .microphone), (.absent, .microphone):
            pick(
                fr: "Rebranchez-le, ou appuyez sur v pour en choisir un autre ; vous entendez toujours votre patient.",
                en: "Plug it in, or press v to choose another; you still hear your patient.",
                nl: "Sluit hem aan, of druk op v voor een andere; u hoort uw patiënt nog.",
                de: "Schließen Sie es an oder wählen Sie mit v ein anderes; Sie hören Ihren Patienten weiter.")
        case (.lost, .loudspeaker), (.absent, .loudspeaker):
            pick(
                fr: "Rebranchez-le, ou appuyez sur v pour en choisir un autre ; votre patient vous entend toujours.",
                en: "Plug it in, or press v to choose another; your patient still hears you.",
                nl: "Sluit hem aan, of druk op v voor een andere; uw patiënt hoort u nog.",
                de: "Schließen Sie ihn an oder wählen Sie mit v einen anderen; Ihr Patient hört Sie weiter.")
        case (.busy, _):
            pick(
                fr: "Fermez les autres programmes de visioconférence, ou appuyez sur v.",
                en: "Close other conference programs, or press v.",
                nl: "Sluit andere vergaderprogramma’s, of druk op v.",
                de: "Schließen Sie andere Konferenzprogramme oder drücken Sie v.")
        case (.denied, _):
            pick(
                fr: "Demandez à votre informaticien d’ajouter votre compte au groupe « audio ».",
                en: "Ask your administrator to add your account to the group “audio”.",
                nl: "Vraag uw beheerder om uw account aan de groep “audio” toe te voegen.",
                de: "Bitten Sie Ihren Administrator, Ihr Konto in die Gruppe „audio“ aufzunehmen.")
        }
    }
}
