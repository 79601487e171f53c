"""What a patient's browser tells whom: every packet that leaves the machine, and what stays on it."""

import asyncio

from laboratory import sound
from laboratory.colloque import Doctor, PublicBroker, completed
from laboratory.frames import Correspondence
from laboratory.internet import SERVER_IPV4, Internet
from laboratory.runner import needs_namespaces, test

IGMP = "2"


async def asks_nobody(laboratory, browser):
    net = Internet(laboratory, doctor="cone", patient="cone")
    broker = await PublicBroker(laboratory, net).start()
    doctor = await Doctor(laboratory, broker, namespace=net.doctor.host).settle()
    session = await doctor.session()
    correspondence = Correspondence(net.patient.interface, net.patient.host, net.patient.uplink.address)
    laboratory.stack.callback(correspondence.close)
    patient = await laboratory.page_at(net.patient, browser, microphone=sound.speech("patient", laboratory.directory))
    await asyncio.sleep(2)
    ours = {SERVER_IPV4, net.doctor.uplink.public_address, net.doctor.uplink.address}
    own = dict(correspondence.places)
    bridge = await doctor.bridge(session, play="tone:500", seconds=60)
    said = len(patient.console)
    await patient.goto(session["link"])
    await patient.until("ready")
    assert patient.console[said:] == [], "the console is not silent when the page is loaded"
    await patient.enter()
    await patient.reach_call()
    await patient.act("same")
    await patient.true("() => document.documentElement.dataset.quality")
    await patient.reload()
    await patient.until("connected")
    await asyncio.sleep(3)
    await patient.act("hang-up")
    await patient.until("ended")
    kept = await patient.evaluate("""async () => ({
        session: sessionStorage.length, local: localStorage.length, cookies: document.cookie,
        databases: (await indexedDB.databases?.() ?? []).length, caches: (await caches.keys()).length,
        workers: (await navigator.serviceWorker?.getRegistrations?.() ?? []).length, hash: location.hash,
    })""")
    completed(await bridge.report(), "doctor", path=None)
    places = correspondence.places
    assert any(place[:2] == ("tcp", SERVER_IPV4) for place in places), places
    # IGMP is the kernel's word to its next router that Chromium could be asked for its mDNS names; nothing is in it.
    strangers = {place: count for place, count in places.items()
                 if place[1] not in ours and place not in own and place[0] != IGMP}
    assert not strangers, f"asked by the page: {strangers}"
    names = {place: count for place, count in places.items() if place[2] in (53, 853, 5353) and place not in own}
    assert not names, f"names asked for: {names}"
    ports = {place for place in places if place[1] == SERVER_IPV4 and place[0] == "tcp"}
    assert ports <= {("tcp", SERVER_IPV4, 443), ("tcp", SERVER_IPV4, 3478)}, ports
    print(f"      the browser by itself, before: {sorted(own) or 'nobody'}")
    assert kept == {"session": 0, "local": 0, "cookies": "", "databases": 0, "caches": 0, "workers": 0, "hash": ""}, kept


def scenes():
    for browser, name in {"chromium": "Chromium", "firefox": "Firefox"}.items():

        async def scene(laboratory, browser=browser):
            await asks_nobody(laboratory, browser)

        scene.__module__ = __name__
        test(f"{name}: from the link to the end no packet goes to anybody but the broker and the doctor, and nothing "
             "stays; the console is silent",
             limit=90, needs=[needs_namespaces])(scene)


scenes()
