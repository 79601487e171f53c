"""A bad line: carries frames between two interfaces and loses, delays, reorders, repeats and slows them on the way.

    python impairment.py LEFT RIGHT SETTINGS

It stands in user space because a kernel without netem must do. SETTINGS is a JSON file with any of the fields of
`Settings`, read at the start and again on SIGHUP. On SIGTERM it prints what it did as one line of JSON. Chance comes
from the seed alone, apart for each direction, so the same frames meet the same fate.
"""

import dataclasses
import heapq
import itertools
import json
import random
import select
import signal
import socket
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

_ETH_P_ALL = 3
_SOL_PACKET = 263
_PACKET_IGNORE_OUTGOING = 23
_ARP = b"\x08\x06"
_IPV6 = b"\x86\xdd"
_NEIGHBOUR_DISCOVERY = range(133, 138)


@dataclass
class Settings:
    #: Milliseconds in each direction, and how far a frame may stray from it either way.
    delay: float = 0
    jitter: float = 0
    #: Per cent of frames; lost ones come in runs of `burst` on average.
    loss: float = 0
    burst: float = 1
    duplicate: float = 0
    #: Per cent of frames that overtake those before them by not waiting at all.
    reorder: float = 0
    #: Kilobits per second, and the milliseconds that a frame may wait for its turn before it is dropped. 0: any.
    rate: float = 0
    queue: float = 200
    seed: int = 1


class Direction:
    """The fate of frames going one way; told the time, it decides and does nothing."""

    def __init__(self, settings, salt):
        self.settings = settings
        self._random = random.Random(f"{settings.seed} {salt}")
        self._in_burst = False
        self._line_free_at = 0.0
        self.counts = Counter()

    def departures(self, frame, now):
        """When the copies of a frame that came at `now` go on: none when it is lost."""
        its = self.settings
        if is_address_resolution(frame):
            return [now + its.delay / 1000]  # Losing these measures the kernel's patience, not the call's.
        if self._is_lost():
            self.counts["lost"] += 1
            return []
        if its.rate:
            ready = max(now, self._line_free_at)
            if (ready - now) * 1000 > its.queue:
                self.counts["overflowed"] += 1
                return []
            self._line_free_at = now = ready + len(frame) * 8 / (its.rate * 1000)
        copies = 2 if self._chance(its.duplicate) else 1
        self.counts["carried"] += 1
        self.counts["duplicated"] += copies - 1
        return [now + self._wait() for _ in range(copies)]

    def _wait(self):
        if self._chance(self.settings.reorder):
            self.counts["reordered"] += 1
            return 0.0
        return max(0.0, self.settings.delay + self._random.uniform(-1, 1) * self.settings.jitter) / 1000

    def _is_lost(self):
        """Gilbert's model: two states, the bad one loses everything and lasts `burst` frames on average."""
        share, leaving = self.settings.loss / 100, 1 / max(1, self.settings.burst)
        if share >= 1:
            return True
        if self._in_burst:
            self._in_burst = self._random.random() >= leaving
        if not self._in_burst:
            # Entered as often as it takes to be in it for `share` of all frames.
            self._in_burst = self._random.random() < share * leaving / (1 - share + share * leaving)
        return self._in_burst

    def _chance(self, per_cent):
        return per_cent > 0 and self._random.random() * 100 < per_cent


def is_address_resolution(frame):
    """ARP, or the neighbour discovery of IPv6 (ICMPv6 types 133 to 137)."""
    kind = frame[12:14]
    return kind == _ARP or (
        kind == _IPV6 and len(frame) > 54 and frame[20] == socket.IPPROTO_ICMPV6 and frame[54] in _NEIGHBOUR_DISCOVERY
    )


def _interface(name):
    end = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_ALL))
    end.setsockopt(_SOL_PACKET, _PACKET_IGNORE_OUTGOING, 1)
    end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    end.bind((name, _ETH_P_ALL))
    end.setblocking(False)
    return end


def carry(left, right, settings_path):
    ends = [_interface(left), _interface(right)]
    directions = []
    waiting = []
    order = itertools.count()

    def read_settings(*_):
        settings = Settings(**json.loads(Path(settings_path).read_text()))
        if directions:
            for direction in directions:
                direction.settings = settings
        else:
            directions.extend(Direction(settings, salt) for salt in ("right", "left"))

    def finish(*_):
        print(json.dumps([dict(direction.counts) for direction in directions]), flush=True)
        sys.exit(0)

    read_settings()
    signal.signal(signal.SIGHUP, read_settings)
    signal.signal(signal.SIGTERM, finish)
    print("carrying", flush=True)
    while True:
        patience = max(0.0, waiting[0][0] - time.monotonic()) if waiting else None
        readable, _, _ = select.select(ends, [], [], patience)
        for end in readable:
            side = ends.index(end)
            while True:
                try:
                    frame = end.recv(65535)
                except BlockingIOError:
                    break
                for departure in directions[side].departures(frame, time.monotonic()):
                    heapq.heappush(waiting, (departure, next(order), 1 - side, frame))
        now = time.monotonic()
        while waiting and waiting[0][0] <= now:
            _, _, side, frame = heapq.heappop(waiting)
            try:
                ends[side].send(frame)
            except OSError:
                directions[1 - side].counts["unsendable"] += 1


def write_settings(path, **settings):
    """Writes a settings file; unknown names are an error here and not in the program."""
    Path(path).write_text(json.dumps(dataclasses.asdict(Settings(**settings))))


if __name__ == "__main__":
    carry(*sys.argv[1:4])
