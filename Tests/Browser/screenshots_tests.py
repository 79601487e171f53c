"""Photographs every state of the page, for a person to look at: a whole call as it goes, and a gallery of all screens."""

import asyncio
import itertools

from laboratory import gallery, sound
from laboratory.colloque import Broker, Doctor
from laboratory.runner import ARTEFACTS, test

FOLDER = ARTEFACTS / "screenshots"
SIZES = {"phone": {"width": 360, "height": 740}, "desktop": {"width": 1280, "height": 800}}
LANGUAGES = {"fr": "fr-FR", "en": "en-GB", "nl": "nl-BE", "de": "de-DE"}
SCHEMES = ("light", "dark")


def window(size):
    return {"viewport": SIZES[size], "is_mobile": size == "phone", "device_scale_factor": 2 if size == "phone" else 1}


async def in_both_schemes(page, name):
    FOLDER.mkdir(parents=True, exist_ok=True)
    for scheme in SCHEMES:
        await page.emulate_media(color_scheme=scheme)
        await page.screenshot(path=str(FOLDER / f"{name}-{scheme}.png"), full_page=True)


async def photograph_call(laboratory, size, language):
    broker = await Broker(laboratory).start()
    doctor = await Doctor(laboratory, broker).settle()
    session = await doctor.session()
    patient = await laboratory.chromium(
        microphone=sound.speech("patient", laboratory.directory), locale=LANGUAGES[language], reduced_motion="reduce",
        **window(size),
    )
    number = itertools.count(1)

    async def shoot(name):
        await in_both_schemes(patient.page, f"call-{next(number):02}-{name}-{size}-{language}")

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


async def photograph_gallery(laboratory, size, language):
    visitor = await laboratory.chromium(reduced_motion="reduce", **window(size))
    await visitor.goto(gallery.document(laboratory.directory))
    for number, (name, model) in enumerate(gallery.poses().items(), 1):
        await gallery.pose(visitor.page, model, language)
        await in_both_schemes(visitor.page, f"all-{number:02}-{name}-{size}-{language}")


def combinations():
    for size, language in itertools.product(SIZES, LANGUAGES):
        for what, photograph in {"The gallery": photograph_gallery, "A call": photograph_call}.items():

            async def body(laboratory, photograph=photograph, size=size, language=language):
                await photograph(laboratory, size, language)

            body.__module__ = __name__
            test(f"{what} on a {size}, {language}, light and dark", limit=240)(body)


combinations()
