"""What a hostile end would write, and what the page may show of it."""

import unicodedata

#: Markup, scripts, placeholders of the page itself, hidden and turned text, heaps of marks, lengths.
TEXTS = [
    "<img src=x onerror=ran=1>", "<script>ran=1</script>", "</p></li></ol><button data-action=hang-up>", "&lt;b&gt;&#60;",
    "\"'><svg onload=ran=1>", "{{7*7}} ${ran=1} {time} {code}", "javascript:ran=1", "<style>*{display:none}</style>",
    "<iframe srcdoc='<script>parent.ran=1</script>'>", "__proto__", "constructor", "</template><template id=sentences>",
    "\u202egnp.exe\u202c", "\u2066\u2067\u2068 open", "pass\u200bword\ufeff", "\x00\x07\x1b[2J\x7f\x85", "one\n\ttwo|three",
    "e" + "\u0301" * 300, "x" * 5000, "مرحبا \u200f!", "x" * 1990 + "👩\u200d⚕️" * 9, "W" * 1900, "\u202e\u200b", "©" * 2000,
]

_HIDDEN = {0x200B, 0xFEFF, *range(0x202A, 0x202F), *range(0x2060, 0x206A)}


def legible(text):
    """What the page may show of a text: written down again, apart from its own way to do it."""
    shown, marks = "", 0
    for one in text.encode("utf-16-le")[:4000].decode("utf-16-le", "surrogatepass"):
        kind = unicodedata.category(one)
        if (kind == "Cc" and one not in "\n\t") or kind == "Cs" or ord(one) in _HIDDEN:
            continue
        marks = marks + 1 if kind[0] == "M" else 0
        shown += one if marks <= 4 else ""
    return shown


def texts(count):
    """So many that leave something to show, each another one."""
    made = []
    for number in range(count):
        text = TEXTS[number % len(TEXTS)]
        made.append(text if number < len(TEXTS) else f"{text[:1000]} {number}")
    return [text for text in made if legible(text).strip()]
