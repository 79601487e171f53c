"""Every wrong turn of the patient's page in both browsers, each reached by its real cause."""

import asyncio

from laboratory import sound
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

    async def patient(self, *, refused=False, devices=True, agent=None, preferences=None):
        common = {"namespace": self.cable.patient, "devices": devices}
        if devices:
            common["microphone"] = sound.speech("patient", self.laboratory.directory)
        if self.browser == "chromium":
            context = {"user_agent": agent} if agent else {}
            return await self.laboratory.chromium(**common, permitted=not refused, **context)
        wanted = {**(REFUSED if refused else {}), **(preferences or {})}
        if agent:
            wanted["general.useragent.override"] = agent
        return await self.laboratory.firefox(**common, preferences=wanted)

    async def enters(self, **options):
        patient = await self.patient(**options)
        await patient.goto(self.session["link"])
        await patient.act("enter")
        return patient


async def incomplete(scene):
    patient = await scene.patient()
    link = scene.session["link"]
    for broken, error in ((link[:-3], "incomplete"), (link[:-20] + ("A" if link[-20] != "A" else "B") + link[-19:],
                                                      "incomplete"), (link.split("#")[0], "missing")):
        await patient.goto("about:blank")
        await patient.goto(broken)
        await patient.stops(error)


async def expired(scene):
    await facts("session", "end", scene.session["session"], "--broker", scene.broker.url, "--passphrase-file",
                scene.doctor.passphrase, home=scene.doctor.home, namespace=scene.doctor.namespace)
    patient = await scene.enters()
    await patient.stops("unknown-room")
    assert await patient.visible("[data-action='retry']")


async def used(scene):
    other = await Bridge.patient(scene.laboratory, scene.session["link"], namespace=scene.cable.patient, seconds=40)
    await scene.doctor.bridge(scene.session, play="tone:500", seconds=40)
    await other.process.line("^connected: ", timeout=30)
    await (await scene.enters()).stops("used")


async def refused(scene):
    patient = await scene.enters(refused=True)
    await patient.stops("microphone-denied")
    assert await patient.visible("[data-action='retry']")
    said = await patient.evaluate("() => document.getElementById('text').children.length")
    assert said >= 2, "how to get the microphone back is not said"


async def no_microphone(scene):
    patient = await scene.enters(devices=False)
    await patient.stops("microphone-missing")
    assert await patient.visible("[data-action='retry']")


async def in_application(scene):
    patient = await scene.enters(refused=True, agent=APPLICATION[scene.browser])
    await patient.stops("in-app")
    await patient.act("copy-link")
    await patient.true("() => document.getElementById('notice').textContent || document.querySelector('input.link')")


async def no_webrtc(scene):
    if scene.browser == "chromium":
        # A Chromium cannot be told to do without; one without a secure context is the same to the page.
        address = scene.cable.doctor_address
        await scene.carrier.accept(scene.cable.doctor.listener(scene.broker.port, address))
        patient = await scene.patient()
        await patient.goto(f"http://{address}:{scene.broker.port}/#{scene.session['link'].split('#')[1]}")
    else:
        patient = await scene.patient(preferences={"media.peerconnection.enabled": False})
        await patient.goto(scene.session["link"])
    await patient.stops("browser-unsupported")
    assert await patient.visible("[data-action='copy-link']")


async def broker_away(scene):
    patient = await scene.patient()
    await patient.goto(scene.session["link"])
    await patient.until("ready")
    await scene.broker.kill()
    await patient.act("enter")
    await patient.stops("network", timeout=30)
    await scene.broker.start()
    await patient.act("retry")
    await patient.until("waiting")


async def doctor_refuses(scene):
    """The doctor says that the words differ."""
    await scene.doctor.bridge(scene.session, play="tone:500", words="different", seconds=40)
    patient = await scene.patient()
    await patient.goto(scene.session["link"])
    await patient.enter()
    await patient.true("() => !!document.querySelector('[data-action=consent]')", timeout=20)
    await patient.act("consent")
    await patient.stops("words-differ")


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
    await patient.stops("network", timeout=90)
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
    await patient.stops("no-path", timeout=90)
    assert await patient.visible("[data-action='retry']")


TURNS = {
    incomplete: "a link that was cut, changed or left out says so",
    expired: "a session that was ended says that the link has expired",
    used: "a link that somebody else has used says so",
    refused: "a microphone refused for good is explained",
    no_microphone: "a device without a microphone is told to plug one in",
    in_application: "a mail application that refuses the microphone is left with the whole link",
    no_webrtc: "a browser that cannot carry a call is left with the whole link",
    broker_away: "a broker that is away is named, and one press goes on",
    doctor_refuses: "words that differ at the doctor's end cut the call and say why",
}
ELSEWHERE = {
    network_away: "a network that is away is named, and one press goes on",
    no_path: "a network that lets no call through is named",
}


def scenes():
    for browser, name in {"chromium": "Chromium", "firefox": "Firefox"}.items():
        for body, sentence in {**TURNS, **ELSEWHERE}.items():

            async def scene(laboratory, body=body, browser=browser):
                if body in TURNS:
                    await body(await Scene(laboratory, browser).set_up())
                else:
                    await body(laboratory, browser)

            scene.__module__ = __name__
            test(f"{name}: {sentence}", limit=150, needs=[needs_namespaces],
                 long=body is network_away or (body, browser) == (no_path, "firefox"))(scene)


scenes()
