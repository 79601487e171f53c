"""How long a patient waits from the press of the button to sound, step by step, over a path of 50 ms."""

import time

from laboratory import sound
from laboratory.colloque import Doctor, PublicBroker, completed
from laboratory.crowd import Crowd
from laboratory.internet import Internet
from laboratory.packets import Capture
from laboratory.runner import needs_namespaces, test

#: Milliseconds there and back between the patient and everybody else.
ROUND_TRIP = 50
#: Consent to sound both ways, in round trips: offer and answer; a check of the path, with the ClientHello beside its
#: answer; the server's flight and the client's, with the doctor's proof; the patient's, and the doctor's sound. Then what
#: both ends may take to think, in milliseconds.
TRIPS, GRACE = 4, 60
#: A Firefox encodes and plays with the turns of its sound graph, 25 ms each.
GRACE_FIREFOX = 80
#: The press to admission: three to open the socket, two for greeting and confirming.
TRIPS_BEFORE, GRACE_BEFORE = 5, 100
RUNS = 5
#: From this share of the time on in which somebody waits for a processor, times of a fifth of a second say nothing.
CROWDED = 0.2

#: Writes down when what happens, and presses the buttons the moment they are there: a person's time does not count.
_WATCH = """() => {
    if (!navigator.mediaDevices) return;  // The empty page before.
    const marks = globalThis.__marks = {};
    const mark = (name) => (marks[name] ??= performance.timeOrigin + performance.now());
    const Socket = WebSocket;
    globalThis.WebSocket = class extends Socket {
        constructor(...given) {
            super(...given);
            mark('socket begun');
            this.addEventListener('open', () => mark('socket open'));
            this.addEventListener('message', ({ data }) => {
                const type = new Uint8Array(data)[0];
                if (type === 0x82) mark('STATE');
                if (type === 0x10) mark(marks['message 2'] ? 'WAITING' : 'message 2');
            });
        }
        send(octets) {
            mark({ 1: 'JOIN', 16: marks['message 1'] ? 'CONFIRM' : 'message 1' }[octets[0]]);
            super.send(octets);
        }
    };
    const { setRemoteDescription, setLocalDescription } = RTCPeerConnection.prototype;
    RTCPeerConnection.prototype.setLocalDescription = function (...given) {
        mark('offer');
        this.addEventListener('iceconnectionstatechange', () => mark(`ice ${this.iceConnectionState}`));
        this.addEventListener('connectionstatechange', () => mark(`transport ${this.connectionState}`));
        return setLocalDescription.apply(this, given);
    };
    RTCPeerConnection.prototype.setRemoteDescription = function (...given) {
        mark('answer');
        return setRemoteDescription.apply(this, given);
    };
    const microphone = navigator.mediaDevices.getUserMedia;
    navigator.mediaDevices.getUserMedia = async (...given) => {
        const stream = await microphone.apply(navigator.mediaDevices, given);
        mark('microphone');
        return stream;
    };
    new MutationObserver(() => {
        const { state } = document.documentElement.dataset;
        mark(state);
        const consent = document.querySelector('[data-action=consent]');
        if (consent && !marks.consent) {
            mark('consent');
            consent.click();
        }
    }).observe(document, { subtree: true, childList: true, attributes: true });
}"""


def _name(one, own):
    """What one datagram of the setting up is; None for what comes again and again, or belongs to the relay."""
    who = "patient" if one.source[0] == own else "doctor"
    payload = one.payload
    if one.kind == "stun" and 3478 not in (one.source[1], one.destination[1]):
        return {1: f"{who}'s check", 0x101: f"{who} answers a check"}.get(int.from_bytes(payload[:2], "big"))
    if one.kind == "dtls" and payload[0] == 22 and payload[3:5] == b"\0\0":
        return {1: "ClientHello", 2: "ServerHello and its flight", 11: "the client's flight"}.get(payload[13])
    return "the server's Finished" if one.kind == "dtls" and payload[0] == 20 and who == "patient" else None


@test(f"Over a path of {ROUND_TRIP} ms a browser is admitted within {TRIPS_BEFORE} round trips, and heard {TRIPS} after consent",
      limit=150, needs=[needs_namespaces])
async def budget(laboratory):
    await _spend(laboratory, "chromium", GRACE)


@test(f"Firefox, too, is heard {TRIPS} round trips after consent over a path of {ROUND_TRIP} ms",
      limit=150, needs=[needs_namespaces], long=True)
async def budget_of_firefox(laboratory):
    await _spend(laboratory, "firefox", GRACE_FIREFOX)


async def _spend(laboratory, browser, grace):
    crowd = Crowd()
    net = Internet(laboratory, doctor="none", patient="none", impaired=["patient"])
    await net.patient.impair(delay=ROUND_TRIP / 2)
    broker = await PublicBroker(laboratory, net).start()
    doctor = await Doctor(laboratory, broker, namespace=net.doctor.host).settle()
    speech = sound.speech("patient", laboratory.directory)
    patient = await laboratory.page_at(net.patient, browser, microphone=speech)
    await patient.preload(f"({_WATCH})()")
    runs = []
    for _ in range(RUNS):
        session = await doctor.session()
        bridge = await doctor.bridge(session, play="tone:500", seconds=20)
        await bridge.process.line("^room: open", timeout=20)
        await patient.goto("about:blank")
        await patient.goto(session["link"])
        await patient.until("ready")
        capture = Capture(net.patient.interface, net.patient.host)
        began = time.time() - time.monotonic() + capture.began
        await patient.evaluate("() => { __marks.pressed = performance.timeOrigin + performance.now(); }")
        await patient.act("enter")
        await patient.until("connected")
        await patient.true("() => document.documentElement.dataset.quality")
        marks = await patient.evaluate("() => __marks")
        capture.close()
        own = net.patient.uplink.address
        heard = [(began + one.time) * 1000 for one in capture.datagrams if one.kind == "rtp" and one.source[0] != own]
        spoken = [(began + one.time) * 1000 for one in capture.datagrams
                  if one.kind == "rtp" and one.source[0] == own and (began + one.time) * 1000 >= marks["connected"]]
        for one in capture.datagrams:
            name = _name(one, own)
            if name and (began + one.time) * 1000 >= marks["consent"]:
                marks.setdefault(f"· {name}", (began + one.time) * 1000)
        marks["doctor heard"] = max(heard[0], marks["connected"])
        marks["patient heard"] = spoken[0] + ROUND_TRIP / 2
        await patient.act("hang-up")
        await patient.until("ended")
        completed(await bridge.report(), "doctor", path=None)
        runs.append({name: at - marks["consent"] for name, at in marks.items()})
    names = sorted({name for run in runs for name in run}, key=lambda name: _median(runs, name))
    for name in names:
        print(f"      {_median(runs, name):8.0f} ms  {name}")
    both = sorted(max(run["doctor heard"], run["patient heard"]) for run in runs)
    print(f"      consent to sound both ways: {[round(one) for one in both]} ms")
    before = sorted(run["admitted"] - run["socket begun"] for run in runs)
    print(f"      the press to admission: {[round(one) for one in before]} ms")
    # Steps that a busy machine cannot hide: the ClientHello does not wait for a path, the doctor's proof not for the
    # patient's.
    assert _median(runs, "· ClientHello") < _median(runs, "ice connected")
    waits = sorted(run["connected"] - run["transport connected"] for run in runs)
    assert waits[0] < ROUND_TRIP, f"from DTLS to the proof: {waits}"
    waited = crowd.share()
    print(f"      somebody waited for a processor in {100 * waited:.0f} % of the time")
    if waited > CROWDED:
        print("      times prove nothing then, steps do")
        return
    # The fastest: a busy machine only adds, and one more round trip is in every run.
    assert both[0] <= TRIPS * ROUND_TRIP + grace, both
    assert before[0] <= TRIPS_BEFORE * ROUND_TRIP + GRACE_BEFORE, before


def _median(runs, name):
    found = sorted(run[name] for run in runs if name in run)
    return found[len(found) // 2]
