"""A private network: two namespaces with one cable, and the broker's port carried into each.

The broker listens on loopback only when it has no certificate, and a page is a secure context without TLS only
on localhost. So each namespace gets its own listener on its own 127.0.0.1, on the broker's port, whose octets
are carried to the broker and, on the way, shown to whoever wants to read them.
"""

import asyncio
import ctypes
import os
import socket
import subprocess
import threading

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


class Namespace:
    """One network namespace with a loopback interface."""

    def __init__(self, name):
        self.name = name
        _ip("netns", "add", name)
        _ip("-n", name, "link", "set", "lo", "up")
        # Router solicitations and duplicate-address detection would only delay what is measured.
        subprocess.run(
            ["ip", "netns", "exec", name, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1"],
            capture_output=True,
        )

    def command(self, arguments):
        return ["ip", "netns", "exec", self.name, *arguments]

    def socket(self, make):
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
        return self.socket(lambda: socket.create_server((host, port)))

    def connection(self, host, port):
        return self.socket(lambda: socket.create_connection((host, port), timeout=10))

    def remove(self):
        subprocess.run(["ip", "netns", "del", self.name], capture_output=True)


class Cable:
    """Two namespaces, `doctor` at 10.77.1.1 and `patient` at 10.77.1.2, joined by a veth pair."""

    doctor_address = "10.77.1.1"
    patient_address = "10.77.1.2"

    def __init__(self):
        tag = f"colloque-{os.getpid()}"
        self.doctor = Namespace(f"{tag}-d")
        self.patient = Namespace(f"{tag}-p")
        _ip("link", "add", "wire", "netns", self.doctor.name, "type", "veth",
            "peer", "name", "wire", "netns", self.patient.name)
        for namespace, address in (
            (self.doctor, self.doctor_address),
            (self.patient, self.patient_address),
        ):
            _ip("-n", namespace.name, "addr", "add", f"{address}/24", "dev", "wire")
            _ip("-n", namespace.name, "link", "set", "wire", "up")
            # Checksums complete in the frames, one frame per datagram: what is captured is what was sent.
            subprocess.run(
                namespace.command(["ethtool", "-K", "wire", "tx", "off", "gso", "off", "gro", "off"]),
                capture_output=True,
            )

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
            while octets := await source.read(65536):
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


def free_port():
    """A TCP port that nobody on this side's loopback listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def _ip(*arguments):
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True)
    if done.returncode != 0:
        raise OSError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
