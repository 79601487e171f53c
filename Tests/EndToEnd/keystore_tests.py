"""The doctor's home under every misfortune: killed in any system call, disk full, looked at by others."""

import asyncio
import base64
import contextlib
import json
import os
import re
import shutil
import signal
import stat
import subprocess
from pathlib import Path

import nacl.pwhash.argon2id
import nacl.secret

from laboratory.colloque import (
    BAD_CONFIGURATION, BAD_LINK, DONE, ENGLISH, Bridge, Broker, Doctor, colloque, executable, facts,
)
from laboratory.processes import Process, run
from laboratory.runner import Skipped, needs_root, needs_strace, test
from laboratory.typist import Typist

#: System calls that change what a disk holds, and what can go wrong in each.
FAILURES = {"openat": "ENOSPC", "write": "ENOSPC", "fsync": "EIO", "rename": "EIO", "link": "ENOSPC", "unlink": "EIO",
            "mkdir": "ENOSPC"}
CREATE_FAILURE = 73
PASSPHRASE, OTHER = "quatre chevaux sages mangent", "cinq lapins bleus traversent"


class Home:
    """One doctor's directory that a test spoils and puts back."""

    def __init__(self, laboratory, name="home"):
        self.laboratory = laboratory
        self.path = laboratory.file(name)
        self.passphrase = self._secret(PASSPHRASE, "passphrase")
        self.other = self._secret(OTHER, "other-passphrase")

    def _secret(self, text, name):
        path = self.laboratory.file(name)
        path.write_text(text + "\n")
        path.chmod(0o600)
        return path

    async def run(self, *arguments, passphrase=None):
        return await colloque(*arguments, "--passphrase-file", passphrase or self.passphrase, home=self.path)

    async def journal(self):
        """The kinds of its lines; it has to be whole."""
        code, output, errors = await self.run("journal", "list", "--json")
        assert code == DONE, f"the journal is not whole: exit {code}\n{errors}"
        return [one["kind"] for one in json.loads(output)["entries"]]

    async def opens_with(self, passphrase):
        """The sessions by name, or None when this is not the passphrase; anything else is a damaged home."""
        code, output, errors = await self.run("session", "list", "--all", "--json", passphrase=passphrase)
        if code == BAD_LINK and "passphrase" in errors:
            return None
        assert code == DONE, f"the home is damaged: exit {code}\n{errors}"
        return {one["session"]: one["state"] for one in json.loads(output)["sessions"]}

    def keep(self):
        """Remembers the state now; `back` returns to it."""
        self._kept = self.laboratory.file("kept")
        shutil.rmtree(self._kept, ignore_errors=True)
        if self.path.exists():
            shutil.copytree(self.path, self._kept, copy_function=shutil.copy2)

    def back(self):
        shutil.rmtree(self.path, ignore_errors=True)
        if self._kept.exists():
            shutil.copytree(self._kept, self.path, copy_function=shutil.copy2)


async def traced(home, arguments, *, inject=None):
    """One command under strace: (exit code, lines of the trace, what it said)."""
    log = home.laboratory.file("trace")
    command = ["strace", "-f", "-qq", "-o", log, "-e", f"trace={','.join(FAILURES)}", "-e", "signal=none"]
    if inject:
        command += ["-e", f"inject={inject}"]
    code, _, errors = await run([*command, executable(), "--home", home.path, *arguments], timeout=60)
    return code, log.read_text().splitlines(), errors


def places(trace, home):
    """(system call, its number within its thread) for each call that changes the home, in order."""
    counts, open_files, found = {}, set(), []
    for line in trace:
        match = re.match(r"(\d+)\s+(\w+)\((.*)", line)
        if not match:
            continue
        thread, call, rest = match.groups()
        counts[thread, call] = counts.get((thread, call), 0) + 1
        touches = str(home) in rest
        if call == "openat" and (opened := re.search(r"= (\d+)", rest)):
            (open_files.add if touches else open_files.discard)(opened[1])
            touches = touches and "O_CREAT" in rest
        if call in ("write", "fsync"):
            file = re.match(r"\d+", rest)
            touches = bool(file) and file[0] in open_files
        if touches:
            found.append((call, counts[thread, call]))
    return found


async def spoil(home, arguments, holds, *, writing=True):
    """Kills the command in each system call that changes the home, then lets such calls fail; `holds` looks at the rest.

    Returns how many were tried.
    """
    home.keep()
    code, trace, errors = await traced(home, arguments)
    assert code == DONE, f"undisturbed it ends with {code}\n{errors}"
    spots = list(dict.fromkeys(places(trace, home.path)))
    kinds = {call for call, _ in spots}
    assert {"openat", "write", "fsync"} <= kinds, f"the trace shows no writing: {kinds}"
    injections = [f"{call}:signal=SIGKILL:when={number}" for call, number in spots]
    # In the short form each system call fails once, where it comes last; with COLLOQUE_SWEEP set, everywhere.
    failing = spots if os.environ.get("COLLOQUE_SWEEP") else dict(spots).items()
    injections += [f"{call}:error={FAILURES[call]}:when={number}" for call, number in failing]
    killed = 0
    for inject in injections:
        home.back()
        code, _, said = await traced(home, arguments, inject=inject)
        killed += code in (-9, 137)
        try:
            await holds(code)
        except AssertionError as failure:
            raise AssertionError(f"{inject} (exit {code}, said {said.strip()[-200:]}): {failure}") from None
    assert killed >= len(spots) * 0.8, f"{killed} of {len(spots)} kills came to pass"
    return len(spots)


@test("An identity killed in the making is there whole or not at all", limit=300, needs=[needs_strace])
async def creation(laboratory):
    home = Home(laboratory)

    async def holds(code):
        if (await home.opens_with(home.passphrase) if (home.path / "identity").exists() else None) is None:
            assert code != DONE, "it said done and nothing is there"
            assert not (home.path / "identity").exists(), "a file that no passphrase opens"
            code, _, errors = await home.run("identity", "new")
            assert code == DONE, f"it cannot be made any more: exit {code}\n{errors}"

    tried = await spoil(home, ["identity", "new", "--passphrase-file", home.passphrase], holds)
    assert tried >= 8, tried


@test("A change of passphrase killed anywhere leaves the old or the new, never neither", long=True, limit=400,
      needs=[needs_strace])
async def change(laboratory):
    home = Home(laboratory)
    assert (await home.run("identity", "new"))[0] == DONE

    async def holds(code):
        old, new = await home.opens_with(home.passphrase), await home.opens_with(home.other)
        assert (old is None) != (new is None), f"opened by the old: {old}, by the new: {new}"
        assert code != DONE or new is not None, "it said done and the old passphrase still opens"

    await spoil(home, ["identity", "passphrase", "--passphrase-file", home.passphrase, "--new-passphrase-file",
                       home.other], holds)


async def settled(laboratory):
    """A broker, and a doctor with two sessions and a backup of them."""
    broker = await Broker(laboratory).start()
    doctor = await Doctor(laboratory, broker).settle()
    sessions = [(await doctor.session("--no-verify", "--label", f"number {n}"))["session"] for n in range(2)]
    home = Home(laboratory, "doctor-home")
    backup = laboratory.file("backup")
    code, _, errors = await home.run("identity", "export", backup)
    assert code == DONE, errors
    return broker, doctor, home, sessions, backup


@test("An import killed anywhere is there whole, or can be done again", long=True, limit=500, needs=[needs_strace])
async def imported(laboratory):
    _, _, home, sessions, backup = await settled(laboratory)
    shutil.rmtree(home.path)

    async def holds(code):
        if (home.path / "identity").exists():
            assert sorted(await home.opens_with(home.passphrase)) == sorted(sessions), "not every session is there"
            return
        assert code != DONE, "it said done and nothing is there"
        code, _, errors = await home.run("identity", "import", backup)
        assert code == DONE, f"it cannot be imported any more: exit {code}\n{errors}"
        assert sorted(await home.opens_with(home.passphrase)) == sorted(sessions)

    await spoil(home, ["identity", "import", backup, "--passphrase-file", home.passphrase], holds)


@test("A session killed while it is made or ended spoils no other, and is itself in one state", long=True, limit=500,
      needs=[needs_strace])
async def rooms(laboratory):
    broker, _, home, sessions, _ = await settled(laboratory)

    async def holds_made(code):
        found = await home.opens_with(home.passphrase)
        assert set(sessions) <= set(found), f"lost: {set(sessions) - set(found)}"
        assert all(found[one] == "open" for one in sessions), found
        assert code != DONE or len(found) == 3, "it said done and kept no session"
        kinds = await home.journal()
        assert kinds in (["made"] * 2, ["made"] * 3) and (code != DONE or len(kinds) == 3), kinds

    await spoil(home, ["session", "new", "--no-verify", "--broker", broker.url, "--passphrase-file", home.passphrase],
                holds_made)
    home.back()

    async def holds_ended(code):
        found = await home.opens_with(home.passphrase)
        assert set(found) == set(sessions) and found[sessions[1]] == "open", found
        assert code != DONE or found[sessions[0]] == "ended", found
        kinds = await home.journal()
        assert kinds[:2] == ["made"] * 2 and kinds[2:] in ([], ["ended"], ["ended", "signed"]), kinds

    await spoil(home, ["session", "end", sessions[0], "--passphrase-file", home.passphrase], holds_ended)


@test("A disk that is really full loses nothing, and says so", limit=120, needs=[needs_root])
async def full_disk(laboratory):
    broker, _, home, sessions, backup = await settled(laboratory)
    disk = laboratory.file("disk")
    disk.mkdir(mode=0o700)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k,mode=700", "none", disk], check=True)
    laboratory.stack.callback(subprocess.run, ["umount", "-l", disk])
    shutil.copytree(home.path, disk / "home")
    home.path = disk / "home"
    filler = disk / "filler"
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(512))
    for arguments in (
        ["session", "new", "--no-verify", "--broker", broker.url],
        ["session", "end", sessions[0]],
        ["identity", "passphrase", "--new-passphrase-file", home.other],
        ["identity", "export", disk / "backup"],
        ["--home", disk / "second", "identity", "new"],
        ["--home", disk / "third", "identity", "import", backup],
    ):
        code, _, errors = await home.run(*arguments)
        assert code == CREATE_FAILURE and "space" in errors, f"{arguments[:2]}: exit {code}\n{errors}"
        assert await home.opens_with(home.passphrase) == dict.fromkeys(sessions, "open")
    assert not (disk / "backup").exists()
    filler.unlink()
    assert (await home.run("session", "end", sessions[0]))[0] == DONE
    assert (await home.run("identity", "passphrase", "--new-passphrase-file", home.other))[0] == DONE
    assert (await home.opens_with(home.other))[sessions[0]] == "ended"


def secrets_of(home, link):
    """Everything that must stay inside, read out of the files as only the passphrase allows: {name: octets}."""
    file = (home.path / "identity").read_bytes()
    operations, memory = (int.from_bytes(file[at:at + 8], "big") for at in (18, 26))
    salt, nonce, box = file[34:50], file[82:106], file[106:186]
    key = nacl.pwhash.argon2id.kdf(32, PASSPHRASE.encode(), salt, opslimit=operations, memlimit=memory)
    opened = nacl.secret.SecretBox(key).decrypt(box, nonce)
    found = {"passphrase": PASSPHRASE.encode(), "seed": opened[:32], "room key": opened[32:], "sealing key": key}
    fragment = base64.urlsafe_b64decode(link.split("#")[1])
    found["S"] = fragment[2:18]
    for path in (home.path / "rooms").iterdir():
        octets = path.read_bytes()
        room = nacl.secret.SecretBox(opened[32:]).decrypt(octets[37:], octets[13:37])
        at = room.find(found["S"])
        if at < 0:
            continue
        found["d"] = room[at + 16:at + 48]
        # Behind d: key 32, dates 16, signature 64, ttl 4, expires 8, opens 8, re-opened 1, state 1.
        state = at + 48 + 32 + 16 + 64 + 4 + 8 + 8 + 1
        if room[state] == 1:
            found["R"] = room[state + 1:state + 33]
    return found


def admit(home, link):
    """Makes the room of a link one in which somebody was admitted, as a call writes it."""
    secrets = secrets_of(home, link)
    for path in (home.path / "rooms").iterdir():
        octets = path.read_bytes()
        box = nacl.secret.SecretBox(secrets["room key"])
        room = box.decrypt(octets[37:], octets[13:37])
        if secrets["S"] not in room:
            continue
        assert room[-1] == 0, "the room is not open"
        admission = os.urandom(64) + (1).to_bytes(4, "big") + bytes([1, 2]) + os.urandom(8) + (1).to_bytes(4, "big")
        nonce = os.urandom(24)
        sealed = box.encrypt(room[:-1] + b"\x01" + admission, nonce).ciphertext
        path.write_bytes(octets[:13] + nonce + sealed)


def written_forms(secret):
    yield secret
    yield secret.hex().encode()
    yield secret.hex().upper().encode()
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield encode(secret).rstrip(b"=")[:-1]


def leaks(secrets, octets):
    return [name for name, secret in secrets.items() for form in written_forms(secret) if form in octets]


@test("No secret in arguments, environment, logs, files or what is said, while a call runs and after it", limit=120)
async def nothing_leaks(laboratory):
    broker, doctor, home, _, _ = await settled(laboratory)
    session = await doctor.session("--no-verify")
    # What was said is looked at; the link itself is what `session new` is asked for.
    seen = {}
    code, output, errors = await home.run("session", "new", "--no-verify", "--broker", broker.url)
    assert code == DONE
    seen["session new, stderr"] = errors.encode()
    bridge = await doctor.bridge(session, play="tone:440")
    patient = await Bridge.patient(laboratory, session["link"], play="tone:880")
    await bridge.process.line("connected", timeout=30)
    secrets = secrets_of(home, session["link"])
    assert set(secrets) - {"R"} == {"passphrase", "seed", "room key", "sealing key", "S", "d"}, sorted(secrets)
    for process in (bridge.process, broker.processes[-1]):
        place = Path(f"/proc/{process.child.pid}")
        for name in ("cmdline", "environ"):
            seen[f"{process.name}, {name}"] = (place / name).read_bytes()
    patient.process.send(signal.SIGTERM)
    await patient.report()
    await bridge.report()
    for process in (bridge.process, patient.process, broker.processes[-1]):
        seen[f"{process.name}, said"] = "\n".join(process.log).encode()
    given = {home.passphrase, home.other}
    for path in laboratory.directory.rglob("*"):
        if path.is_file() and path not in given:
            seen[str(path.relative_to(laboratory.directory))] = path.read_bytes()
    assert any("rooms/" in name for name in seen) and any("broker" in name for name in seen)
    found = {name: told for name, octets in seen.items() if (told := leaks(secrets, octets))}
    assert not found, found
    # The search finds what is there: the link holds S.
    assert leaks(secrets, base64.urlsafe_b64decode(session["link"].split("#")[1])) == ["S"]


@test("No other process of the same user looks into a command that unlocked, and it leaves no core", limit=90,
      needs=[needs_root])
async def not_dumpable(laboratory):
    nobody = 65534
    if subprocess.run(["setpriv", f"--reuid={nobody}", "--clear-groups", executable(), "--version"],
                      capture_output=True).returncode:
        raise Skipped(f"another user may not run {executable()}")
    laboratory.directory.chmod(0o755)
    broker = await Broker(laboratory).start()
    doctor = await Doctor(laboratory, broker).settle()
    session = await doctor.session("--no-verify")
    for path in [doctor.home, doctor.passphrase, *doctor.home.rglob("*")]:
        os.chown(path, nobody, nobody)
    as_nobody = ["setpriv", f"--reuid={nobody}", f"--regid={nobody}", "--clear-groups"]
    bridge = await laboratory.started(await Process.start(
        [*as_nobody, executable(), "--home", doctor.home, "bridge", "--session", session["session"], "--broker",
         broker.url, "--passphrase-file", doctor.passphrase], name="bridge", directory=laboratory.directory))
    # It waits for a patient once it is unlocked.
    await bridge.line("(?i)wait|online|open|ready", timeout=30)
    control = await laboratory.started(await Process.start([*as_nobody, "sleep", "60"], name="sleep"))

    def readable(pid, name):
        return subprocess.run([*as_nobody, "head", "-c1", f"/proc/{pid}/{name}"], capture_output=True).returncode == 0

    # Another user's only once it has changed to him.
    async with asyncio.timeout(10):
        while not readable(control.child.pid, "environ"):
            await asyncio.sleep(0.05)
    for name in ("mem", "environ", "auxv"):
        assert not readable(bridge.child.pid, name), f"/proc/PID/{name} can be read"
    limits = Path(f"/proc/{bridge.child.pid}/limits").read_text()
    assert re.search(r"Max core file size\s+0\s+0", limits), limits
    os.kill(bridge.child.pid, 6)
    assert await bridge.ended(20) == -6
    said = "\n".join(bridge.log)
    assert "rip" not in said and "Crash" not in said, f"the crash was reported with registers and memory\n{said}"
    left = [path.name for path in laboratory.directory.iterdir() if path.name.startswith("core")]
    assert not left, left


@test("Files that others may read are refused by name, and a damaged one is told from a wrong passphrase", limit=90)
async def modes(laboratory):
    _, _, home, sessions, _ = await settled(laboratory)
    for path in (home.path / "identity", home.path / "rooms" / sessions[0], home.path / "rooms", home.path):
        before = stat.S_IMODE(path.stat().st_mode)
        path.chmod(before | 0o040)
        code, _, errors = await home.run("session", "show", sessions[0])
        assert code == BAD_CONFIGURATION and str(path) in errors, f"{path}: exit {code}\n{errors}"
        path.chmod(before)
    damaged = home.path / "rooms" / sessions[0]
    octets = damaged.read_bytes()
    damaged.write_bytes(octets[:-1] + bytes([octets[-1] ^ 1]))
    code, output, errors = await home.run("session", "list")
    assert code == BAD_LINK and str(damaged) in errors, f"exit {code}\n{errors}"
    assert sessions[1] in output, "one damaged file hides the others"


@test("A backup moves everything to another machine; the first start goes without a terminal", limit=120)
async def moves(laboratory):
    broker, doctor, home, sessions, backup = await settled(laboratory)
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert (await home.run("identity", "export", backup))[0] == CREATE_FAILURE, "a backup was overwritten"
    elsewhere = laboratory.file("elsewhere")
    made = await facts("init", "--import", backup, "--passphrase-file", home.passphrase, "--broker", broker.url,
                       home=elsewhere)
    assert made["key"] == doctor.key and made["new"] and made["enrolled"] is True, made
    again = await facts("init", "--passphrase-file", home.passphrase, home=elsewhere)
    assert again["broker"] == broker.url and not again["new"] and again["enrolled"] is True, again
    listed = await facts("session", "list", "--passphrase-file", home.passphrase, home=elsewhere)
    assert sorted(one["session"] for one in listed["sessions"]) == sorted(sessions)
    # The broker comes from the settings now.
    await facts("session", "new", "--passphrase-file", home.passphrase, home=elsewhere)
    code, _, errors = await colloque("identity", "import", backup, "--passphrase-file", home.other,
                                     home=laboratory.file("third"))
    assert code == BAD_LINK and "passphrase" in errors, errors
    backup.write_bytes(backup.read_bytes()[:-40] + bytes(40))
    code, _, errors = await colloque("identity", "import", backup, "--passphrase-file", home.passphrase,
                                     home=laboratory.file("third"))
    assert code == BAD_LINK and "damaged" in errors, errors


@test("Enrolment: one code each way, typed with blanks and in lower case; a mistake is noticed", limit=90)
async def enrolment(laboratory):
    broker = await Broker(laboratory).start()
    home = Home(laboratory)
    first = await facts("init", "--passphrase-file", home.passphrase, home=home.path)
    assert first["new"] and "broker" not in first and "enrolled" not in first, first
    code = first["code"]
    wrong = code[:-1] + ("0" if code[-1] != "0" else "1")
    for typed in (wrong, code[:-1], code.replace(code[0], "U")):
        ended, _, errors = await colloque("broker", "enroll", typed, "--state", broker.state)
        assert ended == 64 and errors.strip(), f"{typed}: exit {ended}"
    answer = await facts("broker", "enroll", *code.lower().split("-"), "--state", broker.state, "--address", broker.url)
    assert answer["key"] == first["key"], answer
    confirmation = answer["confirmation"]
    for typed in (confirmation[:-1], confirmation[:-1] + ("0" if confirmation[-1] != "0" else "1"), "x" + confirmation):
        ended, _, errors = await colloque("init", "--confirmation", typed, home=home.path)
        assert ended == BAD_LINK and errors.strip(), f"{typed}: exit {ended}"
        assert not (home.path / "settings").exists()
    done = await facts("init", "--confirmation", confirmation.lower(), "--passphrase-file", home.passphrase,
                       home=home.path)
    assert done["broker"] == broker.url and done["enrolled"] is True, done
    assert stat.S_IMODE((home.path / "settings").stat().st_mode) == 0o600
    revoked = await facts("broker", "revoke", code, "--state", broker.state)
    assert revoked["revoked"] == first["key"], revoked


@test("The first start at a terminal: the passphrase is judged, never shown, and a wrong confirmation is told", limit=90)
async def first_start(laboratory):
    broker = await Broker(laboratory).start()
    home = laboratory.file("home")

    def begin(*more):
        return Typist([executable(), "--home", home, "init", *more],
                      {**ENGLISH, "COLLOQUE_BROKER": "", "TERM": "xterm", "NO_COLOR": "1"})

    def at_terminal():
        terminal = begin()
        suggested = terminal.expect(r"For example: ([^\r\n]+)")[1]
        assert len(suggested.split()) == 6, suggested
        terminal.expect("New passphrase: ")
        terminal.type("court\n")
        terminal.expect("Too short")
        terminal.expect("New passphrase: ")
        terminal.type("passwordpassword\n")
        terminal.expect("Too easy")
        terminal.expect("Another one")
        terminal.type(suggested + "\n")
        terminal.expect("Strong")
        terminal.expect("Once more: ")
        terminal.type(suggested + "\n")
        terminal.expect("Your key is made")
        code = terminal.expect(r"((?:\w{4}-){13}\w{4})")[1]
        terminal.expect("Code received in return")
        terminal.type("broker.example/AAAA-AAAA\n")
        terminal.expect("not about the\\s+key")
        terminal.expect("Code received in return")
        terminal.type("\n")
        terminal.expect("Enter to begin, n then Enter to skip")
        terminal.type("n\n")
        terminal.expect("Nearly done")
        terminal.expect(code)
        assert terminal.end() == DONE, terminal.shown
        assert "passwordpassword" not in terminal.shown and terminal.shown.count(suggested.split()[0]) <= 3
        return code, suggested

    code, passphrase = await asyncio.to_thread(at_terminal)
    answer = await facts("broker", "enroll", code, "--state", broker.state, "--address", broker.url)

    def again():
        terminal = begin("--confirmation", answer["confirmation"])
        terminal.expect("Passphrase: ")
        terminal.type(passphrase + "\n")
        terminal.expect("to skip")
        terminal.type("n\n")
        terminal.expect("Everything is ready")
        terminal.expect(f"Your server: {broker.url}")
        assert terminal.end() == DONE, terminal.shown

    await asyncio.to_thread(again)
