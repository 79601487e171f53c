"""A person at a terminal: tmux shows what they see and types what they press."""

import asyncio
import os
import re
import shlex
import subprocess
import time

from .processes import run


class Terminal:
    """One program in a terminal of its own, 80×24 unless asked otherwise."""

    def __init__(self, laboratory, name, columns, rows):
        self._socket = str(laboratory.file(f"tmux-{name}"))
        self.name = name
        self.size = (columns, rows)

    @classmethod
    async def start(cls, laboratory, name, arguments, *, environment=None, columns=80, rows=24):
        terminal = cls(laboratory, name, columns, rows)
        variables = {"TERM": "screen-256color", "LANG": "fr_FR.UTF-8", "LC_ALL": "", "COLLOQUE_HOME": "",
                     "COLLOQUE_BROKER": "", **(environment or {})}
        line = " ".join(
            ["env", *(shlex.quote(f"{key}={value}") for key, value in variables.items() if value != ""),
             *(shlex.quote(str(argument)) for argument in arguments)]
        )
        # What is printed after the end stays to be read.
        shell = f"{line}; echo \"[exit $?]\"; exec sleep 3600"
        await terminal._tmux("-f", "/dev/null", "new-session", "-d", "-x", str(columns), "-y", str(rows), shell)
        laboratory.stack.push_async_callback(terminal.close)
        return terminal

    async def _tmux(self, *arguments):
        code, output, errors = await run(
            ["tmux", "-S", self._socket, *arguments],
            environment={"LC_ALL": "C.UTF-8", "TMUX": ""}, timeout=10,
        )
        assert code == 0, f"tmux {arguments}: {errors}"
        return output

    async def screen(self):
        """What stands on the screen, a line for each row."""
        return (await self._tmux("capture-pane", "-p")).rstrip("\n")

    async def until(self, pattern, timeout=20):
        """Waits until the screen shows `pattern`; the match."""
        deadline = time.monotonic() + timeout
        while True:
            screen = await self.screen()
            found = re.search(pattern, screen, re.MULTILINE)
            if found:
                return found
            if time.monotonic() > deadline:
                raise AssertionError(f"{self.name}: no {pattern!r} on the screen after {timeout} s:\n{screen}")
            await asyncio.sleep(0.1)

    async def press(self, *keys):
        """Keys by their names of tmux, or single characters."""
        await self._tmux("send-keys", *keys)

    async def type(self, text):
        await self._tmux("send-keys", "-l", text)

    async def pid(self):
        """Of the program, while it runs."""
        shell = int((await self._tmux("display-message", "-p", "#{pane_pid}")).strip())
        children = subprocess.run(["pgrep", "-P", str(shell)], capture_output=True, text=True).stdout.split()
        assert children, f"{self.name}: no program runs:\n{await self.screen()}"
        return int(children[0])

    async def kill(self, signal):
        os.kill(await self.pid(), signal)

    async def resize(self, columns, rows):
        await self._tmux("resize-window", "-x", str(columns), "-y", str(rows))

    async def ended(self, timeout=20):
        """The exit status of the program."""
        return int((await self.until(r"^\[exit (\d+)\]", timeout)).group(1))

    async def close(self):
        await run(["tmux", "-S", self._socket, "kill-server"], timeout=10)
