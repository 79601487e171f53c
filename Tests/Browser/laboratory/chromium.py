"""Debian's Chromium through Playwright, its microphone replaced by a file."""

import os

from playwright.async_api import async_playwright

from .patient import EAR, Patient

EXECUTABLE = "/usr/bin/chromium"
_FLAGS = [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
]
#: Without a namespace the other end is on loopback. With one this would add a path from 127.0.0.1 that leads nowhere
#: and is checked first: 48 ms before the one that works.
_LOOPBACK = "--allow-loopback-in-peer-connection"


class ChromiumPage(Patient):
    """One page in a context of its own."""

    name = "Chromium"
    #: What it can be made to prefer.
    schemes = ("light", "dark")

    def __init__(self, page):
        self.page = page
        self.console = []
        self.requests = []
        # Of every tab of the context.
        page.context.on("console", lambda message: self.console.append(f"{message.type}: {message.text}"))
        page.context.on("weberror", lambda error: self.console.append(f"uncaught: {error.error}"))
        page.on("request", lambda request: self.requests.append(request.url))

    async def goto(self, url):
        await self.page.goto(url, wait_until="load")

    async def reload(self):
        await self.page.reload(wait_until="load")

    async def another_tab(self):
        return ChromiumPage(await self.page.context.new_page())

    async def preload(self, script):
        """Runs a script before a page's own, from the next page on."""
        await self.page.add_init_script(script)

    async def evaluate(self, function, argument=None):
        return await self.page.evaluate(function, argument)

    async def press(self, selector):
        await self.pace()
        await self.page.locator(f"{selector}:visible").first.click(timeout=5000)

    async def viewport(self, width, height):
        await self.page.set_viewport_size({"width": width, "height": height})

    async def prefer(self, scheme):
        await self.page.emulate_media(color_scheme=scheme)

    async def key(self, name):
        await self.page.keyboard.press(name)

    async def type(self, text):
        await self.page.keyboard.type(text)

    async def nodes(self):
        """(role, name) of everything that a screen reader meets, in its order."""
        session = await self.page.context.new_cdp_session(self.page)
        nodes = (await session.send("Accessibility.getFullAXTree"))["nodes"]
        await session.detach()
        return [
            (node["role"]["value"], node.get("name", {}).get("value", ""))
            for node in nodes if not node.get("ignored") and "role" in node
        ]

    async def screenshot(self, path):
        await self.page.screenshot(path=str(path), full_page=False)

    async def pasted(self):
        """What was copied, pasted in a page of nothing."""
        other = await self.page.context.new_page()
        await other.set_content("<textarea autofocus></textarea>")
        await other.focus("textarea")
        await other.keyboard.press("Control+v")
        text = await other.input_value("textarea")
        await other.close()
        return text

    async def close(self):
        await self.page.close()


class Chromium:
    """One browser process; its microphone plays `microphone` (a WAV file) over and over.

    Flags are given at launch, so a browser has one microphone; pages of one browser share it.
    """

    def __init__(self, *, microphone=None, namespace=None, directory=None, flags=(), permitted=True,
                 devices=True, environment=None):
        #: Variables for the browser's own process.
        self._environment = environment
        self._flags = [*_FLAGS, *flags] if namespace else [*_FLAGS, _LOOPBACK, *flags]
        if not devices:
            self._flags.remove("--use-fake-device-for-media-stream")
        if not permitted:
            self._flags.remove("--use-fake-ui-for-media-stream")
        if microphone:
            self._flags.append(f"--use-file-for-fake-audio-capture={microphone}")
        self._executable = EXECUTABLE
        if namespace:
            # Playwright speaks over pipes that survive the change of namespace.
            launcher = directory / f"chromium-{namespace.name}"
            launcher.write_text(f'#!/bin/sh\nexec ip netns exec {namespace.name} {EXECUTABLE} "$@"\n')
            launcher.chmod(0o755)
            self._executable = str(launcher)

    async def __aenter__(self):
        self._playwright = await async_playwright().start()
        try:
            self._browser = await self._playwright.chromium.launch(
                executable_path=self._executable, headless=True, args=self._flags,
                env={**os.environ, **(self._environment or {})},
            )
        except BaseException:
            await self._playwright.stop()
            raise
        self.version = self._browser.version
        return self

    async def __aexit__(self, *_):
        await self._browser.close()
        await self._playwright.stop()

    async def page(self, **context):
        """A new page in a fresh context; `context` as Playwright's new_context takes it."""
        opened = await self._browser.new_context(**context)
        await opened.add_init_script(EAR)
        return ChromiumPage(await opened.new_page())
