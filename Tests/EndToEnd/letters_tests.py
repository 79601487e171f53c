"""Text as it is written: letter by letter on the patient's page, in one growing line on the doctor's screen."""

import asyncio
import re

from laboratory import sound
from laboratory.colloque import Broker
from laboratory.runner import test
from seat_tests import Seat, admit


@test("Letters typed on the page grow in one line on the doctor's screen, and what is taken back is gone", limit=120)
async def letters(laboratory):
    broker = await Broker(laboratory).start()
    seat = await Seat(laboratory, broker).settle()
    session = await seat.doctor.session()
    await seat.speak(sound.melody(laboratory.directory, seconds=60, seed=1))
    desk = await seat.command("call", session["session"])
    patient = await laboratory.chromium(microphone=sound.speech("patient", laboratory.directory), locale="fr-FR")
    await patient.goto(session["link"])
    await patient.enter()
    await admit(desk)
    await patient.reach_call()
    await patient.act("same")
    await desk.until("Comparez")
    await desk.press("s")
    await desk.until("mots vérifiés")
    await patient.page.click("#chat summary")
    await patient.page.check("#letters")
    await patient.page.click("#message")
    await patient.page.keyboard.type("Je vous vois", delay=20)
    await desk.until("Je vous vois")
    await patient.page.keyboard.type(" mais je n’entends rien", delay=20)
    await desk.until("Je vous vois mais je n’entends rien")
    await patient.page.keyboard.press("Enter")
    await patient.true("() => document.querySelectorAll('#messages li').length === 1")
    await patient.page.keyboard.type("Pardon", delay=20)
    await desk.until("Pardon")
    await patient.page.fill("#message", "")
    deadline = asyncio.get_running_loop().time() + 10
    while "Pardon" in (screen := await desk.screen()):
        assert asyncio.get_running_loop().time() < deadline, screen
        await asyncio.sleep(0.2)
    assert len(re.findall("Je vous vois", screen)) == 1, screen
    await patient.act("hang-up")
    await patient.until("ended")
