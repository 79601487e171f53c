"""Two receivers of the same calls, call by call: what differs, and whether what was promised holds.

A call is one voice over one trace of one seed, sent in one way. Only calls that both receivers heard count, so both
sides of a row are the same words and the same losses. The bounds and what is left to chance are fixed here, before
anything is measured.
"""

import hashlib
import json
import statistics
import textwrap
from collections import defaultdict

OURS, OTHER = "ours", "chromium"

#: PESQ-WB that ours may lack on the mean of a row: what the other's own scores differ by from run to run.
QUALITY_TOLERANCE = 0.05
#: Share of the sound that ours may conceal more: two blocks of 20 ms in the 24 s of a call.
CONCEALMENT_TOLERANCE = 0.0017
#: Mouth to ear of ours to the other's, at most.
DELAY_RATIOS = {"clean": 0.9, "jitter60": 1.0, "jitterloss": 1.0}
#: Copies between two native ends against the error correction that the other would use: PESQ-WB over bursts.
BURSTS, COPIES, CORRECTION, GAIN = "bursts10", "red3", "fec", 0.2
#: A recording is void if its sender was later than that for one packet of a hundred, in ms, or its player was served
#: that much sound too little or too much, in ms; it is made again, three times at most.
LATEST_SENDER, LONGEST_STALL, ATTEMPTS = 5, 20, 3
#: Where a path's delays do not change there is nothing to catch up with. A receiver that removed more than that, in ms,
#: was held up by the machine before, and sounds worse for it: by 0.3 to 0.8 of PESQ-WB.
MOST_REMOVED, CHANGING = 60, ("spikes", "bottleneck")

RULES = textwrap.fill(f"""\
Rules, fixed beforehand. A recording of {OTHER} is void if its sender was {LATEST_SENDER} ms late or more for one packet
of a hundred, if its player lacked {LONGEST_STALL} ms of sound or had as much too much, or if it removed more than
{MOST_REMOVED} ms to catch up on a path whose delays do not change (all but {" and ".join(CHANGING)}): then the machine was
measured. It is made again, {ATTEMPTS} times in all, and then left out, whatever it sounds like. Only calls that both heard are compared. A difference is the mean over the calls of a row, ± its standard error. Bounds: on every trace PESQ-WB of ours
at most {QUALITY_TOLERANCE} below; mouth to ear at most {DELAY_RATIOS["clean"]} of the other's on the clean path and
{DELAY_RATIOS["jitter60"]} under jitter, and no more than {100 * CONCEALMENT_TOLERANCE:.2f} % of the sound concealed beyond
the other's there; over bursts {COPIES} of ours at least {GAIN} above {CORRECTION} of the other's.
""", 120)


def is_valid(figures):
    """Whether a recording's own line says that the machine did not disturb it."""
    caught_up = figures["trace"] not in CHANGING and figures["removed"] / 48 > MOST_REMOVED
    return figures["late"] < LATEST_SENDER and abs(figures["stalled"]) < LONGEST_STALL and not caught_up


def digest(payloads, trace):
    """Of the packets and the times of a call: recordings of different ones are no pair."""
    return hashlib.sha256(payloads.read_bytes() + trace.read_bytes()).hexdigest()[:16]


def packets_of(root, mode, trace, voice, seed):
    """The two files that a receiver's input is made of."""
    return root / "payloads" / f"{voice}.{mode}", root / "traces" / mode / trace / f"{voice}-{seed}.csv"


def paired(recordings, root):
    """Pairs (ours, theirs) of the calls that both heard; `root` holds payloads and traces as ours heard them."""
    ours = {one.call: one for one in recordings if one.receiver == OURS}
    return [
        (ours[one.call], one) for one in recordings
        if one.receiver == OTHER and one.call in ours and is_comparable(one.figures, packets_of(root, *one.call))
    ]


def is_comparable(figures, packets):
    """Whether a recording with these figures was of these packets, undisturbed."""
    return bool(figures) and is_valid(figures) and figures.get("packets") == digest(*packets)


class Row:
    """The pairs of one way of sending over one trace."""

    def __init__(self, pairs):
        self.pairs = pairs
        self.quality = tuple(statistics.fmean(one[side].quality for one in pairs) for side in (0, 1))
        found = [pair for pair in pairs if pair[0].delays and pair[1].delays]
        self.delay = tuple(
            statistics.fmean(statistics.median(one[side].delays) for one in found) if found else float("nan")
            for side in (0, 1)
        )
        self.concealment = tuple(statistics.fmean(one[side].figures["concealment"] for one in pairs) for side in (0, 1))
        self.differences = [ours.quality - theirs.quality for ours, theirs in pairs]
        self.difference = statistics.fmean(self.differences)

    @property
    def error(self):
        count = len(self.differences)
        return statistics.stdev(self.differences) / count**0.5 if count > 1 else None

    def by_voice(self):
        voices = defaultdict(list)
        for (ours, _), difference in zip(self.pairs, self.differences):
            voices[ours.voice].append(difference)
        return {voice: statistics.fmean(values) for voice, values in sorted(voices.items())}

    def verdicts(self, trace):
        """[(bound, whether it holds)]"""
        found = [("PESQ", self.difference >= -QUALITY_TOLERANCE)]
        if trace in DELAY_RATIOS:
            found.append((f"delay ≤ {DELAY_RATIOS[trace]}", self.delay[0] <= DELAY_RATIOS[trace] * self.delay[1]))
            found.append(("concealed", self.concealment[0] <= self.concealment[1] + CONCEALMENT_TOLERANCE))
        return found


def rows(pairs, traces):
    """[((trace, mode), row)] in the order of `traces`."""
    found = defaultdict(list)
    for pair in pairs:
        found[pair[0].trace, pair[0].mode].append(pair)
    order = {name: index for index, name in enumerate(traces)}
    return [(key, Row(found[key])) for key in sorted(found, key=lambda key: (order.get(key[0], 99), key[1]))]


def report(pairs, heard, traces):
    """Rules, what is void, the table of pairs, and which bounds hold: Markdown."""
    lines = [
        RULES, "", *_void(heard), "",
        f"| Trace | Sent as | calls | PESQ-WB, ours and {OTHER}'s | difference | by voice | mouth to ear, ms | ratio |"
        " concealed | bounds |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    judged = []
    for (trace, mode), row in rows(pairs, traces):
        verdicts = row.verdicts(trace)
        judged += [(f"{trace}, {mode}: {bound}", holds, len(row.pairs)) for bound, holds in verdicts]
        error = "" if row.error is None else f" ± {row.error:.2f}"
        voices = ", ".join(f"{voice} {difference:+.2f}" for voice, difference in row.by_voice().items())
        lines.append(
            f"| {trace} | {mode} | {len(row.pairs)} | {row.quality[0]:.2f}, {row.quality[1]:.2f}"
            f" | {row.difference:+.2f}{error} | {voices} | {row.delay[0]:.0f}, {row.delay[1]:.0f}"
            f" | {row.delay[0] / row.delay[1]:.2f} | {100 * row.concealment[0]:.1f} %, {100 * row.concealment[1]:.1f} %"
            f" | {', '.join(f'{bound} {_word(holds)}' for bound, holds in verdicts)} |"
        )
    judged += _bursts(pairs)
    held = sum(holds for _, holds, _ in judged)
    lines += ["", f"{held} of {len(judged)} bounds hold.", ""]
    lines += [f"- missed: {bound} ({count} {'call' if count == 1 else 'calls'})" for bound, holds, count in judged if not holds]
    return "\n".join(lines) + "\n"


def _bursts(pairs):
    """The bound that spans two ways of sending: copies of ours, error correction of theirs, of the same voice and seed."""
    ours = {(one.voice, one.seed): one for one, _ in pairs if (one.trace, one.mode) == (BURSTS, COPIES)}
    gains = [
        ours[one.voice, one.seed].quality - one.quality for _, one in pairs
        if (one.trace, one.mode) == (BURSTS, CORRECTION) and (one.voice, one.seed) in ours
    ]
    if not gains:
        return []
    gain = statistics.fmean(gains)
    return [(f"{BURSTS}, {COPIES} of ours over {CORRECTION}: {gain:+.2f} (bound {GAIN:+})", gain >= GAIN, len(gains))]


def _void(heard):
    """What was recorded and does not count, each with its figures."""
    lines = []
    for name in ("void.jsonl", "figures.jsonl"):
        path = heard / OTHER / name
        lines += [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    void = [one for one in lines if not is_valid(one)]
    return [
        f"Void: {len(void)} of {len(lines)} recordings.",
        *(
            f"- {one['mode']}/{one['trace']}/{one['voice']}-{one['seed']}: sender {one['late']:.1f} ms late,"
            f" player {one['stalled']:.0f} ms short, {one['removed'] / 48:.0f} ms removed" for one in void
        ),
    ]


def _word(holds):
    return "holds" if holds else "**missed**"
