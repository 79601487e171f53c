/// What a line of the journal tells.
package enum JournalMark: CaseIterable, Equatable, Sendable {
    case made, admitted, refused, resumed, ended, signed
}

extension Phrases {
    package func journal(_ mark: JournalMark) -> String {
        switch mark {
        case .made: pick(fr: "lien préparé", en: "link made", nl: "link gemaakt", de: "Link erstellt")
        case .admitted:
            pick(fr: "patient admis", en: "patient admitted", nl: "patiënt binnen", de: "Patient eingelassen")
        case .refused:
            pick(fr: "appareil refusé", en: "device refused", nl: "toestel geweigerd", de: "Gerät abgewiesen")
        case .resumed: pick(fr: "appel repris", en: "call resumed", nl: "gesprek hervat", de: "Gespräch fortgesetzt")
        case .ended: pick(fr: "terminé", en: "ended", nl: "beëindigd", de: "beendet")
        case .signed: pick(fr: "signé", en: "signed", nl: "ondertekend", de: "unterschrieben")
        }
    }

    package func journalIsWhole(entries: Int, signed: Int) -> String {
        pick(
            fr: "Le journal est entier : \(entries) lignes, signées jusqu’à la ligne \(signed).",
            en: "The journal is whole: \(entries) lines, signed up to line \(signed).",
            nl: "Het logboek is volledig: \(entries) regels, ondertekend tot regel \(signed).",
            de: "Das Journal ist vollständig: \(entries) Zeilen, unterschrieben bis Zeile \(signed).")
    }

    package func journalIsBroken(after entries: Int) -> Explanation {
        Explanation(
            what: pick(
                fr: "Le journal a été modifié ou abîmé après la ligne \(entries).",
                en: "The journal was changed or damaged after line \(entries).",
                nl: "Het logboek is gewijzigd of beschadigd na regel \(entries).",
                de: "Das Journal wurde nach Zeile \(entries) verändert oder beschädigt."),
            next: pick(
                fr: "Gardez-le tel quel et comparez-le à une sauvegarde.",
                en: "Keep it as it is and compare it with a backup.",
                nl: "Bewaar het zoals het is en vergelijk met een back-up.",
                de: "Bewahren Sie es so auf und vergleichen Sie es mit einer Sicherung."))
    }
}
