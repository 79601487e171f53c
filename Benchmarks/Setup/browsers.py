"""How long a call takes from the answer to the first sound, over paths of several lengths, beside Chromium's own calls.

    python browsers.py [--trips 0 50 100 200 400] [--calls 5] [--browsers chromium firefox]

A page stands at the end of a path of so many milliseconds there and back; the broker and the other end stand together
at the other end of it. The other end is the doctor's, native, or for comparison another Chromium, which gets its
descriptions whole and exactly half a round trip late. Calls of all kinds take turns. For each call: from the moment the
page applies the answer until the first decoded packet is played (RTCRtpReceiver.getSynchronizationSources, asked every
2 ms), and for calls to the doctor's end from the press of consent to that, too. Every call is printed, none is
rejected; the line through them is that of least squares. Prints Markdown.
"""

import argparse
import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "Tests" / "Browser"))
os.environ.setdefault("COLLOQUE", str(ROOT / ".build" / "release" / "colloque"))

import numpy
from laboratory import sound
from laboratory.colloque import Doctor, PublicBroker, completed
from laboratory.internet import Internet
from laboratory.runner import Laboratory

#: Before a page's own scripts: when it applied the answer and heard the first packet, and the press of consent.
WATCH = """
(() => {
  const marks = (globalThis.__setup = {});
  const now = () => performance.timeOrigin + performance.now();
  const { setRemoteDescription } = RTCPeerConnection.prototype;
  RTCPeerConnection.prototype.setRemoteDescription = function (description) {
    if (description.type === 'answer' && marks.answer === undefined) {
      marks.answer = now();
      const timer = setInterval(() => {
        const [source] = this.getReceivers().flatMap((receiver) => receiver.getSynchronizationSources());
        if (source === undefined) return;
        marks.heard = now();
        clearInterval(timer);
      }, 2);
    }
    return setRemoteDescription.call(this, description);
  };
  // A person's time does not count.
  new MutationObserver(() => {
    const consent = document.querySelector('[data-action=consent]');
    if (!consent || marks.consent) return;
    marks.consent = now();
    consent.click();
  }).observe(document, { subtree: true, childList: true, attributes: true });
})();
"""
#: One end of a call between two Chromiums: a tone, descriptions with all their candidates.
END = """(() => {
  const context = new AudioContext();
  const tone = context.createOscillator();
  const out = context.createMediaStreamDestination();
  tone.connect(out);
  tone.start();
  const end = (globalThis.__end = new RTCPeerConnection());
  end.addTrack(out.stream.getTracks()[0], out.stream);
  end.ontrack = ({ track }) => {
    const element = (globalThis.__element = new Audio());
    element.srcObject = new MediaStream([track]);
    element.play();
  };
  globalThis.__describe = async (description) => {
    if (description) await end.setRemoteDescription(description);
    await end.setLocalDescription();
    while (end.iceGatheringState !== 'complete') await new Promise((done) => setTimeout(done, 2));
    return end.localDescription.toJSON();
  };
})"""


#: The broker lets an address join ten times a minute.
JOIN_SECONDS = 6.2


class Turnstile:
    """Nobody passes sooner than the broker lets an address join again."""

    def __init__(self):
        self._opens = 0.0

    async def passed(self):
        await asyncio.sleep(max(0.0, self._opens - time.monotonic()))
        self._opens = time.monotonic() + JOIN_SECONDS


async def until_heard(page, timeout=40):
    await page.true("() => globalThis.__setup.heard !== undefined", timeout=timeout)
    return await page.evaluate("() => globalThis.__setup")


async def doctor_call(doctor, page, turnstile):
    """Milliseconds from the answer to sound, and from consent to it, at a page."""
    session = await doctor.session()
    bridge = await doctor.bridge(session, play="tone:500", seconds=20)
    await bridge.process.line("^room: open", timeout=60)
    await page.goto("about:blank")
    await page.goto(session["link"])
    await page.until("ready")
    await turnstile.passed()
    await page.act("enter")
    await page.until("connected")
    marks = await until_heard(page)
    await page.act("hang-up")
    await page.until("ended")
    completed(await bridge.report(), "doctor", path=None)
    return marks["heard"] - marks["answer"], marks["heard"] - marks["consent"]


async def chromium_call(near, far, blank, trip):
    """The same between two Chromiums; the second figure has no meaning here."""
    for page in (near, far):
        await page.goto(blank)
        await page.evaluate(END + "()")
    offer = await near.evaluate("() => __describe()")
    await asyncio.sleep(trip / 2000)
    answer = await far.evaluate("(offer) => __describe(offer)", offer)
    await asyncio.sleep(trip / 2000)
    await near.evaluate("(answer) => __end.setRemoteDescription(answer)", answer)
    marks = await until_heard(near)
    for page in (near, far):
        await page.evaluate("() => __end.close()")
    return marks["heard"] - marks["answer"], None


async def measure(trips, calls, browsers):
    points = {}
    with tempfile.TemporaryDirectory(prefix="colloque-bench-") as directory:
        lab = Laboratory(Path(directory))
        try:
            net = Internet(lab, doctor="none", patient="none", impaired=["patient"])
            broker = await PublicBroker(lab, net).start()
            doctor = await Doctor(lab, broker, namespace=net.doctor.host).settle()
            turnstile = Turnstile()
            speech = sound.speech("patient", lab.directory)
            pages = {}
            for browser in browsers:
                pages[browser] = await lab.page_at(net.patient, browser, microphone=speech)
            bare = "--disable-features=WebRtcHideLocalIpsWithMdns"
            near, far = [
                await lab.chromium(microphone=speech, namespace=site.host, flags=[*site.chromium_flags, bare])
                for site in (net.patient, net.doctor)
            ]
            for page in [*pages.values(), near]:
                await page.preload(WATCH)
            for trip in trips:
                await net.patient.impair(delay=trip / 2)
                for _ in range(calls):
                    for browser, page in pages.items():
                        kind = f"{browser.capitalize()} and the doctor's end"
                        points.setdefault(kind, []).append((trip, *await doctor_call(doctor, page, turnstile)))
                    found = await chromium_call(near, far, broker.url, trip)
                    points.setdefault("Chromium and Chromium", []).append((trip, *found))
                print(f"{trip} ms done", file=sys.stderr, flush=True)
        finally:
            await lab.stack.aclose()
    return points


def fit(points):
    """(milliseconds at no distance, round trips), by least squares."""
    slope, constant = numpy.polyfit([trip for trip, _ in points], [taken for _, taken in points], 1)
    return constant, slope


def table(points, trips, which, title):
    print(f"\n{title}\n")
    print("| | " + " | ".join(f"{trip} ms" for trip in trips) + " | line |")
    print("|---" * (len(trips) + 2) + "|")
    for kind, rows in points.items():
        rows = [(row[0], row[which]) for row in rows if row[which] is not None]
        if not rows:
            continue
        constant, slope = fit(rows)
        cells = [" ".join(f"{taken:.0f}" for at, taken in rows if at == trip) for trip in trips]
        print(f"| {kind} | " + " | ".join(cells) + f" | {constant:.0f} ms + {slope:.2f} round trips |")


def main():
    arguments = argparse.ArgumentParser(prog="Scripts/bench-setup")
    arguments.add_argument("--trips", nargs="+", type=int, default=[0, 50, 100, 200, 400], help="milliseconds")
    arguments.add_argument("--calls", type=int, default=5, help="of each kind on each path")
    arguments.add_argument("--browsers", nargs="+", default=["chromium", "firefox"], choices=["chromium", "firefox"])
    given = arguments.parse_args()
    began = os.getloadavg()
    points = asyncio.run(measure(given.trips, given.calls, given.browsers))
    print(f"Milliseconds of each call; load average {began[0]:.1f} before, {os.getloadavg()[0]:.1f} after.")
    table(points, given.trips, 1, "From the answer applied to the first decoded sound, at the page:")
    table(points, given.trips, 2, "From the press of *I agree* to the first decoded sound, at the page:")


if __name__ == "__main__":
    main()
