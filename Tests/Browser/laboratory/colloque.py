"""The product under test, driven as its users drive it: by its commands and their promised output."""

import asyncio
import json
import os
import socket
import time
import urllib.request
from pathlib import Path

from . import sound
from .authority import Authority
from .internet import NAME, SERVER_IPV4, SERVER_IPV6
from .network import free_port
from .processes import Process, run
from .runner import ROOT

#: Exit codes, after sysexits.h.
DONE, USAGE, BAD_LINK, UNREACHABLE, TRY_AGAIN, PROTOCOL, REFUSED, BAD_CONFIGURATION = 0, 64, 65, 69, 75, 76, 77, 78


def executable():
    """The built program; COLLOQUE names another one."""
    path = Path(os.environ.get("COLLOQUE", ROOT / ".build" / "debug" / "colloque"))
    if not path.exists():
        raise AssertionError(f"{path} is not built: make build")
    return path


#: In which the tests read what is said.
ENGLISH = {"LC_ALL": "en_US.UTF-8"}


async def colloque(*arguments, home=None, namespace=None, timeout=60, environment=None):
    """One command to its end, speaking English unless told otherwise: (exit code, standard output, standard error)."""
    nowhere = {"COLLOQUE_HOME": "", "COLLOQUE_BROKER": ""} if home is None else {}
    return await run(
        [executable(), *_home(home), *arguments], namespace=namespace, timeout=timeout,
        environment={**ENGLISH, **nowhere, **(environment or {})},
    )


async def facts(*arguments, **where):
    """The JSON document of one command that must succeed and print nothing else."""
    code, output, errors = await colloque(*arguments, "--json", **where)
    assert code == DONE, f"colloque {' '.join(map(str, arguments))}: exit {code}\n{output}\n{errors}"
    try:
        return json.loads(output)
    except ValueError:
        raise AssertionError(f"colloque {' '.join(map(str, arguments))} printed no JSON document:\n{output}") from None


def _home(home):
    return [] if home is None else ["--home", str(home)]


class Broker:
    """One broker on this side's loopback, with a state directory that outlives its process."""

    def __init__(self, laboratory, port=None):
        self._laboratory = laboratory
        self.port = port or free_port()
        self.url = f"http://localhost:{self.port}"
        self.state = laboratory.file(f"broker-{self.port}")
        self.state.mkdir(mode=0o700, exist_ok=True)
        self.arguments = ["--listen", f"127.0.0.1:{self.port}"]
        self.namespace = None
        self.processes = []

    async def start(self):
        process = await Process.start(
            [executable(), "broker", *self.arguments, "--state", self.state],
            name="broker", namespace=self.namespace, directory=self._laboratory.directory,
        )
        self.processes.append(await self._laboratory.started(process))
        await self._answers(process)
        return self

    async def _answers(self, process, timeout=20):
        deadline = time.monotonic() + timeout
        while True:
            try:
                await self._connect()
                return
            except OSError:
                if process.child.returncode is not None or time.monotonic() > deadline:
                    raise AssertionError(f"the broker does not answer\n{process.tail()}") from None
                await asyncio.sleep(0.05)

    async def _connect(self):
        _, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.close()

    async def kill(self):
        """SIGKILL, as a power cut would."""
        await self.processes[-1].kill()

    @property
    def log(self):
        return "\n".join(line for process in self.processes for line in process.log)

    def page(self):
        """(status, headers, octets) of the page."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=10) as answer:
            return answer.status, answer.headers, answer.read()


class PublicBroker(Broker):
    """The broker of an internet: TLS on port 443 and a relay on 3478 of its server, named `broker.test`.

    Every site believes its certificate. Given a `Relay`, the broker relays nothing itself and hands out that one.
    """

    def __init__(self, laboratory, internet, *, relay=None):
        super().__init__(laboratory, 443)
        self._internet = internet
        self.url = f"https://{NAME}"
        self.authority = Authority(laboratory.directory, [NAME, SERVER_IPV4, SERVER_IPV6])
        self.arguments = ["--listen", "[::]:443", "--host", NAME, "--tls-certificate", self.authority.certificate,
                          "--tls-key", self.authority.key]
        if relay:
            configuration = laboratory.file("broker.conf")
            configuration.write_text(
                f"relay-secret-file = {relay.secret}\n"
                + "".join(f"relay = turn:{NAME}:3478?transport={way}\n" for way in ("udp", "tcp"))
            )
            self.arguments += ["--config", configuration]
        else:
            self.arguments += ["--relay-listen", "[::]:3478", "--relay-public-address", SERVER_IPV4,
                               "--relay-public-address", SERVER_IPV6]
        self.namespace = internet.server
        internet.believe(self.authority)

    async def _connect(self):
        """Opens and closes a connection, from where the broker stands."""
        with self.namespace.inside(lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as end:
            end.setblocking(False)
            await asyncio.get_running_loop().sock_connect(end, (SERVER_IPV4, 443))


class Relay:
    """A relay in a process of its own beside the broker; what they share is a secret in a file."""

    def __init__(self, laboratory, internet):
        self._laboratory = laboratory
        self._namespace = internet.server
        self.secret = laboratory.file("relay-secret")
        self.secret.write_text(os.urandom(32).hex() + "\n")
        self.secret.chmod(0o600)
        self.processes = []

    async def start(self):
        process = await Process.start(
            [executable(), "relay", "--listen", "[::]:3478", "--secret-file", self.secret,
             "--public-address", SERVER_IPV4, "--public-address", SERVER_IPV6],
            name="relay", namespace=self._namespace, directory=self._laboratory.directory,
        )
        self.processes.append(await self._laboratory.started(process))
        await process.line("^port: ")
        return self

    async def kill(self):
        """SIGKILL, as a power cut would."""
        await self.processes[-1].kill()


class Doctor:
    """A home with an identity of its own, enrolled with a broker."""

    def __init__(self, laboratory, broker, namespace=None):
        self._laboratory = laboratory
        self.broker = broker
        self.namespace = namespace
        self.home = laboratory.file("doctor-home")
        self.passphrase = laboratory.file("passphrase")

    async def settle(self):
        self.passphrase.write_text("quatre chevaux sages mangent\n")
        self.passphrase.chmod(0o600)
        await facts("identity", "new", "--passphrase-file", self.passphrase, home=self.home)
        self.key = (await facts("identity", "show", home=self.home))["key"]
        code, output, errors = await colloque(
            "broker", "enroll", self.key, "--state", self.broker.state, "--note", "doctor of a test"
        )
        assert code == DONE, f"enroll: exit {code}\n{output}\n{errors}"
        return self

    async def session(self, *options):
        """A new room: {session, link, expires}."""
        return await facts(
            "session", "new", "--broker", self.broker.url, "--passphrase-file", self.passphrase, *options,
            home=self.home, namespace=self.namespace,
        )

    async def bridge(self, session, **options):
        """The headless doctor of one session."""
        return await Bridge.start(
            self._laboratory, ["--session", session["session"], "--broker", self.broker.url,
                               "--passphrase-file", self.passphrase],
            name="doctor", home=self.home, namespace=self.namespace, **options,
        )


class Bridge:
    """One headless end of a call."""

    def __init__(self, process, report_path, recording):
        self.process = process
        self._report_path = report_path
        self.recording = recording

    @classmethod
    async def start(cls, laboratory, role, *, name, home=None, namespace=None, play="silence", seconds=None,
                    words="same", admit="auto", extra=()):
        report_path = laboratory.file(f"{name}-report.json")
        recording = laboratory.file(f"{name}-heard.wav")
        arguments = [executable(), *_home(home), "bridge", *role, "--play", play, "--record", recording,
                     "--report", report_path, "--words", words]
        if "--session" in role:
            arguments += ["--admit", admit]
        if seconds:
            arguments += ["--duration", seconds]
        process = await Process.start(
            [*arguments, *extra], name=name, namespace=namespace, directory=laboratory.directory
        )
        return cls(await laboratory.started(process), report_path, recording)

    @classmethod
    async def patient(cls, laboratory, link, **options):
        """The native patient of one link."""
        return await cls.start(laboratory, ["--link", link], name="patient", home=laboratory.file("patient-home"),
                               **options)

    async def hears(self, reference, *, seconds=3, patience=25):
        """Until the last `seconds` of the recording repeat `reference`."""
        return await self._until_repeats(reference, seconds - 0.5, int(seconds * sound.RATE), patience)

    async def has_heard(self, reference, *, seconds, patience=25):
        """Until so many `seconds` of `reference` are in the recording; speech has pauses, which do not count."""
        return await self._until_repeats(reference, seconds, 0, patience)

    async def _until_repeats(self, reference, seconds, last, patience):
        """Looks at the `last` samples, 0 for all of them."""
        tail = self.recording.with_suffix(".tail.wav")
        deadline = time.monotonic() + patience
        while True:
            await asyncio.sleep(0.3)
            sound.write(tail, sound.read_growing(self.recording)[-last:])
            try:
                return sound.repeats(tail, reference, self.process.name, seconds=seconds)
            except AssertionError:
                if time.monotonic() > deadline:
                    raise

    async def report(self, timeout=60):
        """Waits for the end; the report, with `exit` added."""
        code = await self.process.ended(timeout)
        assert self._report_path.exists(), f"no report, exit {code}\n{self.process.tail()}"
        return {**json.loads(self._report_path.read_text()), "exit": code}


def words_of(report):
    """The four words of a report as a page shows them."""
    words = report["security"]["words"]
    return " ".join(words if isinstance(words, list) else words.split()).lower()


def digits_of(report):
    return "".join(str(report["security"]["digits"]).split())


def completed(report, who, path="direct"):
    """Asserts what every good call's report says; `path` None stands for any."""
    assert report["exit"] == DONE and report["outcome"] == "completed", f"{who}: {report}"
    assert report["security"]["bound"] is True, f"{who}: not bound: {report['security']}"
    assert path in (None, report["path"]["kind"]), f"{who}: {report['path']}"
    assert report["audio"]["received"] > 0 and report["audio"]["sent"] > 0, f"{who}: {report['audio']}"
