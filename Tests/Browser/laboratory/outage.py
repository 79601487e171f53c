"""How long the ends of a call heard nothing after something befell it, and whether they hear the right thing again."""

import asyncio
import time

import numpy

from . import sound

#: Seconds of the right sound without a pause that say it is back.
_TAIL = 1.5
_LEVEL = 0.01


class Ear:
    """What one end hears, as it hears it. `reference` is what the other end plays: something without pauses."""

    #: A recording may lag behind the clock by its blocks, and by what a busy machine makes of them: they come in a
    #: bunch then, and count as heard. What is missing beyond this was not.
    lag = 0.3

    def __init__(self, who, reference, scratch):
        self.who = who
        self._reference = reference
        self._scratch = scratch / f"{who}-tail.wav"
        self._start = self._began = None
        self._heard = numpy.zeros(0)
        self._at = 0.0

    async def everything(self):
        """All samples so far, at 48 kHz."""
        raise NotImplementedError

    async def begin(self):
        """From now on counts."""
        self._start = len(await self.everything())
        self._began = time.monotonic()

    async def look(self):
        self._heard = (await self.everything())[self._start :]
        self._at = time.monotonic()

    @property
    def _missing(self):
        """Seconds of which nothing was recorded at all."""
        absent = self._at - self._began - len(self._heard) / sound.RATE
        return absent if absent > self.lag else 0.0

    @property
    def outage(self):
        """The longest stretch without sound, in seconds; one that lasts still counts."""
        # A loud moment at each end, so that silence there is silence between.
        loud = numpy.full(sound.RATE // 100, 0.5)
        stops = sound.silences(numpy.concatenate([loud, self._heard, loud]), sound.RATE, level=_LEVEL, shortest=0.05)
        return max([self._missing, *(length for _, length in stops)])

    @property
    def is_back(self):
        """Whether the last moments are the right sound without a pause."""
        tail = self._heard[-int(_TAIL * sound.RATE) :]
        if len(tail) < _TAIL * sound.RATE or sound.silences(tail, sound.RATE, level=_LEVEL):
            return False
        sound.write(self._scratch, tail)
        found = sound.match(self._scratch, self._reference)
        return found.heard_seconds >= _TAIL and found.median >= 0.5


class BridgeEar(Ear):
    """The ear of a native end: the file that it writes."""

    def __init__(self, who, bridge, reference, scratch):
        super().__init__(who, reference, scratch)
        self._bridge = bridge

    async def everything(self):
        return sound.read_growing(self._bridge.recording)


class PageEar(Ear):
    """The ear of a page that was told to `listen`."""

    lag = 0.5

    def __init__(self, who, page, reference, scratch):
        super().__init__(who, reference, scratch)
        self._page = page
        self._piece = scratch / f"{who}-piece.wav"
        self._samples = numpy.zeros(0)

    async def everything(self):
        piece, _ = sound.read(await self._page.heard(self._piece))
        self._samples = numpy.concatenate([self._samples, piece])
        return self._samples


async def outages(ears, befall, *, within, settle=5.0, certain=True):
    """Does what `befall` does and listens until both ends hear well again: {who: seconds of silence}.

    Asserts that each was back and silent no longer than `within`. Unless it is `certain` that sound stops, listens
    for `settle` seconds, and on until they hear well again.
    """
    for ear in ears:
        await ear.begin()
    began = time.monotonic()
    await befall()
    patience = within + 4 if certain else settle + 10
    while (elapsed := time.monotonic() - began) < patience:
        await asyncio.sleep(0.3)
        for ear in ears:
            await ear.look()
        if all((certain and ear.outage > 0.25 or elapsed > settle) and ear.is_back for ear in ears):
            break
    lengths = {ear.who: round(ear.outage, 2) for ear in ears}
    for ear in ears:
        assert ear.is_back, f"the {ear.who} does not hear the other again; silences so far: {lengths}"
        assert ear.outage <= within, f"silences longer than {within} s: {lengths}"
    return lengths
