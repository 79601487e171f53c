"""Sheets to listen by eye: one voice over each trace, the other receiver above, ours, and the original below.

    python spectrograms.py SPEECH HEARD DIRECTORY [--voice man-en] [--seed 1] [--modes fec red3] [--from 9] [--seconds 5]

Writes DIRECTORY/MODE-TRACE.png for each call of that voice. Each recording is moved by its own mean delay, so the same
words stand above one another. Frequencies up to 8 kHz, 70 dB from white to black; needs sox.
"""

import argparse
import statistics
import subprocess
import tempfile
from pathlib import Path

import av
import numpy

import comparison
import corpus
import score

#: Of one strip, without what sox writes around it.
WIDTH, HEIGHT = 1400, 257


def strip(samples, begin, seconds, directory, name):
    """Grey values of the spectrogram of a piece of 16 kHz sound."""
    rate = score.SCORED_RATE
    piece = samples[max(0, int(begin * rate)) : int((begin + seconds) * rate)]
    sound, picture = directory / f"{name}.wav", directory / f"{name}.png"
    corpus.write(sound, numpy.concatenate([piece, numpy.zeros(int(seconds * rate) - len(piece))]), rate)
    subprocess.run(
        ["sox", sound, "-n", "spectrogram", "-r", "-m", "-l", "-x", str(WIDTH), "-y", str(HEIGHT), "-z", "70", "-Z", "-25", "-o", picture],
        check=True)
    with av.open(str(picture)) as container:
        return next(container.decode(video=0)).to_ndarray(format="gray")


def sheet(path, strips):
    """One strip below the other, white between them."""
    width = max(one.shape[1] for one in strips)
    rows = []
    for one in strips:
        rows += [numpy.pad(one, ((0, 0), (0, width - one.shape[1])), constant_values=255)]
        rows += [numpy.full((8, width), 255, numpy.uint8)]
    pixels = numpy.ascontiguousarray(numpy.concatenate(rows))
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w", format="image2") as container:
        stream = container.add_stream("png", rate=1)
        stream.width, stream.height, stream.pix_fmt = pixels.shape[1], pixels.shape[0], "gray"
        for packet in stream.encode(av.VideoFrame.from_ndarray(pixels, format="gray")):
            container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("speech", type=Path)
    parser.add_argument("heard", type=Path)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--voice", default="man-en", choices=list(corpus.VOICES))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--modes", nargs="+", default=["fec", "red3"])
    parser.add_argument("--from", dest="begin", type=float, default=9)
    parser.add_argument("--seconds", type=float, default=5)
    options = parser.parse_args()
    original = score.read(options.speech / f"{options.voice}.wav")
    for mode in options.modes:
        for trace in score.TRACES:
            with tempfile.TemporaryDirectory() as place:
                strips = []
                for receiver in (comparison.OTHER, comparison.OURS):
                    path = options.heard / receiver / mode / trace / f"{options.voice}-{options.seed}.wav"
                    if not path.exists():
                        continue
                    heard = score.read(path)
                    found = score.delays(original, heard)
                    later = statistics.fmean(found) / 1000 if found else 0
                    strips.append(
                        strip(heard, options.begin + later, options.seconds, Path(place), receiver))
                if strips:
                    strips.append(strip(original, options.begin, options.seconds, Path(place), "original"))
                    sheet(options.directory / f"{mode}-{trace}.png", strips)
                    print(f"{options.directory / f'{mode}-{trace}.png'}: {len(strips)} strips")


if __name__ == "__main__":
    main()
