"""What the broker could have learnt from a call: everything that crossed it is recorded and searched."""

import asyncio

from laboratory import recorder, sound
from laboratory.colloque import Bridge, Broker, Doctor, completed
from laboratory.runner import needs_namespaces, test

LABEL = "Zephyrine Quatrebarbes"


def judge(laboratory, broker, recording, session, reports):
    """Nothing readable on the wire, in the log or in the state directory."""
    requests, envelopes, objections = recording.sockets()
    assert not objections, "\n".join(objections)
    kinds = {(one.direction, one.kind) for one in envelopes}
    for expected in (("up", 0x01), ("up", 0x02), ("up", 0x03), ("up", 0x04), ("up", recorder.RELAY),
                     ("down", 0x81), ("down", 0x82), ("down", 0x83), ("down", recorder.RELAY), ("down", 0x88)):
        assert expected in kinds, f"never crossed: {expected[0]} {expected[1]:#04x}, seen {sorted(kinds)}"
    sizes = recording.relayed()
    assert {112, 304}.issubset(sizes), sizes
    assert not recording.repeated_blocks(), "sealed octets repeat"

    secrets = recorder.link_secrets(session["link"])
    words = {word.encode() for report in reports for word in str(report["security"]["words"]).split()}
    clear = recording.clear_octets()
    told = recorder.found(clear, secrets | set(recorder.SIGNALLING_TEXT) | {LABEL.encode()})
    assert not told, f"readable at the broker: {told}"
    assert not [line for line in requests if "#" in line or len(line.split()[1]) > len("/healthz")], requests

    room = recorder.room_of(session["link"])
    kept = broker.log.encode() + b"".join(
        path.read_bytes() for path in sorted(broker.state.rglob("*")) if path.is_file()
    )
    told = recorder.found(kept, secrets | set(recorder.SIGNALLING_TEXT) | {LABEL.encode()})
    assert not told, f"kept by the broker: {told}"
    shown = broker.log
    for value in (room.hex(), *(address for report in reports for address in addresses(report))):
        assert value not in shown, f"{value} is in the broker's log"
    return words


def addresses(report):
    """The addresses of a report's path, without ports; loopback says nothing about anybody."""
    for end in ("local", "remote"):
        address = str(report["path"].get(end, "")).rsplit(":", 1)[0].strip("[]")
        if address and not address.startswith("127.") and address != "::1":
            yield address


@test("The broker sees sealed blobs of fixed sizes between two bridges, and keeps nothing", limit=90,
      needs=[needs_namespaces])
async def two_bridges(laboratory):
    cable = laboratory.cable()
    broker = await Broker(laboratory).start()
    recording = recorder.Recording()
    await laboratory.carry(broker.port, cable.doctor, cable.patient, tap=recording.tap)
    doctor = await Doctor(laboratory, broker, namespace=cable.doctor).settle()
    session = await doctor.session("--label", LABEL)
    at_doctor = await doctor.bridge(session, play="tone:500", seconds=5)
    at_patient = await Bridge.patient(laboratory, session["link"], play="tone:700", namespace=cable.patient)
    reports = await asyncio.gather(at_doctor.report(), at_patient.report())
    for who, report in zip(("doctor", "patient"), reports):
        completed(report, who)
    judge(laboratory, broker, recording, session, reports)


@test("The broker sees no more of a patient in Chromium", limit=90, needs=[needs_namespaces])
async def with_chromium(laboratory):
    cable = laboratory.cable()
    broker = await Broker(laboratory).start()
    recording = recorder.Recording()
    await laboratory.carry(broker.port, cable.doctor, cable.patient, tap=recording.tap)
    doctor = await Doctor(laboratory, broker, namespace=cable.doctor).settle()
    session = await doctor.session("--label", LABEL)
    at_doctor = await doctor.bridge(session, play="tone:500", seconds=60)
    patient = await laboratory.chromium(
        microphone=sound.speech("patient", laboratory.directory), namespace=cable.patient
    )
    await patient.goto(session["link"])
    await patient.enter()
    await patient.reach_call()
    await asyncio.sleep(2)
    await patient.act("hang-up")
    await patient.until("ended")
    report = await at_doctor.report()
    completed(report, "doctor")
    judge(laboratory, broker, recording, session, [report])
    pages = [octets for (_, direction), octets in recording.streams.items()
             if direction == "down" and b"text/html" in octets[:2000]]
    assert pages, "the page never crossed"
