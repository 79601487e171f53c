"""Debian's Firefox through WebDriver BiDi, spoken directly: no driver program between.

Firefox gathers no loopback candidate while another interface is up, so it lives in a network namespace and is
reached at the other end of a cable. Its microphone is PulseAudio's, see `sound.Speakers`.
"""

import asyncio
import base64
import itertools
import json
import os
import shutil
import signal
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

import websockets

from .patient import EAR, Patient
from .processes import Process

EXECUTABLE = "/usr/bin/firefox-esr"

_PREFERENCES = {
    # Calls without questions: permission given, real (PulseAudio) devices, sound without a gesture.
    "media.navigator.permission.disabled": True,
    "media.navigator.streams.fake": False,
    "media.autoplay.default": 0,
    "media.autoplay.blocking_policy": 0,
    "media.peerconnection.ice.obfuscate_host_addresses": False,
    "media.gmp-manager.url": "",
    "media.gmp-provider.enabled": False,
    # Silence: nothing asked of any host.
    "app.update.enabled": False,
    "app.normandy.enabled": False,
    "toolkit.telemetry.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "services.settings.server": "http://127.0.0.1:9/",
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "browser.safebrowsing.downloads.remote.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage_override.mstone": "ignore",
    "security.sandbox.warn_unprivileged_namespaces": False,
}


class BiDiError(RuntimeError):
    """What Firefox answered instead of a result."""


class FirefoxPage(Patient):
    """The one tab."""

    name = "Firefox"
    #: What it prefers; no command of its debugger changes that.
    schemes = ("light",)

    def __init__(self, firefox, context):
        self._firefox = firefox
        self._context = context
        self.console = firefox.console

    async def goto(self, url):
        await self._firefox.command(
            "browsingContext.navigate", context=self._context, url=url, wait="complete"
        )

    async def another_tab(self):
        opened = await self._firefox.command("browsingContext.create", type="tab")
        return FirefoxPage(self._firefox, opened["context"])

    async def reload(self):
        await self._firefox.command("browsingContext.reload", context=self._context, wait="complete")

    async def preload(self, script):
        """Runs a script before a page's own, from the next page on."""
        await self._firefox.command("script.addPreloadScript", functionDeclaration=f"() => {{ {script} }}")

    async def evaluate(self, function, argument=None):
        answer = await self._firefox.command(
            "script.callFunction",
            functionDeclaration=f"async (a) => JSON.stringify(await ({function})(JSON.parse(a)) ?? null)",
            arguments=[{"type": "string", "value": json.dumps(argument)}],
            target={"context": self._context},
            awaitPromise=True,
            userActivation=True,
        )
        if answer["type"] == "exception":
            raise BiDiError(answer["exceptionDetails"]["text"])
        return json.loads(answer["result"]["value"])

    async def press(self, selector):
        await self.pace()
        point = await self.evaluate(
            """(selector) => {
                const control = [...document.querySelectorAll(selector)].find((one) =>
                    one.getClientRects().length > 0);
                if (!control) return null;
                control.scrollIntoView({ block: 'center', behavior: 'instant' });
                const box = control.getBoundingClientRect();
                return { x: Math.round(box.x + box.width / 2), y: Math.round(box.y + box.height / 2) };
            }""",
            selector,
        )
        if not point:
            raise BiDiError(f"nothing visible to press: {selector}")
        await self._firefox.command(
            "input.performActions",
            context=self._context,
            actions=[{
                "type": "pointer",
                "id": "finger",
                "actions": [
                    {"type": "pointerMove", **point},
                    {"type": "pointerDown", "button": 0},
                    {"type": "pointerUp", "button": 0},
                ],
            }],
        )

    async def prefer(self, scheme):
        assert scheme in self.schemes, scheme

    async def pasted(self):
        """What was copied, pasted in a page of nothing."""
        other = await self.another_tab()
        await other.goto("data:text/html,<textarea autofocus></textarea>")
        await other.evaluate("() => document.querySelector('textarea').focus()")
        keys = [{"type": kind, "value": key} for kind, key in
                (("keyDown", "\ue009"), ("keyDown", "v"), ("keyUp", "v"), ("keyUp", "\ue009"))]
        await self._firefox.command("input.performActions", context=other._context,
                                    actions=[{"type": "key", "id": "keyboard", "actions": keys}])
        text = await other.evaluate("() => document.querySelector('textarea').value")
        await other.close()
        return text

    async def close(self):
        await self._firefox.command("browsingContext.close", context=self._context)

    async def screenshot(self, path):
        taken = await self._firefox.command("browsingContext.captureScreenshot", context=self._context)
        Path(path).write_bytes(base64.b64decode(taken["data"]))

    async def viewport(self, width, height):
        await self._firefox.command(
            "browsingContext.setViewport", context=self._context,
            viewport={"width": width, "height": height},
        )


class Firefox:
    """One browser process with a profile of its own, in `namespace` when one is given."""

    def __init__(self, *, speakers, namespace=None, preferences=None, environment=None):
        #: None: no sound device of any kind.
        self._speakers = speakers
        self._namespace = namespace
        self._environment = environment or {}
        self._preferences = {**_PREFERENCES, **(preferences or {})}
        self._answers = {}
        self._numbers = itertools.count(1)
        self.console = []

    async def __aenter__(self):
        self._profile = Path(tempfile.mkdtemp(prefix="colloque-firefox-"))
        (self._profile / "user.js").write_text(
            "".join(
                f"user_pref({json.dumps(name)}, {json.dumps(value)});\n"
                for name, value in self._preferences.items()
            )
        )
        self._process = await Process.start(
            [EXECUTABLE, "--headless", "--no-remote", "--profile", self._profile,
             "--remote-debugging-port", "0"],
            name="firefox",
            environment={
                "HOME": str(self._profile),
                "MOZ_CRASHREPORTER_DISABLE": "1",
                **(self._speakers.environment if self._speakers else {"PULSE_SERVER": f"unix:{self._profile}/none"}),
                **self._environment,
            },
            namespace=self._namespace,
        )
        try:
            found = await self._process.line(r"WebDriver BiDi listening on (ws://\S+)", timeout=60)
            place = urlsplit(found[1])
            given = {}
            if self._namespace:
                given["sock"] = self._namespace.connection(place.hostname, place.port)
                given["sock"].setblocking(False)
            self._socket = await websockets.connect(
                found[1] + "/session", max_size=None, proxy=None, **given
            )
            self._reader = asyncio.create_task(self._read())
            opened = await self.command(
                "session.new", capabilities={"alwaysMatch": {"acceptInsecureCerts": True}}
            )
            self.version = opened["capabilities"]["browserVersion"]
            await self.command("session.subscribe", events=["log.entryAdded"])
            await self.command("script.addPreloadScript", functionDeclaration=f"() => {{ {EAR} }}")
        except BaseException:
            await self._process.stop()
            shutil.rmtree(self._profile, ignore_errors=True)
            raise
        return self

    async def __aexit__(self, *_):
        try:
            await asyncio.wait_for(self.command("browser.close"), 5)
        except (asyncio.TimeoutError, BiDiError, websockets.WebSocketException):
            pass
        self._reader.cancel()
        try:
            await asyncio.wait_for(self._process.child.wait(), 8)
        except asyncio.TimeoutError:
            os.killpg(self._process.child.pid, signal.SIGKILL)
        await self._process.stop()
        await self._socket.close()
        shutil.rmtree(self._profile, ignore_errors=True)

    async def page(self):
        """The tab that is open already."""
        tree = await self.command("browsingContext.getTree")
        return FirefoxPage(self, tree["contexts"][0]["context"])

    async def command(self, method, **parameters):
        number = next(self._numbers)
        answer = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        await self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        message = await answer
        if message["type"] == "error":
            raise BiDiError(f"{method}: {message['error']} {message['message']}")
        return message["result"]

    async def _read(self):
        try:
            async for text in self._socket:
                message = json.loads(text)
                if message.get("id") in self._answers:
                    self._answers.pop(message["id"]).set_result(message)
                elif message.get("method") == "log.entryAdded":
                    entry = message["params"]
                    self.console.append(f"{entry.get('level')}: {entry.get('text')}")
        finally:
            for answer in self._answers.values():
                if not answer.done():
                    answer.set_exception(BiDiError("Firefox is gone"))
