"""The sound card: devices that come, go and hang, on a private PulseAudio through ALSA, and the echo canceller."""

import asyncio
import contextlib
import signal
import time

import numpy
from laboratory import sound
from laboratory.processes import Process, ProcessFailed
from laboratory.runner import test
from laboratory.soundcard import Card, Server, clean, refusing_plugin
from laboratory.witness import Witness
from pystoi import stoi

RATE = 48_000


# ---------------------------------------------------------------------------- devices


@test("Speech in a microphone is captured, and what is played reaches the loudspeaker", limit=60)
async def both_ways(laboratory):
    server = await laboratory.started(await Server(laboratory).start())
    spoken = sound.speech("patient", laboratory.directory)
    played = sound.speech("doctor", laboratory.directory)
    await server.speak(spoken)
    witness = Witness(laboratory.directory)
    card = await laboratory.started(
        await Card(laboratory, server, "--raw", play=played, environment=witness.environment).start())
    await card.event("opened", side="capture")
    await card.event("opened", side="playback")
    heard = laboratory.file("loudspeaker.wav")
    async with steady(card, witness):
        await server.record(heard, 8)
    report = await card.report()
    sound.repeats(card.wav(), spoken, "the card", seconds=5)
    sound.repeats(heard, played, "the loudspeaker", seconds=5)
    assert report["capturing"] and report["playing"], report
    assert report["captureMS"] < 60 and report["playbackMS"] + report["queueMS"] < 120, report


@test("Without processing, sound is captured sample by sample as it was", limit=60)
async def untouched(laboratory):
    server = await laboratory.started(await Server(laboratory).start())
    melody = sound.melody(laboratory.directory, seconds=6)
    await server.speak(melody)
    card = await laboratory.started(await Card(laboratory, server, "--raw").start())
    await card.event("opened", side="capture")
    await asyncio.sleep(5)
    captured, original = card.samples(), numpy.rint(sound.read(melody)[0] * 32768).astype("<i2")
    loop = numpy.concatenate([original, original]).tobytes()
    # A daemon that is late loses some: most windows of 100 ms are found octet by octet.
    windows = [captured[start : start + 4800] for start in range(RATE, len(captured) - 4800, 4800)]
    loud = [window for window in windows if numpy.abs(window.astype(int)).max() > 1000]
    found = sum(window.tobytes() in loop for window in loud)
    assert len(loud) > 20 and found >= 0.8 * len(loud), f"{found} of {len(loud)} windows are as they were"


@test("A microphone and a loudspeaker are pulled out and put back: sound is back within 2 s", limit=90)
async def pulled_out(laboratory):
    server = await laboratory.started(await Server(laboratory).start())
    melody = sound.melody(laboratory.directory, seconds=30)
    card = await laboratory.started(
        await Card(laboratory, server, "--raw", "--capture", "usbmic", "--playback", "usbspk", play=melody).start())
    # They are not there yet: the default stands in.
    lost = await card.event("lost", side="capture")
    assert lost["device"] == "usbmic" and lost["reason"] == "missing", lost
    await card.event("returned", side="capture", device="default")
    await card.event("returned", side="playback", device="default")
    for turn in range(2):
        before = len(card.events)
        speaker = server.load("module-null-sink sink_name=usb-loudspeaker rate=48000 norewinds=1")
        microphone = server.load("module-null-sink sink_name=usb-microphone rate=48000 norewinds=1")
        put = time.monotonic()
        await card.event("opened", side="playback", device="usbspk", after=before, patience=4)
        if turn == 0:
            await card.event("opened", side="capture", device="usbmic", after=before, patience=4)
        assert time.monotonic() - put < 2, f"{time.monotonic() - put:.1f} s until sound was back"
        before = len(card.events)
        server.unload(speaker)
        server.unload(microphone)
        await run_dry(card, before)
        lost = await card.event("lost", side="playback", device="usbspk", after=before)
        assert lost["reason"] == "unplugged", lost
        await card.event("returned", side="playback", device="default", after=before, patience=4)
        # The server moves a capture stream to its default by itself, and keeps it there.
        report = await card.report()
        assert report["capturing"] and report["playing"], report
    paced(await card.report())


async def run_dry(card, before):
    """The server moves the stream to its default, and the device is noticed to be gone when the stream runs dry over
    it: mostly at once. Where it has not, the program stands still until it does."""
    try:
        await card.event("lost", side="playback", device="usbspk", after=before, patience=2)
    except ProcessFailed:
        print("    the stream was moved without running dry: the program is stopped for 250 ms")
        card.signal(signal.SIGSTOP)
        await asyncio.sleep(0.25)
        card.signal(signal.SIGCONT)


@test("The sound server is killed and started again: the time line has no hole, sound is back within 2 s", limit=90)
async def server_killed(laboratory):
    server = await laboratory.started(await Server(laboratory).start())
    melody = sound.melody(laboratory.directory, seconds=30)
    card = await laboratory.started(await Card(laboratory, server, "--raw", play=melody).start())
    await card.event("opened", side="capture")
    await card.event("opened", side="playback")
    before = len(card.events)
    await server.kill()
    await card.event("lost", side="capture", after=before)
    await card.event("lost", side="playback", after=before)
    await asyncio.sleep(2)
    before = len(card.events)
    await server.start()
    up = time.monotonic()
    await card.event("returned", side="capture", after=before)
    await card.event("returned", side="playback", after=before)
    assert time.monotonic() - up < 2, f"{time.monotonic() - up:.1f} s until sound was back"
    heard = laboratory.file("after.wav")
    await server.record(heard, 4)
    sound.repeats(heard, melody, "the loudspeaker", seconds=2)
    paced(await card.report())


@test("A sound server that hangs holds up nobody", limit=90)
async def server_hangs(laboratory):
    server = await laboratory.started(await Server(laboratory).start())
    card = await laboratory.started(await Card(laboratory, server, "--raw").start())
    await card.event("opened", side="capture")
    await card.event("opened", side="playback")
    before = len(card.events)
    server.signal(signal.SIGSTOP)
    try:
        lost = await card.event("lost", side="capture", after=before)
        assert lost["reason"] == "unresponsive", lost
        await card.event("lost", side="playback", after=before)
        # A device chosen while it hangs waits for it as well.
        card.say("playback pulse")
        report = await card.report()
        paced(report)
    finally:
        server.signal(signal.SIGCONT)
    up = time.monotonic()
    await card.event("returned", side="capture", after=before)
    await card.event("returned", side="playback", after=before)
    assert time.monotonic() - up < 2, f"{time.monotonic() - up:.1f} s until sound was back"
    report = await card.report()
    paced(report)
    assert report["longestStepMS"] < 150, report


@test("A device that is missing, forbidden or in use is named as such, and the other side goes on", limit=60)
async def one_way(laboratory):
    server = await laboratory.started(await Server(laboratory).start())
    melody = sound.melody(laboratory.directory, seconds=30)
    refusing_plugin(laboratory)
    for device, reason in (("nosuchdevice", "missing"), ("forbidden", "denied"), ("occupied", "busy")):
        card = await laboratory.started(
            await Card(laboratory, server, "--raw", "--capture", device, play=melody).start())
        lost = await card.event("lost", side="capture", device=device)
        assert lost["reason"] == reason, lost
        await card.event("opened", side="playback")
        report = await card.report()
        assert report["playing"], report
        paced(report)
        await card.stop()


@test("Another device is chosen in mid-call", limit=60)
async def chosen(laboratory):
    server = await laboratory.started(await Server(laboratory).start())
    server.load("module-null-sink sink_name=usb-loudspeaker rate=48000 norewinds=1")
    melody = sound.melody(laboratory.directory, seconds=30)
    witness = Witness(laboratory.directory)
    card = await laboratory.started(
        await Card(laboratory, server, play=melody, environment=witness.environment).start())
    await card.event("opened", side="playback", device="default")
    card.say("playback usbspk")
    await card.event("opened", side="playback", device="usbspk")
    heard = laboratory.file("usb.wav")
    async with steady(card, witness):
        await server.record(heard, 4, device="usb-loudspeaker.monitor")
    sound.repeats(heard, melody, "the other loudspeaker", seconds=2)
    report = await card.report()
    assert report["capturing"], report
    paced(report)


#: Whose work on the card's threads is not ours: the sound library, its way to the server, echo and noise.
LIBRARIES = ("libasound", "libpulse", "libwebrtc_audio_processing", "libspeexdsp")


@contextlib.asynccontextmanager
async def steady(card, witness):
    """Once a call is under way, and as long as no device comes or goes, nothing of ours allocates, takes a lock or
    waits for one: neither on the owner's thread nor on those of the devices."""
    await asyncio.sleep(0.5)
    report = await card.report()
    card.say("quiet")
    await card.event("quiet")
    before = await witness.counts()
    yield
    counts = await witness.since(before)
    card.say("tell")
    later = await card.report()
    frames = 2 * (later["captured"] - report["captured"])
    assert any(thread == "sound-capture" and "asound" in library for thread, _, library in counts), counts
    ours = {what: count for what, count in counts.items() if not what[2].startswith(LIBRARIES)}
    assert not ours, f"in a steady call of {frames} frames: {ours}"
    assert later["lockings"] == report["lockings"], (report, later)
    for (thread, does, library), count in sorted(counts.items()):
        print(f"    {thread}: {library} {does} {count} times in {frames} frames")


def paced(report):
    """As many blocks both ways as time has passed, whatever the devices did: to 200 ms, and a start of 200 ms."""
    wanted = report["at"] * 50
    for side in ("captured", "played"):
        assert abs(report[side] - wanted) < 20, f"{side} {report[side]} blocks in {report['at']:.2f} s: {report}"


# ---------------------------------------------------------------------------- echo


@test("The far end's echo is at least 25 dB less after 3 s", limit=120)
async def echo(laboratory):
    for seed, delay, gain in ((1, 20, -10), (2, 40, -10), (3, 60, -6)):
        far, _ = voices(laboratory)
        captured = room(far, delay=delay, gain=gain, seed=seed) + noise(len(far))
        out, facts = await clean(laboratory, captured, far)
        reduction = decibels(captured[3 * RATE :]) - decibels(out[3 * RATE :])
        print(f"    delay {delay} ms, echo {gain} dB: {reduction:.1f} dB less after 3 s, {facts}")
        assert reduction >= 25, f"{reduction:.1f} dB"


@test("While both talk, the near voice stays as intelligible as alone", limit=120)
async def double_talk(laboratory):
    far, near = voices(laboratory)
    start = 8 * RATE
    near[:start] = 0
    heard = {}
    alone, _ = await clean(laboratory, near + noise(len(near)), numpy.zeros(len(far)))
    both, facts = await clean(laboratory, near + room(far, delay=40, gain=-10, seed=1) + noise(len(near)), far)
    for name, out in (("alone", alone), ("both", both)):
        heard[name] = stoi(near[start:-480], out[start + 480 :], RATE)
    print(f"    STOI {heard['alone']:.3f} alone, {heard['both']:.3f} in double talk, {facts}")
    assert heard["both"] >= heard["alone"] - 0.05, heard


@test("With cards whose clocks differ by 300 ppm the echo is still 20 dB less", limit=120)
async def two_clocks(laboratory):
    far, _ = voices(laboratory)
    for parts in (300, -300):
        echo = room(far, delay=40, gain=-10, seed=1)
        places = numpy.arange(len(echo)) * (1 + parts * 1e-6)
        captured = numpy.interp(places, numpy.arange(len(echo)), echo) + noise(len(echo))
        out, facts = await clean(laboratory, captured, far)
        reduction = decibels(captured[3 * RATE :]) - decibels(out[3 * RATE :])
        print(f"    {parts:+} ppm: {reduction:.1f} dB less after 3 s, {facts}")
        assert reduction >= 20, f"{reduction:.1f} dB"


@test("With a headset the near voice passes while the far end speaks", limit=60)
async def headset(laboratory):
    far, near = voices(laboratory)
    out, facts = await clean(laboratory, near + noise(len(near)), far)
    score = stoi(near[:-480], out[480:], RATE)
    print(f"    STOI {score:.3f}, {facts}")
    assert score >= 0.95, score


def voices(laboratory):
    """30 s of the far end and of the near end, at -6 and -9 dB."""
    far = sound.read(sound.speech("doctor", laboratory.directory, seconds=30))[0] * 0.708
    near = sound.read(sound.speech("patient", laboratory.directory, seconds=30))[0] * 0.496
    length = min(len(far), len(near)) // 480 * 480
    return far[:length].copy(), near[:length].copy()


def room(played, *, delay, gain, seed):
    """What a microphone hears of a loudspeaker: soft clipping, `delay` ms, an exponential tail of 300 ms (RT60)."""
    random = numpy.random.default_rng(seed)
    count = RATE // 4
    response = random.standard_normal(count) * numpy.exp(-6.9 * numpy.arange(count) / (0.3 * RATE)) * 0.25
    response[0] = 1
    response *= 10 ** (gain / 20) / numpy.sqrt((response**2).sum())
    response = numpy.concatenate([numpy.zeros(RATE * delay // 1000), response])
    clipped = numpy.tanh(1.5 * played) / 1.5
    size = 1 << (len(played) + len(response)).bit_length()
    return numpy.fft.irfft(numpy.fft.rfft(clipped, size) * numpy.fft.rfft(response, size), size)[: len(played)]


def noise(count, level=-60):
    return numpy.random.default_rng(9).standard_normal(count) * 10 ** (level / 20)


def decibels(samples):
    return 10 * numpy.log10((samples**2).mean() + 1e-12)
