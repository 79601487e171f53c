"""The demonstration, as a stranger meets it."""

import asyncio

from laboratory import sound
from laboratory.colloque import DONE, executable
from laboratory.network import free_port
from laboratory.processes import Process
from laboratory.runner import test


@test("The demo's link works as soon as it is printed: a greeting, then one's own echo", limit=150)
async def greeting_and_echo(laboratory):
    port = free_port()
    demo = await laboratory.started(
        await Process.start([executable(), "demo", "--port", port, "--exit-after", 100], name="demo")
    )
    link = (await demo.line(r"^link: (http://localhost:\d+/#[A-Za-z0-9_-]{72})$", timeout=10))[1]
    assert f"localhost:{port}/" in link, link
    speech = sound.speech("patient", laboratory.directory)
    patient = await laboratory.chromium(microphone=speech)
    await patient.goto(link)
    await patient.enter()
    await patient.reach_call()
    await patient.listen()
    await asyncio.sleep(4)
    greeting = await patient.heard(laboratory.file("greeting.wav"))
    assert sound.loudness(greeting) > 0.005, "no greeting"
    # Longest greeting that anybody would sit through; then the echo has the line.
    for _ in range(8):
        await asyncio.sleep(5)
        echo = await patient.heard(laboratory.file("echo.wav"))
        found = sound.match(echo, speech)
        if found.median > 0.5 and found.agreement > 0.7:
            break
    else:
        raise AssertionError(f"no echo of one's own voice: {found}")
    await patient.act("hang-up")
    await patient.until("ended")


@test("The demo ends by itself, and on request, with exit code 0", limit=60)
async def ends(laboratory):
    demo = await laboratory.started(
        await Process.start([executable(), "demo", "--port", free_port(), "--exit-after", 3], name="demo")
    )
    await demo.line(r"^link: ", timeout=10)
    assert await demo.ended(15) == DONE
    demo = await laboratory.started(
        await Process.start([executable(), "demo", "--port", free_port()], name="demo")
    )
    await demo.line(r"^link: ", timeout=10)
    demo.send(15)
    assert await demo.ended(15) == DONE
