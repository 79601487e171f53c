"""Measures what docs/measurements.md reports: set-up times, cost of a call, weight of the page.

Every run is reported, none is rejected; Chromium talking to Chromium on the same machine in the same run is the
yardstick for set-up. Prints Markdown. Run it by `make bench`, on a machine that does nothing else.
"""

import asyncio
import contextlib
import gzip
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "Tests" / "Browser"))
os.environ.setdefault("COLLOQUE", str(ROOT / ".build" / "release" / "colloque"))

import laboratory_tests
from laboratory import sound
from laboratory.colloque import Bridge, Broker, Doctor, completed
from laboratory.network import free_port
from laboratory.runner import Laboratory

RUNS = int(os.environ.get("RUNS", "10"))
SECONDS = 10


@contextlib.asynccontextmanager
async def laboratory():
    with tempfile.TemporaryDirectory(prefix="colloque-bench-") as directory:
        opened = Laboratory(Path(directory))
        try:
            yield opened
        finally:
            await opened.stack.aclose()


def spread(values, unit="ms"):
    """Median and range of all runs."""
    if not values:
        return "–"
    return f"{statistics.median(values):.0f} ({min(values):.0f}–{max(values):.0f}) {unit}"


async def native_call():
    """One call between two bridges: both reports."""
    async with laboratory() as lab:
        broker = await Broker(lab).start()
        doctor = await Doctor(lab, broker).settle()
        session = await doctor.session()
        speech = sound.speech("doctor", lab.directory)
        at_doctor = await doctor.bridge(session, play=speech, seconds=SECONDS)
        at_patient = await Bridge.patient(lab, session["link"], play=speech)
        reports = await asyncio.gather(at_doctor.report(), at_patient.report())
        for who, report in zip(("doctor", "patient"), reports):
            completed(report, who)
        return reports


async def browser_call():
    """One Chromium patient: milliseconds from the press of *enter* to the connected state, and the report."""
    async with laboratory() as lab:
        broker = await Broker(lab).start()
        doctor = await Doctor(lab, broker).settle()
        session = await doctor.session()
        speech = sound.speech("patient", lab.directory)
        bridge = await doctor.bridge(session, play=speech, seconds=30)
        patient = await lab.chromium(microphone=speech)
        await patient.goto(session["link"])
        await patient.until("ready")
        began = time.monotonic()
        await patient.act("enter")
        await patient.reach_call()
        connected = (time.monotonic() - began) * 1000
        await patient.act("hang-up")
        await patient.until("ended")
        report = await bridge.report()
        completed(report, "doctor")
        return connected, report


FIRST_SOUND = """async (answer) => {
    const call = globalThis.call;
    await call.setRemoteDescription(answer);
    const began = performance.now();
    for (;;) {
        for (const report of (await call.getStats()).values()) {
            if (report.type === 'inbound-rtp' && report.packetsReceived > 0) return performance.now() - began;
        }
        await new Promise((done) => setTimeout(done, 1));
    }
}"""


async def chromium_pair():
    """Chromium to Chromium: milliseconds from the answer's application to the first media packet."""
    async with laboratory() as lab:
        port = free_port()
        server = laboratory_tests.serve(port)
        lab.stack.callback(server.shutdown)
        speech = sound.speech("patient", lab.directory)
        pages = [await lab.chromium(microphone=speech) for _ in range(2)]
        for page in pages:
            await page.goto(f"http://localhost:{port}/")
        offer = await pages[0].evaluate(laboratory_tests.OFFER)
        answer = await pages[1].evaluate(laboratory_tests.ANSWER, offer)
        return await pages[0].evaluate(FIRST_SOUND, answer)


async def page_weight():
    async with laboratory() as lab:
        broker = await Broker(lab).start()
        return broker.page()[2]


def commit():
    done = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    return done.stdout.strip()


async def main():
    processor = next(
        (line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?"
    )
    print(f"Commit {commit()}, {os.cpu_count()} × {processor}, Linux {platform.release()}, {RUNS} runs each.\n")

    octets = await page_weight()
    native = [await native_call() for _ in range(RUNS)]
    browser = [await browser_call() for _ in range(RUNS)]
    floor = [await chromium_pair() for _ in range(RUNS)]

    print("| What | Median (least–most) |")
    print("|---|---|")
    print(f"| page, as served and compressed | {len(octets)} and {len(gzip.compress(octets, 9))} octets |")
    print(f"| Chromium: *enter* pressed → connected | {spread([one for one, _ in browser])} |")
    for name in ("signalling", "handshake", "admitted", "ice", "dtls", "firstAudio"):
        for who, reports in (
            ("doctor's bridge with Chromium", [report for _, report in browser]),
            ("doctor's bridge with a bridge", [pair[0] for pair in native]),
        ):
            values = [report["setup"][name] for report in reports if report["setup"].get(name) is not None]
            print(f"| {who}: set-up, {name} | {spread(values)} |")
    print(f"| Chromium with Chromium: answer applied → first media packet | {spread(floor)} |")
    ends = [report for pair in native for report in pair]
    print(f"| packets sent per call-second | {spread([one['audio']['sent'] / SECONDS for one in ends], '')} |")
    print(f"| processor time per call-second and end | "
          f"{spread([one['cpuSeconds'] * 1000 / SECONDS for one in ends])} |")
    print(f"| memory at most, per end | {spread([one['peakMemoryBytes'] / 1e6 for one in ends], 'MB')} |")


if __name__ == "__main__":
    asyncio.run(main())
