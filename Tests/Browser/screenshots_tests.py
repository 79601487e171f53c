"""Photographs every state of the page that a call passes through, for a person to look at."""

import asyncio
import itertools

from laboratory import sound
from laboratory.colloque import Broker, Doctor
from laboratory.runner import ARTEFACTS, test

FOLDER = ARTEFACTS / "screenshots"
SIZES = {"phone": {"width": 360, "height": 740}, "desktop": {"width": 1280, "height": 800}}
LANGUAGES = {"fr": "fr-FR", "en": "en-GB", "nl": "nl-BE", "de": "de-DE"}


async def photograph(laboratory, size, language, scheme):
    broker = await Broker(laboratory).start()
    doctor = await Doctor(laboratory, broker).settle()
    session = await doctor.session()
    patient = await laboratory.chromium(
        microphone=sound.speech("patient", laboratory.directory),
        viewport=SIZES[size], locale=LANGUAGES[language], color_scheme=scheme, is_mobile=size == "phone",
        device_scale_factor=2 if size == "phone" else 1,
    )

    number = itertools.count(1)

    async def shoot(name):
        await asyncio.sleep(0.4)  # Transitions end.
        place = FOLDER / f"{next(number):02}-{name}-{size}-{language}-{scheme}.png"
        await patient.page.screenshot(path=str(place), full_page=True)

    await patient.goto(session["link"][:-4])
    await patient.until("bad-link")
    await shoot("bad-link")
    await patient.goto("about:blank")
    await patient.goto(session["link"])
    await patient.until("ready")
    await shoot("ready")
    for sheet in ("help", "legal"):
        await patient.page.click(f"#{sheet}")
        await shoot(sheet)
        await patient.page.click("#close")
    await patient.enter()
    await patient.true("() => document.querySelector('#microphone').options.length > 1")
    await shoot("waiting")
    bridge = await doctor.bridge(session, play="tone:500", words="none", seconds=90)
    await patient.until("admitted")
    await shoot("admitted")
    await patient.reach_call()
    await patient.true("() => document.documentElement.dataset.quality")
    await shoot("words")
    await patient.act("same")
    await shoot("connected")
    await patient.page.click("#chat summary")
    await patient.page.fill("#message", "Bonjour !")
    await patient.page.press("#message", "Enter")
    await patient.page.click("#sound > summary")
    await patient.page.click("#sound details summary")
    await shoot("all-open")
    await patient.page.click("#sound > summary")
    await patient.page.click("#chat summary")
    await patient.act("mute")
    await shoot("muted")
    await patient.act("mute")
    await patient.page.evaluate("() => document.querySelector('audio').pause()")
    await patient.true("() => document.querySelector('[data-action=resume-sound]')")
    await shoot("sound-stopped")
    await patient.act("resume-sound")
    await broker.kill()
    await asyncio.sleep(1)
    await shoot("broker-away")
    await bridge.process.stop()
    await patient.until("reconnecting")
    await shoot("reconnecting")
    await broker.start()
    await patient.act("hang-up")
    await patient.until("ended")
    await shoot("ended")
    await photograph_wrong_turns(laboratory, doctor, size, language, scheme, number)


async def photograph_wrong_turns(laboratory, doctor, size, language, scheme, number):
    patient = await laboratory.chromium(
        viewport=SIZES[size], locale=LANGUAGES[language], color_scheme=scheme, is_mobile=size == "phone",
        permitted=False,
    )
    await patient.goto((await doctor.session())["link"])
    await patient.until("ready")
    await patient.act("enter")
    await patient.true("() => document.documentElement.dataset.error === 'microphone-denied'")
    await patient.page.screenshot(
        path=str(FOLDER / f"{next(number):02}-microphone-denied-{size}-{language}-{scheme}.png"), full_page=True)


def combinations():
    for size, language, scheme in itertools.product(SIZES, LANGUAGES, ("light", "dark")):

        async def body(laboratory, size=size, language=language, scheme=scheme):
            FOLDER.mkdir(parents=True, exist_ok=True)
            await photograph(laboratory, size, language, scheme)

        body.__module__ = __name__
        test(f"Photographs on a {size}, {language}, {scheme}", limit=120)(body)


combinations()
