"""Calls across every pair of networks that matters: sound both ways, by the path that theory expects."""

import asyncio
import functools
import signal

from laboratory import sound
from laboratory.colloque import Bridge, Doctor, PublicBroker, completed
from laboratory.internet import Internet
from laboratory.routers import KINDS
from laboratory.runner import needs_namespaces, test

#: Kinds of router at the doctor's and at the patient's.
PAIRS = (
    ("cone", "cone"), ("cone", "restricted"), ("cone", "symmetric"), ("cone", "udp-blocked"), ("cone", "only-443"),
    ("cone", "ipv6-only"), ("restricted", "symmetric"), ("symmetric", "symmetric"), ("only-443", "only-443"),
)
#: What is held every time; the other pairs are long tests.
SHORT = {
    "native": (("cone", "cone"), ("cone", "udp-blocked"), ("cone", "ipv6-only"), ("symmetric", "symmetric"),
               ("only-443", "only-443")),
    "chromium": (("symmetric", "symmetric"), ("only-443", "only-443")),
    "firefox": (("only-443", "only-443"),),
}
PATIENTS = {"native": "a native patient", "chromium": "a patient in Chromium", "firefox": "a patient in Firefox"}

_rows = []


def theory(doctor, patient):
    """How the patient's packets have to travel: the set of what is right."""
    if patient == "only-443":
        return {"relay/tls"}
    if patient == "udp-blocked":
        return {"relay/tcp", "relay/tls"}
    ends = {doctor, patient}
    no_common_family = KINDS[doctor].ipv6 != KINDS[patient].ipv6
    no_udp = ends & {"only-443", "udp-blocked"}
    # Behind a symmetric router nobody can foretell the port, and the other router has to know it or let any in.
    no_hole = "symmetric" in ends and ends & {"restricted"} or ends == {"symmetric"}
    return {"relay/udp"} if no_common_family or no_udp or no_hole else {"udp"}


async def native(laboratory, site, session, bridge, doctor_speech, patient_speech):
    """A native patient's call, as short as it takes to know: (doctor's report, transport, milliseconds of set-up)."""
    patient = await Bridge.patient(laboratory, session["link"], play=patient_speech, namespace=site.host)
    await patient.process.line("^connected: ", timeout=40)
    await asyncio.gather(bridge.hears(patient_speech), patient.hears(doctor_speech))
    patient.process.send(signal.SIGTERM)
    report, at_patient = await asyncio.gather(bridge.report(), patient.report())
    completed(at_patient, "patient", path=None)
    path = at_patient["path"]
    took = patient.process.when("^connected: ") - patient.process.when("^admitted$")
    return report, path["protocol"] if path["kind"] == "direct" else f"relay/{path['protocol']}", took * 1000


async def in_browser(client, laboratory, site, session, bridge, doctor_speech, patient_speech):
    """The same with a patient in a browser."""
    patient = await laboratory.page_at(site, client, microphone=patient_speech)
    await patient.goto(session["link"])
    await patient.enter()
    await patient.reach_call()
    await asyncio.gather(
        bridge.hears(patient_speech), patient.hears(doctor_speech, laboratory.file("patient-heard.wav"), seconds=3))
    transport, path = await patient.transport(), await patient.path()
    took = await patient.milliseconds("connecting", "connected")
    await patient.act("hang-up")
    await patient.until("ended")
    assert path == ("relay" if transport.startswith("relay") else "direct"), (path, transport)
    return await bridge.report(), transport, took


async def call(laboratory, doctor_kind, patient_kind, client):
    net = Internet(laboratory, doctor=doctor_kind, patient=patient_kind)
    broker = await PublicBroker(laboratory, net).start()
    doctor = await Doctor(laboratory, broker, namespace=net.doctor.host).settle()
    doctor_speech = sound.speech("doctor", laboratory.directory, seconds=40)
    patient_speech = sound.speech("patient", laboratory.directory, seconds=40)
    session = await doctor.session()
    bridge = await doctor.bridge(session, play=doctor_speech)
    talk = native if client == "native" else functools.partial(in_browser, client)
    report, transport, took = await talk(laboratory, net.patient, session, bridge, doctor_speech, patient_speech)
    right = theory(doctor_kind, patient_kind)
    assert transport in right, f"packets travel by {transport}, not by {' or '.join(sorted(right))}"
    completed(report, "doctor", path="relay" if transport.startswith("relay") else "direct")
    if "only-443" in (doctor_kind, patient_kind):
        assert took <= 6000, f"{took:.0f} ms from admission to sound with only 443/tcp open"
    _rows.append((doctor_kind, patient_kind, client, transport, took))


def document():
    """What was measured, for docs/networks.md."""
    lines = [
        "# Networks",
        "",
        "Calls in the laboratory of Tests/Browser: network namespaces, routers by nftables, sound verified both ways"
        " by its content. Made by `make networks`, which fails when a path is not the expected one.",
        "",
        "*cone*, *restricted* and *symmetric* translate addresses: endpoint-independent mapping with filtering by"
        " address, the same with filtering by address and port, and another port for every destination. *set-up* is"
        " from admission and consent to sound that is sealed from end to end, on lines without delay; one call each.",
        "",
        "| Doctor's network | Patient's network | Patient | The patient's packets | Set-up |",
        "|---|---|---|---|---|",
    ]
    for doctor_kind, patient_kind, client, transport, took in _rows:
        name = client.capitalize() if client != "native" else client
        way = f"relay over {transport.removeprefix('relay/').upper()}" if "/" in transport else "direct, UDP"
        lines.append(f"| {doctor_kind} | {patient_kind} | {name} | {way} | {took:.0f} ms |")
    return "\n".join(lines) + "\n"


def cells():
    for doctor_kind, patient_kind in PAIRS:
        for client, who in PATIENTS.items():

            async def body(laboratory, arguments=(doctor_kind, patient_kind, client)):
                await call(laboratory, *arguments)

            body.__module__ = __name__
            test(f"{who[0].upper()}{who[1:]} behind {patient_kind} talks to a doctor behind {doctor_kind}",
                 limit=60, needs=[needs_namespaces], long=(doctor_kind, patient_kind) not in SHORT[client])(body)


cells()
