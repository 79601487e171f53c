"""Many sessions in one process: every end hears its own peer, and nobody else."""

import asyncio
import json

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
    async def start(cls, laboratory, name, role, *, first, seconds=None, extra=()):
        directory = laboratory.directory
        arguments = [executable(), "bridge", *role, "--play", f"tone:{first}+60", "--timeout", 60,
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

    def heard(self, order, first):
        """Session `number` here heard the tone of session `order[number]` there, and none of the others'.

        A machine that is busy elsewhere tears holes into the sound, which spread the tone a little.
        """
        for number, other in enumerate(order):
            tones = [first + 60 * index for index in range(max(order) + 1)]
            energies = sound.tones(self._directory / f"{self.name}-{number + 1}.wav", tones)
            wanted = energies.pop(other)
            assert wanted > 4 * max(energies), (
                f"{self.name} {number + 1} heard {wanted:.3g} of {tones[other]} Hz, and of the others {energies}")


async def many(laboratory, doctors, sessions, order, seconds, extra=()):
    """Doctors with `sessions` each; the patients take their links in `order`. Returns the reports, patients' last."""
    broker = Broker(laboratory)
    settings = laboratory.file("broker.conf")
    settings.write_text(LIMITS)
    broker.arguments += ["--config", settings]
    await broker.start()
    pools, links = [], []
    for number in range(doctors):
        doctor = Doctor(laboratory, broker)
        doctor.home = laboratory.file(f"home-{number}")
        await doctor.settle()
        path = laboratory.file(f"links-{number}")
        pool = await Pool.start(
            laboratory, f"doctor-{number}",
            ["--sessions", sessions, "--links-to", path, "--home", doctor.home, "--broker", broker.url,
             "--passphrase-file", doctor.passphrase], first=300, seconds=seconds, extra=extra)
        while not path.exists() or len(path.read_text().split()) < sessions:
            assert pool.process.child.returncode is None, pool.process.tail()
            await asyncio.sleep(0.1)
        assert path.stat().st_mode & 0o77 == 0, "others may read the links"
        links += path.read_text().split()
        pools.append(pool)
    taken = laboratory.file("links")
    taken.write_text("".join(f"{links[index]}\n" for index in order))
    patients = await Pool.start(laboratory, "patients", ["--links-from", taken], first=330, extra=extra)
    reports = await asyncio.gather(*(pool.report() for pool in pools), patients.report())
    # Each doctor's tones begin anew.
    patients.heard([index % sessions for index in order], 300)
    for number, pool in enumerate(pools):
        pool.heard([order.index(number * sessions + index) for index in range(sessions)], 330)
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
    # are on the same two, until the fourth is given one of its own.
    order = [0, 3, 2, 1, 4]
    doctor, patients = await many(laboratory, 1, 5, order, seconds=4, extra=["--per-socket", 2, "--threads", 1])
    paths = [(call["path"]["local"], call["path"]["remote"]) for call in patients["sessions"]]
    assert len(set(paths)) == 5, paths
    assert len({remote for _, remote in paths}) < 5 and len({local for local, _ in paths}) < 5, paths
    assert sum(thread["conflicts"] for report in (doctor, patients) for thread in report["threads"]) > 0, (
        "nobody met on a path: nothing was tested")
    assert doctor["completed"] == patients["completed"] == 5
    assert doctor["beat"]["beats"] > 5 * 100, doctor["beat"]


@test("A hundred sessions of two doctors and one process of patients, in any order", limit=180, long=True)
async def hundred(laboratory):
    order = [index * 37 % 100 for index in range(100)]
    *doctors, patients = await many(laboratory, 2, 50, order, seconds=20)
    assert [doctor["completed"] for doctor in doctors] == [50, 50] and patients["completed"] == 100
    assert sum(thread["conflicts"] for thread in patients["threads"]) > 0, "nobody met on a path: nothing was tested"
