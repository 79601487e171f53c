"""What befalls a call in the middle, and how soon both ends hear each other again."""

import asyncio
import signal
from contextlib import asynccontextmanager

from laboratory import sound
from laboratory.colloque import Bridge, Doctor, PublicBroker, Relay, completed
from laboratory.internet import Internet
from laboratory.outage import BridgeEar, PageEar, outages
from laboratory.runner import needs_namespaces, test

PATIENTS = {"native": "a native patient", "chromium": "a patient in Chromium", "firefox": "a patient in Firefox"}


@asynccontextmanager
async def conversation(laboratory, net, broker, client, *, seconds=60):
    """A call of two melodies: (ears of both ends, the doctor's bridge). Behind it both ends must have ended well."""
    doctor = await Doctor(laboratory, broker, namespace=net.doctor.host).settle()
    session = await doctor.session()
    doctor_sound = sound.melody(laboratory.directory, seconds=seconds, seed=1)  # A bridge plays a file once.
    patient_sound = sound.melody(laboratory.directory, seconds=seconds, seed=2)
    bridge = await doctor.bridge(session, play=doctor_sound)
    at_doctor = BridgeEar("doctor", bridge, patient_sound, laboratory.directory)
    if client == "native":
        patient = await Bridge.patient(laboratory, session["link"], play=patient_sound, namespace=net.patient.host)
        at_patient = BridgeEar("patient", patient, doctor_sound, laboratory.directory)
        await patient.process.line("^connected: ", timeout=40)
    else:
        page = await laboratory.page_at(net.patient, client, microphone=patient_sound)
        await page.goto(session["link"])
        await page.enter()
        await page.reach_call()
        await page.act("same")
        await page.unprocessed()
        await page.listen()
        at_patient = PageEar("patient", page, doctor_sound, laboratory.directory)
    ears = (at_doctor, at_patient)
    await settled(ears)
    yield ears, bridge
    if client == "native":
        patient.process.send(signal.SIGTERM)
        completed(await patient.report(timeout=20), "patient", path=None)
    else:
        await page.until("connected", timeout=15)
        assert not await page.visible("[data-action='same']"), "the words are asked for again"
        await page.act("hang-up")
        await page.until("ended")
    completed(await bridge.report(timeout=20), "doctor", path=None)


async def settled(ears, timeout=15):
    """Until both ends hear the other's melody well."""
    for ear in ears:
        await ear.begin()
    async with asyncio.timeout(timeout):
        while not all(ear.is_back for ear in ears):
            await asyncio.sleep(0.3)
            for ear in ears:
                await ear.look()


async def udp_blocked(laboratory, client):
    net = Internet(laboratory, doctor="cone", patient="cone")
    broker = await PublicBroker(laboratory, net).start()

    async def befall():
        net.patient.block_udp()

    async with conversation(laboratory, net, broker, client) as (ears, _):
        return await outages(ears, befall, within=10)


async def address_changed(laboratory, client):
    net = Internet(laboratory, doctor="cone", patient="cone")
    broker = await PublicBroker(laboratory, net).start()

    async def befall():
        net.patient.move()

    async with conversation(laboratory, net, broker, client) as (ears, _):
        return await outages(ears, befall, within=5)


async def network_away_for_45_s(laboratory, client):
    net = Internet(laboratory, doctor="cone", patient="cone")
    broker = await PublicBroker(laboratory, net).start()

    async def befall():
        net.patient.cut()
        await asyncio.sleep(45)
        net.patient.restore()

    async with conversation(laboratory, net, broker, client, seconds=120) as (ears, _):
        return await outages(ears, befall, within=55)


async def relay_killed(laboratory, client):
    # By theory no direct path exists here; see networks_tests.
    net = Internet(laboratory, doctor="restricted", patient="symmetric")
    relay = await Relay(laboratory, net).start()
    broker = await PublicBroker(laboratory, net, relay=relay).start()

    async def befall():
        await relay.kill()
        await asyncio.sleep(0.5)  # As its unit has it.
        await relay.start()

    async with conversation(laboratory, net, broker, client) as (ears, _):
        return await outages(ears, befall, within=12)


async def broker_killed(laboratory, client):
    net = Internet(laboratory, doctor="restricted", patient="symmetric")
    relay = await Relay(laboratory, net).start()
    return await without_broker(laboratory, net, await PublicBroker(laboratory, net, relay=relay).start(), client)


async def broker_killed_beside_its_relay(laboratory, client):
    net = Internet(laboratory, doctor="restricted", patient="symmetric")
    return await without_broker(laboratory, net, await PublicBroker(laboratory, net).start(), client)


async def without_broker(laboratory, net, broker, client):
    async with conversation(laboratory, net, broker, client) as (ears, bridge):
        lengths = await outages(ears, broker.kill, within=0.1, certain=False)
        await broker.start()
        await bridge.process.line("^broker: back", timeout=20)  # Hanging up is said through it.
        return lengths


EVENTS = {
    udp_blocked: "UDP is blocked in mid-call: {} and the doctor hear each other again within 10 s",
    address_changed: "The address changes in mid-call: {} and the doctor hear each other again within 5 s",
    network_away_for_45_s: "The network is away for 45 s: {} and the doctor hear each other again within 10 s of its return",
    relay_killed: "The relay is killed in mid-call: {} and the doctor hear each other again within 12 s",
    broker_killed: "The broker is killed while a relay carries the call: {} and the doctor hear no gap of 100 ms",
    broker_killed_beside_its_relay:
        "The broker is killed that started the relay: {} and the doctor hear no gap of 100 ms",
}

#: What befalls a call every time; the rest are long tests.
SHORT = {
    "native": (address_changed, relay_killed, broker_killed_beside_its_relay),
    "chromium": (udp_blocked, broker_killed),
    "firefox": (),
}

_rows = []


def document():
    """What was measured, as Markdown."""
    lines = [
        "# What befalls a call",
        "",
        "The longest silence at either end after something happened in mid-call, in the laboratory of Tests/Browser, sound"
        " verified before and behind by its content. Made by `make networks`; one call each. What a row may last at most"
        " stands in the names of the tests: `Tests/Browser/run survival --list`.",
        "",
        "| What | Patient | Silence at the doctor | Silence at the patient |",
        "|---|---|---|---|",
    ]
    for event, client, lengths in _rows:
        name = client.capitalize() if client != "native" else client
        what = event.__name__.replace("_", " ")
        lines.append(f"| {what} | {name} | {lengths['doctor']:.1f} s | {lengths['patient']:.1f} s |")
    return "\n".join(lines) + "\n"


def scenes():
    for event, sentence in EVENTS.items():
        for client, who in PATIENTS.items():
            if event is broker_killed_beside_its_relay and client != "native":
                continue  # What the others see of it is the same as with a relay apart.

            async def body(laboratory, event=event, client=client):
                _rows.append((event, client, await event(laboratory, client)))

            body.__module__ = __name__
            test(sentence.format(who), limit=150, needs=[needs_namespaces], long=event not in SHORT[client])(body)


scenes()
