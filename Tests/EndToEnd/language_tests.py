"""The commands speak to the doctor in each language: chosen by the locale, or against it by an option."""

import asyncio

from laboratory.colloque import (
    BAD_LINK, DONE, REFUSED, UNREACHABLE, USAGE, Broker, Doctor, colloque, executable, facts,
)
from laboratory.network import free_port
from laboratory.runner import test
from laboratory.typist import Typist

LOCALES = {"fr": "fr_BE.UTF-8", "en": "en_GB.UTF-8", "nl": "nl_BE.UTF-8", "de": "de_AT.UTF-8"}
#: What each says, in order: of the first start, of a wrong passphrase, of a broker that does not answer.
WELCOME = {"fr": "Bienvenue", "en": "Welcome", "nl": "Welkom", "de": "Willkommen"}
PROMPTS = {
    "fr": ("Nouvelle phrase secrète : ", "Encore une fois : ", "Votre clé est faite", "Entrée pour plus tard",
           "pour passer", "Presque prêt"),
    "en": ("New passphrase: ", "Once more: ", "Your key is made", "Enter for later", "to skip", "Nearly done"),
    "nl": ("Nieuwe wachtzin: ", "Nog een keer: ", "Uw sleutel is gemaakt", "Enter voor later", "over te slaan",
           "Bijna klaar"),
    "de": ("Neue Passphrase: ", "Noch einmal: ", "Ihr Schlüssel ist erstellt", "Enter für später", "zum Auslassen",
           "Fast fertig"),
}
WRONG = {"fr": "Ce n’est pas la phrase secrète", "en": "This is not the passphrase", "nl": "Dit is niet de wachtzin",
         "de": "Das ist nicht die Passphrase"}
SILENT = {"fr": "Le serveur ne répond pas", "en": "The server does not answer", "nl": "De server antwoordt niet",
          "de": "Der Server antwortet nicht"}
PASSPHRASE = "quatre chevaux sages mangent"


def spoken(text):
    """Without the breaks and the blanks that typography puts in."""
    return " ".join(text.replace("\u00a0", " ").split())


def secret(laboratory, text, name):
    path = laboratory.file(name)
    path.write_text(text + "\n")
    path.chmod(0o600)
    return path


@test("The first start speaks each of the four languages, from the welcome to what is next", limit=120)
async def first_start(laboratory):
    def at_terminal(language):
        home = laboratory.file(f"home-{language}")
        terminal = Typist([executable(), "--home", home, "init"],
                          {"LC_ALL": LOCALES[language], "COLLOQUE_BROKER": "", "TERM": "xterm", "NO_COLOR": "1"})
        new, again, made, later, skip, nearly = PROMPTS[language]

        def expect(text):
            terminal.expect(text.replace(" :", "\\s:").replace(" ", "\\s+"))

        expect(WELCOME[language])
        expect(new)
        terminal.type(PASSPHRASE + "\n")
        expect(again)
        terminal.type(PASSPHRASE + "\n")
        expect(made)
        expect(later)
        terminal.type("\n")
        expect(skip)
        terminal.type("n\n")
        expect(nearly)
        assert terminal.end() == DONE, terminal.shown
        assert "\x1b" not in terminal.shown and PASSPHRASE not in terminal.shown, terminal.shown
        assert max(map(len, terminal.shown.splitlines())) <= 80, terminal.shown
        others = [word for one, word in WELCOME.items() if one != language]
        assert not any(word in terminal.shown for word in others), terminal.shown

    for language in LOCALES:
        await asyncio.to_thread(at_terminal, language)


@test("A wrong passphrase and a silent broker are told in each language, by the locale and by --language", limit=120)
async def failures(laboratory):
    broker = await Broker(laboratory).start()
    doctor = await Doctor(laboratory, broker).settle()
    wrong = secret(laboratory, "not the passphrase at all", "wrong")
    nobody = f"http://localhost:{free_port()}"
    # A locale that is not spoken here leaves the choice to the option.
    ways = [(language, {"LC_ALL": locale}, []) for language, locale in LOCALES.items()]
    ways += [("nl", {"LC_ALL": "de_DE.UTF-8"}, ["--language", "nl"]), ("fr", {"LC_ALL": "C.UTF-8"}, [])]
    for language, environment, option in ways:
        code, output, errors = await colloque(
            "session", "list", *option, "--passphrase-file", wrong, home=doctor.home, environment=environment)
        assert code == BAD_LINK and WRONG[language] in spoken(errors) and not output, (language, code, errors)
        code, output, errors = await colloque(
            "session", "new", *option, "--broker", nobody, "--passphrase-file", doctor.passphrase, home=doctor.home,
            environment=environment)
        assert code == UNREACHABLE and SILENT[language] in spoken(errors) and not output, (language, code, errors)
    code, _, errors = await colloque("session", "list", "--language", "tlh", home=doctor.home)
    assert code == USAGE and "tlh" in errors, errors


@test("A card is in the patient's language while the command speaks the doctor's; documents are alike in all", limit=90)
async def two_languages(laboratory):
    broker = await Broker(laboratory).start()
    doctor = await Doctor(laboratory, broker).settle()
    session = await doctor.session()
    german = {"environment": {"LC_ALL": "de_DE.UTF-8"}, "home": doctor.home}
    held = ["--passphrase-file", doctor.passphrase]
    code, card, _ = await colloque("session", "card", session["session"], "--language", "nl", *held, **german)
    assert code == DONE and "Afspraak" in card, card
    wrong = secret(laboratory, "not the passphrase at all", "wrong")
    code, _, errors = await colloque(
        "session", "card", session["session"], "--language", "nl", "--passphrase-file", wrong, **german)
    assert code == BAD_LINK and WRONG["de"] in spoken(errors), errors
    code, _, errors = await colloque("session", "reopen", session["session"], *held, **german)
    assert code == REFUSED and "Über diesen Link kam noch niemand herein" in spoken(errors), errors
    one = await facts("session", "list", *held, home=doctor.home)
    other = await facts("session", "list", *held, **german)
    assert one == other and one["sessions"][0]["state"] == "open", (one, other)
    code, link, said = await colloque("session", "new", "--no-verify", "--broker", broker.url, *held, **german)
    assert code == DONE and link.count("\n") == 0 and link.startswith(f"{broker.url}/#"), link
    assert "Zum Schließen" in said, said
