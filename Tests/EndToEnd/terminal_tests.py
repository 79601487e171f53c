"""The doctor's screens on a real terminal: tmux holds it, types, and shows what is on it."""

import asyncio
import contextlib
import os
import re
import shutil
import signal
import subprocess

from laboratory.runner import ROOT, test


def _needs_tmux():
    return None if shutil.which("tmux") else "tmux is not installed"


def _gallery():
    given = os.environ.get("SCREEN_GALLERY")
    return given or str(ROOT / ".build" / "debug" / "screen-gallery")


class Screen:
    """One tmux server with one window, in which a shell runs."""

    def __init__(self, laboratory, columns=80, rows=24, **environment):
        self.socket = str(laboratory.file("tmux"))
        self.notes = laboratory.file("settings")
        variables = {"PATH": os.environ["PATH"], "HOME": str(laboratory.directory), "LANG": "C.UTF-8"}
        size = ["-x", str(columns), "-y", str(rows)]
        subprocess.run(
            ["tmux", "-S", self.socket, "-f", "/dev/null", "-u", "new-session", "-d", *size,
             "env", *(f"{name}={value}" for name, value in environment.items()), "bash", "--norc", "--noprofile", "-i"],
            env=variables, check=True)
        laboratory.stack.callback(self.close)
        self.ask("set", "-g", "escape-time", "0")

    def close(self):
        with contextlib.suppress(subprocess.CalledProcessError):
            self.ask("kill-server")

    def ask(self, *command):
        return subprocess.run(["tmux", "-S", self.socket, *command], check=True, capture_output=True, text=True).stdout

    def text(self, *options):
        return self.ask("capture-pane", "-p", *options)

    def type(self, *keys):
        self.ask("send-keys", *keys)

    def run(self, command):
        self.ask("send-keys", "-l", command)
        self.type("Enter")

    def fact(self, name):
        return self.ask("display-message", "-p", "#{" + name + "}").strip()

    async def shows(self, text, *, gone=False, patience=15):
        """Waits until the screen has, or has no longer, this text."""
        for _ in range(int(patience / 0.05)):
            if (text in self.text()) != gone:
                return self.text()
            await asyncio.sleep(0.05)
        raise AssertionError(f"{'still' if gone else 'never'} on the screen: {text!r}\n{self.text()}")

    async def settles(self, name, value, patience=10):
        for _ in range(int(patience / 0.05)):
            if self.fact(name) == value:
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"{name} is {self.fact(name)!r}, not {value!r}\n{self.text()}")

    async def start(self, *states, prefix=""):
        """Runs the gallery in a plain sh, which notes the terminal's settings before and after and changes none."""
        self.notes.unlink(missing_ok=True)
        gallery = f"{prefix}{_gallery()} --language fr {' '.join(states)}"
        self.run(f"clear; sh -c 'stty -g >{self.notes}; {gallery}; stty -g >>{self.notes}; echo it is over'")
        await self.shows("Colloque")

    async def restored(self):
        """The terminal is as it was: settings, cursor, first screen, no leftover modes."""
        await self.shows("it is over")
        # The words stand in the command too: it is over when the second note is there.
        for _ in range(200):
            if len(self.notes.read_text().split()) == 2:
                break
            await asyncio.sleep(0.05)
        before, after = self.notes.read_text().split()
        assert after == before, f"the terminal's settings changed: {before} → {after}"
        assert self.fact("alternate_on") == "0", "the other screen is still there"
        assert self.fact("cursor_flag") == "1", "the cursor is still hidden"
        assert self.fact("wrap_flag") == "1", "lines do not wrap any more"

    def pid(self):
        def children(parent):
            return subprocess.run(["pgrep", "-P", parent], capture_output=True, text=True).stdout.split()

        found = [child for sh in children(self.fact("pane_pid")) for child in children(sh)]
        assert len(found) == 1, found
        return int(found[0])


@test("The desk is drawn at 80×24, keys act, and quitting gives the terminal back", limit=60, needs=(_needs_tmux,))
async def desk(laboratory):
    screen = Screen(laboratory)
    await screen.start("desk-busy")
    text = await screen.shows("faire entrer")
    assert "Bleuet\u00a03" in text and "en consultation" in text, text
    assert screen.fact("alternate_on") == "1" and screen.fact("cursor_flag") == "0"
    screen.type("r")
    await screen.shows("Refuser Bleuet\u00a03")
    screen.type("Escape")
    await screen.shows("Refuser", gone=True)
    screen.type("m", "3")
    await screen.shows("Message à Bleuet")
    await screen.settles("cursor_flag", "1")
    screen.ask("send-keys", "-l", "été 漢字")
    await screen.shows("› été 漢字")
    screen.type("Left", "BSpace")
    await screen.shows("› été 字")
    screen.type("Escape")
    await screen.shows("faire entrer")
    screen.type("q", "o")
    await screen.restored()


@test("The words of a call are on the screen, and it follows every size of the window", limit=60, needs=(_needs_tmux,))
async def sizes(laboratory):
    screen = Screen(laboratory)
    await screen.start("call-words")
    await screen.shows("C E R I S E")
    large = "C E R I S E"
    for columns, rows, text in ((120, 40, large), (40, 12, "CERISE"), (30, 8, "Agrandissez"), (80, 24, large)):
        screen.ask("resize-window", "-x", str(columns), "-y", str(rows))
        await screen.shows(text)
    await screen.shows("s les mêmes")
    lines = screen.text().splitlines()
    assert lines[0].startswith("  Colloque") and lines[-1].strip().startswith("s les mêmes"), screen.text()
    screen.type("h", "Enter")
    await screen.restored()


@test("Ctrl-Z gives the terminal to the shell, fg takes it back and draws all", limit=60, needs=(_needs_tmux,))
async def suspend(laboratory):
    screen = Screen(laboratory)
    await screen.start("call-connected")
    await screen.shows("raccrocher")
    screen.type("C-z")
    await screen.settles("alternate_on", "0")
    await screen.shows("Stopped")
    screen.run("fg")
    await screen.shows("raccrocher")
    assert screen.fact("alternate_on") == "1" and screen.fact("cursor_flag") == "0"
    screen.type("h")
    await screen.shows("Raccrocher\u00a0?")
    screen.type("Enter")
    await screen.restored()


@test("A signal or a crash leaves the terminal as it was", limit=90, needs=(_needs_tmux,))
async def signals(laboratory):
    screen = Screen(laboratory)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGABRT, signal.SIGSEGV):
        await screen.start("desk-two-devices", prefix="SWIFT_BACKTRACE=enable=no ")
        await screen.shows("Deux appareils")
        os.kill(screen.pid(), number)
        await screen.restored()
    await screen.start("desk-empty", prefix="SWIFT_BACKTRACE=enable=no ")
    screen.type("F12")  # The gallery aborts by itself.
    await screen.restored()


@test("SIGSTOP and SIGCONT: the screen comes back whole", limit=60, needs=(_needs_tmux,))
async def stopped(laboratory):
    screen = Screen(laboratory)
    await screen.start("call-details")
    await screen.shows("Opus")
    process = screen.pid()
    for number in (signal.SIGSTOP, signal.SIGCONT):
        os.kill(process, number)
    screen.type("i")
    await screen.shows("Opus", gone=True)
    screen.type("i")
    await screen.shows("Opus")
    # The shell sees a stop only of the sh between.
    os.killpg(os.getpgid(process), signal.SIGSTOP)
    await screen.shows("Stopped")
    screen.run("clear; fg")
    # The old picture is there until `clear` has run.
    await screen.shows("Stopped", gone=True)
    await screen.shows("Opus")
    await screen.shows("raccrocher")
    screen.type("h", "Enter")
    await screen.restored()


@test("NO_COLOR names no colour, and lines move no cursor", limit=60, needs=(_needs_tmux,))
async def plain(laboratory):
    screen = Screen(laboratory, NO_COLOR="1")
    await screen.start("call-muted")
    await screen.shows("MICRO COUPÉ")
    raw = screen.text("-e")
    # tmux names the default colours, 39 and 49, by itself.
    assert not re.search(r"\x1b\[([0-9;]*;)?([34][0-7]|9[0-7]|10[0-7])[;m]", raw), repr(raw)
    assert re.search(r"\x1b\[[0-9;]*7m MICRO COUPÉ", raw), "the mute mark stands out all the same"
    screen.type("h", "Enter")
    await screen.restored()
    for arguments in (["--lines"], []):
        printed = subprocess.run(
            [_gallery(), "--language", "fr", *arguments, "call-waiting", "call-words", "call-ended"],
            capture_output=True, env={"TERM": "xterm"}, stdin=subprocess.DEVNULL, timeout=20, check=True).stdout
        assert b"\x1b" not in printed and printed.count(b"\n") > 5, printed
        assert "cerise, marteau".encode() in printed, printed
