"""The two ends of the calls that are compared, each in a process of its own: how they start, flow and end."""

import json
import os
import re
import select
import signal
import socket
import subprocess
import time
from pathlib import Path


def processor_seconds(pid):
    """Of the whole process so far, all of its threads, the kernel's part included (clock_getcpuclockid(3))."""
    return time.clock_gettime((~pid << 3) | 2)


class Lines:
    """A process that tells lines, read with patience."""

    def __init__(self, command, stream="stdout", **options):
        self._stream = stream
        self.child = subprocess.Popen(
            [str(part) for part in command], **{stream: subprocess.PIPE}, **options)
        self.pid = self.child.pid
        self._file = getattr(self.child, stream)
        self._pending = b""
        self.seen = []

    def line(self, pattern="", patience=40):
        """The next line in which `pattern` is found."""
        deadline = time.monotonic() + patience
        while True:
            while b"\n" in self._pending:
                line, self._pending = self._pending.split(b"\n", 1)
                text = line.decode("utf-8", "replace")
                self.seen.append(text)
                if re.search(pattern, text):
                    return text
            if not select.select([self._file], [], [], max(0, deadline - time.monotonic()))[0]:
                raise RuntimeError(f"{self.child.args[0]} told nothing of '{pattern}' in {patience} s")
            piece = os.read(self._file.fileno(), 1 << 16)
            if not piece:
                raise RuntimeError(f"{self.child.args[0]} is gone: {self.seen[-3:]}")
            self._pending += piece

    def write(self, line):
        self.child.stdin.write(f"{line}\n".encode())
        self.child.stdin.flush()


class Library:
    """A program that tells and takes descriptions on its standard streams."""

    def __init__(self, name, command, speech):
        self.name, self._command, self._speech = name, command, speech

    def start(self, sessions):
        self._ends = [
            Lines([*self._command, role, sessions, self._speech], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
            for role in ("offer", "answer")
        ]
        offering, answering = self._ends
        answering.write(offering.line(r"^\["))
        offering.write(answering.line(r"^\["))
        for end in self._ends:
            end.line("flowing")
        return [end.pid for end in self._ends]

    def stop(self):
        """What both ends did: packets sent and heard, all sessions together."""
        reports = []
        for end in self._ends:
            self._dismiss(end)
        for end in self._ends:
            reports.append(json.loads(end.line(r"^\{")))
            end.child.wait(20)
        return [(report["sent"], report["decoded"]) for report in reports]

    def _dismiss(self, end):
        end.child.stdin.close()

    def kill(self):
        for end in getattr(self, "_ends", []):
            end.child.kill()
            end.child.wait()


class Floor(Library):
    """libopus alone in the rhythm of calls: two processes without an end between them."""

    def __init__(self, program, speech):
        super().__init__("libopus alone", [program], speech)

    def start(self, sessions):
        self._ends = [Lines([*self._command, sessions, self._speech]) for _ in range(2)]
        for end in self._ends:
            end.line("flowing")
        return [end.pid for end in self._ends]

    def _dismiss(self, end):
        end.child.terminate()


class Bridges:
    """Ours: `colloque bridge` at both ends of a call that a broker of its own arranged."""

    def __init__(self, name, program, speech, directory, options):
        self.name, self._program, self._speech, self._options = name, program, speech, options
        self._directory = Path(directory)
        self._processes = []

    def start(self, sessions):
        self._processes, self._reports = [], []
        directory = self._directory / f"{time.monotonic_ns()}"
        directory.mkdir(parents=True)
        passphrase = directory / "passphrase"
        passphrase.write_text("quatre chevaux sages mangent\n")
        passphrase.chmod(0o600)
        home, state = directory / "home", directory / "state"
        state.mkdir(mode=0o700)
        port = free_port()
        broker = f"http://localhost:{port}"
        unlocked = ["--home", home, "--passphrase-file", passphrase]
        self._run("identity", "new", *unlocked)
        key = json.loads(self._run("identity", "show", "--home", home, "--json"))["key"]
        self._run("broker", "enroll", key, "--state", state)
        self._processes.append(Lines(
            [self._program, "broker", "--listen", f"127.0.0.1:{port}", "--state", state], stream="stderr",
            stdout=subprocess.DEVNULL))
        await_port(port)
        if sessions == 1:
            room = json.loads(self._run("session", "new", "--broker", broker, "--no-verify", "--json", *unlocked))
            doctor, patient = ["--session", room["session"]], ["--link", room["link"]]
        else:
            links = directory / "links"
            doctor, patient = ["--sessions", sessions, "--links-to", links], ["--links-from", links]
        ends = [self._bridge(directory / "doctor.json", *doctor, "--broker", broker, *unlocked)]
        if sessions > 1:
            await_links(links, sessions)
        ends.append(self._bridge(directory / "patient.json", *patient))
        self._processes += ends
        for end in ends:
            for _ in range(sessions):
                end.line("connected: ")
        self._ends = ends
        return [end.pid for end in ends]

    def _bridge(self, report, *role):
        self._reports.append(report)
        return Lines(
            [self._program, "bridge", *role, "--play", self._speech, "--words", "same", "--report", report,
             "--duration", 3600, *self._options],
            stream="stderr", stdout=subprocess.DEVNULL)

    def _run(self, *arguments):
        done = subprocess.run(
            [str(part) for part in (self._program, *arguments)], check=True, capture_output=True, text=True)
        return done.stdout

    def stop(self):
        for end in self._ends:
            end.child.send_signal(signal.SIGTERM)
        for end in self._ends:
            end.child.wait(20)
        self.kill()
        found = []
        for path in self._reports:
            report = json.loads(path.read_text())
            audio = [one["audio"] for one in report.get("sessions", [report])]
            found.append((sum(one["sent"] for one in audio), sum(one["received"] for one in audio)))
        return found

    def kill(self):
        for process in self._processes:
            process.child.kill()
            process.child.wait()
        self._processes = []


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def await_port(port, patience=20):
    deadline = time.monotonic() + patience
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def await_links(path, count, patience=60):
    """Until the rooms of so many links are open."""
    deadline = time.monotonic() + patience
    while not path.exists() or len(path.read_text().split()) < count:
        if time.monotonic() > deadline:
            raise RuntimeError("no links")
        time.sleep(0.05)
