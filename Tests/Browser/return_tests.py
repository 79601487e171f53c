"""A call that is left and come back to: pages reloaded, tabs and devices that compete, a network that was away."""

import asyncio
import time

from laboratory import sound
from laboratory.colloque import Bridge, Broker, Doctor, completed
from laboratory.packets import Capture
from laboratory.runner import needs_namespaces, test

BROWSERS = {"chromium": "Chromium", "firefox": "Firefox"}
_SPEAKS = """async () => (await globalThis.__ear.statistics()).some(({ type, packetsSent }) =>
    type === 'outbound-rtp' && packetsSent > 5)"""


async def on_a_cable(laboratory):
    """(broker, doctor, session, cable): each end in a network namespace of its own."""
    cable = laboratory.cable()
    broker = await Broker(laboratory).start()
    await laboratory.carry(broker.port, cable.doctor, cable.patient)
    doctor = await Doctor(laboratory, broker, namespace=cable.doctor).settle()
    return broker, doctor, await doctor.session(), cable


async def opened(laboratory, browser, cable, **options):
    microphone = sound.speech("patient", laboratory.directory)
    return await getattr(laboratory, browser)(microphone=microphone, namespace=cable.patient, **options)


async def agree(patient):
    await patient.act("same")
    await patient.true("() => !document.querySelector('[data-action=same]')")


def lives(capture, address):
    """(first, last) of every stream of media that came from `address`, in their order."""
    streams = {}
    for datagram in capture.datagrams:
        if datagram.kind == "rtp" and datagram.source[0] == address:
            streams.setdefault(datagram.payload[8:12], []).append(datagram.time)
    return sorted((times[0], times[-1]) for times in streams.values())


def overlaps(streams):
    return [(one, next_) for one, next_ in zip(streams, streams[1:]) if next_[0] < one[1]]


async def reloads(laboratory, browser, count):
    broker, doctor, session, cable = await on_a_cable(laboratory)
    capture = Capture("wire", cable.patient)
    laboratory.stack.callback(capture.close)
    bridge = await doctor.bridge(session, play="tone:500", seconds=200)
    patient = await opened(laboratory, browser, cable)
    await patient.goto(session["link"])
    await patient.enter()
    await patient.reach_call()
    words = await patient.words()
    await agree(patient)
    times = []
    for _ in range(count):
        await asyncio.sleep(1)
        began = time.monotonic()
        await patient.reload()
        await patient.until("connected", timeout=10)
        await patient.true(_SPEAKS, timeout=10, saying="no sound is sent")
        times.append(round(time.monotonic() - began, 2))
        assert not await patient.visible("[data-action='same']"), "the words are asked for again"
        assert not await patient.visible("[data-action='consent']"), "consent is asked for again"
        assert not await patient.visible("[data-action='resume-sound']")
        assert not await patient.evaluate("() => document.querySelector('audio').paused")
        living = "() => __ear.connections.filter((one) => one.connectionState !== 'closed').length"
        assert await patient.evaluate(living) == 1
    assert max(times) <= 4, times
    print(f"      {BROWSERS[browser]}: back after {sorted(times)[len(times) // 2]} s, at most {max(times)} s")
    await asyncio.sleep(1)
    assert await patient.words() in ("", words)
    await patient.act("hang-up")
    await patient.until("ended")
    assert await patient.evaluate("() => sessionStorage.length + localStorage.length") == 0
    completed(await bridge.report(), "doctor")
    for who, address in (("patient", cable.patient_address), ("doctor", cable.doctor_address)):
        streams = lives(capture, address)
        assert len(streams) == count + 1, f"{who}: {len(streams)} streams"
        assert not overlaps(streams), f"{who}: two streams at a time: {overlaps(streams)}"


async def two_tabs(laboratory, browser):
    broker, doctor, session, cable = await on_a_cable(laboratory)
    bridge = await doctor.bridge(session, play="tone:500", seconds=90)
    first = await opened(laboratory, browser, cable)
    await first.goto(session["link"])
    await first.enter()
    await first.reach_call()
    await agree(first)
    second = await first.another_tab()
    await second.goto(session["link"])
    await second.act("enter")
    await second.stops("other-tab")
    assert await first.state() == "connected"
    await second.act("retry")
    await second.reach_call()
    assert not await second.visible("[data-action='same']"), "the words are asked for again"
    await first.stops("taken-over")
    await asyncio.sleep(2)
    assert await second.state() == "connected"
    await second.act("hang-up")
    await second.until("ended")
    completed(await bridge.report(), "doctor")


async def two_devices(laboratory, browser):
    broker, doctor, session, cable = await on_a_cable(laboratory)
    page = await opened(laboratory, browser, cable)
    await page.goto(session["link"])
    await page.enter()
    await page.until("waiting")
    device = await Bridge.patient(laboratory, session["link"], play="tone:300", namespace=cable.patient, seconds=40)
    await device.process.line("waiting|doctor", timeout=20)
    bridge = await doctor.bridge(session, play="tone:500", words="none", seconds=40)
    await page.true("() => ['admitted', 'failed', 'ended'].includes(document.documentElement.dataset.state)", timeout=20)
    if await page.state() == "admitted":
        code = await device.process.ended(20)
        assert code == 77, f"the other device was not refused: exit {code}\n{device.process.tail()}"
        await page.reach_call()
        await page.act("hang-up")
        await page.until("ended")
    else:
        # Confirmed already, or still in the handshake, when the other one was admitted.
        assert await page.error() in ("refused-other-device", "used"), await page.text()
    await bridge.process.stop()


SCENES = {
    two_tabs: "{}: a second tab is told of the first, takes the call over with its words, and the first says so",
    two_devices: "{}: of two devices with one link one is admitted, and the other is told so",
}


def scenes():
    sentence = "{} reloaded {} times in mid-call is back within 4 s, words kept, never with two streams of sound"
    for browser, name, count in (("chromium", "Chromium", 7), ("chromium", "Chromium", 20), ("firefox", "Firefox", 20)):

        async def back(laboratory, browser=browser, count=count):
            await reloads(laboratory, browser, count)

        back.__module__ = __name__
        test(sentence.format(name, count), limit=200, needs=[needs_namespaces], long=count == 20)(back)
    for body, sentence in SCENES.items():
        for browser, name in BROWSERS.items():

            async def scene(laboratory, body=body, browser=browser):
                await body(laboratory, browser)

            scene.__module__ = __name__
            test(sentence.format(name), limit=200, needs=[needs_namespaces])(scene)


scenes()
