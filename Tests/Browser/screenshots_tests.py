"""Photographs every state of the page that a call passes through, for a person to look at."""

import asyncio
import itertools

from laboratory import sound
from laboratory.colloque import Broker, Doctor
from laboratory.runner import ARTEFACTS, test

FOLDER = ARTEFACTS / "screenshots"
SIZES = {"phone": {"width": 390, "height": 844}, "desktop": {"width": 1280, "height": 800}}
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

    async def shoot(name):
        await asyncio.sleep(0.4)  # Transitions end.
        await patient.screenshot(FOLDER / f"{name}-{size}-{language}-{scheme}.png")

    await patient.goto(session["link"][:-4])
    await patient.until("bad-link")
    await shoot("1-bad-link")
    await patient.goto("about:blank")
    await patient.goto(session["link"])
    await patient.until("ready")
    await shoot("2-ready")
    await patient.enter()
    await shoot("3-waiting")
    bridge = await doctor.bridge(session, play="tone:500", words="none", seconds=60)
    if await patient.until("admitted", "connecting", "connected") == "admitted":
        await shoot("4-admitted")
    await patient.reach_call()
    await patient.true("() => !!document.querySelector('[data-sas=\"words\"]')?.textContent.trim()")
    await shoot("5-words")
    if await patient.visible("[data-action='same']"):
        await patient.act("same")
    await shoot("6-connected")
    await patient.act("mute")
    await shoot("7-muted")
    await patient.act("mute")
    await broker.kill()
    await asyncio.sleep(1)
    await shoot("8-broker-away")
    await broker.start()
    await asyncio.sleep(1)
    await patient.act("hang-up")
    await patient.until("ended")
    await shoot("9-ended")
    await bridge.process.stop()


def combinations():
    for size, language, scheme in itertools.product(SIZES, LANGUAGES, ("light", "dark")):

        async def body(laboratory, size=size, language=language, scheme=scheme):
            FOLDER.mkdir(parents=True, exist_ok=True)
            await photograph(laboratory, size, language, scheme)

        body.__module__ = __name__
        test(f"Photographs on a {size}, {language}, {scheme}", limit=120)(body)


combinations()
