"""Runs tests one after another and says in plain lines what happened.

A test is a coroutine taking a `Laboratory`; what it opened there is closed when it ends, whatever happened. It has
a limit in seconds, and a list of needs: functions that return why it cannot run here, or None.
"""

import asyncio
import contextlib
import os
import re
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import namedtuple
from pathlib import Path

from . import network
from .chromium import Chromium
from .firefox import Firefox
from .sound import Speakers

ROOT = Path(__file__).resolve().parents[3]
ARTEFACTS = ROOT / "artefacts"

_OBJECTION = re.compile(r"^uncaught|policy violated|Content.Security.Policy")

Test = namedtuple("Test", "name suite body limit needs long")
_tests = []


class Skipped(Exception):
    """The test cannot run here; its text says why."""


def test(name, *, limit=60, needs=(), long=False):
    """Registers a test under a sentence that says what holds; a `long` one runs when all, or it, is asked for."""

    def register(body):
        suite = sys.modules[body.__module__].__name__.removesuffix("_tests")
        _tests.append(Test(name, suite, body, limit, needs, long))
        return body

    return register


class Laboratory:
    """What one test has at hand; made fresh for each."""

    def __init__(self, directory):
        self.directory = directory
        self.stack = contextlib.AsyncExitStack()
        self.pages = []
        self.processes = []
        self._speakers = None
        self._cable = None

    def file(self, name):
        return self.directory / name

    def cable(self):
        """The two namespaces of this test."""
        if self._cable is None:
            self._cable = network.Cable()
            self.stack.callback(self._cable.remove)
        return self._cable

    async def speakers(self):
        if self._speakers is None:
            self._speakers = Speakers(self.file("pulse"))
            await self._speakers.start()
            self.stack.push_async_callback(self._speakers.stop)
        return self._speakers

    async def carry(self, port, *namespaces, tap=None):
        """Makes this side's loopback `port` answer on the same port inside the namespaces."""
        carrier = network.Carrier(port, tap)
        self.stack.push_async_callback(carrier.close)
        for namespace in namespaces:
            await carrier.accept(namespace.listener(port))
        return carrier

    async def chromium(self, *, microphone=None, namespace=None, flags=(), permitted=True, devices=True,
                       environment=None, **context):
        """One page of a Chromium of its own."""
        browser = await self.stack.enter_async_context(
            Chromium(
                microphone=microphone, namespace=namespace, directory=self.directory,
                flags=flags, permitted=permitted, devices=devices, environment=environment,
            )
        )
        page = await browser.page(**context)
        self.pages.append(page)
        return page

    async def firefox(self, *, microphone=None, namespace=None, devices=True, preferences=None,
                      environment=None):
        """One page of a Firefox of its own, `microphone` played into its sound server over and over."""
        speakers = await self.speakers() if devices else None
        if microphone:
            player = await speakers.play_into_microphone(microphone)
            self.stack.push_async_callback(player.stop)
        browser = await self.stack.enter_async_context(Firefox(
            speakers=speakers, namespace=namespace, preferences=preferences, environment=environment))
        page = await browser.page()
        self.pages.append(page)
        return page

    async def page_at(self, site, browser, *, microphone):
        """One page of "chromium" or "firefox" at a site of an internet."""
        if browser == "chromium":
            return await self.chromium(microphone=microphone, namespace=site.host, flags=site.chromium_flags)
        return await self.firefox(microphone=microphone, namespace=site.host)

    def objections(self):
        """What no page of any test may do: break its own policy, or throw what nobody catches."""
        found = [f"{page.name}: {line}" for page in self.pages for line in page.console if _OBJECTION.search(line)]
        return "\n".join(found)

    async def started(self, process):
        """Stops a process when the test ends, and shows its last lines should the test fail."""
        self.processes.append(process)
        self.stack.push_async_callback(process.stop)
        return process

    async def evidence(self, into):
        """Keeps what helps to understand a failure."""
        into.mkdir(parents=True, exist_ok=True)
        for number, page in enumerate(self.pages):
            name = f"{number}-{page.name.lower()}"
            with contextlib.suppress(Exception):
                await asyncio.wait_for(page.screenshot(into / f"{name}.png"), 5)
            (into / f"{name}-console.txt").write_text("\n".join(page.console))
        for number, process in enumerate(self.processes):
            (into / f"{number}-{process.name}.log").write_text("\n".join(process.log))
        for path in self.directory.iterdir():
            if path.suffix in (".wav", ".json") and path.stat().st_size < 20 << 20:
                shutil.copy(path, into / path.name)


def needs_root():
    return None if os.geteuid() == 0 else "needs root"


def needs_strace():
    return None if shutil.which("strace") else "needs strace: Scripts/setup test"


def needs_namespaces():
    if not hasattr(needs_namespaces, "answer"):
        needs_namespaces.answer = network.available()
    return needs_namespaces.answer


async def _run(one):
    scratch = Path(tempfile.mkdtemp(prefix="colloque-test-"))
    laboratory = Laboratory(scratch)
    failure = None
    # Asked to end, a test still cleans up.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asyncio.current_task().cancel)
    try:
        async with asyncio.timeout(one.limit):
            await one.body(laboratory)
        failure = laboratory.objections() or None
    except Skipped:
        raise
    except TimeoutError:
        failure = f"did not end in {one.limit} s\n{traceback.format_exc(limit=-4)}"
    except AssertionError as error:
        where = traceback.extract_tb(error.__traceback__)
        here = [frame for frame in where if "laboratory/" not in frame.filename][-1:]
        place = f"  at {Path(here[0].filename).name}:{here[0].lineno}: {here[0].line}" if here else ""
        failure = f"{error}\n{place}"
    except Exception:
        failure = traceback.format_exc()
    finally:
        if failure:
            folder = ARTEFACTS / "failures" / re.sub(r"\W+", "-", one.name.lower()).strip("-")
            with contextlib.suppress(Exception):
                shutil.rmtree(folder, ignore_errors=True)
                await asyncio.wait_for(laboratory.evidence(folder), 20)
            failure += f"\n  evidence: {folder.relative_to(ROOT)}"
            for process in laboratory.processes:
                failure += f"\n{process.tail(8)}"
        try:
            await asyncio.wait_for(laboratory.stack.aclose(), 90)
        except Exception as error:
            failure = failure or f"could not clean up: {error!r}"
        shutil.rmtree(scratch, ignore_errors=True)
    return failure


def main(suites, only=None, listing=False, every=False):
    """Runs the chosen tests, the long ones too if `every` or `only` asks for them; returns the exit code."""
    chosen = [
        one for one in _tests
        if (not suites or one.suite in suites) and (not only or only.lower() in one.name.lower())
    ]
    kept = [one for one in chosen if every or only or not one.long]
    left = len(chosen) - len(kept)
    chosen = kept
    if listing:
        for one in chosen:
            print(f"{one.suite:12} {one.name}")
        return 0
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    suite = None
    if needs_root() is None:
        network.sweep()
    for one in chosen:
        if one.suite != suite:
            suite = one.suite
            print(f"{suite}:", flush=True)
        began = time.monotonic()
        reason = next((why for need in one.needs if (why := need())), None)
        failure = None
        if not reason:
            try:
                failure = asyncio.run(_run(one))
            except Skipped as error:
                reason = str(error)
            except asyncio.CancelledError:
                print(f"  ✗ {one.name}: ended by a signal", flush=True)
                return 128 + signal.SIGTERM
        took = time.monotonic() - began
        if reason:
            counts["skipped"] += 1
            print(f"  - {one.name}: skipped: {reason}", flush=True)
        elif failure:
            counts["failed"] += 1
            print(f"  ✗ {one.name} ({took:.1f} s)", flush=True)
            print("\n".join(f"      {line}" for line in failure.splitlines()), flush=True)
        else:
            counts["passed"] += 1
            print(f"  ✓ {one.name} ({took:.1f} s)", flush=True)
    if left:
        print(f"{left} long tests are for `make test-long`", flush=True)
    skipped = f", {counts['skipped']} skipped" if counts["skipped"] else ""
    print(f"{counts['passed']} passed, {counts['failed']} failed{skipped}")
    return 1 if counts["failed"] or not (counts["passed"] or counts["skipped"]) else 0
