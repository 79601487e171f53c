"""The doctor's seat: what a person at a terminal sees, presses and hears, beside a patient in a real browser."""

import asyncio
import os
import re
import signal
import subprocess
import time
import unicodedata

import numpy

from laboratory import sound
from laboratory.colloque import Bridge, Broker, Doctor, colloque, executable, facts
from laboratory.runner import test
from laboratory.terminal import Terminal

PASSPHRASE = "quatre chevaux sages mangent"

#: The screens of the whole consultation, for docs/desk.md: (title, screen).
_captures = []


async def admit(desk):
    """Lets in who is selected; a key that comes at once after an arrival is taken for a mistake."""
    await desk.until("attend depuis")
    await asyncio.sleep(0.8)
    await desk.press("Enter")


async def leave_the_end(desk):
    """Past the screen that says how a call ended."""
    await desk.until("raccroché")
    await asyncio.sleep(0.8)
    await desk.press("Enter")


async def capture(title, terminal, keep=True):
    screen = await terminal.screen()
    assert all(len(line) <= terminal.size[0] for line in screen.splitlines()), screen
    if keep:
        _captures.append((title, screen))
    return screen


def words_on(screen):
    """The four words of the panel, as a page shows them."""
    rows = re.findall(r"│\s+((?:\w\s)+\w)\s+│  │\s+((?:\w\s)+\w)\s+│", screen)
    assert len(rows) == 2, screen
    left, right = zip(*rows)
    return " ".join(word.replace(" ", "").lower() for word in (*left, *right))


class Seat:
    """A doctor with a microphone, a loudspeaker and a terminal."""

    def __init__(self, laboratory, broker):
        self.laboratory = laboratory
        self.broker = broker
        self.doctor = Doctor(laboratory, broker)
        self.home = self.doctor.home

    async def settle(self):
        await self.doctor.settle()
        await self.listen()
        return self

    async def listen(self):
        self.speakers = await self.laboratory.speakers()
        self.environment = {**self.speakers.environment, "HOME": str(self.laboratory.directory)}

    async def speak(self, path):
        player = await self.speakers.play_into_microphone(path)
        self.laboratory.stack.push_async_callback(player.stop)

    async def command(self, *arguments, name="desk", raw=False, **where):
        options = ["--microphone", "pulse", "--loudspeaker", "pulse", *(["--raw"] if raw else [])]
        return await Terminal.start(
            self.laboratory, name,
            [executable(), "--home", self.home, *arguments, *options, "--passphrase-file", self.doctor.passphrase,
             "--broker", self.broker.url],
            environment=self.environment, **where,
        )

    async def hears(self, reference, *, seconds=4, patience=30):
        """Until the loudspeaker plays `reference`."""
        path = self.laboratory.file("loudspeaker.wav")
        deadline = time.monotonic() + patience
        while True:
            path.unlink(missing_ok=True)
            await self.speakers.record_loudspeaker(path, seconds + 1)
            try:
                return sound.repeats(path, reference, "the doctor", seconds=seconds - 1)
            except AssertionError:
                if time.monotonic() > deadline:
                    raise


async def chat_from(patient, text):
    """Writes a line on the page, control characters and all."""
    await patient.evaluate(
        """(text) => {
            const field = document.getElementById('message');
            field.closest('details').open = true;
            field.value = text;
            field.dispatchEvent(new Event('input', { bubbles: true }));
        }""",
        text,
    )
    await patient.press("#send")


@test("From init to hanging up: a doctor at a terminal, a patient in Chromium, every step seen and heard", limit=180)
async def whole_consultation(laboratory):
    await consultation(laboratory)


@test("The same with two minutes of speech both ways", limit=360, long=True)
async def two_minutes(laboratory):
    await consultation(laboratory, seconds=120)


async def consultation(laboratory, seconds=0):
    """The whole of it; sound is listened to both ways, again and again for so many `seconds`."""
    broker = await Broker(laboratory).start()
    seat = Seat(laboratory, broker)
    await seat.listen()
    seat.doctor.passphrase.write_text(PASSPHRASE + "\n")
    seat.doctor.passphrase.chmod(0o600)

    init = await Terminal.start(laboratory, "init", [executable(), "--home", seat.home, "init"],
                                environment=seat.environment, rows=40)
    await init.until(r"(?i)(phrase secrète|passphrase)\s*:")
    await init.type(PASSPHRASE)
    await init.press("Enter")
    await init.until(r"(?i)(encore une fois|once more|again|répétez).*:")
    await init.type(PASSPHRASE)
    await init.press("Enter")
    await init.until(r"colloque broker enroll")
    key = (await facts("identity", "show", home=seat.home))["key"]
    enrolled = await facts("broker", "enroll", key, "--address", broker.url, "--state", broker.state)
    confirmation = enrolled["confirmation"]
    await init.type(confirmation)
    await init.press("Enter")
    await init.until(r"pour passer")
    await init.press("n", "Enter")
    assert await init.ended(timeout=60) == 0, await init.screen()
    await capture("The first start", init)

    session = await seat.doctor.session("--label", "Lundi 10 h 15")
    doctor_speech = sound.speech("doctor", laboratory.directory)
    patient_speech = sound.speech("patient", laboratory.directory)
    await seat.speak(doctor_speech)
    desk = await seat.command("desk")
    await desk.until(r"Lundi 10 h 15")
    await desk.until(r"personne pour")
    await capture("The desk, nobody there", desk)

    patient = await laboratory.chromium(microphone=patient_speech, locale="fr-FR")
    await patient.goto(session["link"])
    await patient.enter()
    await desk.until(r"attend depuis")
    await capture("Somebody waits", desk)
    await desk.press("m")
    await desk.press("1")
    await patient.true("() => /cinq minutes|5 minutes/i.test(document.body.innerText)",
                       saying="the doctor's message is not on the page")

    await admit(desk)
    await patient.reach_call()
    screen = (await desk.until(r"(?s).*lit .*┘.*")).string
    await capture("The words", desk)
    assert words_on(screen) == await patient.words(), (screen, await patient.words())
    if await patient.visible("[data-action='same']"):
        await patient.act("same")
    await desk.until("a confirmé les mots")
    await desk.press("s")
    await desk.until("mots vérifiés")
    ends = time.monotonic() + seconds
    while True:
        await patient.hears(doctor_speech, laboratory.file("patient-heard.wav"), seconds=5)
        await seat.hears(patient_speech, seconds=5)
        if time.monotonic() >= ends:
            break
    await desk.press("i")
    await desk.until(r"direct, UDP")
    await capture("In the call, with details", desk)

    await desk.press("t")
    await desk.type("Prenez deux comprimés.")
    await desk.press("Enter")
    await patient.true("() => document.body.innerText.includes('Prenez deux comprimés.')",
                       saying="the doctor's line is not on the page")
    await chat_from(patient, "Bien reçu \x1b[31mrouge\x1b[2J")
    await desk.until("Bien reçu")
    await capture("Writing to each other", desk)
    assert "Prenez deux comprimés" in await desk.screen(), "a patient's text cleared the screen"
    await desk.press("Escape")
    await desk.until("mots vérifiés")
    await desk.press("m")
    await desk.until("(?i)micro coupé|coupé")
    await capture("Muted", desk)
    await desk.press("m")

    await desk.press("h")
    await capture("Hanging up?", desk)
    await desk.press("o")
    await patient.until("ended")
    await desk.until("Vous avez raccroché")
    await capture("The end", desk)
    await leave_the_end(desk)
    await desk.until("Aucune consultation")
    await desk.press("q")
    await desk.press("o")
    assert await desk.ended() == 0
    assert not await patient.violations()
    listed = await facts("session", "list", "--all", "--passphrase-file", seat.doctor.passphrase, home=seat.home)
    assert [one["state"] for one in listed["sessions"]] == ["ended"], listed
    journal = await facts("journal", "list", "--passphrase-file", seat.doctor.passphrase, home=seat.home)
    assert [one["kind"] for one in journal["entries"]] == ["made", "admitted", "ended", "signed"], journal
    assert "words=same path=direct" in journal["entries"][2]["text"], journal


@test("A desk that is killed in mid-call is back in the call with its next start, nothing asked again", limit=120)
async def crash_and_return(laboratory):
    broker = await Broker(laboratory).start()
    seat = await Seat(laboratory, broker).settle()
    session = await seat.doctor.session()
    doctor_sound = sound.melody(laboratory.directory, seconds=60, seed=1)
    patient_speech = sound.speech("patient", laboratory.directory)
    await seat.speak(doctor_sound)
    desk = await seat.command("call", session["session"], raw=True)
    patient = await laboratory.chromium(microphone=patient_speech, locale="fr-FR")
    await patient.goto(session["link"])
    await patient.enter()
    await admit(desk)
    await patient.reach_call()
    words = await patient.words()
    if await patient.visible("[data-action='same']"):
        await patient.act("same")
    await desk.until("Comparez")
    await desk.press("s")
    await patient.hears(doctor_sound, laboratory.file("before.wav"))

    await desk.kill(signal.SIGKILL)
    await asyncio.sleep(2)
    began = time.monotonic()
    back = await seat.command("call", session["session"], name="back", raw=True)
    await back.until("mots vérifiés", timeout=30)
    await patient.hears(doctor_sound, laboratory.file("after.wav"), patience=30)
    await seat.hears(patient_speech)
    assert time.monotonic() - began < 60
    assert await patient.words() in ("", words), await patient.text()
    assert not await patient.visible("[data-action='same']"), "the patient is asked again"
    await back.press("h")
    await back.press("o")
    await patient.until("ended")
    await leave_the_end(back)
    assert await back.ended() == 0


@test("A patient closes the tab; the call breaks off, the doctor re-opens the link, and the same patient is back", limit=240,
      long=True)
async def tab_closed(laboratory):
    broker = await Broker(laboratory).start()
    seat = await Seat(laboratory, broker).settle()
    session = await seat.doctor.session("--label", "Lundi")
    desk = await seat.command("desk")
    await desk.until("Lundi")
    patient = await laboratory.chromium(microphone=sound.speech("patient", laboratory.directory), locale="fr-FR")
    await patient.goto(session["link"])
    await patient.enter()
    await admit(desk)
    await patient.reach_call()
    tab = await patient.another_tab()
    await patient.close()
    await tab.goto(session["link"])
    await tab.act("enter")
    await tab.stops("used")
    await desk.until("(?i)interrompu", timeout=30)
    await desk.until("(?i)entrée", timeout=100)
    await asyncio.sleep(1)
    await desk.press("Enter")
    await asyncio.sleep(1)
    code, _, errors = await colloque("session", "reopen", session["session"], "--passphrase-file",
                                     seat.doctor.passphrase, home=seat.home)
    assert code == 0, (code, errors, await desk.screen())
    await tab.goto("about:blank")
    await tab.goto(session["link"])
    await tab.enter()
    await admit(desk)
    await tab.reach_call()
    await seat.hears(sound.speech("patient", laboratory.directory))


@test("The microphone is unplugged and returns in mid-call: the screen says so, sound is back within 2 s", limit=120)
async def device_returns(laboratory):
    broker = await Broker(laboratory).start()
    seat = await Seat(laboratory, broker).settle()
    session = await seat.doctor.session()
    tune = sound.melody(laboratory.directory, seconds=60, seed=3)
    await seat.speak(tune)
    desk = await seat.command("call", session["session"], raw=True)
    patient = await Bridge.patient(
        laboratory, session["link"], play=sound.melody(laboratory.directory, seconds=60, seed=4))
    await admit(desk)
    await patient.has_heard(tune, seconds=3)
    # The daemon is the whole of the sound of this machine.
    await seat.speakers.stop()
    await desk.until(r"! .*(micro|haut-parleur)", timeout=10)
    await capture("The microphone is gone", desk)
    await seat.speakers.start()
    await seat.speak(tune)
    returned = time.monotonic()
    await patient.hears(tune, seconds=2, patience=20)
    await desk.press("h")
    await desk.press("o")
    assert (await patient.report())["outcome"] == "completed"


@test("An arrival at the desk is heard: two tones, and no microphone is opened for it", limit=60)
async def arrival(laboratory):
    broker = await Broker(laboratory).start()
    seat = await Seat(laboratory, broker).settle()
    session = await seat.doctor.session()
    desk = await seat.command("desk")
    await desk.until("personne pour")
    path = laboratory.file("chime.wav")
    recorder = await seat.speakers.recorder(path)
    await Bridge.patient(laboratory, session["link"], play="silence")
    await desk.until("attend depuis")
    outputs = await asyncio.to_thread(
        subprocess.run, ["pactl", "list", "short", "source-outputs"], capture_output=True, text=True,
        env={**os.environ, **seat.speakers.environment})
    # Time for a chime, and for one that must not come.
    await asyncio.sleep(9)
    await recorder.stop()
    samples, rate = sound.read(path)
    power = numpy.abs(numpy.fft.rfft(samples)) ** 2
    hertz = numpy.fft.rfftfreq(len(samples), 1 / rate)
    assert numpy.abs(samples).max() > 0.05, "silence"
    shares = [power[abs(hertz - tone) < 15].sum() / power.sum() for tone in (659.26, 830.61)]
    assert sum(shares) > 0.8 and min(shares) > 0.2, shares
    # The recorder of this test is the only one that listens.
    listeners = [line for line in outputs.stdout.splitlines() if "protocol-native" in line]
    assert len(listeners) <= 1, outputs.stdout


@test("A session that is made while a desk runs appears there, and disturbs no call", limit=90)
async def errands_of_a_desk(laboratory):
    broker = await Broker(laboratory).start()
    seat = await Seat(laboratory, broker).settle()
    session = await seat.doctor.session("--label", "Premier")
    desk = await seat.command("desk")
    await desk.until("Premier")
    patient = await Bridge.patient(laboratory, session["link"], play="tone:440")
    await admit(desk)
    await patient.process.line("^connected")
    second = await seat.doctor.session("--label", "Second")
    code, _, errors = await colloque(
        "session", "end", session["session"], "--passphrase-file", seat.doctor.passphrase, home=seat.home)
    assert code == 77 and "in a call" in errors, (code, errors)
    code, _, errors = await colloque("desk", "--passphrase-file", seat.doctor.passphrase, home=seat.home)
    assert code == 75, (code, errors)
    code, _, errors = await colloque(
        "session", "end", second["session"], "--passphrase-file", seat.doctor.passphrase, home=seat.home)
    assert code == 0, errors
    third = await seat.doctor.session("--label", "Troisième")
    waiting = await Bridge.patient(laboratory, third["link"], play="tone:600")
    await waiting.process.line("^waiting: for admission")
    assert not [line for line in patient.process.log if "connection lost" in line], patient.process.log
    await desk.until(r"(?i)attend")
    await desk.press("h")
    await desk.press("o")
    await leave_the_end(desk)
    await desk.until("Troisième")
    await desk.until("attend depuis")
    assert "Second" not in await desk.screen()
    await admit(desk)
    await desk.until("en ligne")
    await waiting.process.line("^connected")
    await desk.press("h")
    await desk.press("o")
    await leave_the_end(desk)
    await desk.until("Aucune consultation")
    await desk.press("q")
    await desk.press("o")
    assert await desk.ended() == 0


@test("Two terminals talk: the doctor's call and colloque join, in sentences, words compared on both", limit=90)
async def join_at_a_terminal(laboratory):
    broker = await Broker(laboratory).start()
    seat = await Seat(laboratory, broker).settle()
    session = await seat.doctor.session()
    call = await seat.command("call", session["session"], "--lines", name="call")
    await call.until("lien est prêt")
    join = await Terminal.start(
        laboratory, "join",
        [executable(), "--home", laboratory.file("patient"), "join", session["link"], "--microphone", "pulse",
         "--loudspeaker", "pulse"], environment=seat.environment, rows=40)
    await join.until("Êtes-vous d’accord")
    await join.press("o")
    await call.until("est arrivé|attend")
    await asyncio.sleep(0.8)
    await call.press("Enter")
    said = await join.until(r"Lisez à voix haute\s: (\w+) (\w+)\n.*doit lire\s: (\w+) (\w+)")
    words = [unicodedata.normalize("NFC", word).lower() for word in said.groups()]
    # The doctor's end has them a moment later.
    deadline = time.monotonic() + 20
    while True:
        heard = unicodedata.normalize("NFC", await call.screen()).lower().replace("\n", "")
        if all(word in heard for word in words):
            break
        assert time.monotonic() < deadline, (words, heard)
        await asyncio.sleep(0.1)
    await join.press("s")
    await call.press("s")
    await join.press("t")
    await join.type("Bonjour docteur \x1b[31mrouge\x1b[0m")
    await join.press("Enter")
    await call.until("Bonjour docteur")
    await call.press("h")
    await call.press("o")
    assert await join.ended() == 0
    await leave_the_end(call)
    assert await call.ended() == 0


def document():
    """The screens of a consultation, as Markdown."""
    lines = [
        "# The desk, screen by screen", "",
        "Captured from a terminal of 80 columns in the whole-consultation test of the suite `seat`, by"
        " `make captures`. The text is what stands on the screen; colours are left out.", "",
    ]
    for title, screen in _captures:
        lines += [f"## {title}", "", "```text", *(line.rstrip() for line in screen.splitlines()), "```", ""]
    return "\n".join(lines).rstrip() + "\n"
