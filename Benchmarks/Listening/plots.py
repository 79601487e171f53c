"""Histograms as SVG, one panel beside the other: how good sound was, how late, what it cost.

    python plots.py MEDIA.json FILE.svg     of `colloque bench media --report MEDIA.json`
"""

import json
import sys
from pathlib import Path

_COLOURS = ["#1b6ca8", "#d1495b", "#66a182", "#8d6a9f", "#edae49", "#555555"]
_WIDTH, _HEIGHT, _GAP = 260, 120, 46


def draw(found, traces, directory):
    """Writes quality.svg and delay.svg. `found` maps (receiver, mode, trace) to groups with `qualities` and `delays`."""
    directory.mkdir(parents=True, exist_ok=True)
    traces = [trace for trace in traces if any(key[2] == trace for key in found)]
    series = sorted({key[:2] for key in found})
    for name, title, values, least, most, bins in (
        ("quality.svg", "PESQ-WB of 8 s windows", lambda group: group.qualities, 1.0, 5.0, 32),
        ("delay.svg", "mouth to ear, ms", lambda group: group.delays, 0.0, 500.0, 50),
    ):
        panels = [
            (trace, {", ".join(key): values(found[(*key, trace)]) for key in series if (*key, trace) in found})
            for trace in traces
        ]
        histograms(directory / name, title, [", ".join(key) for key in series], panels, least, most, bins)


def draw_differences(pairs, traces, directory):
    """Writes difference.svg: PESQ-WB of our windows less that of the other receiver's of the same words."""
    modes = sorted({ours.mode for ours, _ in pairs})
    panels = []
    for trace in traces:
        values = {
            mode: [
                one - other for ours, theirs in pairs if (ours.mode, ours.trace) == (mode, trace)
                for one, other in zip(ours.qualities, theirs.qualities)
            ]
            for mode in modes
        }
        if any(values.values()):
            panels.append((trace, values))
    histograms(
        directory / "difference.svg", "PESQ-WB of 8 s windows: ours less the other's", modes, panels, -1.0, 1.0, 41)


def histograms(path, title, series, panels, least, most, bins):
    """Writes one figure.

    `series` are names, each with a colour of its own; `panels` are pairs of a name and the values of each series in it.
    """
    columns = min(2, len(panels))
    rows = (len(panels) + columns - 1) // columns
    width = max(columns * (_WIDTH + _GAP) + _GAP, _GAP + 130 * len(series), _GAP + 7 * len(title))
    height = rows * (_HEIGHT + _GAP) + 70
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="11">',
        f'<rect width="{width}" height="{height}" fill="white"/><text x="{_GAP}" y="20" font-size="14">{title}</text>',
    ]
    for index, name in enumerate(series):
        x = _GAP + index * 130
        parts.append(f'<rect x="{x}" y="30" width="10" height="10" fill="{_COLOURS[index % len(_COLOURS)]}"/>')
        parts.append(f'<text x="{x + 14}" y="39">{name}</text>')
    for place, (panel, values) in enumerate(panels):
        left = _GAP + place % columns * (_WIDTH + _GAP)
        top = 66 + place // columns * (_HEIGHT + _GAP)
        parts.append(f'<text x="{left}" y="{top - 4}">{panel}</text>')
        parts.append(f'<path d="M{left} {top + _HEIGHT}h{_WIDTH}" stroke="black"/>')
        for tick in range(5):
            value = least + (most - least) * tick / 4
            x = left + _WIDTH * tick / 4
            parts.append(f'<text x="{x:.0f}" y="{top + _HEIGHT + 13}" text-anchor="middle">{value:g}</text>')
        for index, name in enumerate(series):
            if values.get(name):
                parts.append(_steps(values[name], left, top, least, most, bins, _COLOURS[index % len(_COLOURS)]))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([*parts, "</svg>\n"]))


def _steps(values, left, top, least, most, bins, colour):
    """One outline: shares of the values in each bin, the fullest bin as high as the panel."""
    counts = [0] * bins
    for value in values:
        counts[min(bins - 1, max(0, int((value - least) / (most - least) * bins)))] += 1
    highest = max(counts, default=0) or 1
    step = _WIDTH / bins
    path = f"M{left} {top + _HEIGHT}"
    for index, count in enumerate(counts):
        path += f"L{left + index * step:.1f} {top + _HEIGHT - count / highest * _HEIGHT:.1f}h{step:.1f}"
    return f'<path d="{path}V{top + _HEIGHT}" fill="none" stroke="{colour}" stroke-width="1.5"/>'


def main(report, figure):
    found = json.loads(Path(report).read_text())["perPacket"]
    values = {
        name: [(bin + 0.5) * one["binMicroseconds"] for bin, count in enumerate(one["counts"]) for _ in range(count)]
        for name, one in found.items()
    }
    histograms(
        Path(figure), "processor time for one packet each way, \u00b5s", sorted(values), [("whole duplex leg", values)],
        0, 1000, 50)


if __name__ == "__main__":
    main(*sys.argv[1:])
