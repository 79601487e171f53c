"""What somebody on the path can tell of a voice from the sizes and times of its packets, and when that is too much.

Sizes are compared as sets. Times are compared as the intervals between packets, by the two-sample statistic of
Kolmogorov and Smirnov with a tolerance: the largest share by which more intervals of one sound than of the other are
below any limit, where differences of up to 2 ms do not count, which every network adds. It is at the same time what the best
listener gains who guesses the sound by one interval and a limit. What chance alone exceeds once in a thousand is
allowed: 1.95 √(1/n + 1/m), 0.13 for the 450 intervals of two sounds.

A busy machine delays senders by more than 2 ms, and not equally in two calls. So a metronome, a program that sends a
datagram every 20 ms and knows of no sound, runs beside each call, and what its intervals differ by between the two is
allowed to the voice as well. Where that alone exceeds 0.3 nothing can be said and the test is void.
"""

import asyncio
import sys
import time
from collections import Counter

import numpy

TOLERANCE = 0.002
VOID = 0.3
METRONOME_PORT = 9

_METRONOME = """
import socket, sys, time
end = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
due = time.monotonic()
while True:
    due += 0.02
    time.sleep(max(0, due - time.monotonic()))
    end.sendto(b"beat", (sys.argv[1], int(sys.argv[2])))
"""


def metronome(address):
    """The command of a metronome that sends to a machine whose `METRONOME_PORT` nobody listens on."""
    return [sys.executable, "-c", _METRONOME, address, METRONOME_PORT]


class Traffic:
    """What one end sent between two moments: sizes by kind, intervals between voice packets and between beats."""

    def __init__(self, capture, source, began, ended):
        sent = [one for one in capture.datagrams if one.source[0] == source and began <= one.time <= ended]
        self.sizes = {}
        for one in sent:
            self.sizes.setdefault(one.kind, Counter())[len(one.payload)] += 1
        self.voice = _intervals([one.time for one in sent if one.kind == "rtp"])
        self.payload_types = Counter(one.payload[1] & 127 for one in sent if one.kind == "rtp")
        self.beats = _intervals(
            [one.time for one in capture.datagrams
             if one.destination[1] == METRONOME_PORT and began <= one.time <= ended])
        self.rate = sum(self.sizes.get("rtp", Counter()).values()) / (ended - began)


def _intervals(times):
    return numpy.diff(numpy.sort(numpy.array(times)))


def distance(one, other, tolerance=TOLERANCE):
    """By how much the distributions differ where differences of up to `tolerance` do not count, 0…1."""
    if len(one) == 0 or len(other) == 0:
        return 1.0
    return max(_excess(one, other, tolerance), _excess(other, one, tolerance))


def chance(one, other):
    """What the distance of two samples of one distribution exceeds once in a thousand."""
    return 1.95 * (1 / max(len(one), 1) + 1 / max(len(other), 1)) ** 0.5


def _excess(low, high, tolerance):
    """The largest share by which more of `low` than of `high` is below any limit."""
    low, high = numpy.sort(low), numpy.sort(high)
    limits = low
    below_low = numpy.searchsorted(low, limits, side="right") / len(low)
    below_high = numpy.searchsorted(high, limits + tolerance, side="right") / len(high)
    return float(numpy.max(below_low - below_high))


def compare(sounds):
    """What a listener can tell of `{name: Traffic}`: one line for each difference, none when there is nothing.

    Of reports and of checks of the path only sizes count: how many there are in ten seconds is chance (RFC 3550 §6.2),
    and so is a size that was seen once or twice.
    """
    told = []
    for name, traffic in sounds.items():
        sizes = traffic.sizes.get("rtp", Counter())
        if len(sizes) != 1:
            told.append(f"{name}: voice packets of several sizes, {dict(sizes)}")
    names = list(sounds)
    for index, first in enumerate(names):
        for second in names[index + 1 :]:
            one, other = sounds[first], sounds[second]
            for kind in ("rtp", "rtcp", "stun"):
                here, there = one.sizes.get(kind, Counter()), other.sizes.get(kind, Counter())
                if any(max(here[size], there[size]) >= 3 for size in here.keys() ^ there.keys()):
                    told.append(f"{kind} of {first} has sizes {dict(here)}, of {second} {dict(there)}")
            apart = distance(one.voice, other.voice)
            allowed = distance(one.beats, other.beats)
            limit = chance(one.voice, other.voice) + allowed
            # A sound server that was not served in time loses sound, and a browser then sends none.
            if abs(one.rate - other.rate) > limit * max(one.rate, other.rate):
                told.append(f"{first}: {one.rate:.1f} packets a second, {second}: {other.rate:.1f}")
            if apart > limit:
                told.append(f"intervals of {first} and {second} differ by {apart:.2f}, a metronome's by {allowed:.2f}")
    return told


def noise(sounds):
    """The most by which the metronome's intervals differ between two of the calls."""
    beats = [traffic.beats for traffic in sounds.values()]
    return max(distance(one, other) for one in beats for other in beats)


async def window(seconds, capture):
    """Lets so much time pass and says between which moments of a capture it was."""
    began = time.monotonic() - capture.began
    await asyncio.sleep(seconds)
    return began, time.monotonic() - capture.began
