"""How good what was heard is: PESQ-WB (ITU-T P.862.2), STOI, and mouth to ear by correlation.

    python score.py SPEECH HEARD [--table FILE] [--plots DIRECTORY]

HEARD is a tree RECEIVER/MODE/TRACE/VOICE-SEED.wav of recordings that begin when the first sample was spoken, and
RECEIVER/figures.jsonl. Every recording is scored in windows of 8 s; the tables show means and worst windows, the
plots all of them. Where two receivers heard the same calls these are compared call by call (comparison.py).
"""

import argparse
import json
import statistics
import sys
import wave
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy
from pesq import NoUtterancesError, pesq
from pystoi import stoi
from scipy.signal import resample_poly

import comparison
import plots
from corpus import LEAD

RATE = 48_000
#: What PESQ-WB wants.
SCORED_RATE = 16_000
WINDOW = 8
#: Mouth to ear is looked for in pieces of half a second, from nothing to one second.
PIECE = 0.5
LONGEST_DELAY = 1.0


def read(path):
    with wave.open(str(path), "rb") as file:
        samples = numpy.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768
        return resample_poly(samples, SCORED_RATE, file.getframerate())


def delays(played, heard, rate=SCORED_RATE):
    """Milliseconds from mouth to ear of every half second that says something, by normalised correlation."""
    size, reach = int(PIECE * rate), int(LONGEST_DELAY * rate)
    found = []
    for start in range(0, len(played) - size, size):
        piece = played[start : start + size]
        if numpy.sqrt((piece**2).mean()) < 0.01:
            continue
        span = heard[start : start + size + reach]
        if len(span) < size + reach:
            break
        length = 1 << (len(span) + size).bit_length()
        product = numpy.fft.irfft(numpy.fft.rfft(span, length) * numpy.conj(numpy.fft.rfft(piece, length)), length)
        energy = numpy.concatenate([[0.0], numpy.cumsum(span**2)])
        energy = numpy.maximum(energy[size:] - energy[:-size], 1e-9)[:reach]
        scores = product[:reach] / numpy.sqrt(energy * (piece**2).sum())
        best = int(numpy.argmax(scores))
        # Half a second in which the delay changed or little came is like nothing.
        if scores[best] > 0.6:
            found.append(best * 1000 / rate)
    return found


def scored(job):
    """One recording: its windows' PESQ and STOI, and its delays."""
    reference, recording = job
    played, heard = read(reference), read(recording)
    found = delays(played, heard)
    offset = int(statistics.median(found) * SCORED_RATE / 1000) if found else 0
    qualities, clarities = [], []
    size = WINDOW * SCORED_RATE
    for start in range(LEAD * SCORED_RATE, len(played) - size + 1, size):
        original = played[start : start + size]
        window = heard[start + offset : start + offset + size]
        if len(window) < size:
            window = numpy.concatenate([window, numpy.zeros(size - len(window))])
        try:
            qualities.append(float(pesq(SCORED_RATE, original, window, "wb")))
            clarities.append(float(stoi(original, window, SCORED_RATE)))
        except NoUtterancesError:
            qualities.append(1.0)
            clarities.append(0.0)
    return qualities, clarities, found


@dataclass
class Recording:
    """One call as one receiver heard it."""

    receiver: str
    mode: str
    trace: str
    voice: str
    seed: int
    #: PESQ-WB and STOI of each window, milliseconds from mouth to ear of each piece.
    qualities: list = field(default_factory=list)
    clarities: list = field(default_factory=list)
    delays: list = field(default_factory=list)
    #: The receiver's own line in figures.jsonl.
    figures: dict = field(default_factory=dict)

    @property
    def call(self):
        """What all receivers have in common that were given the same packets at the same times."""
        return self.mode, self.trace, self.voice, self.seed

    @property
    def quality(self):
        return statistics.fmean(self.qualities)


class Group:
    """All recordings of one receiver, mode and trace."""

    def __init__(self, recordings):
        self.qualities = [value for one in recordings for value in one.qualities]
        self.clarities = [value for one in recordings for value in one.clarities]
        self.delays = [value for one in recordings for value in one.delays]
        shares = [one.figures["concealment"] for one in recordings if one.figures.get("concealment") is not None]
        self.concealment = statistics.fmean(shares) if shares else None
        self.count = len(recordings)

    def row(self):
        """What tables show."""
        return {
            "calls": self.count,
            "pesq": statistics.fmean(self.qualities),
            "worst": min(self.qualities),
            "stoi": statistics.fmean(self.clarities),
            "delay": statistics.median(self.delays) if self.delays else float("nan"),
            "late": float(numpy.quantile(self.delays, 0.95)) if self.delays else float("nan"),
            "concealment": self.concealment,
        }


def recordings(speech, heard):
    """All that lie in the tree, scored."""
    found, figures = [], {}
    for receiver in sorted(path for path in heard.iterdir() if path.is_dir()):
        lines = receiver / "figures.jsonl"
        for line in lines.read_text().splitlines() if lines.exists() else []:
            one = json.loads(line)
            figures[receiver.name, one["mode"], one["trace"], one["voice"], one["seed"]] = one
        for path in sorted(receiver.glob("*/*/*.wav")):
            mode, trace = path.parts[-3:-1]
            voice, seed = path.stem.rsplit("-", 1)
            one = Recording(receiver.name, mode, trace, voice, int(seed))
            one.figures = figures.get((one.receiver, *one.call), {})
            found.append((one, path))
    jobs = [(speech / f"{one.voice}.wav", path) for one, path in found]
    with ProcessPoolExecutor(2) as pool:
        for (one, _), (one.qualities, one.clarities, one.delays) in zip(found, pool.map(scored, jobs)):
            pass
    return [one for one, _ in found if one.qualities]


def grouped(recordings):
    """(receiver, mode, trace) to group."""
    found = defaultdict(list)
    for one in recordings:
        found[one.receiver, one.mode, one.trace].append(one)
    return {key: Group(ones) for key, ones in found.items()}


def table(found, traces):
    lines = [
        "| Trace | Sent as | Receiver | calls | PESQ-WB mean (worst 8 s) | STOI | mouth to ear, median (p95) ms |"
        " concealed |",
        "|---|---|---|---|---|---|---|---|",
    ]
    order = {name: index for index, name in enumerate(traces)}
    for receiver, mode, trace in sorted(found, key=lambda key: (order.get(key[2], 99), key[1], key[0])):
        row = found[receiver, mode, trace].row()
        share = "" if row["concealment"] is None else f"{100 * row['concealment']:.1f} %"
        lines.append(
            f"| {trace} | {mode} | {receiver} | {row['calls']} | {row['pesq']:.2f} ({row['worst']:.2f}) | {row['stoi']:.3f}"
            f" | {row['delay']:.0f} ({row['late']:.0f}) | {share} |"
        )
    return "\n".join(lines) + "\n"


TRACES = [
    "clean", "random5", "random10", "random20", "bursts10", "jitter60", "jitterloss", "spikes", "reordering",
    "bottleneck",
]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("speech", type=Path)
    parser.add_argument("heard", type=Path)
    parser.add_argument("--table", type=Path)
    parser.add_argument("--plots", type=Path)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    all_of_them = recordings(options.speech, options.heard)
    found = grouped(all_of_them)
    text = table(found, TRACES)
    pairs = comparison.paired(all_of_them, options.heard.parent)
    if pairs:
        text += "\n" + comparison.report(pairs, options.heard, TRACES)
    if options.table:
        options.table.write_text(text)
    if options.json:
        options.json.write_text(json.dumps({" ".join(key): group.row() for key, group in found.items()}, indent=1))
    if options.plots:
        # Beside another receiver only what both heard: other voices would make another histogram.
        plots.draw(grouped([one for pair in pairs for one in pair]) if pairs else found, TRACES, options.plots)
        if pairs:
            plots.draw_differences(pairs, TRACES, options.plots)
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
