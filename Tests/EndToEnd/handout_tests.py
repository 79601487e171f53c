"""What a patient is given, read by other programs than wrote it: QR codes, calendar files, cards; links in advance."""

import datetime
import re
import shutil
import stat
import subprocess

import icalendar
import numpy

from laboratory.colloque import DONE, REFUSED, USAGE, Bridge, Broker, Doctor, colloque, completed, facts
from laboratory.runner import test

from keystore_tests import Home, admit

NAME, LABEL = "Dr Martin", "Madame Dupont; toux, fièvre"


def needs_readers():
    missing = [name for name in ("zbarimg", "rsvg-convert") if not shutil.which(name)]
    return f"needs {', '.join(missing)}: Scripts/setup test" if missing else None


async def settled(laboratory):
    broker = await Broker(laboratory).start()
    return broker, await Doctor(laboratory, broker).settle()


async def made(doctor, *arguments, **where):
    """One command of the doctor's on its output."""
    code, output, errors = await colloque(*arguments, "--passphrase-file", doctor.passphrase, home=doctor.home)
    assert code == DONE, f"{arguments}: exit {code}\n{errors}"
    return output


def scanned(path):
    """What a scanner reads in a picture."""
    read = subprocess.run(["zbarimg", "--quiet", "--raw", path], capture_output=True, text=True)
    return read.stdout.rstrip("\n")


def photographed(rows, laboratory, scale=6):
    """Rows of modules, true for dark, as a picture file."""
    pixels = numpy.where(numpy.array(rows, dtype=bool), 0, 255).astype(numpy.uint8).repeat(scale, 0).repeat(scale, 1)
    path = laboratory.file("photograph.pgm")
    path.write_bytes(b"P5 %d %d 255\n" % pixels.shape[::-1] + pixels.tobytes())
    return path


@test("Each form of the QR code is read by another program as the link", limit=90, needs=[needs_readers])
async def codes(laboratory):
    _, doctor = await settled(laboratory)
    session = await doctor.session()
    png, svg, drawn = (laboratory.file(name) for name in ("code.png", "code.svg", "drawn.png"))
    await made(doctor, "session", "qr", session["session"], "--png", png, "--svg", svg)
    assert scanned(png) == session["link"]
    subprocess.run(["rsvg-convert", svg, "-o", drawn], check=True)
    assert scanned(drawn) == session["link"]
    for path in (png, svg):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path

    blocks = (await made(doctor, "session", "qr", session["session"], "--terminal")).splitlines()
    dark = {"█": (0, 0), "▀": (0, 1), "▄": (1, 0), " ": (1, 1)}
    rows = [[dark[sign][half] for sign in line] for line in blocks if line for half in (0, 1)]
    assert scanned(photographed(rows, laboratory)) == session["link"]
    ascii_ = (await made(doctor, "session", "qr", session["session"], "--ascii")).split("\n")[:-1]
    width = max(map(len, ascii_))
    rows = [[sign == "#" for sign in line.ljust(width)[::2]] for line in ascii_]
    assert scanned(photographed(rows, laboratory)) == session["link"]
    assert max(map(len, ascii_)) <= 160 and max(map(len, blocks)) <= 80, "it does not fit a terminal"


@test("A calendar file holds the hour and the link, and no label", limit=90)
async def calendar(laboratory):
    _, doctor = await settled(laboratory)
    opens = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0) + datetime.timedelta(days=9, hours=3)
    session = await doctor.session("--label", LABEL, "--opens", opens.strftime("%Y-%m-%dT%H:%M:%SZ"))
    for language in ("fr", "en", "nl", "de"):
        path = laboratory.file(f"{language}.ics")
        await made(doctor, "session", "ics", session["session"], path, "--language", language, "--duration", "20m")
        octets = path.read_bytes()
        assert octets.count(b"\n") == octets.count(b"\r\n") and max(map(len, octets.split(b"\r\n"))) <= 75
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        event, = icalendar.Calendar.from_ical(octets).walk("VEVENT")
        assert event.decoded("DTSTART") == opens, event
        assert event.decoded("DTEND") - opens == datetime.timedelta(minutes=20)
        assert str(event["URL"]) == session["link"] and session["link"] in str(event["DESCRIPTION"])
        assert "Dupont" not in octets.decode() and "toux" not in octets.decode()


@test("A card is ready to paste: the link on a line of its own, no label in subject or body", limit=90)
async def cards(laboratory):
    _, doctor = await settled(laboratory)
    session = await doctor.session("--label", LABEL)
    english = await facts("session", "card", session["session"], "--language", "en", "--passphrase-file",
                          doctor.passphrase, home=doctor.home)
    assert re.search(r"day,? \d{1,2} [A-Z][a-z]+ 20\d\d", english["text"]), "the month is before the day"
    seen = set()
    for language in ("fr", "en", "nl", "de"):
        card = await facts("session", "card", session["session"], "--language", language, "--passphrase-file",
                           doctor.passphrase, home=doctor.home)
        assert session["link"] in card["text"].splitlines()
        printed = await made(doctor, "session", "card", session["session"], "--language", language)
        subject, rest = printed.split("\n", 1)
        assert subject == card["subject"] and rest.strip() == card["text"].strip()
        page = laboratory.file(f"{language}.html")
        await made(doctor, "session", "card", session["session"], "--language", language, "--html", page)
        html = page.read_text()
        assert session["link"] in html.replace("&amp;", "&") and f'lang="{language}"' in html
        assert not re.search(r"(src|href)=|url\(|<script", html), "the card loads something"
        for text in (printed, html):
            assert "Dupont" not in text and "toux" not in text and session["session"] not in text
        seen.add(subject)
    assert len(seen) == 4, seen


@test("Several links at once, in advance; whoever comes early waits", limit=120)
async def in_advance(laboratory):
    broker, doctor = await settled(laboratory)
    opens = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=20)
    made_ = (await doctor.session("--count", "3", "--label", "Monday", "--opens", opens.strftime("%Y-%m-%dT%H:%MZ")))
    sessions = made_["sessions"]
    assert len({one["link"] for one in sessions}) == 3
    assert [one["label"] for one in sessions] == ["Monday (1)", "Monday (2)", "Monday (3)"]
    assert all(one["page"] == "verified" for one in sessions), sessions
    # The broker restarts in between, as it may in three weeks.
    await broker.kill()
    await broker.start()
    patient = await Bridge.patient(laboratory, sessions[1]["link"], play="tone:880", seconds=2)
    await patient.process.line("(?i)wait|away|doctor", timeout=20)
    bridge = await doctor.bridge(sessions[1], play="tone:440")
    completed(await patient.report(), "patient")
    completed(await bridge.report(), "doctor")
    for wrong in ("2020-01-01T00:00Z", "2199-01-01T00:00Z", "tomorrow", "2026-13-01T00:00Z"):
        code, _, errors = await colloque("session", "new", "--opens", wrong, "--broker", broker.url,
                                         "--passphrase-file", doctor.passphrase, home=doctor.home)
        assert code == USAGE and errors.strip(), f"{wrong}: exit {code}"


@test("A used link is re-opened once: somebody else gets in, and it cannot be done again", limit=150)
async def reopened(laboratory):
    _, doctor = await settled(laboratory)
    session = await doctor.session()

    async def again():
        return await colloque("session", "reopen", session["session"], "--passphrase-file", doctor.passphrase, "--json",
                              home=doctor.home)

    assert (await again())[0] == REFUSED, "nobody was admitted yet"

    async def consultation():
        bridge = await doctor.bridge(session, play="tone:440")
        patient = await Bridge.patient(laboratory, session["link"], play="tone:880")
        await patient.process.line("admitted", timeout=30)
        # Both vanish, as a power cut would have it: nobody says goodbye.
        await patient.process.kill()
        await bridge.process.kill()
        admit(Home(laboratory, "doctor-home"), session["link"])

    await consultation()
    late = await Bridge.patient(laboratory, session["link"])
    assert (await late.report())["outcome"] == "refused", "the used link lets somebody in"
    state, = (await facts("session", "list", "--passphrase-file", doctor.passphrase, home=doctor.home))["sessions"]
    assert state["state"] == "admitted", state
    code, output, errors = await again()
    assert code == DONE, errors
    await consultation()
    code, _, errors = await again()
    assert code == REFUSED and errors.strip(), f"exit {code}"
