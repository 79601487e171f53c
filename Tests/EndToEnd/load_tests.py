"""Many sessions in one process: every end hears its own peer, and nobody else."""

import asyncio
import json
import random

from laboratory import sound
from laboratory.colloque import Broker, Doctor, colloque, executable
from laboratory.processes import Process
from laboratory.runner import test

#: The broker's limits are for people: one source joins ten times a minute.
LIMITS = "hospital = 127.0.0.0/8 100\nconnections = 500\n"


class Pool:
    """One end of many calls, in one process."""

    def __init__(self, laboratory, name, process):
        self.name = name
        self.process = process
        self._directory = laboratory.directory

    @classmethod
    async def start(cls, laboratory, name, role, *, seconds=None, extra=()):
        directory = laboratory.directory
        arguments = [executable(), "bridge", *role, "--play", directory / f"said-{name}-%.wav", "--timeout", 60,
                     "--record", directory / f"{name}-%.wav", "--report", directory / f"{name}.json"]
        if seconds:
            arguments += ["--duration", seconds]
        process = await Process.start([*arguments, *extra], name=name, directory=directory)
        return cls(laboratory, name, await laboratory.started(process))

    async def report(self, timeout=90):
        code = await self.process.ended(timeout)
        report = json.loads((self._directory / f"{self.name}.json").read_text())
        assert code == 0, f"exit {code}: {[call['reason'] for call in report['sessions']]}\n{self.process.tail()}"
        return report

    def says(self, number):
        return self._directory / f"said-{self.name}-{number + 1}.wav"

    def heard(self, number, other, session, wrong):
        """Session `number` here heard what `session` of the pool `other` said, and nothing like what `wrong` said."""
        recording = self._directory / f"{self.name}-{number + 1}.wav"
        right = sound.match(recording, other.says(session))
        assert right.median > 0.4, f"{self.name} {number + 1} did not hear {other.name} {session + 1}: {right}"
        stranger = sound.match(recording, other.says(wrong))
        assert stranger.median < 0.5 * right.median, f"{self.name} {number + 1} heard {other.name} {wrong + 1}: {stranger}"


def melodies(laboratory, name, sessions, seed, seconds):
    """A melody for each session: what a codec makes of a steady tone after a loss may be another tone."""
    for number in range(sessions):
        melody = sound.melody(laboratory.directory, seconds=seconds, seed=seed + number)
        melody.rename(laboratory.file(f"said-{name}-{number + 1}.wav"))


async def many(laboratory, doctors, sessions, order, seconds, extra=()):
    """Doctors with `sessions` each; the patients take their links in `order`. Returns the reports, patients' last."""
    broker = Broker(laboratory)
    settings = laboratory.file("broker.conf")
    settings.write_text(LIMITS)
    broker.arguments += ["--config", settings]
    await broker.start()
    pools, links = [], []
    # Both ends hear for some seconds before and behind.
    melodies(laboratory, "patients", len(order), 10_000, seconds + 4)
    for number in range(doctors):
        melodies(laboratory, f"doctor-{number}", sessions, 100 * number + 1, seconds + 4)
        doctor = Doctor(laboratory, broker)
        doctor.home = laboratory.file(f"home-{number}")
        await doctor.settle()
        path = laboratory.file(f"links-{number}")
        pool = await Pool.start(
            laboratory, f"doctor-{number}",
            ["--sessions", sessions, "--links-to", path, "--home", doctor.home, "--broker", broker.url,
             "--passphrase-file", doctor.passphrase], seconds=seconds, extra=extra)
        while not path.exists() or len(path.read_text().split()) < sessions:
            assert pool.process.child.returncode is None, pool.process.tail()
            await asyncio.sleep(0.1)
        assert path.stat().st_mode & 0o77 == 0, "others may read the links"
        links += path.read_text().split()
        pools.append(pool)
    taken = laboratory.file("links")
    taken.write_text("".join(f"{links[index]}\n" for index in order))
    patients = await Pool.start(laboratory, "patients", ["--links-from", taken], extra=extra)
    reports = await asyncio.gather(*(pool.report() for pool in pools), patients.report())
    for number, link in enumerate(order):
        doctor, session = pools[link // sessions], link % sessions
        patients.heard(number, doctor, session, wrong=(session + 1) % sessions)
        doctor.heard(session, patients, number, wrong=(number + 1) % len(order))
    for report in reports:
        assert all(call["security"]["bound"] for call in report["sessions"]), report["sessions"]
    return reports


@test("With no broker both ends of many sessions say so and end", limit=30)
async def no_broker(laboratory):
    broker = await Broker(laboratory).start()
    doctor = await Doctor(laboratory, broker).settle()
    links = laboratory.file("links")
    links.write_text(f"{(await doctor.session())['link']}\n" * 3)
    await broker.kill()
    for arguments in (["--sessions", "3", "--broker", broker.url, "--passphrase-file", doctor.passphrase],
                      ["--links-from", links]):
        code, _, errors = await colloque("bridge", *arguments, home=doctor.home, timeout=10)
        assert code == 69 and "broker" in errors, (arguments, code, errors)


@test("Five sessions in each of two processes share sockets, and each hears its own peer", limit=120)
async def isolation(laboratory):
    # Doctors' sessions are two to a socket, 00 11 2, and patients' change sockets, 012 01: the first and the fourth pair
    # are on the same two, until the fourth goes elsewhere.
    order = [0, 3, 2, 1, 4]
    doctor, patients = await many(laboratory, 1, 5, order, seconds=4, extra=["--per-socket", 2, "--threads", 1])
    paths = [(call["path"]["local"], call["path"]["remote"]) for call in patients["sessions"]]
    assert len(set(paths)) == 5, paths
    threads = [thread for report in (doctor, patients) for thread in report["threads"]]
    # On each address; which address a call then takes is ICE's affair.
    assert all(thread["sockets"] < 5 for thread in threads), threads
    assert sum(thread["conflicts"] for thread in threads) > 0, (
        "nobody met on a path: nothing was tested")
    assert doctor["completed"] == patients["completed"] == 5
    assert doctor["beat"]["beats"] > 5 * 100, doctor["beat"]


#: As many as two cores carry, in a debug build and in one that is optimised.
MANY = 20 if "debug" in str(executable()) else 60


@test(f"{MANY} sessions of two doctors and one process of patients, in any order", limit=180, long=True)
async def crowd(laboratory):
    order = random.Random(1).sample(range(MANY), MANY)
    *doctors, patients = await many(laboratory, 2, MANY // 2, order, seconds=20, extra=["--per-socket", 4])
    assert [doctor["completed"] for doctor in doctors] == [MANY // 2] * 2 and patients["completed"] == MANY
    assert sum(thread["conflicts"] for thread in patients["threads"]) > 0, "nobody met on a path: nothing was tested"
