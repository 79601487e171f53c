"""Whether the machine had too much to do for times to mean anything."""

import os
import time
from pathlib import Path

_PRESSURE = Path("/proc/pressure/cpu")


class Crowd:
    """Looks from its making on at how long somebody waited for a processor (proc(5), pressure stall information)."""

    def __init__(self):
        self._began, self._waited = time.monotonic(), _waited()

    def share(self):
        """Of the time so far, the part in which somebody waited; by the load average where the kernel does not tell."""
        if self._waited is None:
            return max(0, os.getloadavg()[0] / os.cpu_count() - 1)
        return (_waited() - self._waited) / (time.monotonic() - self._began)


def _waited():
    """Seconds since the start of the machine; None where the kernel does not tell."""
    try:
        some = _PRESSURE.read_text().splitlines()[0]
    except OSError:
        return None
    return int(some.rsplit("total=", 1)[1]) / 1e6
