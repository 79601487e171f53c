"""Copies against loss (RFC 2198) between a native end and Chromium, both ways, beside the same call without them."""

import asyncio

from laboratory import sound
from laboratory.colloque import Doctor, PublicBroker, completed
from laboratory.internet import Internet
from laboratory.listener import Traffic, window
from laboratory.packets import Capture
from laboratory.runner import needs_namespaces, test

#: Per cent of packets, each way, and how long that lasts before the part that is judged, and in it.
LOSS, SETTLING, SECONDS = 15, 10, 20
#: Datagrams of voice: 12 octets of RTP and 16 of the seal around 24 kbit/s with one to three copies, and the page's 192.
NATIVE_SIZES = {12 + 16 + 61 + 64 * copies for copies in (1, 2, 3)}
PAGE_SIZE = 12 + 16 + 192

#: A browser that knows no RED.
WITHOUT = """
    const all = RTCRtpReceiver.getCapabilities;
    RTCRtpReceiver.getCapabilities = (kind) => {
        const { codecs, headerExtensions } = all.call(RTCRtpReceiver, kind);
        return { headerExtensions, codecs: codecs.filter(({ mimeType }) => mimeType !== 'audio/red') };
    };
"""


async def lossy_call(laboratory, net, doctor, *, init=None):
    """A call over a line that loses packets both ways: {end: (share concealed, Match of what it heard, Traffic)}."""
    await net.patient.impair(delay=20)  # The line carries nothing before.
    spoken = {who: sound.speech(who, laboratory.directory, seconds=60) for who in ("doctor", "patient")}
    session = await doctor.session()
    bridge = await doctor.bridge(session, play=spoken["doctor"])
    patient = await laboratory.page_at(net.patient, "chromium", microphone=spoken["patient"])
    if init:
        await patient.page.add_init_script(init)
    await patient.goto(session["link"])
    await patient.enter()
    await patient.reach_call()
    await patient.unprocessed()
    await net.patient.impair(delay=20, loss=LOSS, seed=7)
    await asyncio.sleep(SETTLING)
    capture = Capture(net.patient.interface, net.patient.host)
    laboratory.stack.callback(capture.close)
    recorded = len(sound.read_growing(bridge.recording))
    await patient.listen()
    before = (await patient.statistics("inbound-rtp"))[0]
    began, ended = await window(SECONDS, capture)
    after = (await patient.statistics("inbound-rtp"))[0]
    heard = await patient.heard(laboratory.file("patient-heard.wav"))
    at_doctor = laboratory.file("doctor-part.wav")
    sound.write(at_doctor, sound.read_growing(bridge.recording)[recorded:])
    await net.patient.impair(delay=20)
    await patient.act("hang-up")
    report = await bridge.report()
    await patient.close()
    completed(report, "doctor")

    def grown(name):
        return after[name] - before[name]

    own = net.patient.uplink.address
    concealed = grown("concealedSamples") - grown("silentConcealedSamples")
    return {
        "patient": (concealed / grown("totalSamplesReceived"), sound.match(heard, spoken["doctor"]),
                    Traffic(capture, own, began, ended)),
        "doctor": (report["audio"]["concealedMilliseconds"] / 1000 / sound.duration(bridge.recording),
                   sound.match(at_doctor, spoken["patient"]), Traffic(capture, net.doctor.uplink.address, began, ended)),
        "recovered": report["audio"]["recoveredRED"],
    }


@test(f"At {LOSS} % of loss both ways Chromium and a native end hear each other better by copies than without, in constant sizes",
      limit=200, long=True, needs=[needs_namespaces])
async def copies(laboratory):
    net = Internet(laboratory, doctor="none", patient="none", impaired=["patient"])
    broker = await PublicBroker(laboratory, net).start()
    doctor = await Doctor(laboratory, broker, namespace=net.doctor.host).settle()
    ways = {
        "with copies": await lossy_call(laboratory, net, doctor),
        "without": await lossy_call(laboratory, net, doctor, init=WITHOUT),
    }
    for name, ends in ways.items():
        for end in ("doctor", "patient"):
            concealed, match, traffic = ends[end]
            print(f"      {name}, {end}: {concealed:.1%} concealed, {match}; sent types {dict(traffic.payload_types)},"
                  f" sizes {dict(traffic.sizes['rtp'])}")
    with_copies, without = ways["with copies"], ways["without"]
    assert set(with_copies["patient"][2].payload_types) == {63} and set(without["patient"][2].payload_types) == {111}
    assert set(with_copies["doctor"][2].payload_types) == {63} and set(without["doctor"][2].payload_types) == {111}
    assert set(with_copies["patient"][2].sizes["rtp"]) == set(without["patient"][2].sizes["rtp"]) == {PAGE_SIZE}
    assert set(with_copies["doctor"][2].sizes["rtp"]) <= NATIVE_SIZES
    assert with_copies["recovered"] > SECONDS * 50 * LOSS / 100 / 2, with_copies["recovered"]
    for end in ("doctor", "patient"):
        (concealed, match, _), (concealed_without, match_without, _) = with_copies[end], without[end]
        # The doctor's end counts the whole call, its clean beginning too.
        assert concealed < 0.8 * concealed_without, f"{end}: {concealed:.1%} concealed, {concealed_without:.1%} without"
        assert match.median > match_without.median, f"{end}: {match}, without {match_without}"


async def thin_path(laboratory, browser):
    """A path that begins to queue: the native end sends the least, 40 ms a packet."""
    net = Internet(laboratory, doctor="none", patient="none", impaired=["patient"])
    await net.patient.impair(delay=20)
    broker = await PublicBroker(laboratory, net).start()
    doctor = await Doctor(laboratory, broker, namespace=net.doctor.host).settle()
    spoken = {who: sound.speech(who, laboratory.directory, seconds=60) for who in ("doctor", "patient")}
    session = await doctor.session()
    bridge = await doctor.bridge(session, play=spoken["doctor"])
    patient = await laboratory.page_at(net.patient, browser, microphone=spoken["patient"])
    await patient.goto(session["link"])
    await patient.enter()
    await patient.reach_call()
    await asyncio.sleep(8)  # Reports tell the round trip of the path without a queue.
    await net.patient.impair(delay=150)
    await asyncio.sleep(14)
    capture = Capture(net.patient.interface, net.patient.host)
    laboratory.stack.callback(capture.close)
    began, ended = await window(4, capture)
    await patient.hears(spoken["doctor"], laboratory.file("patient-heard.wav"))
    await patient.act("hang-up")
    completed(await bridge.report(), "doctor")
    traffic = Traffic(capture, net.doctor.uplink.address, began, ended)
    print(f"      sizes {dict(traffic.sizes['rtp'])}, {traffic.rate:.1f} packets a second")
    # Six seconds of the window of ten before more is tried may be over.
    assert 12 + 80 + 16 in traffic.sizes["rtp"] and traffic.rate < 40, traffic.sizes


@test("On a path that begins to queue a native end sends Chromium 40 ms a packet, which plays", limit=120, long=True,
      needs=[needs_namespaces])
async def thin_path_to_chromium(laboratory):
    await thin_path(laboratory, "chromium")


@test("On a path that begins to queue a native end sends Firefox 40 ms a packet, which plays", limit=120, long=True,
      needs=[needs_namespaces])
async def thin_path_to_firefox(laboratory):
    await thin_path(laboratory, "firefox")
