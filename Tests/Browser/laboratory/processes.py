"""Child processes that are waited for by what they say, never by sleeping."""

import asyncio
import os
import re
import signal
import time
from pathlib import Path


class ProcessFailed(AssertionError):
    """A program ended, or stayed silent, when the test needed it to go on."""


class Process:
    """One running program whose lines are kept and can be awaited.

    Standard output and standard error are read apart, and together in `log`, in order of arrival.
    """

    def __init__(self, name, child):
        self.name = name
        self.child = child
        self.output = []
        self.errors = []
        self.log = []
        self._arrivals = []
        self._changed = asyncio.Condition()
        self._readers = [
            asyncio.create_task(self._read(child.stdout, self.output)),
            asyncio.create_task(self._read(child.stderr, self.errors)),
        ]

    @classmethod
    async def start(cls, arguments, *, name=None, environment=None, directory=None, namespace=None):
        """Starts a program in its own process group, inside `namespace` when one is given."""
        arguments = [str(argument) for argument in arguments]
        name = name or Path(arguments[0]).name
        if namespace is not None:
            arguments = namespace.command(arguments)
        # Should the laboratory be killed, nobody is left to stop its programs: the kernel does.
        arguments = ["setpriv", "--pdeathsig", "KILL", "--", *arguments]
        child = await asyncio.create_subprocess_exec(
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, **(environment or {})},
            cwd=directory,
            start_new_session=True,
            limit=1 << 22,
        )
        return cls(name, child)

    async def _read(self, stream, lines):
        async for raw in stream:
            line = raw.decode("utf-8", "replace").rstrip("\n")
            async with self._changed:
                lines.append(line)
                self.log.append(line)
                self._arrivals.append(time.monotonic())
                self._changed.notify_all()
        async with self._changed:
            self._changed.notify_all()

    async def line(self, pattern, timeout=20):
        """The first match of `pattern` in any line, now or within `timeout` seconds."""
        expression = re.compile(pattern)
        seen = 0

        def search():
            nonlocal seen
            while seen < len(self.log):
                found = expression.search(self.log[seen])
                seen += 1
                if found:
                    return found
            return None

        deadline = time.monotonic() + timeout
        async with self._changed:
            while True:
                if found := search():
                    return found
                if all(reader.done() for reader in self._readers):
                    raise ProcessFailed(f"{self.name} ended before it printed /{pattern}/\n{self.tail()}")
                remaining = deadline - time.monotonic()
                if remaining <= 0:
                    raise ProcessFailed(f"{self.name} did not print /{pattern}/ in {timeout} s\n{self.tail()}")
                try:
                    # A reader that ends wakes us too; the cap covers one that ended between two looks.
                    await asyncio.wait_for(self._changed.wait(), min(remaining, 1))
                except asyncio.TimeoutError:
                    pass

    def when(self, pattern):
        """The monotonic time when the first line that matches `pattern` arrived."""
        return next(at for line, at in zip(self.log, self._arrivals) if re.search(pattern, line))

    async def ended(self, timeout=30):
        """Waits for the end and returns the exit code (negative: the signal's number)."""
        if not await self._gone(timeout):
            raise ProcessFailed(f"{self.name} was still running after {timeout} s\n{self.tail()}")
        await asyncio.wait(self._readers, timeout=2)
        return self.child.returncode

    async def _gone(self, patience):
        """Whether it ends within `patience` seconds.

        Asyncio's own waiting goes on until everybody has closed the pipes, also a child that outlives it.
        """
        deadline = time.monotonic() + patience
        while self.child.returncode is None and time.monotonic() < deadline:
            await asyncio.sleep(0.01)
        return self.child.returncode is not None

    def send(self, number):
        """Sends a signal to this program alone."""
        if self.child.returncode is None:
            self.child.send_signal(number)

    async def kill(self):
        """SIGKILL, and wait until it is gone."""
        self.send(signal.SIGKILL)
        await self._gone(10)

    async def stop(self, patience=5):
        """SIGTERM to its whole group, then SIGKILL if it does not go."""
        if self.child.returncode is None:
            self._send_to_group(signal.SIGTERM)
            if not await self._gone(patience):
                self._send_to_group(signal.SIGKILL)
                await self._gone(10)
        for reader in self._readers:
            reader.cancel()
        await asyncio.gather(*self._readers, return_exceptions=True)

    def _send_to_group(self, number):
        try:
            os.killpg(self.child.pid, number)
        except ProcessLookupError:
            pass

    def tail(self, count=15):
        return "\n".join(f"    {self.name}: {line}" for line in self.log[-count:])


async def run(arguments, *, environment=None, directory=None, namespace=None, timeout=60):
    """Runs a program to its end: (exit code, standard output, standard error)."""
    process = await Process.start(
        arguments, environment=environment, directory=directory, namespace=namespace
    )
    try:
        code = await process.ended(timeout)
    finally:
        await process.stop()
    return code, "\n".join(process.output), "\n".join(process.errors)
