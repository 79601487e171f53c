"""A private network: two namespaces with one cable, and the broker's port carried into each.

The broker listens on loopback only when it has no certificate, and a page is a secure context without TLS only
on localhost. So each namespace gets its own listener on its own 127.0.0.1, on the broker's port, whose octets
are carried to the broker and, on the way, shown to whoever wants to read them.
"""

import asyncio
import contextlib
import ctypes
import os
import random
import re
import signal
import socket
import subprocess
import threading
from pathlib import Path

from . import private_etc

_libc = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWNET = 0x40000000


def available():
    """Why no namespace can be made here, or None when one can."""
    if os.geteuid() != 0:
        return "needs root for network namespaces"
    probe = f"colloque-probe-{os.getpid()}"
    made = subprocess.run(["ip", "netns", "add", probe], capture_output=True, text=True)
    if made.returncode != 0:
        return f"no network namespaces here: {made.stderr.strip()}"
    subprocess.run(["ip", "netns", "del", probe], capture_output=True)
    return None


def _processes(name):
    listed = subprocess.run(["ip", "netns", "pids", name], capture_output=True, text=True).stdout
    return [int(number) for number in listed.split()]


def sweep():
    """Removes what a laboratory left behind that was killed: its namespaces, whoever lives in them, their files."""
    left = [path.name for folder in (Path("/run/netns"), private_etc.ROOT) if folder.exists()
            for path in folder.glob("colloque-*")]
    for name in set(left):
        maker = re.match(r"colloque-(\d+)-", name)
        if maker and not Path("/proc", maker[1]).exists():
            _remove(name)
            private_etc.forget(name)


def _remove(name):
    """Removes a namespace, and whoever lives in it still."""
    for number in _processes(name):
        with contextlib.suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)
    subprocess.run(["ip", "netns", "del", name], capture_output=True)


class Namespace:
    """One network namespace with a loopback interface, without IPv6 unless asked for."""

    def __init__(self, name, *, ipv6=False):
        self.name = name
        ip("netns", "add", name)
        ip("-n", name, "link", "set", "lo", "up")
        # Router solicitations and duplicate-address detection would only delay what is measured.
        self.set("ipv6/conf/all/disable_ipv6", 0 if ipv6 else 1)
        for which in ("all", "default"):
            self.set(f"ipv6/conf/{which}/accept_ra", 0)
            self.set(f"ipv6/conf/{which}/accept_dad", 0)

    def command(self, arguments):
        return ["ip", "netns", "exec", self.name, *arguments]

    def processes(self):
        """Numbers of the processes that live here."""
        return _processes(self.name)

    def set(self, setting, value):
        """Writes one of the kernel's network settings, such as `ipv4/ip_forward`."""
        self.inside(lambda: Path("/proc/sys/net", setting).write_text(str(value)))

    def inside(self, make):
        """Calls `make` in a thread that stands in this namespace; a socket keeps the namespace it was made in."""
        outcome = {}

        def enter():
            try:
                with open(f"/run/netns/{self.name}") as handle:
                    if _libc.setns(handle.fileno(), _CLONE_NEWNET) != 0:
                        raise OSError(ctypes.get_errno(), f"setns {self.name}")
                outcome["value"] = make()
            except BaseException as error:
                outcome["error"] = error

        thread = threading.Thread(target=enter)
        thread.start()
        thread.join()
        if "error" in outcome:
            raise outcome["error"]
        return outcome["value"]

    def listener(self, port, host="127.0.0.1"):
        return self.inside(lambda: socket.create_server((host, port)))

    def connection(self, host, port):
        return self.inside(lambda: socket.create_connection((host, port), timeout=10))

    def without_offloads(self, interface):
        """Checksums complete in the frames, one frame per packet: what is captured is what was sent."""
        subprocess.run(
            self.command(["ethtool", "-K", interface, "tx", "off", "tso", "off", "gso", "off", "gro", "off"]),
            capture_output=True,
        )

    def remove(self):
        _remove(self.name)


class Cable:
    """Two namespaces, `doctor` at 10.77.1.1 and `patient` at 10.77.1.2, joined by a veth pair."""

    doctor_address = "10.77.1.1"
    patient_address = "10.77.1.2"

    def __init__(self):
        tag = f"colloque-{os.getpid()}"
        self.doctor = Namespace(f"{tag}-d")
        self.patient = Namespace(f"{tag}-p")
        ip("link", "add", "wire", "netns", self.doctor.name, "type", "veth",
            "peer", "name", "wire", "netns", self.patient.name)
        for namespace, address in (
            (self.doctor, self.doctor_address),
            (self.patient, self.patient_address),
        ):
            ip("-n", namespace.name, "addr", "add", f"{address}/24", "dev", "wire")
            ip("-n", namespace.name, "link", "set", "wire", "up")
            namespace.without_offloads("wire")

    def remove(self):
        self.doctor.remove()
        self.patient.remove()


class Carrier:
    """Carries TCP connections from listeners, in any namespace, to one port on this side's loopback.

    `tap`, when given, is called with (connection number, "up" | "down", octets) for everything carried.
    """

    def __init__(self, port, tap=None):
        self.port = port
        self.tap = tap
        #: Awaited before every few octets that go down.
        self.gate = None
        self._servers = []
        self._connections = set()
        self._count = 0

    async def accept(self, listener):
        self._servers.append(await asyncio.start_server(self._carry, sock=listener))

    async def _carry(self, reader, writer):
        number = self._count
        self._count += 1
        task = asyncio.current_task()
        self._connections.add(task)
        upstream = None
        try:
            there, upstream = await asyncio.open_connection("127.0.0.1", self.port)
            await asyncio.gather(
                self._copy(number, "up", reader, upstream),
                self._copy(number, "down", there, writer),
            )
        except OSError:
            pass  # The broker is away: the client sees its connection refused or cut, as it would without us.
        finally:
            self._connections.discard(task)
            for end in (writer, upstream):
                if end is not None:
                    end.close()

    async def _copy(self, number, direction, source, sink):
        try:
            while octets := await source.read(512 if self.gate and direction == "down" else 65536):
                if self.gate and direction == "down":
                    await self.gate()
                if self.tap:
                    self.tap(number, direction, octets)
                sink.write(octets)
                await sink.drain()
        finally:
            sink.close()

    async def close(self):
        for server in self._servers:
            server.close()
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)


#: Named after the ports that this run was given.
_marks = []


def free_port():
    """A TCP port that nobody on this side's loopback listens on, and that no other run of tests was given.

    Below those that the system gives to whoever asks for any: browsers do, also while a killed broker is away.
    """
    while True:
        port = random.randrange(20_000, 32_000)
        mark = socket.socket(socket.AF_UNIX)
        with contextlib.suppress(OSError):
            # A name that ends with this process and is no file.
            mark.bind(f"\0colloque-test-port-{port}")
            with socket.create_server(("127.0.0.1", port)):
                _marks.append(mark)
                return port


def ip(*arguments):
    """Runs iproute2's `ip`; what it objects to becomes an OSError."""
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True)
    if done.returncode != 0:
        raise OSError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
