"""What a duplex audio leg costs beside pion with libopus and beside aiortc.

    python compare.py DIRECTORY --floor PROGRAM --pion PROGRAM --aiortc "PYTHON peer.py" --colloque PROGRAM --speech FILE.wav

All take turns, in an order that turns round every round. Each call has two ends in processes of their own, on
loopback, with real sockets, ICE, DTLS and SRTP; both speak recorded speech at 32 kbit/s, complexity 5, error correction
for 10 % loss, in packets of 20 ms, and decode what comes. What counts is the processor time of a whole process, its
threads and the kernel's part included, per second and session, from three seconds after sound flows at both ends.

The rule by which a round does not count, fixed before any round and looking at no cost: other processes took more than
10 % of one processor, the hypervisor kept more than 2 %, or the work was not done: fewer than 98 % of fifty packets a
second were sent, or of those sent were heard. Every round is listed. Where less than half of the rounds count, medians
of all in which the work was done are shown too, and say so. As root all of them run before other processes (SCHED_RR).
*libopus alone* encodes and decodes in the same rhythm and does nothing else: nobody who uses that library costs less.
With --awake no processor falls asleep between packets (awake.py): that is a server with many calls, the other one that
holds nothing else.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "Listening"))

import plots
from awake import Awake
from ends import Bridges, Floor, Library, processor_seconds

OTHERS, STOLEN, DONE = 10, 2, 0.98
PACKETS_PER_SECOND = 50
WARM_UP = 3
UNDONE = "work not done"
#: Ours may cost so much of theirs.
AIMS = {"pion": 0.85, "aiortc": 0.40}


class Machine:
    """Seconds of all processors so far (proc(5), stat)."""

    def __init__(self):
        fields = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
        tick = os.sysconf("SC_CLK_TCK")
        self.idle, self.stolen = (fields[3] + fields[4]) / tick, fields[7] / tick
        self.busy = (sum(fields[:3]) + fields[5] + fields[6]) / tick


def quiet(patience):
    """Waits until others left the machine alone for a second."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        before = Machine()
        time.sleep(1)
        if (Machine().busy - before.busy) * 100 < OTHERS:
            return


def measured(peer, sessions, seconds, patience, awake):
    """One round of one peer."""
    quiet(patience)
    with Awake(awake) as keepers:
        return measured_now(peer, sessions, seconds, keepers)


def measured_now(peer, sessions, seconds, keepers):
    try:
        pids = started(peer, sessions)
        flowing = time.monotonic()
        time.sleep(WARM_UP)
        machine, own, kept, began = Machine(), time.process_time(), keepers.seconds(), time.monotonic()
        first = before = [processor_seconds(pid) for pid in pids]
        each, at = [], began
        for _ in range(seconds):
            time.sleep(max(0, at + 1 - time.monotonic()))
            now, after = time.monotonic(), [processor_seconds(pid) for pid in pids]
            each.append(1000 * (sum(after) - sum(before)) / (now - at) / (2 * sessions))
            before, at = after, now
        elapsed, later = at - began, Machine()
        known = sum(before) - sum(first) + time.process_time() - own + keepers.seconds() - kept
        due = 2 * sessions * PACKETS_PER_SECOND * (time.monotonic() - flowing)
        packets = peer.stop()
    finally:
        peer.kill()
    sent = sum(one[0] for one in packets)
    heard = sum(one[1] for one in packets) / max(1, sent)
    figures = {
        "cost": 1000 * (sum(before) - sum(first)) / elapsed / (2 * sessions), "each": each,
        "sent": sent / due, "heard": heard,
        "others": max(0, 100 * (later.busy - machine.busy - known) / elapsed),
        "stolen": 100 * (later.stolen - machine.stolen) / elapsed,
    }
    return {**figures, "void": void(figures)}


def started(peer, sessions):
    """A call that does not come about is tried again, and said: only what flows is measured."""
    for attempt in range(3):
        try:
            return peer.start(sessions)
        except RuntimeError as error:
            peer.kill()
            print(f"{peer.name}: {error}", file=sys.stderr, flush=True)
    raise SystemExit(f"{peer.name}: no call comes about")


def void(figures):
    if min(figures["sent"], figures["heard"]) < DONE:
        return UNDONE
    if figures["others"] > OTHERS:
        return f"others {figures['others']:.0f} %"
    if figures["stolen"] > STOLEN:
        return f"stolen {figures['stolen']:.0f} %"
    return None


def show(line):
    print(line, flush=True)


def spread(values):
    return f"{statistics.median(values):.1f} ({min(values):.1f}–{max(values):.1f})"


def summary(sessions, rounds, names, everything):
    """Medians and, round by round, ours against each of the others."""
    chosen = [one for one in rounds if one["sessions"] == sessions and
              (one["void"] != UNDONE if everything else not one["void"])]
    costs = {name: {one["round"]: one["cost"] for one in chosen if one["peer"] == name} for name in names}
    lines = []
    for name in names:
        if not costs[name]:
            continue
        cells = [f"{sessions}", name, f"{len(costs[name])}", spread(costs[name].values())]
        for ours in ("colloque", "colloque, steady"):
            shared = costs.get(ours, {}).keys() & costs[name].keys()
            ratio = [costs[ours][one] / costs[name][one] for one in shared]
            cells.append("" if not ratio or name.startswith("colloque") else f"{statistics.median(ratio):.2f}")
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", type=Path)
    parser.add_argument("--colloque", type=Path, required=True)
    parser.add_argument("--floor", type=Path, required=True)
    parser.add_argument("--pion", type=Path, required=True)
    parser.add_argument("--aiortc", nargs=2, required=True)
    parser.add_argument("--speech", type=Path, required=True)
    parser.add_argument("--sessions", type=int, nargs="+", default=[1])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--patience", type=int, default=60, help="seconds to wait for a quiet machine before a round")
    parser.add_argument("--awake", action="store_true", help="let no processor fall asleep")
    options = parser.parse_args()
    if os.geteuid() == 0:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    calls = options.directory / "calls"
    peers = [
        Bridges("colloque", options.colloque, options.speech, calls, []),
        Bridges("colloque, steady", options.colloque, options.speech, calls, ["--steady"]),
        Library("pion", [options.pion], options.speech),
        Library("aiortc", options.aiortc, options.speech),
        Floor(options.floor, options.speech),
    ]
    names = [peer.name for peer in peers]
    processor = next(
        (line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    show(f"{os.cpu_count()} × {processor}, Linux {platform.release()}; {options.rounds} rounds of {options.seconds} s"
         f"{', processors kept awake' if options.awake else ''}. "
         f"A round is void when others took more than {OTHERS} % of one processor, the hypervisor kept more than "
         f"{STOLEN} %, or less than {100 * DONE:.0f} % of the packets were sent or heard. Every round is listed.\n")
    show("| round | sessions per process | peer | ms per second and session | sent | heard | others | void |\n"
         "|---|---|---|---|---|---|---|---|")
    rounds = []
    for sessions in options.sessions:
        for number in range(options.rounds):
            # Round by round from the other end.
            for peer in peers if number % 2 == 0 else reversed(peers):
                figures = measured(peer, sessions, options.seconds, options.patience, options.awake)
                rounds.append({"round": number, "sessions": sessions, "peer": peer.name, **figures})
                show(f"| {number + 1} | {sessions} | {peer.name} | {figures['cost']:.1f} | {100 * figures['sent']:.0f} % | "
                     f"{100 * figures['heard']:.1f} % | "
                     f"{figures['others']:.0f} % | {figures['void'] or ''} |")
    valid = sum(not one["void"] for one in rounds)
    for everything in [False, True] if valid * 2 < len(rounds) else [False]:
        if everything:
            show(f"\nOnly {valid} of {len(rounds)} rounds count. Medians of all in which the work was done:")
        show("\n| sessions per process | peer | rounds | ms per second and session, median (least–most) | ours to it | "
             "ours, steady, to it |\n|---|---|---|---|---|---|")
        for sessions in options.sessions:
            for line in summary(sessions, rounds, names, everything):
                show(line)
    show("\nAims: " + ", ".join(f"at most {aim:.2f} of {name}" for name, aim in AIMS.items()) + ".")
    options.directory.mkdir(parents=True, exist_ok=True)
    (options.directory / "rounds.json").write_text(json.dumps(rounds, indent=1))
    plots.histograms(
        options.directory / "peers.svg", "processor time per second and session, ms, second by second",
        names,
        [
            (f"{sessions} session{'s' if sessions > 1 else ''} per process", {
                name: [value for one in rounds if (one["peer"], one["sessions"]) == (name, sessions) for value in one["each"]]
                for name in names
            })
            for sessions in options.sessions
        ], 0, 120, 60)


if __name__ == "__main__":
    main()
