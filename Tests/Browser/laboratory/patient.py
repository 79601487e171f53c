"""What a test does with a patient's page, the same words for every browser.

A browser's page class gives `evaluate`, `press` and `screenshot`; everything else stands on those.
"""

import asyncio
import base64
import time
from pathlib import Path

import numpy

from . import sound

EAR = (Path(__file__).parent / "ear.js").read_text()


class PageFailed(AssertionError):
    """The page is not where the test needs it to be."""


class Patient:
    """Drives the patient's page by the states, actions and marks that it promises."""

    async def evaluate(self, function, argument=None):
        raise NotImplementedError

    async def press(self, selector):
        raise NotImplementedError

    _pressed = 0.0

    async def pace(self):
        """Waits as a person would: what follows a press at once, and somewhere else, is taken for its second half."""
        await asyncio.sleep(max(0.0, self._pressed + 0.6 - time.monotonic()))
        self._pressed = time.monotonic()

    # -- states

    async def state(self):
        return await self.evaluate("() => document.documentElement.dataset.state ?? ''")

    async def milliseconds(self, before, after):
        """From the beginning of one state to the first beginning of another behind it."""
        states = await self.evaluate("() => globalThis.__ear.states")
        began = next(at for state, at in states if state == before)
        return next(at for state, at in states if state == after and at >= began) - began

    async def error(self):
        return await self.evaluate("() => document.documentElement.dataset.error ?? ''")

    async def path(self):
        return await self.evaluate("() => document.documentElement.dataset.path ?? ''")

    async def until(self, *states, timeout=30):
        """Waits until the page is in one of `states`; says where it stayed when it does not come."""
        deadline = time.monotonic() + timeout
        seen = []
        while True:
            now = await self.state()
            if now in states:
                return now
            if not seen or seen[-1] != now:
                seen.append(now)
            if now in ("failed", "bad-link", "ended") or time.monotonic() > deadline:
                raise PageFailed(
                    f"page never came to {' or '.join(states)}: {' → '.join(seen)}"
                    f" (error {await self.error()!r})\n{await self.text()}"
                )
            await asyncio.sleep(0.05)

    async def stops(self, error, timeout=20):
        """Waits for the designed state of one error: title, advice, and its code where it is a failure."""
        try:
            await self.true("(error) => document.documentElement.dataset.error === error", error, timeout=timeout)
        except PageFailed as failure:
            raise PageFailed(f"{failure}, error {await self.error()!r}\n{await self.text()}") from None
        if await self.state() != "ended":
            shown = "() => /\\d\\d$/.test(document.getElementById('code').textContent)"
            assert await self.evaluate(shown), await self.text()

    async def act(self, action, timeout=10):
        """Presses the control of one action as a person would, as soon as it is there and enabled."""
        selector = f"[data-action='{action}']"
        await self.true(
            """(selector) => [...document.querySelectorAll(selector)].some((control) =>
                control.getClientRects().length > 0 && !control.disabled)""",
            selector,
            timeout=timeout,
            saying=f"no visible enabled control {action!r}",
        )
        await self.press(selector)

    async def enter(self, timeout=30):
        """From the opened link to the waiting room: every press that stands between them."""
        await self.until("ready", timeout=timeout)
        await self.act("enter")
        await self.until("waiting", "admitted", "connecting", "connected", "checking", timeout=timeout)

    async def reach_call(self, timeout=40):
        """Goes on to the call itself, consenting when asked."""
        deadline = time.monotonic() + timeout
        has_agreed = False
        while (state := await self.state()) != "connected":
            if not has_agreed and await self.visible("[data-action='consent']"):
                await self.press("[data-action='consent']")
                has_agreed = True
            if state in ("failed", "bad-link", "ended") or time.monotonic() > deadline:
                raise PageFailed(
                    f"page did not connect: {state} (error {await self.error()!r})\n{await self.text()}"
                )
            await asyncio.sleep(0.05)

    async def visible(self, selector):
        return await self.evaluate(
            """(selector) => [...document.querySelectorAll(selector)].some((one) =>
                one.getClientRects().length > 0 && !one.disabled)""",
            selector,
        )

    async def true(self, function, argument=None, *, timeout=10, saying=None):
        deadline = time.monotonic() + timeout
        while not await self.evaluate(function, argument):
            if time.monotonic() > deadline:
                raise PageFailed(f"{saying or function} after {timeout} s, state {await self.state()}")
            await asyncio.sleep(0.05)

    # -- what is on it

    async def words(self):
        """The four words as one lower-case string, single spaces."""
        return await self._mark("words")

    async def digits(self):
        """The eight digits, without spaces."""
        return "".join((await self._mark("digits")).split())

    async def _mark(self, name):
        text = await self.evaluate(
            """(name) => {
                const mark = document.querySelector(`[data-sas='${name}']`);
                if (!mark) return '';
                const parts = mark.children.length ? [...mark.children] : [mark];
                return parts.map((part) => part.textContent).join(' ');
            }""",
            name,
        )
        return " ".join(text.lower().replace("·", " ").split())

    async def text(self):
        """What a person reads, for messages of failed tests."""
        return await self.evaluate("() => document.body ? document.body.innerText.slice(0, 600) : ''")

    # -- what it sounds like

    async def listen(self):
        """Starts writing down what the page's remote tracks play."""
        state = await self.evaluate("() => globalThis.__ear.open()")
        if state != "running":
            raise PageFailed(f"the page's ear is {state}")
        await self.evaluate("() => globalThis.__ear.take().rate")

    async def unprocessed(self):
        """Sends the microphone as it is: to an echo canceller two melodies at once are one melody and its echo."""
        await self.evaluate("() => globalThis.__ear.unprocessed()")

    async def heard(self, path):
        """Writes what was heard since the last call to a file, and returns the file."""
        taken = await self.evaluate("() => globalThis.__ear.take()")
        samples = numpy.frombuffer(base64.b64decode(taken["samples"]), "<i2") / 32768.0
        sound.write(path, samples, int(taken["rate"]) or sound.RATE)
        return path

    async def hears(self, reference, path, *, seconds=4, patience=30):
        """Listens until `seconds` in a row repeat `reference`, the last stretch kept at `path`.

        A jitter buffer that began long, on a busy machine, plays fast until it is short again: such a stretch is
        recognisable to an ear but not by its waveform, so a later one is tried.
        """
        await self.listen()
        deadline = time.monotonic() + patience
        while True:
            await asyncio.sleep(seconds + 0.7)
            try:
                return sound.repeats(await self.heard(path), reference, self.name, seconds=seconds - 1)
            except AssertionError:
                if time.monotonic() > deadline:
                    raise

    async def statistics(self, kind):
        """The WebRTC statistics of one type for the connection that lives."""
        return [one for one in await self.evaluate("() => globalThis.__ear.statistics()") if one["type"] == kind]

    async def transport(self):
        """How this page's packets travel: `udp`, or to a relay `relay/udp`, `relay/tcp` or `relay/tls`."""
        reports = {one["id"]: one for one in await self.evaluate("() => globalThis.__ear.statistics()")}
        chosen = [one for one in reports.values() if one["type"] == "transport" and "selectedCandidatePairId" in one]
        pair = reports[chosen[0]["selectedCandidatePairId"]] if chosen else next(
            one for one in reports.values() if one["type"] == "candidate-pair" and one.get("selected"))
        local = reports[pair["localCandidateId"]]
        return f"relay/{local['relayProtocol']}" if local["candidateType"] == "relay" else local["protocol"]

    async def violations(self):
        """Content-security-policy violations since the page was opened."""
        return await self.evaluate("() => globalThis.__ear.violations")
