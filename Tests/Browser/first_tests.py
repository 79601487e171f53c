"""First use: how soon a patient can read the page and press its button, on the telephone and network they have."""

import asyncio

from laboratory import sound
from laboratory.colloque import Broker, Doctor
from laboratory.runner import needs_namespaces, test

#: A telephone of six years ago at the edge of its network: times slower, milliseconds, octets a second.
SLOWER, LATENCY, THROUGHPUT = 4, 300, 400_000 / 8
_WATCH = """() => {
    globalThis.__placed = () => {
        const { x, y, width, height } = document.querySelector('[data-action=enter]').getBoundingClientRect();
        return [x, y, width, height].map(Math.round).join();
    };
    const seen = new MutationObserver(() => {
        if (globalThis.__usable || !document.querySelector('[data-action=enter]')) return;
        globalThis.__usable = performance.now();
        globalThis.__place = globalThis.__placed();
    });
    seen.observe(document, { subtree: true, childList: true });
}"""
#: As people set it who read with difficulty: the language buttons take three lines then.
_LARGE = """new MutationObserver((_, observer) => {
    if (!document.documentElement) return;
    document.documentElement.style.fontSize = '200%';
    observer.disconnect();
}).observe(document, { childList: true })"""


async def throttled(page, throughput=THROUGHPUT):
    session = await page.context.new_cdp_session(page)
    await session.send("Network.enable")
    await session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    await session.send("Network.emulateNetworkConditions", {
        "offline": False, "latency": LATENCY, "downloadThroughput": throughput, "uploadThroughput": throughput,
    })
    return session


@test("On a slow telephone and network the first screen is painted, and its button takes a press, within a second",
      limit=90)
async def first_screen(laboratory):
    sizes = [{}, {"width": 360, "height": 740}, {"width": 360, "height": 740}]
    broker = await Broker(laboratory).start()
    doctor = await Doctor(laboratory, broker).settle()
    session = await doctor.session()
    patient = await laboratory.chromium(microphone=sound.speech("patient", laboratory.directory), locale="en-GB")
    await patient.page.add_init_script(f"({_WATCH})()")
    await throttled(patient.page)
    measured = []
    for round, size in enumerate(sizes):
        if size:
            await patient.viewport(**size)
        if round == 2:
            await patient.page.add_init_script(_LARGE)
        await patient.goto("about:blank")
        await patient.goto(session["link"])
        await patient.until("ready")
        assert "Nobody else can hear you" in await patient.text()
        measured.append(await patient.evaluate("""() => ({
            painted: Math.round(performance.getEntriesByName('first-contentful-paint')[0].startTime),
            usable: Math.round(globalThis.__usable),
            whole: Math.round(globalThis.__ear.states.find(([state]) => state === 'ready')[1]),
        })"""))
        text = await patient.evaluate("() => getComputedStyle(document.documentElement).fontSize")
        assert text == ("32px" if round == 2 else "16px"), text
        places = await patient.evaluate("() => [globalThis.__place, globalThis.__placed()]")
        assert places[0] == places[1], f"the button moves under the finger: {places}"
    print(f"      {measured}")
    best = {name: sorted(one[name] for one in measured)[1] for name in measured[0]}
    assert best["painted"] <= 1000 and best["usable"] <= 1000, f"medians: {best}"


@test("A press before the rest of the page has come is not lost: one press leads to the waiting room", limit=60)
async def early_press(laboratory):
    broker = await Broker(laboratory).start()
    doctor = await Doctor(laboratory, broker).settle()
    session = await doctor.session()
    patient = await laboratory.chromium(microphone=sound.speech("patient", laboratory.directory), locale="en-GB")
    await throttled(patient.page, THROUGHPUT / 6)
    await patient.page.goto(session["link"], wait_until="commit")
    await patient.page.click("[data-action=enter]", no_wait_after=True)
    pressed = await patient.evaluate("() => globalThis.__ear.states.length")
    assert pressed == 0, "the rest of the page was there already: nothing is proved"
    await patient.until("waiting", timeout=20)
    wrong = await laboratory.chromium(microphone=sound.speech("patient", laboratory.directory))
    await throttled(wrong.page, THROUGHPUT / 6)
    link = session["link"]
    await wrong.page.goto(link[:-1] + ("A" if link[-1] != "A" else "B"), wait_until="commit")
    await wrong.page.click("[data-action=enter]", no_wait_after=True)
    await wrong.stops("incomplete")
    await asyncio.sleep(0.5)
    assert not [url for url in wrong.requests if "/ws" in url]


@test("A press while the page changes from its first part to the whole is not lost", limit=60, needs=[needs_namespaces])
async def press_between(laboratory):
    broker = await Broker(laboratory).start()
    doctor = await Doctor(laboratory, broker).settle()
    cable = laboratory.cable()
    carrier = await laboratory.carry(broker.port, cable.patient)
    for is_held in (False, True):
        session = await doctor.session()
        patient = await laboratory.chromium(
            microphone=sound.speech("patient", laboratory.directory), locale="en-GB", namespace=cable.patient)
        has_begun, may_end = asyncio.Event(), asyncio.Event()

        async def gate():
            """Lets the page come by and by, and stops it once its large script has run."""
            if may_end.is_set():
                return
            await asyncio.sleep(0.02)
            if has_begun.is_set() and await patient.evaluate("() => globalThis.start !== undefined"):
                await may_end.wait()

        carrier.gate = gate
        await patient.page.goto(session["link"], wait_until="commit")
        has_begun.set()
        await patient.page.hover("[data-action=enter]")
        await patient.page.wait_for_function("() => globalThis.start !== undefined")
        # Time to find out whether the link holds; the sentences do not come before they may.
        await asyncio.sleep(0.5)
        await patient.page.mouse.down()
        assert not await patient.evaluate("() => globalThis.__ear.states.length"), "the sentences were there already"
        if is_held:
            may_end.set()
            await patient.until("ready")
        await patient.page.mouse.up()
        if not is_held:
            await patient.true("() => document.querySelector('[data-action=enter]').disabled", saying="the press was lost")
        may_end.set()
        await patient.until("waiting", timeout=20)
