"""Sound that can be recognised: recorded speech, melodies, and the means to find them again in a recording.

Everything is mono. Files are 16-bit WAV at 48 kHz; comparisons run at 8 kHz, where the speech has all its energy.
"""

import asyncio
import os
import subprocess
import sys
import wave
from pathlib import Path

import numpy

from .processes import Process

RATE = 48_000
COMPARED_RATE = 8_000
_SPEECH = Path("/usr/share/asterisk/sounds")

#: Recorded people, by the part they play: (file, language).
VOICES = {
    "doctor": (_SPEECH / "en_US_f_Allison/demo-instruct.wav", "en"),
    "patient": (_SPEECH / "fr_CA_f_June/demo-instruct.wav", "fr"),
    "stranger": (_SPEECH / "fr_CA_f_June/conf-adminmenu-162.wav", "fr"),
}


# ---------------------------------------------------------------------------- material


def speech(voice, directory, seconds=12):
    """A 48 kHz file of `seconds` of recorded speech, pauses shortened so that every second says something."""
    source, _ = VOICES[voice]
    if not source.exists():
        raise FileNotFoundError(f"{source}: run Scripts/setup test")
    target = Path(directory) / f"{voice}-{seconds}.wav"
    if not target.exists():
        subprocess.run(
            ["sox", source, "-c", "1", "-b", "16", "-r", str(RATE), target,
             "silence", "-l", "1", "0.02", "0.5%", "-1", "0.12", "0.5%",
             "norm", "-3", "trim", "0", str(seconds)],
            check=True, capture_output=True,
        )
    return target


def melody(directory, seconds=12, seed=1):
    """A 48 kHz file without any pause: a new tone between 300 and 3000 Hz every 150 ms, chosen by `seed`.

    Steady tones are noise to a browser's noise suppression; these change too fast, and any stretch of a second
    is unlike every other, so a gap and a repetition both show.
    """
    target = Path(directory) / f"melody-{seed}-{seconds}.wav"
    if not target.exists():
        random = numpy.random.default_rng(seed)
        step = RATE * 150 // 1000
        hertz = numpy.repeat(random.uniform(300, 3000, int(seconds * RATE / step) + 1), step)
        phase = numpy.cumsum(2 * numpy.pi * hertz[: int(seconds * RATE)] / RATE)
        write(target, 0.4 * numpy.sin(phase))
    return target


def write(path, samples, rate=RATE):
    """Writes samples in -1…1 as a 16-bit mono file."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((numpy.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())


def read(path):
    """(samples in -1…1 of the first channel, rate). Tolerates a header whose length was never filled in."""
    with wave.open(str(path), "rb") as file:
        if file.getsampwidth() != 2:
            raise ValueError(f"{path}: {file.getsampwidth() * 8} bits, 16 expected")
        samples = numpy.frombuffer(file.readframes(file.getnframes()), "<i2")
        return samples[:: file.getnchannels()] / 32768.0, file.getframerate()


def read_growing(path):
    """The samples so far of a 48 kHz mono file that a native end is writing, whatever its header says already."""
    octets = Path(path).read_bytes()[44:] if Path(path).exists() else b""
    return numpy.frombuffer(octets[: len(octets) // 2 * 2], "<i2") / 32768.0


def resampled(samples, rate, wanted):
    """Band-limited resampling through the spectrum; good enough to compare, at any pair of rates."""
    if rate == wanted or len(samples) == 0:
        return samples
    spectrum = numpy.fft.rfft(samples)
    count = int(round(len(samples) * wanted / rate))
    return numpy.fft.irfft(spectrum[: count // 2 + 1], count) * (count / len(samples))


# ---------------------------------------------------------------------------- recognition


class Match:
    """How well a recording repeats a reference: one correlation and one lag for each window that says something."""

    def __init__(self, correlations, lags, heard_seconds, loop_seconds):
        self.correlations = numpy.array(correlations)
        #: Where in the loop each window was found, less its place in the recording: constant in a steady call.
        self.lags = numpy.array(lags) % loop_seconds
        #: Seconds of the recording loud enough to be compared.
        self.heard_seconds = heard_seconds
        self._loop_seconds = loop_seconds

    @property
    def median(self):
        return float(numpy.median(self.correlations)) if len(self.correlations) else 0.0

    @property
    def agreement(self):
        """Share of windows that stand next to a neighbour's place in the reference: near 1 for a copy in order, also
        one played slightly fast by a jitter buffer that has too much in store; near 0 for anything else."""
        if len(self.lags) < 3:
            return 0.0
        near = [self._near(step) for step in (1, 2)]
        follows = [
            (i > 0 and near[0][i - 1]) or (i < len(near[0]) and near[0][i])
            or (i > 1 and near[1][i - 2]) or (i < len(near[1]) and near[1][i])
            for i in range(len(self.lags))
        ]
        return sum(follows) / len(follows)

    def _near(self, step):
        apart = numpy.abs(self.lags[step:] - self.lags[:-step])
        return numpy.minimum(apart, self._loop_seconds - apart) <= 0.25

    def __str__(self):
        return (
            f"{self.heard_seconds:.1f} s heard, correlation median {self.median:.2f},"
            f" {self.agreement:.0%} in order"
        )


def match(recording, reference, *, window=0.5, floor=0.01):
    """Looks for every loud window of a recording (path) anywhere in a reference (path) played in a loop.

    Each window is aligned by itself, so that time-stretching in a jitter buffer between windows does no harm,
    and what remains is the normalised cross-correlation of waveforms: 1 for a faithful copy, 0.7 to 0.9 through
    codec and browser filters, about 0.3 for another stretch of speech.
    """
    heard = _band(_at_compared_rate(recording))
    played = _band(_at_compared_rate(reference))
    size = int(window * COMPARED_RATE)
    loop = numpy.concatenate([played, played[:size]])  # A window may straddle the loop's seam.

    length = 1 << (len(loop) + size - 1).bit_length()
    spectrum = numpy.fft.rfft(loop, length)
    energy = numpy.concatenate([[0.0], numpy.cumsum(loop**2)])
    energy = numpy.maximum(energy[size:] - energy[:-size], 1e-9)

    correlations, lags = [], []
    for start in range(0, len(heard) - size + 1, size):
        piece = heard[start : start + size]
        power = float(numpy.sum(piece**2))
        if power < floor**2 * size:
            continue
        product = numpy.fft.irfft(spectrum * numpy.conj(numpy.fft.rfft(piece, length)), length)
        scores = product[: len(energy)] / numpy.sqrt(energy * power)
        # A transform may invert the sign; a wrong voice inverted is as wrong as upright.
        best = int(numpy.argmax(numpy.abs(scores)))
        correlations.append(float(abs(scores[best])))
        lags.append((best - start) / COMPARED_RATE)
    return Match(correlations, lags, len(correlations) * window, len(played) / COMPARED_RATE)


def repeats(recording, reference, who, *, seconds):
    """Asserts that a recording holds at least `seconds` of what was played, recognisable by its waveform."""
    found = match(recording, reference)
    if found.heard_seconds < seconds:
        raise AssertionError(f"{who} heard too little: {found}")
    if found.median < 0.5 or found.agreement < 0.7:
        raise AssertionError(f"{who} heard something else: {found}")
    return found


def tone(recording, *, skip=0.5):
    """(strongest frequency in Hz, its share of all energy) of a recording after its first `skip` seconds."""
    samples, rate = read(recording)
    samples = samples[int(skip * rate) :]
    if len(samples) < rate // 4:
        return 0.0, 0.0
    power = numpy.abs(numpy.fft.rfft(samples * numpy.hanning(len(samples)))) ** 2
    peak = int(numpy.argmax(power))
    near = power[max(0, peak - len(samples) * 5 // rate) : peak + len(samples) * 5 // rate + 1]
    return peak * rate / len(samples), float(near.sum() / max(power.sum(), 1e-12))


def gaps(recording, *, level=0.02, shortest=0.06):
    """Silences of at least `shortest` seconds inside a recording of something that never pauses.

    [(start, length)] in seconds, from the first loud moment to the last.
    """
    return silences(*read(recording), level=level, shortest=shortest)


def silences(samples, rate, *, level=0.02, shortest=0.06):
    """The same for samples."""
    frame = rate // 100
    count = len(samples) // frame
    loud = numpy.sqrt((samples[: count * frame].reshape(count, frame) ** 2).mean(axis=1)) >= level
    if not loud.any():
        return [(0.0, len(samples) / rate)]
    first, last = int(numpy.argmax(loud)), count - int(numpy.argmax(loud[::-1]))
    found, quiet = [], None
    for index in range(first, last):
        if not loud[index] and quiet is None:
            quiet = index
        elif loud[index] and quiet is not None:
            if (index - quiet) / 100 >= shortest:
                found.append((quiet / 100, (index - quiet) / 100))
            quiet = None
    return found


def loudness(recording):
    """Root mean square of a whole recording, 0…1."""
    samples, _ = read(recording)
    return float(numpy.sqrt((samples**2).mean())) if len(samples) else 0.0


def duration(recording):
    samples, rate = read(recording)
    return len(samples) / rate


def _at_compared_rate(path):
    samples, rate = read(path)
    return resampled(samples, rate, COMPARED_RATE)


def _band(samples, low=250, high=3400):
    """Keeps the telephone band: what recorded speech, codec and browser filters all leave alone."""
    if len(samples) == 0:
        return samples
    spectrum = numpy.fft.rfft(samples)
    hertz = numpy.fft.rfftfreq(len(samples), 1 / COMPARED_RATE)
    spectrum[(hertz < low) | (hertz > high)] = 0
    return numpy.fft.irfft(spectrum, len(samples))


# ---------------------------------------------------------------------------- devices


class Speakers:
    """A private PulseAudio daemon with a silent loudspeaker and a microphone that plays what is put into it.

    Firefox makes no sound thread, hence no call, without an output device.
    """

    def __init__(self, directory):
        self.directory = Path(directory)
        self.environment = {
            "PULSE_SERVER": f"unix:{self.directory}/native",
            "PULSE_COOKIE": f"{self.directory}/cookie",
        }
        self._process = None

    async def start(self):
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        # One that was killed leaves it behind.
        (self.directory / "native").unlink(missing_ok=True)
        modules = [
            f"module-native-protocol-unix auth-anonymous=1 socket={self.directory}/native",
            "module-null-sink sink_name=loudspeaker rate=48000 norewinds=1",
            "module-null-sink sink_name=voice rate=48000 norewinds=1",
            "module-remap-source source_name=microphone master=voice.monitor",
        ]
        self._process = await Process.start(
            ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no",
             "--disable-shm=yes", "--log-target=stderr", "-vv",
             *(part for module in modules for part in ("-L", module))],
            environment={"XDG_RUNTIME_DIR": str(self.directory), "HOME": str(self.directory)},
        )
        await self._process.line(r"Daemon startup complete", timeout=15)
        for arguments in (["set-default-sink", "loudspeaker"], ["set-default-source", "microphone"]):
            self.control(*arguments)
        return self

    def control(self, *arguments):
        """One order to the sound server, as `pactl` takes it; its answer."""
        done = subprocess.run(["pactl", *arguments], env={**os.environ, **self.environment}, check=True,
                              stdout=subprocess.PIPE, text=True)
        return done.stdout.strip()

    async def play_into_microphone(self, path):
        """Starts playing a file into the microphone, over and over without a seam; the caller stops the process."""
        player = await Process.start(
            ["bash", "-c", 'sox -q "$0" -t raw -b 16 -e signed-integer - repeat 1000 |'
             " exec pacat --playback --device=voice --rate=48000 --channels=1 --format=s16le", path],
            name="microphone", environment=self.environment,
        )
        await self._until(lambda: '"pacat"' in self.control("list", "sink-inputs"), player)
        return player

    async def record_loudspeaker(self, path, seconds):
        """Records what the loudspeaker plays into a 48 kHz mono file."""
        recorder = await self.recorder(path)
        await asyncio.sleep(seconds)
        await recorder.stop()

    async def recorder(self, path):
        """Starts recording what the loudspeaker plays; the caller stops the process."""
        recorder = await Process.start(
            ["parecord", "--device=loudspeaker.monitor", "--rate=48000", "--channels=1",
             "--format=s16le", "--file-format=wav", path],
            environment=self.environment,
        )
        await self._until(lambda: '"parecord"' in self.control("list", "source-outputs"), recorder)
        return recorder

    async def _until(self, condition, process):
        """Waits until the sound server knows of what a process does there."""
        async with asyncio.timeout(15):
            while not condition():
                assert process.child.returncode is None, process.tail()
                await asyncio.sleep(0.05)

    async def occupied(self):
        """Another program takes every place at the microphone, all 256; it lets go when the process is stopped."""
        process = await Process.start([sys.executable, Path(__file__).with_name("every_place.py")],
                                      environment=self.environment)
        await process.line(r"^\d+ places kept$")
        return process

    async def stop(self):
        if self._process:
            await self._process.stop()
