"""Histograms as SVG, one panel per trace: how good the windows were, and how late the sound."""

_COLOURS = ["#1b6ca8", "#d1495b", "#66a182", "#8d6a9f", "#edae49", "#555555"]
_WIDTH, _HEIGHT, _GAP = 260, 120, 46


def draw(found, traces, directory):
    """Writes quality.svg and delay.svg. `found` maps (receiver, mode, trace) to groups with `qualities` and `delays`."""
    directory.mkdir(parents=True, exist_ok=True)
    panels = [
        ("quality.svg", "PESQ-WB of 8 s windows", lambda group: group.qualities, 1.0, 5.0, 32),
        ("delay.svg", "mouth to ear, ms", lambda group: group.delays, 0.0, 500.0, 50),
    ]
    for name, title, values, least, most, bins in panels:
        (directory / name).write_text(_figure(found, traces, title, values, least, most, bins))


def _figure(found, traces, title, values, least, most, bins):
    traces = [trace for trace in traces if any(key[2] == trace for key in found)]
    series = sorted({key[:2] for key in found})
    columns = 2
    rows = (len(traces) + columns - 1) // columns
    width, height = columns * (_WIDTH + _GAP) + _GAP, rows * (_HEIGHT + _GAP) + 70
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="11">',
        f'<rect width="{width}" height="{height}" fill="white"/><text x="{_GAP}" y="20" font-size="14">{title}</text>',
    ]
    for index, (receiver, mode) in enumerate(series):
        x = _GAP + index * 130
        parts.append(f'<rect x="{x}" y="30" width="10" height="10" fill="{_COLOURS[index % len(_COLOURS)]}"/>')
        parts.append(f'<text x="{x + 14}" y="39">{receiver}, {mode}</text>')
    for place, trace in enumerate(traces):
        left = _GAP + place % columns * (_WIDTH + _GAP)
        top = 66 + place // columns * (_HEIGHT + _GAP)
        parts.append(f'<text x="{left}" y="{top - 4}">{trace}</text>')
        parts.append(f'<path d="M{left} {top + _HEIGHT}h{_WIDTH}" stroke="black"/>')
        for tick in range(5):
            value = least + (most - least) * tick / 4
            x = left + _WIDTH * tick / 4
            parts.append(f'<text x="{x:.0f}" y="{top + _HEIGHT + 13}" text-anchor="middle">{value:g}</text>')
        for index, key in enumerate(series):
            if (group := found.get((*key, trace))) is not None:
                parts.append(_steps(values(group), left, top, least, most, bins, _COLOURS[index % len(_COLOURS)]))
    return "\n".join([*parts, "</svg>\n"])


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
