/// What a look at the served page may come to, other than that all is well.
package enum PageTrouble: CaseIterable, Equatable, Sendable {
    case differs, unreachable
    /// A manifest is named, and no key to believe.
    case noKey
    case noManifest, manifestMalformed, manifestOfOtherKey, manifestChanged
    /// In the settings.
    case keyMalformed
}

package enum PageVerdict: String, CaseIterable, Sendable {
    case verified, differs, unreachable
}

/// The page that patients are served, looked at by the doctor.
extension Phrases {
    package func page(_ trouble: PageTrouble) -> Explanation {
        switch trouble {
        case .differs:
            explain(
                pick(
                    fr: "La page servie n’est pas celle de cette version : quelqu’un l’a changée, ou le serveur est "
                        + "d’une autre version.",
                    en: "The served page is not this release’s: somebody changed it, or the server is of another "
                        + "version.",
                    nl: "De getoonde pagina is niet die van deze versie: iemand wijzigde ze, of de server heeft een "
                        + "andere versie.",
                    de:
                        "Die ausgelieferte Seite ist nicht die dieser Version: jemand hat sie geändert, oder der Server "
                        + "hat eine andere Version."),
                pick(
                    fr: "N’envoyez aucun lien avant de savoir pourquoi.",
                    en: "Do not hand out a link before you know why.",
                    nl: "Verstuur geen link voor u weet waarom.",
                    de: "Geben Sie keinen Link weiter, bevor Sie wissen, warum."))
        case .unreachable:
            explain(
                pick(
                    fr: "La page du patient n’a pas pu être vérifiée : personne ne répond.",
                    en: "The patient’s page could not be verified: nobody answers.",
                    nl: "De pagina van de patiënt kon niet gecontroleerd worden: niemand antwoordt.",
                    de: "Die Seite des Patienten ließ sich nicht prüfen: niemand antwortet."),
                pick(
                    fr: "Réessayez avec `colloque verify-page` avant d’envoyer un lien.",
                    en: "Try `colloque verify-page` before you hand out a link.",
                    nl: "Probeer `colloque verify-page` voor u een link verstuurt.",
                    de: "Versuchen Sie `colloque verify-page`, bevor Sie einen Link weitergeben."))
        case .noKey:
            explain(
                pick(
                    fr: "Un manifeste ne vaut que par sa clé.", en: "A manifest is believed by its key only.",
                    nl: "Een manifest geldt alleen door zijn sleutel.",
                    de: "Ein Manifest gilt nur durch seinen Schlüssel."),
                pick(
                    fr: "Ajoutez --key avec la clé de la version.", en: "Add --key with the release key.",
                    nl: "Voeg --key toe met de sleutel van de versie.",
                    de: "Fügen Sie --key mit dem Schlüssel der Version hinzu."))
        case .noManifest:
            explain(
                pick(
                    fr: "Le serveur ne donne pas de manifeste.", en: "The server gives no manifest.",
                    nl: "De server geeft geen manifest.", de: "Der Server liefert kein Manifest."),
                pick(
                    fr: "Nommez un fichier avec --manifest.", en: "Name a file with --manifest.",
                    nl: "Noem een bestand met --manifest.", de: "Nennen Sie mit --manifest eine Datei."))
        case .manifestMalformed:
            explain(
                pick(
                    fr: "Ce n’est pas le manifeste d’une version.", en: "This is no manifest of a release.",
                    nl: "Dit is geen manifest van een versie.", de: "Das ist kein Manifest einer Version."),
                self.askForManifest)
        case .manifestOfOtherKey:
            explain(
                pick(
                    fr: "Le manifeste est signé par une autre clé que celle que vous croyez.",
                    en: "The manifest is signed by another key than the one you believe.",
                    nl: "Het manifest is getekend met een andere sleutel dan de uwe.",
                    de: "Das Manifest ist mit einem anderen Schlüssel signiert als dem, dem Sie trauen."),
                self.askForManifest)
        case .manifestChanged:
            explain(
                pick(
                    fr: "La signature du manifeste est fausse : il a été changé.",
                    en: "The manifest’s signature is not good: it was changed.",
                    nl: "De handtekening van het manifest klopt niet: het is gewijzigd.",
                    de: "Die Signatur des Manifests stimmt nicht: es wurde geändert."), self.askForManifest)
        case .keyMalformed:
            explain(
                pick(
                    fr: "release-key, dans vos réglages, n’est pas une clé.",
                    en: "The settings’ release-key is no key.",
                    nl: "release-key in uw instellingen is geen sleutel.",
                    de: "release-key in Ihren Einstellungen ist kein Schlüssel."),
                pick(
                    fr: "Une clé a 43 caractères ; recopiez-la.", en: "A key has 43 characters; copy it again.",
                    nl: "Een sleutel heeft 43 tekens; kopieer hem opnieuw.",
                    de: "Ein Schlüssel hat 43 Zeichen; kopieren Sie ihn erneut."))
        }
    }

    private var askForManifest: String {
        pick(
            fr: "Redemandez-le à la personne qui publie la version.", en: "Ask for it again where the release is from.",
            nl: "Vraag het opnieuw waar de versie vandaan komt.", de: "Fragen Sie dort nach, woher die Version stammt.")
    }

    package func name(_ verdict: PageVerdict) -> String {
        switch verdict {
        case .verified: pick(fr: "conforme", en: "verified", nl: "gecontroleerd", de: "geprüft")
        case .differs: pick(fr: "différente", en: "differs", nl: "verschilt", de: "weicht ab")
        case .unreachable: pick(fr: "injoignable", en: "unreachable", nl: "onbereikbaar", de: "unerreichbar")
        }
    }

    /// Before what is worth stopping for.
    package var warning: String { pick(fr: "ATTENTION", en: "WARNING", nl: "OPGELET", de: "ACHTUNG") }
}
