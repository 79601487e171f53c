"""Processors that never sleep: what somebody costs who sleeps between packets, without the price of falling asleep.

The same work takes longer on a processor that was idle before (docs/measurements.md has libopus alone both ways); the
likely reasons are its clock and caches that others used. Whoever works for less of the time pays that more often for the
same work. A server that holds many calls is never idle: this is that case. What keeps a processor awake here gives way to
everything else (SCHED_IDLE, sched(7)).
"""

import os
import signal
import subprocess
import sys

from ends import processor_seconds

SPIN = "import os\nos.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))\nwhile True: pass"


class Awake:
    """Keeps every processor awake while it is entered; `wanted=False` does nothing."""

    def __init__(self, wanted):
        self._wanted, self._children = wanted, []

    def __enter__(self):
        for processor in sorted(os.sched_getaffinity(0)) if self._wanted else []:
            child = subprocess.Popen([sys.executable, "-c", SPIN], preexec_fn=_end_with_parent)
            os.sched_setaffinity(child.pid, {processor})
            self._children.append(child)
        return self

    def __exit__(self, *_):
        for child in self._children:
            child.kill()
            child.wait()

    def seconds(self):
        """Of processor time that this took so far."""
        return sum(processor_seconds(child.pid) for child in self._children)


def _end_with_parent():
    import ctypes

    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
