"""Every screen of the page without a call: its own document, style and view, posed for a photographer or for axe-core.

That a screen is reached when it should be is for other tests; here it is only looked at.
"""

import re
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
_CODES = HERE.parents[3] / "Web" / "src" / "codes.js"

_DEVICES = {
    "microphones": [{"id": "a", "label": "Microphone interne"}, {"id": "b", "label": "Casque Bluetooth de la chambre 214"}],
    "speakers": [{"id": "c", "label": "Haut-parleur interne"}, {"id": "d", "label": ""}],
    "microphone": "b", "speaker": "c",
}
_CALL = {"state": "connected", "quality": "good", "path": "direct", "devices": _DEVICES}
#: Errors after which another browser would help: their screens have the link.
_LINKED = {"browser-unsupported": False, "in-app": True}
_LINK = "https://colloque.example/#AQC5pVhPZmWvJpJpDh1p0V3nq2Hk8T7m4Zt6yQw9XcB2LrUeKd0FsGjNiOaYbVxTzMqWlRk"
_FINAL = {"missing", "incomplete", "alphabet", "version", "flags", "post-quantum"}
_AGAIN = {"unknown-room", "microphone-denied", "microphone-missing", "microphone-busy", "other-tab", "taken-over",
          "refused-not-now", "closed", "full", "rate", "relay-missing", "network", "no-path", "secure-channel", "clock",
          "internal"}


def _error(name):
    return {
        "state": "bad-link" if name in _FINAL else "failed", "error": name, "canRetry": name in _AGAIN or name == "in-app",
        "link": _LINK if name in _LINKED else None, "clock": 1_830_000_000_000 if name == "clock" else None,
    }


def poses():
    """{name: model}: each state, and each error of the page's own list of codes."""
    errors = re.findall(r"'?([a-z-]+)'?: \d\d", _CODES.read_text())
    assert len(errors) > 30, errors
    return {
        "ready": {"state": "ready"},
        "resume": {"state": "ready", "resumes": True},
        "checking": {"state": "checking"},
        "waiting": {"state": "waiting", "call": {}, "waited": 12, "devices": _DEVICES, "hears": "voice", "open": ["sound"]},
        "waiting-message": {"state": "waiting", "call": {"message": "Encore cinq minutes, je termine une visite."},
                            "waited": 1, "hears": "silence", "open": ["sound"]},
        "waiting-away": {"state": "waiting", "call": {"doctorPresent": False}, "open": ["sound", "deaf"]},
        "waiting-server": {"state": "waiting", "call": {"seeksServer": True}, "open": ["sound"]},
        "admitted": {"state": "admitted", "call": {}},
        "connecting": {"state": "connecting", "call": {}},
        "connecting-stopped": {"state": "connecting", "call": {}, "isStopped": True},
        "words": {**_CALL, "call": {"words": True}},
        "words-confirmed": {**_CALL, "quality": "fair", "call": {
            "words": True, "ownComparison": "same", "peerComparison": "same"}},
        "poor": {**_CALL, "quality": "poor", "path": "relay", "call": {
            "words": True, "ownComparison": "same", "attached": False}, "open": ["sound", "deaf"]},
        "muted-chat": {**_CALL, "call": {"words": True, "ownComparison": "same", "muted": True, "messages": [
            {"mine": True, "text": "Je ne vous entends pas bien.", "isSent": True},
            {"mine": False, "text": "Voici le numéro du cabinet : 02 555 01 23. https://example.org/" + "a" * 80, "isSent": True},
            {"mine": True, "text": "Merci", "isSent": False}]}, "open": ["chat"]},
        "sound-stopped": {**_CALL, "isStopped": True, "call": {"words": True, "ownComparison": "same"}},
        "silent": {**_CALL, "hears": "silence", "call": {"words": True, "ownComparison": "same"}},
        "reconnecting": {"state": "reconnecting", "call": {"attached": True}},
        "reconnecting-server": {"state": "reconnecting", "call": {"attached": False}},
        "reconnecting-doctor": {"state": "reconnecting", "call": {"attached": False, "awaitsDoctor": True}},
        "hung-up": {"state": "ended", "error": "hung-up", "lasted": 23},
        "ended-by-doctor": {"state": "ended", "error": "ended-by-doctor", "lasted": 0},
        "consent-refused": {"state": "ended", "error": "consent-refused"},
        "ended": {"state": "ended", "error": None, "lasted": 1},
        **{error: _error(error) for error in errors},
        **{f"microphone-denied-{browser}": {**_error("microphone-denied"), "browser": browser}
           for browser in ("ios", "android", "firefox", "safari")},
        "in-app-copied": {**_error("in-app"), "copied": "done"},
        "in-app-by-hand": {**_error("in-app"), "copied": "failed"},
    }


def document(directory):
    """Builds the gallery; its address."""
    built = subprocess.run(["node", HERE / "build.mjs"], check=True, capture_output=True, text=True)
    path = Path(directory) / "gallery.html"
    path.write_text(built.stdout)
    return path.as_uri()


async def pose(page, model, language):
    await page.evaluate("(model) => pose(model)", {**model, "locale": language})
