package import Terminal

/// The patient's side of a call, in the terminal.
extension Phrases {
    package func joinConsent(host: String) -> [String] {
        [
            pick(
                fr: "Vous ouvrez une téléconsultation sur \(host).", en: "You are opening a consultation at \(host).",
                nl: "U opent een teleconsult op \(host).", de: "Sie öffnen eine Videosprechstunde auf \(host)."),
            pick(
                fr: "Votre voix va directement à votre médecin, scellée d’un appareil à l’autre : personne d’autre "
                    + "ne peut l’entendre. Rien n’est enregistré, rien n’est gardé.",
                en: "Your voice goes to your doctor, sealed from device to device: nobody else can hear it. Nothing "
                    + "is recorded, nothing is kept.",
                nl: "Uw stem gaat naar uw arts, verzegeld van toestel tot toestel: niemand anders kan ze horen. "
                    + "Niets wordt opgenomen, niets wordt bewaard.",
                de: "Ihre Stimme geht zu Ihrem Arzt, versiegelt von Gerät zu Gerät: Niemand sonst kann sie hören. "
                    + "Nichts wird aufgezeichnet, nichts wird behalten."),
        ]
    }

    package var joinConsentQuestion: String {
        let letter = String(self.yesLetter)
        return pick(
            fr: "Êtes-vous d’accord ? \(letter) pour oui, n pour non.",
            en: "Do you agree? \(letter) for yes, n for no.",
            nl: "Gaat u akkoord? \(letter) voor ja, n voor nee.",
            de: "Sind Sie einverstanden? \(letter) für ja, n für nein.")
    }

    package var joinRefused: String {
        pick(
            fr: "Vous n’avez pas donné votre accord ; rien n’a été envoyé.", en: "You did not agree; nothing was sent.",
            nl: "U ging niet akkoord; er is niets verzonden.",
            de: "Sie haben nicht zugestimmt; es wurde nichts gesendet.")
    }

    package var joinKnocking: String {
        pick(
            fr: "Connexion au serveur…", en: "Reaching the server…", nl: "Verbinding met de server…",
            de: "Der Server wird erreicht…")
    }

    package var joinDoctorAway: String {
        pick(
            fr: "Votre médecin n’est pas encore là. Attendez ; il sera averti.",
            en: "Your doctor is not there yet. Wait; they will be told.",
            nl: "Uw arts is er nog niet. Wacht; de arts wordt verwittigd.",
            de: "Ihr Arzt ist noch nicht da. Warten Sie; er wird benachrichtigt.")
    }

    package var joinWaiting: String {
        pick(
            fr: "Votre médecin est prévenu. Il vous fera entrer.", en: "Your doctor knows and will let you in.",
            nl: "Uw arts weet het en laat u binnen.", de: "Ihr Arzt weiß Bescheid und bittet Sie herein.")
    }

    package func joinDoctorSays(_ message: Neutralised) -> String {
        pick(
            fr: "Votre médecin vous dit : « \(message) »", en: "Your doctor says: “\(message)”",
            nl: "Uw arts zegt: “\(message)”", de: "Ihr Arzt sagt: „\(message)“")
    }

    package var joinAdmitted: String {
        pick(
            fr: "Votre médecin vous fait entrer.", en: "Your doctor lets you in.", nl: "Uw arts laat u binnen.",
            de: "Ihr Arzt bittet Sie herein.")
    }

    /// - Parameters:
    ///   - yours: what the patient reads; both empty where the language has no list.
    package func joinWords(yours: String, theirs: String, digits: String) -> [String] {
        guard !yours.isEmpty else {
            return [
                pick(
                    fr: "Comparez ces chiffres avec votre médecin : \(digits)",
                    en: "Compare these digits with your doctor: \(digits)",
                    nl: "Vergelijk deze cijfers met uw arts: \(digits)",
                    de: "Vergleichen Sie diese Ziffern mit Ihrem Arzt: \(digits)"), self.joinWordsKeys,
            ]
        }
        return [
            pick(
                fr: "Lisez à voix haute : \(yours)", en: "Read aloud: \(yours)", nl: "Lees hardop: \(yours)",
                de: "Lesen Sie laut vor: \(yours)"),
            pick(
                fr: "Votre médecin doit lire : \(theirs) (ou les chiffres \(digits))",
                en: "Your doctor must read: \(theirs) (or the digits \(digits))",
                nl: "Uw arts moet lezen: \(theirs) (of de cijfers \(digits))",
                de: "Ihr Arzt muss lesen: \(theirs) (oder die Ziffern \(digits))"), self.joinWordsKeys,
        ]
    }

    private var joinWordsKeys: String {
        pick(
            fr: "Tapez s si tout est pareil, d si quelque chose diffère.",
            en: "Press s if all is the same, d if anything differs.",
            nl: "Druk op s als alles gelijk is, op d als er iets verschilt.",
            de: "Drücken Sie s, wenn alles gleich ist, d, wenn etwas abweicht.")
    }

    package var joinTalking: String {
        pick(
            fr: "Vous pouvez parler. m coupe le micro, t écrit, h raccroche.",
            en: "You can talk. m mutes, t writes, h hangs up.",
            nl: "U kunt praten. m dempt de microfoon, t schrijft, h hangt op.",
            de: "Sie können sprechen. m schaltet stumm, t schreibt, h legt auf.")
    }

    package func joinDoctorCompared(same: Bool) -> String {
        same
            ? pick(
                fr: "Votre médecin confirme les mots.", en: "Your doctor confirms the words.",
                nl: "Uw arts bevestigt de woorden.", de: "Ihr Arzt bestätigt die Wörter.")
            : pick(
                fr: "Votre médecin a vu d’autres mots.", en: "Your doctor saw other words.",
                nl: "Uw arts zag andere woorden.", de: "Ihr Arzt sah andere Wörter.")
    }

    package func joinDoctorWrites(_ text: Neutralised) -> String {
        pick(
            fr: "Votre médecin écrit : \(text)", en: "Your doctor writes: \(text)", nl: "Uw arts schrijft: \(text)",
            de: "Ihr Arzt schreibt: \(text)")
    }

    package func joinMuted(_ isMuted: Bool) -> String {
        isMuted
            ? pick(
                fr: "Micro coupé : votre médecin ne vous entend pas.", en: "Muted: your doctor does not hear you.",
                nl: "Microfoon uit: uw arts hoort u niet.", de: "Stumm: Ihr Arzt hört Sie nicht.")
            : pick(
                fr: "Micro ouvert.", en: "Microphone on.", nl: "Microfoon aan.", de: "Mikrofon an.")
    }

    package var joinReconnecting: String {
        pick(
            fr: "Le son est coupé ; il revient de lui-même. Restez en ligne.",
            en: "The sound is gone; it comes back by itself. Stay on the line.",
            nl: "Het geluid is weg; het komt vanzelf terug. Blijf aan de lijn.",
            de: "Der Ton ist weg; er kommt von selbst zurück. Bleiben Sie dran.")
    }

    package var joinChatPrompt: String {
        pick(
            fr: "Votre message, puis Entrée (Échap pour renoncer) :", en: "Your message, then Enter (Esc to give up):",
            nl: "Uw bericht, dan Enter (Esc om te stoppen):", de: "Ihre Nachricht, dann Enter (Esc zum Abbrechen):")
    }
}
