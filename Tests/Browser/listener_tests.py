"""What a listener on the path learns of a voice: silence, speech and music look the same from outside."""

import asyncio

import numpy

from laboratory import sound
from laboratory.colloque import Bridge, Broker, Doctor
from laboratory.listener import VOID, Traffic, compare, distance, metronome, noise, window
from laboratory.packets import Capture
from laboratory.processes import Process
from laboratory.runner import Skipped, needs_namespaces, test

SECONDS = 9
#: Until both ends send, and the first reports have come.
SETTLING = 2

#: Lets a page's voice vary as it likes: what a test of this suite must be able to see.
LOOSE = """
    const apply = RTCPeerConnection.prototype.setRemoteDescription;
    RTCPeerConnection.prototype.setRemoteDescription = function ({ type, sdp }) {
        sdp = sdp.replace('usedtx=0;cbr=1', 'usedtx=1;cbr=0').replace(/(m=audio \\d+ \\S+) 63 111/, '$1 111 63');
        return apply.call(this, { type, sdp });
    };
    delete globalThis.RTCRtpScriptTransform;
"""


def sounds(directory):
    """Silence, speech and music: a file of each, a minute long, for a bridge plays it once."""
    speech, _ = sound.read(sound.speech("doctor", directory))
    files = {}
    for name, samples in {"silence": numpy.zeros(sound.RATE), "speech": speech, "music": chords()}.items():
        files[name] = directory / f"{name}.wav"
        sound.write(files[name], numpy.resize(samples, 60 * sound.RATE))
    return files


def chords():
    """Four notes at once, struck anew every half second."""
    random = numpy.random.default_rng(3)
    time = numpy.arange(sound.RATE // 2) / sound.RATE
    struck = [sum(numpy.sin(2 * numpy.pi * hertz * time) for hertz in random.uniform(110, 1760, 4)) * numpy.exp(-3 * time)
              for _ in range(24)]
    return 0.2 * numpy.concatenate(struck)


class Path:
    """A cable between doctor and patient, a broker, and a capture of what goes over it."""

    def __init__(self, laboratory):
        self.laboratory = laboratory
        self.cable = laboratory.cable()
        self.fox = None

    async def settle(self):
        broker = await Broker(self.laboratory).start()
        await self.laboratory.carry(broker.port, self.cable.doctor, self.cable.patient)
        self.doctor = await Doctor(self.laboratory, broker, namespace=self.cable.doctor).settle()
        beat = await Process.start(metronome(self.cable.patient_address), name="metronome", namespace=self.cable.doctor)
        self.laboratory.stack.push_async_callback(beat.stop)
        return self

    async def call(self, patient, played, *, init=None, seconds=SECONDS):
        """One call in which both ends play `played`: {"doctor": Traffic, "patient": Traffic}."""
        session = await self.doctor.session()
        capture = Capture("wire", self.cable.patient)
        try:
            bridge = await self.doctor.bridge(session, play=played, seconds=60)
            if patient == "native":
                other = await Bridge.patient(self.laboratory, session["link"], play=played, namespace=self.cable.patient)
                await bridge.process.line("^connected")
                leave = other.process.stop
            else:
                leave = await self.enter(await getattr(self, patient)(played), session["link"], init)
            await asyncio.sleep(SETTLING)
            began, ended = await window(seconds, capture)
            await leave()
            await bridge.process.stop()
        finally:
            capture.close()
        return {
            "doctor": Traffic(capture, self.cable.doctor_address, began, ended),
            "patient": Traffic(capture, self.cable.patient_address, began, ended),
        }


    async def chromium(self, played):
        """A browser has one microphone: (page, what ends it)."""
        page = await self.laboratory.chromium(microphone=played, namespace=self.cable.patient)
        return page, page.close

    async def firefox(self, played):
        """One browser for all calls, and another player for each."""
        speakers = await self.laboratory.speakers()
        player = await self.laboratory.started(await speakers.play_into_microphone(played))
        self.fox = self.fox or await self.laboratory.firefox(namespace=self.cable.patient)
        return self.fox, player.stop

    async def enter(self, arrival, link, init):
        page, end = arrival
        if init:
            await page.page.add_init_script(init)
        await page.goto("about:blank")
        await page.goto(link)
        await page.enter()
        await page.reach_call()

        async def leave():
            await page.act("hang-up")
            await end()

        return leave


async def matrix(laboratory, patient, names, **options):
    """What each end sent in a call with each sound: {end: {sound: Traffic}}."""
    path = await Path(laboratory).settle()
    files = sounds(laboratory.directory)
    sent = {"doctor": {}, "patient": {}}
    for name in names:
        for end, traffic in (await path.call(patient, files[name], **options)).items():
            sent[end][name] = traffic
    for end, heard in sent.items():
        for name, traffic in heard.items():
            print(f"      {end}, {name}: " + ", ".join(
                f"{kind} {dict(sizes)}" for kind, sizes in traffic.sizes.items() if kind != "other")
                + f"; interval {1000 * traffic.voice.mean():.2f} ± {1000 * traffic.voice.std():.2f} ms,"
                + f" beat ± {1000 * traffic.beats.std():.2f} ms")
        values = list(heard.values())
        print(f"      {end}: intervals differ by "
              + ", ".join(f"{distance(one.voice, other.voice):.3f} (beats {distance(one.beats, other.beats):.3f})"
                          for index, one in enumerate(values) for other in values[index + 1 :]))
    return sent


async def nothing_told(laboratory, patient, names, types, **options):
    sent = await matrix(laboratory, patient, names, **options)
    for end, heard in sent.items():
        for name, traffic in heard.items():
            assert set(traffic.payload_types) == types, f"{end}, {name}: payload types {traffic.payload_types}"
    if max(noise(heard) for heard in sent.values()) > VOID:
        raise Skipped("this machine delays a metronome too unevenly to say anything")
    told = [f"{end}: {line}" for end, heard in sent.items() for line in compare(heard)]
    assert not told, "\n".join(told)


@test("Between native ends silence and speech have the same sizes, by RED, and the same times", limit=90,
      needs=[needs_namespaces])
async def native_short(laboratory):
    await nothing_told(laboratory, "native", ["silence", "speech"], {63}, seconds=4)


@test("Between native ends silence, speech and music have the same sizes and times", limit=120, long=True,
      needs=[needs_namespaces])
async def native(laboratory):
    await nothing_told(laboratory, "native", ["silence", "speech", "music"], {63})


@test("A patient in Chromium and its doctor: silence, speech and music have the same sizes, by RED, and times",
      limit=180, long=True, needs=[needs_namespaces])
async def chromium(laboratory):
    await nothing_told(laboratory, "chromium", ["silence", "speech", "music"], {63})


@test("A patient in Firefox and its doctor: silence, speech and music have the same sizes and times",
      limit=180, long=True, needs=[needs_namespaces])
async def firefox(laboratory):
    await nothing_told(laboratory, "firefox", ["silence", "speech", "music"], {109})


@test("A page made to send at a variable rate, with pauses, gives itself away by sizes and by times: the comparison sees it",
      limit=150, long=True, needs=[needs_namespaces])
async def control(laboratory):
    sent = await matrix(laboratory, "chromium", ["silence", "speech"], init=LOOSE)
    told = compare(sent["patient"])
    assert any("several sizes" in line for line in told), told
    assert any("intervals" in line for line in told), told
    assert not compare(sent["doctor"]), compare(sent["doctor"])
