"""Colloque's sound card (sound-probe) on a private PulseAudio, reached through ALSA as on a desktop."""

import asyncio
import errno
import json
import os
import subprocess
import time
from pathlib import Path

import numpy

from . import sound
from .colloque import executable
from .processes import Process, ProcessFailed, run

HERE = Path(__file__).resolve().parent


class Server:
    """A PulseAudio daemon that can be killed, stopped and started again, with one loudspeaker and one microphone."""

    name = "pulseaudio"
    #: Null sinks without rewinds answer within 50 ms, as hardware does; others may sleep for two seconds.
    MODULES = (
        "module-null-sink sink_name=loudspeaker rate=48000 norewinds=1",
        "module-null-sink sink_name=voice rate=48000 norewinds=1",
        "module-remap-source source_name=microphone master=voice.monitor",
    )

    def __init__(self, laboratory):
        self.laboratory = laboratory
        self.directory = laboratory.file("server")
        self.configuration = laboratory.file("asound.conf")
        self.environment = {
            "PULSE_SERVER": f"unix:{self.directory}/native", "PULSE_COOKIE": f"{self.directory}/cookie",
            "ALSA_CONFIG_PATH": str(self.configuration),
        }
        self._process = None
        self._speaker = None

    @property
    def log(self):
        return self._process.log if self._process else []

    def tail(self, count=15):
        return self._process.tail(count) if self._process else ""

    async def start(self):
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.configuration.write_text(_CONFIGURATION)
        modules = (f"module-native-protocol-unix auth-anonymous=1 socket={self.directory}/native", *self.MODULES)
        self._process = await Process.start(
            ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", "--disable-shm=yes",
             "--log-target=stderr", "-vv", *(part for module in modules for part in ("-L", module))],
            environment={"XDG_RUNTIME_DIR": str(self.directory), "HOME": str(self.directory)})
        await self._process.line(r"Daemon startup complete", timeout=15)
        self._pactl("set-default-sink", "loudspeaker")
        self._pactl("set-default-source", "microphone")
        if self._speaker:
            await self.speak(self._speaker[1])
        return self

    def _pactl(self, *arguments):
        return subprocess.run(
            ["pactl", *arguments], env={**os.environ, **self.environment}, check=True, capture_output=True, text=True,
            timeout=10).stdout.strip()

    def load(self, module):
        """Loads a module and returns its number."""
        return self._pactl("load-module", *module.split())

    def unload(self, number):
        self._pactl("unload-module", number)

    def signal(self, number):
        self._process.send(number)

    async def kill(self):
        await self._process.kill()
        # The daemon leaves its socket behind, at which its successor would take offence.
        Path(self.directory, "native").unlink(missing_ok=True)

    async def speak(self, path):
        """Plays a file into the microphone over and over."""
        process = await Process.start(
            ["bash", "-c", 'sox -q "$0" -t raw -b 16 -e signed-integer - repeat 1000 |'
             " exec pacat --playback --device=voice --rate=48000 --channels=1 --format=s16le", path],
            name="speaker", environment=self.environment)
        self._speaker = (process, path)

    async def record(self, path, seconds, *, device="loudspeaker.monitor"):
        """Records what a loudspeaker plays."""
        recorder = await Process.start(
            ["parecord", f"--device={device}", "--rate=48000", "--channels=1", "--format=s16le", "--file-format=wav",
             "--latency-msec=50", path],
            environment=self.environment)
        await asyncio.sleep(seconds)
        await recorder.stop()

    async def stop(self):
        if self._speaker:
            await self._speaker[0].stop()
        if self._process:
            await self._process.stop()


class Card:
    """A running sound-probe: what it tells, and what it captured."""

    name = "sound-probe"

    def __init__(self, laboratory, server, *options, play=None, environment=None):
        self.laboratory = laboratory
        self.server = server
        self.number = sum(isinstance(other, Card) for other in laboratory.processes)
        self.recording = laboratory.file(f"captured-{self.number}.raw")
        self.commands = laboratory.file(f"commands-{self.number}")
        self.options = [*options, "--record", self.recording, *(["--play", play] if play else [])]
        self.environment = {**server.environment, **(environment or {})}
        self._process = None

    async def start(self):
        os.mkfifo(self.commands)
        self._process = await Process.start(
            ["bash", "-c", 'exec "$@" 0<>"$0"', self.commands, _probe(), *self.options],
            name="sound-probe", environment=self.environment)
        return self

    @property
    def log(self):
        return self._process.log if self._process else []

    def tail(self, count=15):
        return self._process.tail(count) if self._process else ""

    @property
    def events(self):
        """All it told so far."""
        return [json.loads(line) for line in self._process.output if line.startswith("{")]

    def signal(self, number):
        self._process.send(number)

    def say(self, command):
        self.commands.write_text(command + "\n")

    async def event(self, kind, *, after=0, patience=15, **values):
        """The first event of a kind with these values, from number `after` on."""
        deadline = time.monotonic() + patience
        while True:
            for event in self.events[after:]:
                if event["event"] == kind and all(event.get(name) == value for name, value in values.items()):
                    return event
            if time.monotonic() > deadline or self._process.child.returncode is not None:
                raise ProcessFailed(f"no {kind} {values} within {patience} s\n{self._process.tail()}")
            await asyncio.sleep(0.02)

    async def report(self):
        """The next report; there is one each second."""
        return await self.event("report", after=len(self.events), patience=5)

    def samples(self):
        octets = self.recording.read_bytes()
        return numpy.frombuffer(octets[: len(octets) // 2 * 2], "<i2")

    def wav(self):
        """What was captured so far, as a file."""
        path = self.recording.with_suffix(".wav")
        sound.write(path, self.samples() / 32768)
        return path

    async def stop(self):
        if self._process:
            await self._process.stop()


async def clean(laboratory, captured, played):
    """Runs the speech processor over samples: (what comes out, as long as what went in; what it tells)."""
    paths = [laboratory.file(name) for name in ("clean-captured.raw", "clean-played.raw", "clean-out.raw")]
    for path, samples in zip(paths, (captured, played)):
        path.write_bytes((numpy.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    code, output, errors = await run([_probe(), "--clean", *paths])
    assert code == 0, errors
    out = numpy.frombuffer(paths[2].read_bytes(), "<i2") / 32768
    return numpy.concatenate([out, numpy.zeros(len(captured) - len(out))]), json.loads(output)


def refusing_plugin(laboratory):
    """Builds the device that cannot be opened."""
    path = laboratory.file("refusing.so")
    subprocess.run(
        ["clang", "-shared", "-fPIC", "-DPIC", "-o", path, HERE / "refusing_pcm.c", "-lasound"], check=True)
    with laboratory.file("asound.conf").open("a") as file:
        file.write(f'pcm_type.refusing {{ lib "{path}" }}\n')
        for name, code in (("forbidden", errno.EACCES), ("occupied", errno.EBUSY)):
            file.write(f"pcm.{name} {{ type refusing code {code} }}\n")


def _probe():
    path = executable().with_name("sound-probe")
    if not path.exists():
        raise AssertionError(f"{path} is not built: make build")
    return path


_CONFIGURATION = """
</usr/share/alsa/alsa.conf>
pcm.!default { type pulse }
ctl.!default { type pulse }
pcm.usbspk { type pulse device "usb-loudspeaker" }
pcm.usbmic { type pulse device "usb-microphone.monitor" }
"""
