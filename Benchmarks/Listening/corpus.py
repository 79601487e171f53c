"""Recorded speech of several people, wide enough for PESQ-WB: 48 kHz files made from Debian's packages.

    python corpus.py DIRECTORY

The only man's French that is packaged at 16 kHz or more says syllables and letters, not sentences.
"""

import sys
import wave
from pathlib import Path

import av
import numpy
from scipy.signal import resample_poly

RATE = 48_000
#: Seconds of each voice, and of silence before it: a receiver may settle first.
LENGTH = 24
LEAD = 3
_ASTERISK = Path("/usr/share/asterisk/sounds")
_LIBRIVOX = Path("/usr/share/pocketsphinx/test/data/librivox")
_KLETTRES = Path("/usr/share/klettres/fr")

#: Files by voice; each voice says them one after the other.
VOICES = {
    "woman-en": [_ASTERISK / "en_US_f_Allison" / name for name in ("demo-instruct.g722",)],
    "woman-fr": [_ASTERISK / "fr_CA_f_June" / name for name in ("demo-instruct.g722",)],
    "man-en": sorted(_LIBRIVOX.glob("*.wav")),
    "man-fr": sorted(_KLETTRES.glob("syllab/*.ogg")) + sorted(_KLETTRES.glob("alpha/*.ogg")),
}


def decoded(path):
    """(samples in -1…1, rate)"""
    if path.suffix != ".wav":
        with av.open(str(path), format=path.suffix[1:]) as container:
            mono = av.AudioResampler(format="s16", layout="mono")
            frames = [one.to_ndarray().ravel() for frame in container.decode(audio=0) for one in mono.resample(frame)]
            return numpy.concatenate(frames) / 32768, container.streams.audio[0].rate
    with wave.open(str(path), "rb") as file:
        return numpy.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768, file.getframerate()


def without_long_pauses(samples, rate, longest=0.35, level=0.006):
    """The speech with its pauses cut to `longest` seconds: what is compared should say something."""
    frame = rate // 100
    count = len(samples) // frame
    loud = numpy.sqrt((samples[: count * frame].reshape(count, frame) ** 2).mean(axis=1)) > level
    kept, quiet = [], 0
    for index in range(count):
        quiet = 0 if loud[index] else quiet + 1
        if quiet <= longest * 100:
            kept.append(samples[index * frame : (index + 1) * frame])
    return numpy.concatenate(kept)


def write(path, samples, rate=RATE):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((numpy.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())


def make(directory):
    """Writes one file per voice, all at the same level (-26 dB, as ITU-T P.830 has it)."""
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    for voice, paths in VOICES.items():
        if not paths or not all(path.exists() for path in paths):
            raise FileNotFoundError(f"no recordings of {voice}: run Scripts/setup test")
        pieces = []
        for path in paths:
            samples, rate = decoded(path)
            pieces.append(resample_poly(without_long_pauses(samples, rate), RATE // 100, rate // 100))
        speech = numpy.concatenate(pieces)[: LENGTH * RATE]
        active = speech[numpy.abs(speech) > 0.005]
        speech = speech * 10 ** (-26 / 20) / numpy.sqrt((active**2).mean())
        write(directory / f"{voice}.wav", numpy.concatenate([numpy.zeros(LEAD * RATE), speech]))


if __name__ == "__main__":
    make(sys.argv[1])
