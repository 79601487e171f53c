"""The patient's page for everyone: keyboard, screen reader, languages, and every wrong turn with its way out."""

import asyncio
import json
import urllib.request
from pathlib import Path

import numpy

from laboratory import accessibility, gallery, hostile, sound
from laboratory.colloque import Broker, Doctor, completed
from laboratory.processes import Process
from laboratory.runner import needs_namespaces, test


async def prepared(laboratory, **options):
    """(broker, doctor, session, patient)"""
    broker = await Broker(laboratory).start()
    doctor = await Doctor(laboratory, broker).settle()
    patient = await laboratory.chromium(microphone=sound.speech("patient", laboratory.directory), **options)
    return broker, doctor, await doctor.session(), patient


@test("Every state of a call passes axe-core in all languages, schemes and sizes, without scrolling sideways",
      limit=400)
async def everything_accessible(laboratory):
    broker, doctor, session, patient = await prepared(laboratory)
    found = []

    async def check(state):
        found.extend(f"{state}: {line}" for line in await accessibility.complaints(patient))

    await patient.goto(session["link"][:-4])
    await patient.until("bad-link")
    await check("bad-link")
    await patient.goto("about:blank")
    await patient.goto(session["link"])
    await patient.until("ready")
    await check("ready")
    for sheet in ("help", "legal"):
        await patient.page.click(f"#{sheet}")
        await check(sheet)
        await patient.page.click("#close")
    await patient.enter()
    await patient.true("() => document.querySelector('#microphone').options.length > 1")
    await check("waiting")
    moving = "() => document.getAnimations().filter(({ playState }) => playState === 'running').length"
    assert await patient.evaluate(moving) > 0
    await patient.page.emulate_media(reduced_motion="reduce")
    assert await patient.evaluate(moving) == 0, "something moves although less motion was asked for"
    await patient.page.emulate_media(reduced_motion="no-preference")
    bridge = await doctor.bridge(session, play="tone:500", words="none", seconds=300)
    await patient.until("admitted")
    await check("admitted")
    await patient.reach_call()
    await patient.true("() => document.documentElement.dataset.quality")
    await check("words")
    await patient.act("same")
    await patient.page.click("#chat summary")
    await patient.page.fill("#message", "Bonjour")
    await patient.page.press("#message", "Enter")
    await patient.page.click("#sound > summary")
    await patient.page.click("#sound details summary")
    await check("connected, all open")
    await patient.act("mute")
    await patient.page.evaluate("() => document.querySelector('audio').pause()")
    await patient.true("() => document.querySelector('[data-action=resume-sound]')")
    await check("muted and stopped")
    await patient.act("resume-sound")
    await patient.act("hang-up")
    await patient.until("ended")
    await check("ended")
    violations = await patient.violations()
    completed(await bridge.report(), "doctor")
    assert not found, f"{len(found)} complaints:\n" + "\n".join(found[:60])
    assert not violations, violations


@test("Every screen there is, wrong turns too, passes axe-core in all languages and schemes, and fits adapted text",
      limit=600, long=True)
async def gallery_accessible(laboratory):
    await looked_at(laboratory, await laboratory.chromium(reduced_motion="reduce"))


@test("In Firefox too every screen there is passes axe-core in all languages, and fits adapted text",
      limit=600, long=True)
async def gallery_accessible_in_firefox(laboratory):
    await looked_at(laboratory, await laboratory.firefox(devices=False, preferences={"ui.prefersReducedMotion": 1}))


async def looked_at(laboratory, visitor):
    await visitor.goto(gallery.document(laboratory.directory))
    found = []
    for name, model in gallery.poses().items():
        await gallery.pose(visitor, model, "fr")
        lines = await accessibility.complaints(visitor) + await accessibility.complaints_of_adapted_text(visitor)
        found.extend(f"{name}: {line}" for line in lines)
    assert not found, f"{len(found)} complaints:\n" + "\n".join(found[:60])


@test("A whole call by keyboard alone, each step announced and each control named", limit=120)
async def keyboard_and_screen_reader(laboratory):
    broker, doctor, session, patient = await prepared(laboratory, locale="en-GB")
    await patient.preload(f"({accessibility.LISTENER})()")

    async def press(selector):
        await accessibility.tab_to(patient, selector)
        await patient.key("Enter")

    async def has(*nodes):
        unmet = await accessibility.unmet(patient, *nodes)
        assert not unmet, unmet

    async def focused():
        return await patient.evaluate("() => document.activeElement?.id || document.activeElement?.dataset.action")

    await patient.goto(session["link"])
    await patient.until("ready")
    await has(("heading", "Your consultation"), ("button", "Enter"), ("button", "DE, Deutsch"))
    await press("#help")
    await has(("dialog", "Help"), ("button", "Close"))
    await patient.key("Escape")
    assert await focused() == "help", await focused()
    await press("[data-action=enter]")
    await patient.until("waiting")
    assert await focused() == "title", await focused()
    await has(("heading", "Waiting room"), ("button", "Play a sound"), ("combobox", "Microphone"), ("slider", "Volume"))
    await press("#play-sound")
    bridge = await doctor.bridge(session, play="tone:500", words="none", seconds=90)
    await patient.until("admitted")
    await press("[data-action=consent]")
    await patient.until("connected")
    # The doctor's words are French.
    assert "They are in French" in await patient.evaluate("() => document.querySelector('#words-intro').textContent")
    assert await patient.evaluate("() => document.querySelector('#words-list').lang") == "fr"
    await press("[data-action=same]")
    await press("#chat summary")
    await accessibility.tab_to(patient, "#message")
    await patient.type("Can you read this?")
    await patient.key("Enter")
    await patient.true("() => document.querySelectorAll('#messages li').length === 1")
    await press("[data-action=mute]")
    await patient.true("() => document.querySelector('#notice').textContent")
    assert await focused() == "mute", await focused()
    await has(("button", "Unmute"))
    await press("[data-action=hang-up]")
    await patient.until("ended")
    assert await focused() == "title", await focused()
    said = " / ".join(await accessibility.said(patient))
    for sentence in ("Waiting room", "Your doctor is ready", "You are connected", "Your microphone is off",
                     "Consultation over", "It lasted less than a minute", "This page has kept nothing"):
        assert sentence in said, f"{sentence!r} was not announced: {said}"
    completed(await bridge.report(), "doctor")


#: Runs before the page: keeps every lock on the screen that the browser gives it.
_AWAKE = """() => {
    globalThis.__awake = [];
    const { request } = WakeLock.prototype;
    WakeLock.prototype.request = async function (...kind) {
        const lock = await request.apply(this, kind);
        globalThis.__awake.push(lock);
        return lock;
    };
}"""


@test("The microphone, the loudspeaker and the volume change in mid-call, and the doctor goes on hearing", limit=90)
async def devices_in_mid_call(laboratory):
    broker, doctor, session, patient = await prepared(laboratory)
    await patient.page.add_init_script(f"({_AWAKE})()")
    bridge = await doctor.bridge(session, play="tone:500", seconds=60)
    await patient.goto(session["link"])
    await patient.enter()
    await patient.reach_call()
    if await patient.visible("[data-action='same']"):
        await patient.act("same")
    await patient.page.click("#sound > summary")
    for kind in ("microphone", "speaker"):
        await patient.true("(id) => document.getElementById(id).options.length > 1", kind)
        values = await patient.evaluate("(id) => [...document.getElementById(id).options].map(({ value }) => value)", kind)
        await patient.page.select_option(f"#{kind}", values[-1])
    await patient.true("(id) => document.querySelector('audio').sinkId === id", values[-1])
    assert await patient.evaluate("() => __awake.some((lock) => !lock.released)"), "the screen may go dark"
    await patient.page.fill("#volume", "30")
    assert await patient.evaluate("() => document.querySelector('audio').volume") == 0.3
    await asyncio.sleep(1)
    before = (await patient.statistics("outbound-rtp"))[0]
    await asyncio.sleep(2)
    after = (await patient.statistics("outbound-rtp"))[0]
    # 70 in two seconds, by the time of the statistics themselves.
    seconds = (after["timestamp"] - before["timestamp"]) / 1000
    assert after["packetsSent"] - before["packetsSent"] > 35 * seconds, (before, after)
    assert await patient.state() == "connected"
    assert await patient.evaluate("() => globalThis.__ear.connections.length") == 1
    await patient.act("hang-up")
    await patient.until("ended")
    await patient.true("() => __awake.every((lock) => lock.released)", saying="the screen stays lit after the call")
    completed(await bridge.report(), "doctor")


async def hostile_texts(laboratory, browser):
    broker = await Broker(laboratory).start()
    intruder = Path(__file__).parent / "laboratory" / "intruder.mjs"
    process = await laboratory.started(await Process.start(["node", intruder, broker.url], name="intruder"))
    link = (await process.line(r"http\S+#\S+")).group(0)

    async def say(way, what=None):
        request = urllib.request.Request(link.split("#")[0] + way, json.dumps(what).encode(), method="POST")
        await asyncio.to_thread(urllib.request.urlopen, request, timeout=10)

    if browser == "Chromium":
        patient = await laboratory.chromium()
    else:
        patient = await laboratory.firefox(devices=False, preferences={"media.navigator.streams.fake": True})
    await patient.goto(link)
    await patient.enter()
    await patient.until("waiting")
    shows = "(text) => (document.querySelector('blockquote')?.textContent ?? '') === text"
    # Devices have their names from the browser, and come when it has listed them.
    count = "() => document.querySelectorAll('*:not(#messages *, #sound option)').length"
    await patient.true(shows, "Bonjour")
    before = await patient.evaluate(count)
    for text in hostile.TEXTS:
        await say("waiting", text)
        await patient.true(shows, hostile.legible(text), saying=f"{text[:50]!r} is not shown as it should be")
        assert await patient.evaluate(count) == before or not hostile.legible(text), f"{text!r} made an element"
    assert not await patient.violations(), await patient.violations()
    await say("admit")
    await patient.act("consent")
    await patient.until("connecting")
    # A page that comes back into its call has its chat before it has its sound.
    await patient.reload()
    await patient.until("reconnecting")
    await patient.press("#chat summary")
    before = await patient.evaluate(count)
    texts = hostile.texts(209)[:200]
    shown = [hostile.legible(text) for text in texts]
    assert len(texts) == 200
    await say("chat", texts)
    await patient.true("(last) => document.querySelector('#messages li:last-child p')?.textContent === last", shown[-1])
    assert await patient.evaluate("() => [...document.querySelectorAll('#messages p')].map((p) => p.textContent)") == shown
    made = await patient.evaluate("() => [...document.querySelectorAll('#messages *')].map(({ localName }) => localName)")
    assert made == ["li", "small", "p"] * 200, set(made)
    assert await patient.evaluate(count) == before
    assert await patient.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    assert await patient.evaluate("() => typeof ran === 'undefined'"), "a text was run"
    assert not await patient.violations(), await patient.violations()


for _browser in ("Chromium", "Firefox"):
    test(f"In {_browser} 200 hostile texts of a doctor's end are text, cleaned and bounded: nothing is made, nothing runs",
         limit=60)(lambda laboratory, browser=_browser: hostile_texts(laboratory, browser))


#: The two tones of the bell, Hz.
_BELL = (523, 784)


def rings(recording):
    """Whether both tones were heard, far above what lies beside them."""
    samples, rate = sound.read(recording)
    power = numpy.abs(numpy.fft.rfft(samples * numpy.hanning(len(samples)))) ** 2
    hertz = numpy.fft.rfftfreq(len(samples), 1 / rate)

    def around(tone, width):
        return power[numpy.abs(hertz - tone) < width].sum()

    return all(around(tone, 8) > 0.5 * around(tone, 80) > 0 for tone in _BELL)


@test("Two tones come out of the loudspeaker: when one tries it, and when the doctor lets somebody in", limit=90,
      needs=[needs_namespaces], long=True)
async def bell(laboratory):
    cable = laboratory.cable()
    broker = await Broker(laboratory).start()
    await laboratory.carry(broker.port, cable.doctor, cable.patient)
    doctor = await Doctor(laboratory, broker, namespace=cable.doctor).settle()
    session = await doctor.session()
    patient = await laboratory.firefox(namespace=cable.patient)
    loudspeaker = await laboratory.speakers()
    await patient.goto(session["link"])
    await patient.enter()
    await patient.until("waiting")
    tried, silent, admitted = (laboratory.file(f"{name}.wav") for name in ("tried", "silent", "admitted"))
    recording = asyncio.create_task(loudspeaker.record_loudspeaker(tried, 3))
    await asyncio.sleep(0.5)
    await patient.act("play-sound")
    await recording
    assert rings(tried), "the sound to try is not heard"
    await loudspeaker.record_loudspeaker(silent, 1)
    assert not rings(silent), "the bell rings without a reason"
    recording = asyncio.create_task(loudspeaker.record_loudspeaker(admitted, 8))
    await doctor.bridge(session, play="silence", words="none", seconds=30)
    await patient.until("admitted")
    await recording
    assert rings(admitted), "an admission is not heard"


_PLACES = """() => {
    const places = globalThis.__places = new Set();
    const look = () => {
        const box = document.querySelector('[data-action=same]')?.getBoundingClientRect();
        if (box) places.add(`${Math.round(box.x)} ${Math.round(box.y)}`);
        requestAnimationFrame(look);
    };
    look();
}"""


@test("No button moves from under a finger while the words are compared, and who presses twice hangs nothing up", limit=60)
async def steady_buttons(laboratory):
    broker, doctor, session, patient = await prepared(laboratory)
    await doctor.bridge(session, play="tone:500", words="same", seconds=60)
    await patient.goto(session["link"])
    await patient.enter()
    await patient.evaluate(_PLACES)
    await patient.reach_call()
    await patient.true("() => document.documentElement.dataset.quality")
    await patient.true("() => document.getElementById('words-result').textContent === 'Your doctor confirmed the words.'")
    places = await patient.evaluate("() => [...globalThis.__places]")
    assert len(places) == 1, f"the button moved: {places}"
    same = patient.page.locator("[data-action=same]")
    box = await same.bounding_box()
    # Where the button to hang up is, once the words are confirmed.
    await same.dblclick(position={"x": box["width"] * 0.75, "y": box["height"] / 2})
    hang_up = await patient.page.locator("[data-action=hang-up]").bounding_box()
    assert hang_up["y"] < box["y"] + box["height"] / 2 < hang_up["y"] + hang_up["height"], (box, hang_up)
    await asyncio.sleep(0.6)
    assert await patient.state() == "connected", await patient.state()
    await patient.act("hang-up")
    await patient.until("ended")


@test("With three in the waiting room it is full, and the fourth is told", limit=60)
async def full(laboratory):
    broker, doctor, session, patient = await prepared(laboratory)
    bridge = await doctor.bridge(session, admit="none", seconds=60)
    await patient.goto(session["link"])
    await patient.enter()
    await patient.until("waiting")
    others = [type(patient)(await (await patient.page.context.browser.new_context()).new_page()) for _ in range(3)]
    for other in others:
        await other.goto(session["link"])
        await other.act("enter")
        if other is not others[-1]:
            await other.until("waiting")
    await others[-1].stops("full")
    await bridge.process.stop()


_SHOWN = """() => document.documentElement.outerHTML + [...document.querySelectorAll('input')].map(({ value }) => value)"""


async def remembered(patient, secrets):
    """Which of the texts are still in the document, or in the memory of its scripts."""
    devtools = await patient.page.context.new_cdp_session(patient.page)
    pieces = []
    devtools.on("HeapProfiler.addHeapSnapshotChunk", lambda event: pieces.append(event["chunk"]))
    await devtools.send("HeapProfiler.collectGarbage")
    await devtools.send("HeapProfiler.takeHeapSnapshot", {"reportProgress": False})
    await devtools.detach()
    shown = await patient.evaluate(_SHOWN)
    strings = list(_strings_of_scripts(json.loads("".join(pieces))))
    return {secret for secret in secrets if secret in shown or any(secret in one for one in strings)}


def _strings_of_scripts(heap):
    """Every text of a heap snapshot that something of a script holds.

    The browser itself keeps the address of the document a script came with, which no script can reach; only its own
    tables and the description of the code lead to that one.
    """
    meta, nodes, edges, strings = heap["snapshot"]["meta"], heap["nodes"], heap["edges"], heap["strings"]
    node_size, edge_size = len(meta["node_fields"]), len(meta["edge_fields"])
    kinds, count = meta["node_types"][0], meta["node_fields"].index("edge_count")
    held, edge = set(), 0
    for node in range(0, len(nodes), node_size):
        end = edge + nodes[node + count] * edge_size
        if kinds[nodes[node]] not in ("synthetic", "code"):
            held.update(edges[edge + 2:end:edge_size])
        edge = end
    return (strings[nodes[node + 1]] for node in held if "string" in kinds[nodes[node]])


@test("After the call neither document nor script remembers the link, the words or what was written", limit=90)
async def forgets(laboratory):
    broker, doctor, session, patient = await prepared(laboratory)
    bridge = await doctor.bridge(session, play="tone:500", words="none", seconds=60)
    await patient.goto(session["link"])
    await patient.enter()
    await patient.reach_call()
    written = "une chaussette verte"
    await patient.page.click("#chat summary")
    await patient.page.fill("#message", written)
    await patient.page.press("#message", "Enter")
    await patient.true("() => document.querySelector('#messages li')")
    await patient.page.fill("#message", f"{written} encore")
    digits = await patient.digits()
    secrets = {session["link"].split("#")[1], f"{digits[:4]} {digits[4:]}", written}
    assert await remembered(patient, secrets) == secrets, "the search finds nothing"
    await patient.act("hang-up")
    await patient.until("ended")
    # The last word may take three seconds.
    await patient.true("() => document.querySelectorAll('#messages li').length === 0", timeout=15)
    kept = await remembered(patient, secrets | {digits})
    assert not kept, f"still remembered: {kept}"
    completed(await bridge.report(), "doctor")
