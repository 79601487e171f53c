"""Every wrong turn of the patient's page in both browsers, each reached by its real cause.

In Chromium each screen is also looked at by axe-core, in all languages and both schemes.
"""

import asyncio

from laboratory import accessibility, sound, wrong_clock
from laboratory.colloque import Bridge, Broker, Doctor, PublicBroker, Relay, facts
from laboratory.internet import Internet
from laboratory.runner import needs_namespaces, test

#: A mail application on a telephone that shows links by itself.
APPLICATION = {
    "chromium": "Mozilla/5.0 (Linux; Android 13; SM-A536B; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0"
                " Chrome/125.0 Mobile Safari/537.36",
    "firefox": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
               " Mobile/15E148 [FBAN/FBIOS;FBAV/471.0]",
}
#: What the page has heard of its microphone.
HEARS = {word: f"() => document.getElementById('meter-text').textContent === {sentence!r}" for word, sentence in {
    "voice": "Your microphone works.",
    "silence": "Your microphone sends no sound. Check that it is on, and that no other app is using it.",
}.items()}
#: The big button that brings sound back.
STOPPED = "() => !!document.querySelector('[data-action=resume-sound]')"
#: What refuses the microphone for good: the setting of a person who pressed "block".
REFUSED = {"permissions.default.microphone": 2, "media.navigator.permission.disabled": False}


class Scene:
    """One patient at the end of a cable, behind whom stands a broker and a doctor who is not there yet."""

    def __init__(self, laboratory, browser):
        self.laboratory = laboratory
        self.browser = browser
        self.cable = laboratory.cable()

    async def set_up(self):
        self.broker = await Broker(self.laboratory).start()
        self.carrier = await self.laboratory.carry(self.broker.port, self.cable.doctor, self.cable.patient)
        self.doctor = await Doctor(self.laboratory, self.broker, namespace=self.cable.doctor).settle()
        self.session = await self.doctor.session()
        return self

    async def patient(self, *, refused=False, devices=True, agent=None, preferences=None, environment=None):
        common = {"namespace": self.cable.patient, "devices": devices, "environment": environment}
        if devices:
            common["microphone"] = sound.speech("patient", self.laboratory.directory)
        if self.browser == "chromium":
            context = {"user_agent": agent} if agent else {}
            return await self.laboratory.chromium(**common, permitted=not refused, **context)
        wanted = {**(REFUSED if refused else {}), **(preferences or {})}
        if agent:
            wanted["general.useragent.override"] = agent
        return await self.laboratory.firefox(**common, preferences=wanted)

    async def patient_with_sound_server(self):
        """A patient whose microphone is a sound server's, in Chromium too: other programs can have it as well."""
        if self.browser == "firefox":
            return await self.patient()
        server = await self.laboratory.speakers()
        player = await server.play_into_microphone(sound.speech("patient", self.laboratory.directory))
        self.laboratory.stack.push_async_callback(player.stop)
        return await self.patient(devices=False, environment=server.environment)

    async def enters(self, **options):
        patient = await self.patient(**options)
        await patient.goto(self.session["link"])
        await patient.act("enter")
        return patient


async def stops(patient, error, timeout=20):
    """Waits for the designed state of one error, and looks at it."""
    await patient.stops(error, timeout=timeout)
    await is_accessible(patient)


async def is_accessible(patient):
    if patient.name == "Chromium":
        found = await accessibility.complaints(patient, sizes=("phone", "zoomed"))
        assert not found, "\n".join(found[:10])


async def copied(patient):
    """The link that a press on "copy" gave: pasted as a person would paste it, or in the field shown in its stead."""
    await patient.act("copy-link")
    await patient.true("() => document.getElementById('notice').textContent || document.querySelector('input.link')")
    await is_accessible(patient)
    shown = await patient.evaluate("() => document.querySelector('input.link')?.value ?? ''")
    return shown or await patient.pasted()


async def incomplete(scene):
    patient = await scene.patient()
    link = scene.session["link"]
    for broken, error in ((link[:-3], "incomplete"), (link[:-20] + ("A" if link[-20] != "A" else "B") + link[-19:],
                                                      "incomplete"), (link.split("#")[0], "missing")):
        await patient.goto("about:blank")
        await patient.goto(broken)
        await patient.stops(error)
    await is_accessible(patient)


async def expired(scene):
    await facts("session", "end", scene.session["session"], "--broker", scene.broker.url, "--passphrase-file",
                scene.doctor.passphrase, home=scene.doctor.home, namespace=scene.doctor.namespace)
    patient = await scene.enters()
    await stops(patient, "unknown-room")
    assert await patient.visible("[data-action='retry']")


async def ran_out(scene):
    scene.session = await scene.doctor.session("--ttl", "3s")
    # Time is the cause here.
    await asyncio.sleep(4)
    patient = await scene.enters()
    await stops(patient, "unknown-room")


async def used(scene):
    other = await Bridge.patient(scene.laboratory, scene.session["link"], namespace=scene.cable.patient, seconds=40)
    await scene.doctor.bridge(scene.session, play="tone:500", seconds=40)
    await other.process.line("^connected: ", timeout=30)
    await stops(await scene.enters(), "used")


async def refused(scene):
    patient = await scene.enters(refused=True)
    await stops(patient, "microphone-denied")
    assert await patient.visible("[data-action='retry']")
    said = await patient.evaluate("() => document.getElementById('text').children.length")
    assert said == 3, "how to get the microphone back, from the browser and from the device, is not said"
    if scene.browser == "chromium":
        await patient.page.context.grant_permissions(["microphone"], origin=scene.broker.url)
        await patient.true("() => document.documentElement.dataset.state === 'waiting'", timeout=20)
    # Firefox has no way to allow it from outside; what was refused in its profile stays refused.


async def no_microphone(scene):
    patient = await scene.enters(devices=False)
    await stops(patient, "microphone-missing")
    assert await patient.visible("[data-action='retry']")


async def occupied(scene):
    """Another program has every place at the sound server's microphone."""
    patient = await scene.patient_with_sound_server()
    other = await (await scene.laboratory.speakers()).occupied()
    scene.laboratory.stack.push_async_callback(other.stop)
    await patient.goto(scene.session["link"])
    await patient.act("enter")
    if scene.browser == "chromium":
        await stops(patient, "microphone-busy")
        await lets_go(scene, other)
        await patient.act("retry")
        await patient.until("waiting")
    else:
        # Firefox gives the page silence and no error; once the other has let go, looking away and back is enough.
        await patient.until("waiting")
        await patient.true(HEARS["silence"])
        await lets_go(scene, other)
        await look_away_and_back(patient)
    await patient.true(HEARS["voice"], timeout=20)


async def lets_go(scene, other):
    """The sound server notices in its own time that a program is gone."""
    await other.stop()
    server = await scene.laboratory.speakers()
    async with asyncio.timeout(15):
        while len(server.control("list", "short", "source-outputs").splitlines()) > 10:
            await asyncio.sleep(0.05)


async def look_away_and_back(patient):
    tab = await patient.another_tab()
    await patient.true("() => document.visibilityState === 'hidden'")
    await tab.close()
    await patient.true("() => document.visibilityState === 'visible'")


async def switched_off(scene):
    """The switch at the microphone, as the system sees it."""
    patient = await scene.patient_with_sound_server()
    server = await scene.laboratory.speakers()
    server.control("set-source-mute", "microphone", "1")
    await patient.goto(scene.session["link"])
    await patient.enter()
    await patient.true(HEARS["silence"], timeout=15)
    await is_accessible(patient)
    server.control("set-source-mute", "microphone", "0")
    await patient.true(HEARS["voice"], timeout=15)


async def unplugged(scene):
    """One of two microphones is pulled out in mid-call; in Chromium a telephone call had it for a while before."""
    patient = await scene.patient_with_sound_server()
    server = await scene.laboratory.speakers()
    bridge = await scene.doctor.bridge(scene.session, play="tone:500", seconds=60)
    await patient.goto(scene.session["link"])
    await patient.enter()
    await patient.reach_call()
    if scene.browser == "chromium":
        # What the system mutes, Chromium calls muted; Firefox calls it silence.
        server.control("set-source-mute", "microphone", "1")
        await patient.true(STOPPED)
        await is_accessible(patient)
        server.control("set-source-mute", "microphone", "0")
        await patient.true(f"() => !({STOPPED})()")
    speech = sound.speech("patient", scene.laboratory.directory)
    await bridge.hears(speech)
    modules = [line.split() for line in server.control("list", "short", "modules").splitlines()]
    first = next(number for number, name, *_ in modules if name == "module-remap-source")
    server.control("load-module", "module-remap-source", "source_name=another", "master=voice.monitor",
                   "source_properties=device.description=Another")
    server.control("set-default-source", "another")
    if scene.browser == "firefox":
        # Chromium hears of devices from the kernel alone, and takes what the sound server calls its default.
        await patient.true("() => document.getElementById('microphone').textContent.includes('Another')")
    server.control("unload-module", first)
    await asyncio.sleep(3)  # What is recorded from now on comes from there.
    await bridge.hears(speech)
    assert not await patient.evaluate(STOPPED)
    await patient.act("hang-up")
    await patient.until("ended")


async def in_application(scene):
    patient = await scene.enters(refused=True, agent=APPLICATION[scene.browser])
    await stops(patient, "in-app")
    link = await copied(patient)
    assert link == scene.session["link"], f"copied {link}"
    browser = Scene(scene.laboratory, scene.browser)
    browser.cable = scene.cable
    another = await browser.patient()
    await another.goto(link)
    await another.enter()
    await another.until("waiting")


async def no_cryptography(scene):
    """Without HTTPS a browser gives neither cryptography nor microphone."""
    address = scene.cable.doctor_address
    await scene.carrier.accept(scene.cable.doctor.listener(scene.broker.port, address))
    patient = await scene.patient()
    await patient.goto(f"http://{address}:{scene.broker.port}/#{scene.session['link'].split('#')[1]}")
    await stops(patient, "browser-unsupported")
    assert await patient.visible("[data-action='copy-link']")


async def no_webrtc(scene):
    patient = await scene.patient(preferences={"media.peerconnection.enabled": False})
    await patient.goto(scene.session["link"])
    await stops(patient, "browser-unsupported")
    assert await patient.visible("[data-action='copy-link']")


async def wrong_date(scene):
    """The browser's own process reads a date that is four hundred days late."""
    await scene.doctor.bridge(scene.session, play="tone:500", seconds=40)
    patient = await scene.enters(environment=wrong_clock.environment(scene.laboratory.directory, days=400))
    await stops(patient, "clock")
    year = await patient.evaluate("() => String(new Date().getFullYear())")
    assert year in await patient.text(), "what the device believes is not shown"
    assert await patient.visible("[data-action='retry']")


async def broker_away(scene):
    patient = await scene.patient()
    await patient.goto(scene.session["link"])
    await patient.until("ready")
    await scene.broker.kill()
    await patient.act("enter")
    await stops(patient, "network", timeout=30)
    await scene.broker.start()
    await patient.act("retry")
    await patient.until("waiting")
    # Who waits already says so without being asked, and is announced again once the broker is back.
    await scene.broker.kill()
    await patient.true("() => /looking for the server/.test(document.getElementById('text').textContent)", timeout=30)
    await scene.broker.start()
    await scene.doctor.bridge(scene.session, play="silence", words="none", seconds=40)
    await patient.until("admitted", timeout=40)


async def another_tab(scene):
    """Two tabs in the waiting room; in a call they are in the suite `return`."""
    patient = await scene.enters()
    await patient.until("waiting")
    second = await patient.another_tab()
    await second.goto(scene.session["link"])
    await second.act("enter")
    await stops(second, "other-tab")
    await second.act("retry")
    await second.until("waiting")
    await stops(patient, "taken-over")


async def doctor_refuses(scene):
    """The doctor says that the words differ."""
    await scene.doctor.bridge(scene.session, play="tone:500", words="different", seconds=40)
    patient = await scene.patient()
    await patient.goto(scene.session["link"])
    await patient.enter()
    await patient.true("() => !!document.querySelector('[data-action=consent]')", timeout=20)
    await patient.act("consent")
    await stops(patient, "words-differ")


async def network_away(laboratory, browser):
    net = Internet(laboratory, doctor="cone", patient="cone")
    broker = await PublicBroker(laboratory, net).start()
    doctor = await Doctor(laboratory, broker, namespace=net.doctor.host).settle()
    session = await doctor.session()
    patient = await laboratory.page_at(net.patient, browser, microphone=sound.speech("patient", laboratory.directory))
    await patient.goto(session["link"])
    await patient.until("ready")
    net.patient.cut()
    await patient.act("enter")
    await stops(patient, "network", timeout=90)
    net.patient.restore()
    await patient.act("retry")
    await patient.until("waiting")


async def no_path(laboratory, browser):
    net = Internet(laboratory, doctor="cone", patient="udp-blocked")
    # A relay that is not there: what is left is UDP, which this network does not let out.
    broker = await PublicBroker(laboratory, net, relay=Relay(laboratory, net)).start()
    doctor = await Doctor(laboratory, broker, namespace=net.doctor.host).settle()
    session = await doctor.session()
    await doctor.bridge(session, play="tone:500", seconds=40)
    patient = await laboratory.page_at(net.patient, browser, microphone=sound.speech("patient", laboratory.directory))
    await patient.goto(session["link"])
    await patient.enter()
    await patient.true("() => !!document.querySelector('[data-action=consent]')", timeout=20)
    await patient.act("consent")
    await stops(patient, "no-path", timeout=90)
    assert await patient.visible("[data-action='retry']")


TURNS = {
    incomplete: "a link that was cut, changed or left out says so",
    expired: "a session that was ended says that the link has expired",
    ran_out: "a link whose time ran out says that it has expired",
    used: "a link that somebody else has used says so",
    refused: "a microphone refused for good is explained",
    no_microphone: "a device without a microphone is told to plug one in",
    occupied: "a microphone that another program has is named, and works once it is let go",
    switched_off: "a microphone that is switched off is named while waiting, and heard once it is on",
    unplugged: "a microphone that is pulled out in mid-call is followed by another, and nothing is asked",
    in_application: "a mail application that refuses the microphone gives the whole link to a real browser",
    no_cryptography: "a browser without cryptography is left with the whole link",
    no_webrtc: "a browser that cannot carry a call is left with the whole link",
    wrong_date: "a device with a wrong date is told so, and shown what it believes",
    another_tab: "a tab beside another says so, and takes its place when asked",
    broker_away: "a broker that is away is named, one press goes on, and who waits is announced again",
    doctor_refuses: "words that differ at the doctor's end cut the call and say why",
}
ELSEWHERE = {
    network_away: "a network that is away is named, and one press goes on",
    no_path: "a network that lets no call through is named",
}


#: A Chromium cannot be told to do without WebRTC; the suite `return` has two tabs in both browsers.
ONLY = {no_webrtc: "firefox", another_tab: "chromium"}
#: What takes its time and is no other code in the second browser.
LONG = {(no_path, "firefox"), (doctor_refuses, "firefox"), (used, "firefox"), (expired, "firefox"),
        (ran_out, "firefox")}


def scenes():
    for browser, name in {"chromium": "Chromium", "firefox": "Firefox"}.items():
        for body, sentence in {**TURNS, **ELSEWHERE}.items():
            if ONLY.get(body, browser) != browser:
                continue

            async def scene(laboratory, body=body, browser=browser):
                if body in TURNS:
                    await body(await Scene(laboratory, browser).set_up())
                else:
                    await body(laboratory, browser)

            scene.__module__ = __name__
            test(f"{name}: {sentence}", limit=150, needs=[needs_namespaces],
                 long=body in (network_away, unplugged) or (body, browser) in LONG)(scene)


scenes()
