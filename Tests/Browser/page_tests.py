"""The patient's page for everyone: keyboard, screen reader, languages, and every wrong turn with its way out."""

import asyncio

from laboratory import accessibility, sound
from laboratory.colloque import Broker, Doctor, completed
from laboratory.runner import test


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
    assert not found, f"{len(found)} complaints:\n" + "\n".join(found[:30])
    assert not violations, violations


@test("A whole call by keyboard alone, each step announced and each control named", limit=120)
async def keyboard_and_screen_reader(laboratory):
    broker, doctor, session, patient = await prepared(laboratory, locale="en-GB")
    page = patient.page
    await page.add_init_script(f"({accessibility.LISTENER})()")

    async def press(selector):
        await accessibility.tab_to(patient, selector)
        await page.keyboard.press("Enter")

    async def has(*nodes):
        tree = await accessibility.tree(patient)
        for node in nodes:
            assert node in tree, f"{node} is not among {tree}"
        for role, name in tree:
            assert name or role not in ("button", "combobox", "slider", "textbox", "link", "heading"), (role, tree)

    async def focused():
        return await patient.evaluate("() => document.activeElement?.id || document.activeElement?.dataset.action")

    await patient.goto(session["link"])
    await patient.until("ready")
    await has(("heading", "Your consultation"), ("button", "Enter"), ("button", "DE, Deutsch"))
    await press("#help")
    await has(("dialog", "Help"), ("button", "Close"))
    await page.keyboard.press("Escape")
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
    await press("[data-action=same]")
    await press("#chat summary")
    await accessibility.tab_to(patient, "#message")
    await page.keyboard.type("Can you read this?")
    await page.keyboard.press("Enter")
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


@test("The microphone, the loudspeaker and the volume change in mid-call, and the doctor goes on hearing", limit=90)
async def devices_in_mid_call(laboratory):
    broker, doctor, session, patient = await prepared(laboratory)
    bridge = await doctor.bridge(session, play="tone:500", seconds=60)
    await patient.goto(session["link"])
    await patient.enter()
    await patient.reach_call()
    if await patient.visible("[data-action='same']"):
        await patient.act("same")
    await patient.page.click("#sound > summary")
    for kind in ("microphone", "speaker"):
        values = await patient.evaluate("(id) => [...document.getElementById(id).options].map(({ value }) => value)", kind)
        assert len(values) > 1, (kind, values)
        await patient.page.select_option(f"#{kind}", values[-1])
    await patient.true("(id) => document.querySelector('audio').sinkId === id", values[-1])
    await patient.page.fill("#volume", "30")
    assert await patient.evaluate("() => document.querySelector('audio').volume") == 0.3
    await asyncio.sleep(1)
    sent = (await patient.statistics("outbound-rtp"))[0]["packetsSent"]
    await asyncio.sleep(2)
    assert (await patient.statistics("outbound-rtp"))[0]["packetsSent"] > sent + 70
    assert await patient.state() == "connected"
    assert await patient.evaluate("() => globalThis.__ear.connections.length") == 1
    await patient.act("hang-up")
    await patient.until("ended")
    completed(await bridge.report(), "doctor")


async def stopped(patient, error):
    """The designed state of one error: title, advice, code."""
    await patient.true("(error) => document.documentElement.dataset.error === error", error, timeout=20)
    text = await patient.text()
    assert await patient.evaluate("() => /\\d\\d$/.test(document.getElementById('code').textContent)"), text


@test("A refused microphone is explained, and the call goes on by itself once it is allowed", limit=60)
async def microphone_refused(laboratory):
    broker, doctor, session, patient = await prepared(laboratory, permitted=False)
    await patient.goto(session["link"])
    await patient.until("ready")
    await patient.act("enter")
    await stopped(patient, "microphone-denied")
    assert await patient.visible("[data-action='retry']")
    await patient.page.context.grant_permissions(["microphone"], origin=broker.url)
    await patient.until("waiting", timeout=10)


@test("In a mail application without a microphone the whole link is offered for a real browser", limit=60)
async def in_an_application(laboratory):
    agent = ("Mozilla/5.0 (Linux; Android 13; SM-A536B; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0"
             " Chrome/125.0 Mobile Safari/537.36")
    broker, doctor, session, patient = await prepared(laboratory, permitted=False, user_agent=agent)
    await patient.goto(session["link"])
    await patient.until("ready")
    await patient.act("enter")
    await stopped(patient, "in-app")
    await patient.page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=broker.url)
    await patient.act("copy-link")
    await patient.true("() => document.getElementById('notice').textContent || document.querySelector('input.link')")
    shown = await patient.evaluate("() => document.querySelector('input.link')?.value ?? ''")
    if not shown:
        other = await patient.page.context.new_page()
        await other.goto("about:blank")
        await other.set_content("<textarea></textarea>")
        await other.focus("textarea")
        await other.keyboard.press("Control+v")
        shown = await other.input_value("textarea")
    assert shown == session["link"], shown


@test("Without HTTPS the page says that this browser cannot carry a call, and offers the link", limit=60)
async def insecure(laboratory):
    broker = await Broker(laboratory).start()
    patient = await laboratory.chromium(flags=["--host-resolver-rules=MAP plain.test 127.0.0.1"])
    await patient.goto(f"http://plain.test:{broker.port}/#{'A' * 72}")
    await stopped(patient, "browser-unsupported")
    assert await patient.visible("[data-action='copy-link']")


@test("A device with a wrong date is told so, and shown what it believes", limit=60)
async def wrong_clock(laboratory):
    broker, doctor, session, patient = await prepared(laboratory, locale="en-GB")
    await doctor.bridge(session, play="tone:500", seconds=40)
    await patient.page.add_init_script("{ const now = Date.now; Date.now = () => now() - 400 * 86400e3; }")
    await patient.goto(session["link"])
    await patient.until("ready")
    await patient.act("enter")
    await stopped(patient, "clock")
    assert "This device says" in await patient.text()


@test("A second tab is told of the first and takes the call over; a used link says so", limit=90)
async def two_tabs_and_used_link(laboratory):
    broker, doctor, session, patient = await prepared(laboratory)
    bridge = await doctor.bridge(session, play="tone:500", seconds=60)
    await patient.goto(session["link"])
    await patient.enter()
    await patient.reach_call()
    second = type(patient)(await patient.page.context.new_page())
    await second.goto(session["link"])
    await second.act("enter")
    await stopped(second, "other-tab")
    await second.act("retry")
    await second.reach_call()
    await stopped(patient, "taken-over")
    stranger = await laboratory.chromium(microphone=sound.speech("patient", laboratory.directory))
    await stranger.goto(session["link"])
    await stranger.act("enter")
    await stopped(stranger, "used")
    assert await second.state() == "connected"
    await second.act("hang-up")
    await second.until("ended")
    await bridge.report()


@test("Hostile names in a chat are text: no element is made and nothing runs", limit=90)
async def hostile_text(laboratory):
    broker, doctor, session, patient = await prepared(laboratory)
    await doctor.bridge(session, play="tone:500", seconds=60)
    await patient.goto(session["link"])
    await patient.enter()
    await patient.reach_call()
    await patient.page.click("#chat summary")
    await patient.true("() => document.documentElement.dataset.quality")
    before = await patient.evaluate("() => document.querySelectorAll('*:not(#messages *)').length")
    for number in range(200):
        text = ("<img src=x onerror=alert(1)>", "<script>alert(2)</script>", "\u202e\u2066javascript:alert(3)",
                "\"'><svg onload=alert(4)>", "{{7*7}} ${7*7}", "A\u0301" * 300, "‮" * 50)[number % 7]
        await patient.page.fill("#message", f"{text} {number}")
        await patient.page.press("#message", "Enter")
    await patient.true("() => document.querySelectorAll('#messages li').length === 200")
    made = await patient.evaluate("() => [...document.querySelectorAll('#messages *')].map(({ localName }) => localName)")
    assert set(made) == {"li", "small", "p"}, set(made)
    assert await patient.evaluate("() => document.querySelectorAll('*:not(#messages *)').length") == before
    assert await patient.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    assert not await patient.violations(), await patient.violations()
    await patient.act("hang-up")


@test("A page reloaded in mid-call is back within 4 s, words still confirmed, and asks nothing again", limit=120, long=True)
async def reloads(laboratory):
    broker, doctor, session, patient = await prepared(laboratory)
    bridge = await doctor.bridge(session, play="tone:500", seconds=100)
    await patient.goto(session["link"])
    await patient.enter()
    await patient.reach_call()
    await patient.act("same")
    times = []
    for _ in range(5):
        await asyncio.sleep(1)
        await patient.reload()
        began = asyncio.get_running_loop().time()
        await patient.until("connected", timeout=10)
        times.append(asyncio.get_running_loop().time() - began)
        assert not await patient.visible("[data-action='same']")
        assert not await patient.visible("[data-action='resume-sound']")
        assert not await patient.evaluate("() => document.querySelector('audio').paused")
    assert max(times) < 4, times
    await patient.act("hang-up")
    await patient.until("ended")
    assert await patient.evaluate("() => sessionStorage.length + localStorage.length") == 0
    completed(await bridge.report(), "doctor")


@test("Without the broker the page says so, and one press goes on once it is back; with three inside it is full",
      limit=90)
async def broker_away_and_full(laboratory):
    broker, doctor, session, patient = await prepared(laboratory)
    await patient.goto(session["link"])
    await patient.until("ready")
    await broker.kill()
    await patient.act("enter")
    await stopped(patient, "network")
    await broker.start()
    bridge = await doctor.bridge(session, admit="none", seconds=60)
    await patient.act("retry")
    await patient.until("waiting")
    others = [type(patient)(await (await patient.page.context.browser.new_context()).new_page()) for _ in range(3)]
    for other in others:
        await other.goto(session["link"])
        await other.act("enter")
    await stopped(others[-1], "full")
    await bridge.process.stop()
