"""The laboratory proves itself: what it says about calls is worth what these tests are worth."""

import asyncio
import http.server
import os
import socket
import threading

import numpy
import websockets
from laboratory import network, recorder, sound
from laboratory.network import free_port
from laboratory.packets import Capture
from laboratory.runner import needs_namespaces, test

PAGE = b"<!doctype html><meta charset=utf-8><title>blank</title><body>"


def serve(port):
    """A page of nothing on this side's loopback, where getUserMedia is allowed."""

    class Blank(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(PAGE)))
            self.end_headers()
            self.wfile.write(PAGE)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Blank)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


OFFER = """async () => {
    const microphone = await navigator.mediaDevices.getUserMedia({ audio: { noiseSuppression: false, echoCancellation: false, autoGainControl: false } });
    const call = globalThis.call = new RTCPeerConnection();
    call.ontrack = (event) => { const player = new Audio(); player.srcObject = event.streams[0]; player.play();
        globalThis.player = player; };
    call.addTrack(microphone.getTracks()[0], microphone);
    await call.setLocalDescription();
    await new Promise((done) => { call.onicegatheringstatechange = () => {
        if (call.iceGatheringState === 'complete') done(); }; });
    return call.localDescription.toJSON();
}"""

ANSWER = """async (offer) => {
    const microphone = await navigator.mediaDevices.getUserMedia({ audio: { noiseSuppression: false, echoCancellation: false, autoGainControl: false } });
    const call = globalThis.call = new RTCPeerConnection();
    call.ontrack = (event) => { const player = new Audio(); player.srcObject = event.streams[0]; player.play();
        globalThis.player = player; };
    await call.setRemoteDescription(offer);
    call.addTrack(microphone.getTracks()[0], microphone);
    await call.setLocalDescription();
    await new Promise((done) => { call.onicegatheringstatechange = () => {
        if (call.iceGatheringState === 'complete') done(); }; });
    return call.localDescription.toJSON();
}"""

ACCEPT = "async (answer) => { await globalThis.call.setRemoteDescription(answer); }"
CONNECTED = "() => globalThis.call.connectionState === 'connected'"


async def call(offerer, answerer):
    answer = await answerer.evaluate(ANSWER, await offerer.evaluate(OFFER))
    await offerer.evaluate(ACCEPT, answer)
    for page in (offerer, answerer):
        await page.true(CONNECTED, saying=f"{page.name} did not connect")


@test("A stretch of speech is found in its own recording and in no other")
async def recognition(laboratory):
    doctor = sound.speech("doctor", laboratory.directory)
    patient = sound.speech("patient", laboratory.directory)
    samples, rate = sound.read(doctor)
    turned = numpy.concatenate([samples[rate * 5 :], samples[: rate * 5]])
    noisy = turned + numpy.random.default_rng(7).normal(0, 0.01, len(turned))
    sound.write(laboratory.file("noisy.wav"), noisy)
    same = sound.match(laboratory.file("noisy.wav"), doctor)
    other = sound.match(laboratory.file("noisy.wav"), patient)
    assert same.median > 0.95 and same.agreement == 1, same
    assert other.median < 0.45 and other.agreement < 0.4, other


@test("A missing tenth of a second shows as a gap, and nothing else does")
async def gap(laboratory):
    path = sound.melody(laboratory.directory)
    assert sound.gaps(path) == []
    samples, rate = sound.read(path)
    cut = samples.copy()
    cut[rate * 3 : rate * 31 // 10] = 0
    sound.write(laboratory.file("cut.wav"), cut)
    (at, length), = sound.gaps(laboratory.file("cut.wav"))
    assert abs(at - 3) < 0.03 and abs(length - 0.1) < 0.03, (at, length)


@test("A tone is told by its frequency")
async def tone(laboratory):
    time = numpy.arange(2 * sound.RATE) / sound.RATE
    sound.write(laboratory.file("tone.wav"), 0.3 * numpy.sin(2 * numpy.pi * 440 * time))
    hertz, share = sound.tone(laboratory.file("tone.wav"))
    assert abs(hertz - 440) < 2 and share > 0.95, (hertz, share)


@test("The recorder reads WebSocket frames again and objects to what does not fit")
async def recording(laboratory):
    port = free_port()
    written = recorder.Recording()

    async def echo(peer):
        async for message in peer:
            await peer.send(message)

    async with websockets.serve(echo, "127.0.0.1", port):
        carrier = network.Carrier(port, written.tap)
        laboratory.stack.push_async_callback(carrier.close)
        listener = socket.create_server(("127.0.0.1", 0))
        await carrier.accept(listener)
        address = f"ws://127.0.0.1:{listener.getsockname()[1]}/ws"
        async with websockets.connect(address, compression=None, proxy=None) as client:
            sealed = bytes([0x10, 0, 0, 0, 0]) + os.urandom(272)
            clear = bytes([0x10, 0, 0, 0, 0]) + b"a=candidate:1 1 udp 1 10.0.0.1 9 typ host"
            for message in (sealed, clear):
                await client.send(message)
                assert await client.recv() == message
    requests, envelopes, objections = written.sockets()
    assert requests == ["GET /ws HTTP/1.1"], requests
    assert [len(one.fields) for one in envelopes].count(276) == 2, envelopes
    assert sorted(one.split(maxsplit=2)[2] for one in objections) == [
        "down: RELAY of 41 octets", "up: RELAY of 41 octets"], objections
    assert b"a=candidate" in recorder.found(written.clear_octets(), recorder.SIGNALLING_TEXT)


@test("The recorder derives a room from its link as the published example does")
async def room(laboratory):
    link = "https://broker.example/#AQB7ofDB7qUBA63d-iynFo9juUnR4M0QJcXgwcOb4G7LREmOqh5uxpqmIkzmcAY52XKp2oXG"
    assert recorder.room_of(link).hex() == "40eb1446b457bfda4ff8309ad7c5cf41"
    pieces = recorder.link_secrets(link)
    assert bytes.fromhex("7ba1f0c1eea50103adddfa2ca7168f63") in pieces
    assert recorder.found(b"GET /#AQB7ofDB7qUBA63d HTTP/1.1", pieces)


@test("Two Chromiums on loopback hear each other's recorded speech", limit=60)
async def chromium_pair(laboratory):
    port = free_port()
    server = serve(port)
    laboratory.stack.callback(server.shutdown)
    doctor_speech = sound.speech("doctor", laboratory.directory)
    patient_speech = sound.speech("patient", laboratory.directory)
    doctor = await laboratory.chromium(microphone=doctor_speech)
    patient = await laboratory.chromium(microphone=patient_speech)
    for page in (doctor, patient):
        await page.goto(f"http://localhost:{port}/")
    await call(patient, doctor)
    await asyncio.gather(
        doctor.hears(patient_speech, laboratory.file("at-doctor.wav")),
        patient.hears(doctor_speech, laboratory.file("at-patient.wav")),
    )


@test("Firefox and Chromium at two ends of a cable hear each other, and every packet is seen", limit=90,
      needs=[needs_namespaces])
async def firefox_and_chromium(laboratory):
    port = free_port()
    server = serve(port)
    laboratory.stack.callback(server.shutdown)
    cable = laboratory.cable()
    await laboratory.carry(port, cable.doctor, cable.patient)
    doctor_speech = sound.speech("doctor", laboratory.directory)
    patient_speech = sound.speech("patient", laboratory.directory)
    capture = Capture("wire", cable.patient)
    laboratory.stack.callback(capture.close)
    doctor = await laboratory.chromium(microphone=doctor_speech, namespace=cable.doctor)
    patient = await laboratory.firefox(microphone=patient_speech, namespace=cable.patient)
    for page in (doctor, patient):
        await page.goto(f"http://localhost:{port}/")
    await call(patient, doctor)
    await asyncio.gather(
        doctor.hears(patient_speech, laboratory.file("at-doctor.wav")),
        patient.hears(doctor_speech, laboratory.file("at-patient.wav")),
    )
    sizes = {address[0]: len(table) for address, table in capture.sizes().items()}
    # Browsers left to themselves show speech in their packet sizes: the instrument must see that.
    assert set(sizes) == {cable.doctor_address, cable.patient_address}, sizes
    assert sizes[cable.patient_address] > 5, sizes
