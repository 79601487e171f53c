"""A program at a terminal of its own that prints lines and asks: typed to by a test, without a screen."""

import contextlib
import fcntl
import os
import pty
import re
import select
import struct
import termios
import time


class Typist:
    """What it shows, 80 columns wide, is kept; `expect` waits for a pattern in what came since the last one."""

    def __init__(self, arguments, environment=None):
        self.shown = ""
        self._seen = 0
        self._child, self._terminal = pty.fork()
        if self._child == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
            os.execvpe(str(arguments[0]), [str(one) for one in arguments], {**os.environ, **(environment or {})})

    def expect(self, pattern, patience=20):
        deadline = time.monotonic() + patience
        while not (match := re.search(pattern, self.shown[self._seen:])):
            assert time.monotonic() < deadline, f"`{pattern}` does not come:\n{self.shown}"
            self._read()
        self._seen += match.end()
        return match

    def type(self, text):
        os.write(self._terminal, text.encode())

    def end(self, patience=20):
        """The exit code."""
        deadline = time.monotonic() + patience
        while True:
            self._read()
            ended, status = os.waitpid(self._child, os.WNOHANG)
            if ended:
                os.close(self._terminal)
                return os.waitstatus_to_exitcode(status)
            assert time.monotonic() < deadline, f"it does not end:\n{self.shown}"

    def _read(self):
        with contextlib.suppress(OSError):
            if select.select([self._terminal], [], [], 0.1)[0]:
                self.shown += os.read(self._terminal, 65536).decode("utf-8", "replace")
