"""What the broker does when the machine gives it no more."""

import asyncio
import contextlib
import os
import resource
import socket
import time
from pathlib import Path

from laboratory import sound, turn
from laboratory.colloque import Bridge, Broker, Doctor, completed, executable
from laboratory.network import free_port
from laboratory.processes import Process
from laboratory.runner import test


def _processor_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _is_closed(end):
    try:
        return not end.recv(1)
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


async def _idle_connections(stack, port, count):
    """Connections that the kernel took for the broker and that say nothing."""
    ends = []
    for _ in range(count):
        end = stack.enter_context(socket.socket())
        end.setblocking(False)
        await asyncio.get_running_loop().sock_connect(end, ("127.0.0.1", port))
        ends.append(end)
    return ends


async def _settled_descriptors(pid):
    """How many a process has once it has started and opens no more."""
    counts = [-1, -2]
    async with asyncio.timeout(10):
        while counts[-1] != counts[-2]:
            await asyncio.sleep(0.2)
            counts.append(len(os.listdir(f"/proc/{pid}/fd")))
    return counts[-1]


async def _exhaust(process, port):
    """Takes all descriptors but a few from a server, knocks more often than that, and sees how it bears it."""
    # The limit falls while it runs: it had bounded what it accepts by the one before.
    pid = process.child.pid
    places = 8
    limit = await _settled_descriptors(pid) + places
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (limit, limit))
    with contextlib.ExitStack() as stack:
        ends = await _idle_connections(stack, port, 100)
        before, began = _processor_seconds(pid), time.monotonic()
        await asyncio.sleep(2)
        used, took = _processor_seconds(pid) - before, time.monotonic() - began
        assert used < 0.1 * took, f"{used:.2f} s of processor time in {took:.2f} s"
        closed = sum(map(_is_closed, ends))
        assert len(ends) - places <= closed < len(ends), f"{closed} of {len(ends)} closed, {places} had a place"
        late = (await _idle_connections(stack, port, 1))[0]
        patience = time.monotonic() + 5
        while not _is_closed(late):
            assert time.monotonic() < patience, "a connection waits for a descriptor that is not there"
            await asyncio.sleep(0.1)
        complaints = sum("no descriptor is left" in line for line in process.log)
        assert complaints == 1, f"{complaints} complaints in the log\n{process.tail()}"


@test("Out of descriptors, the broker turns connections away at its ease, keeps its calls and recovers", limit=90)
async def descriptors(laboratory):
    broker = Broker(laboratory)
    configuration = laboratory.file("broker.conf")
    configuration.write_text("connections-per-ipv4 = 4096\n")
    broker.arguments += ["--config", configuration]
    await broker.start()
    doctor = await Doctor(laboratory, broker).settle()
    session = await doctor.session()
    doctor_sound = sound.melody(laboratory.directory, seconds=40, seed=1)
    patient_sound = sound.melody(laboratory.directory, seconds=40, seed=2)
    at_doctor = await doctor.bridge(session, play=doctor_sound, seconds=14)
    at_patient = await Bridge.patient(laboratory, session["link"], play=patient_sound)
    await at_patient.process.line("^connected: ")

    await _exhaust(broker.processes[-1], broker.port)

    deadline = time.monotonic() + 10
    while True:
        try:
            status, _, _ = await asyncio.to_thread(broker.page)
            break
        except OSError:
            assert time.monotonic() < deadline, "nobody is served after the connections are gone"
            await asyncio.sleep(0.1)
    assert status == 200, status

    doctor_report, patient_report = await asyncio.gather(at_doctor.report(), at_patient.report())
    for who, report, bridge in (("doctor", doctor_report, at_doctor), ("patient", patient_report, at_patient)):
        completed(report, who)
        assert report["restarts"] == 0, f"{who} lost the broker: {report}"
        stops = sound.gaps(bridge.recording, level=0.01, shortest=0.1)
        assert not stops, f"the {who} heard silences (start, length): {stops}"


@test("Out of descriptors, a relay turns connections away at its ease and recovers", limit=60)
async def descriptors_of_a_relay(laboratory):
    secret, port = laboratory.file("relay-secret"), free_port()
    secret.write_text(os.urandom(32).hex() + "\n")
    secret.chmod(0o600)
    relay = await Process.start(
        [executable(), "relay", "--listen", f"127.0.0.1:{port}", "--secret-file", secret], name="relay",
        directory=laboratory.directory,
    )
    await laboratory.started(relay)
    await relay.line("^port: ")
    await _exhaust(relay, port)
    with contextlib.ExitStack() as stack:
        await asyncio.sleep(0.5)
        end = (await _idle_connections(stack, port, 1))[0]
        end.send(turn.message(turn.BINDING))
        assert await asyncio.wait_for(asyncio.get_running_loop().sock_recv(end, 100), 2), "no answer after the rest"
