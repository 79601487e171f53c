"""A patient's browser and the doctor's bridge: the call itself, verified by what each end heard."""

import asyncio

from laboratory import sound
from laboratory.colloque import Broker, Doctor, completed, digits_of, words_of
from laboratory.packets import Capture
from laboratory.runner import needs_namespaces, test


async def consultation(laboratory, patient, doctor, session, *, doctor_speech, patient_speech):
    """Link, waiting room, words, speech both ways, hang-up. Returns the doctor's report."""
    bridge = await doctor.bridge(session, play=doctor_speech, seconds=60)
    await patient.goto(session["link"])
    await patient.enter()
    await patient.reach_call()
    await patient.true("() => !!document.querySelector('[data-sas=\"words\"]')?.textContent.trim()",
                       saying="no words on the page")
    words, digits = await patient.words(), await patient.digits()
    if await patient.visible("[data-action='same']"):
        await patient.act("same")
    assert "#" not in await patient.evaluate("() => location.href"), "the fragment is still in the address bar"
    await patient.hears(doctor_speech, laboratory.file("patient-heard.wav"))
    # A second more than is asked for below: whole windows of it are counted, wherever they begin.
    await bridge.has_heard(patient_speech, seconds=6.5)
    path = await patient.path()
    assert not await patient.visible("[data-action='resume-sound']"), "the page says that the sound has stopped"
    violations = await patient.violations()
    await patient.act("hang-up")
    await patient.until("ended")
    report = await bridge.report()

    completed(report, "doctor")
    assert path == "direct", path
    assert words == words_of(report) and digits == digits_of(report), (words, digits, report["security"])
    sound.repeats(bridge.recording, patient_speech, "the doctor", seconds=5)
    assert not violations, violations
    return report


@test("A patient in Chromium and the doctor's bridge talk on loopback", limit=90)
async def chromium_on_loopback(laboratory):
    broker = await Broker(laboratory).start()
    doctor = await Doctor(laboratory, broker).settle()
    doctor_speech = sound.speech("doctor", laboratory.directory)
    patient_speech = sound.speech("patient", laboratory.directory)
    patient = await laboratory.chromium(microphone=patient_speech, locale="fr-FR")
    await consultation(laboratory, patient, doctor, await doctor.session(),
                       doctor_speech=doctor_speech, patient_speech=patient_speech)


@test("A patient in Chromium at the end of a cable: one packet size in each direction", limit=90,
      needs=[needs_namespaces])
async def chromium_on_a_cable(laboratory):
    await on_a_cable(laboratory, laboratory.chromium)


@test("A patient in Firefox at the end of a cable: one packet size in each direction", limit=120,
      needs=[needs_namespaces])
async def firefox_on_a_cable(laboratory):
    await on_a_cable(laboratory, laboratory.firefox)


async def on_a_cable(laboratory, browser):
    cable = laboratory.cable()
    broker = await Broker(laboratory).start()
    await laboratory.carry(broker.port, cable.doctor, cable.patient)
    doctor = await Doctor(laboratory, broker, namespace=cable.doctor).settle()
    doctor_speech = sound.speech("doctor", laboratory.directory)
    patient_speech = sound.speech("patient", laboratory.directory)
    patient = await browser(microphone=patient_speech, namespace=cable.patient)
    capture = Capture("wire", cable.patient)
    laboratory.stack.callback(capture.close)
    await consultation(laboratory, patient, doctor, await doctor.session(),
                       doctor_speech=doctor_speech, patient_speech=patient_speech)

    sizes = capture.sizes("rtp")
    for address in (cable.doctor_address, cable.patient_address):
        seen = {size: count for source, table in sizes.items() if source[0] == address
                for size, count in table.items()}
        assert sum(seen.values()) > 300, f"only {sum(seen.values())} media packets from {address}"
        assert len(seen) == 1, f"media packets from {address} have several sizes: {seen}"


@test("The broker dies in mid-call and comes back: the patient's browser never stops hearing", limit=120)
async def broker_dies_under_a_browser(laboratory):
    broker = await Broker(laboratory).start()
    doctor = await Doctor(laboratory, broker).settle()
    session = await doctor.session()
    doctor_sound = sound.melody(laboratory.directory, seconds=60, seed=1)  # A bridge plays a file once.
    patient_sound = sound.melody(laboratory.directory, seconds=60, seed=2)
    bridge = await doctor.bridge(session, play=doctor_sound, seconds=90)
    patient = await laboratory.chromium(microphone=patient_sound)
    await patient.goto(session["link"])
    await patient.enter()
    await patient.reach_call()
    if await patient.visible("[data-action='same']"):
        await patient.act("same")
    await asyncio.sleep(3)
    await patient.listen()
    await asyncio.sleep(2)
    await broker.kill()
    await asyncio.sleep(4)
    assert await patient.state() in ("connected", "reconnecting"), await patient.state()
    await broker.start()
    await patient.until("connected", timeout=40)
    # The back-off is at most 8 s, a new epoch a few round trips.
    await asyncio.sleep(12)
    heard = await patient.heard(laboratory.file("patient-heard.wav"))
    await patient.act("hang-up")
    await patient.until("ended")
    report = await bridge.report()
    completed(report, "doctor")
    assert report["restarts"] >= 1, report
    assert sound.duration(heard) > 15, sound.duration(heard)
    stops = sound.gaps(heard, level=0.01, shortest=0.15)
    assert not stops, f"the patient heard silences (start, length): {stops}"
    stops = sound.gaps(bridge.recording, level=0.01, shortest=0.15)
    assert not stops, f"the doctor heard silences (start, length): {stops}"


@test("A page opened on a bad link says so, and asks nothing of the microphone or the broker", limit=60)
async def bad_links(laboratory):
    broker = await Broker(laboratory).start()
    doctor = await Doctor(laboratory, broker).settle()
    link = (await doctor.session())["link"]
    patient = await laboratory.chromium()
    for name, broken in (
        ("truncated", link[:-3]),
        ("one character changed", link[:-20] + ("A" if link[-20] != "A" else "B") + link[-19:]),
        ("no fragment", link.split("#")[0]),
    ):
        await patient.goto("about:blank")
        await patient.goto(broken)
        state = await patient.until("bad-link", "ready", timeout=15)
        assert state == "bad-link", f"{name}: {state}"
        assert await patient.error(), f"{name}: no error code"
    assert not [url for url in patient.requests if not url.startswith((broker.url, "data:", "about:", "blob:"))]


@test("The page is one document, asks no other host, and comes with its security headers", limit=60)
async def page_as_served(laboratory):
    broker = await Broker(laboratory).start()
    status, headers, octets = broker.page()
    assert status == 200 and len(octets) > 1000
    assert broker.page()[2] == octets, "two readers got different octets"
    policy = headers["Content-Security-Policy"]
    for part in ("default-src 'none'", "script-src 'sha256-", "style-src 'sha256-", "frame-ancestors 'none'",
                 "require-trusted-types-for 'script'"):
        assert part in policy, f"{part} is missing from {policy}"
    for name, value in (
        ("Cross-Origin-Opener-Policy", "same-origin"), ("Cross-Origin-Embedder-Policy", "require-corp"),
        ("Referrer-Policy", "no-referrer"), ("X-Content-Type-Options", "nosniff"), ("X-Frame-Options", "DENY"),
        ("Cache-Control", "no-store"),
    ):
        assert headers[name] == value, f"{name}: {headers[name]}"
    for name in ("Set-Cookie", "ETag", "Server", "Alt-Svc", "Report-To"):
        assert headers[name] is None, f"{name}: {headers[name]}"
    patient = await laboratory.chromium()
    await patient.goto(f"http://localhost:{broker.port}/")
    await patient.until("bad-link")
    asked = [url for url in patient.requests if not url.startswith(("data:", "blob:"))]
    assert asked == [f"http://localhost:{broker.port}/"], asked
    assert not await patient.violations(), await patient.violations()
