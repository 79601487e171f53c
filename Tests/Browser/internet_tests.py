"""The small internet proves itself: its routers do what their names say, measured with plain sockets."""

import asyncio
import contextlib
import itertools
import socket
import sys
import time
from pathlib import Path

from laboratory import internet, network, probes, routers
from laboratory.impairment import Direction, Settings
from laboratory.internet import Internet
from laboratory.processes import Process
from laboratory.runner import needs_namespaces, test
from laboratory.tally import Tally

TRANSLATING = ("cone", "restricted", "symmetric")


@test("Cone and restricted routers keep one mapping for all destinations, a symmetric one makes another for each",
      needs=[needs_namespaces])
async def mappings(laboratory):
    net = Internet(laboratory, **dict(zip(TRANSLATING, TRANSLATING)))
    async with probes.echoes(net.server):
        for kind in TRANSLATING:
            site = net.sites[kind]
            with probes.udp(site.host) as end:
                seen = [await probes.mapping(end, place) for place in probes.PLACES]
            assert None not in seen, f"{kind}: {seen}"
            assert {address for address, _ in seen} == {site.uplink.public_address}, f"{kind}: {seen}"
            assert len(set(seen)) == (3 if kind == "symmetric" else 1), f"{kind}: {seen}"


@test("Answers come in from any port of a cone's correspondent, from no other port of a restricted router's",
      needs=[needs_namespaces])
async def filtering(laboratory):
    net = Internet(laboratory, **dict(zip(TRANSLATING, TRANSLATING)))
    async with probes.echoes(net.server):
        for kind in TRANSLATING:
            with probes.udp(net.sites[kind].host) as end:
                mapped = await probes.mapping(end, probes.PLACES[0])
                heard = await probes.hears_unasked(net.server, end, mapped, patience=probes.NOTHING)
                assert not heard, f"{kind} lets strangers in"
                mapped = await probes.mapping(end, probes.PLACES[2])
                patience = probes.ARRIVES if kind == "cone" else probes.NOTHING
                heard = await probes.hears_unasked(net.server, end, mapped, patience)
                assert heard == (kind == "cone"), f"{kind}: another port of a correspondent is heard: {heard}"


@test("Holes are punched between all routers but a symmetric one and one that filters by port", limit=60,
      needs=[needs_namespaces])
async def punching(laboratory):
    sites = {f"{side}_{kind}": kind for side in ("left", "right") for kind in (*TRANSLATING, "none")}
    net = Internet(laboratory, **sites)
    async with probes.echoes(net.server):
        for left, right in itertools.combinations_with_replacement((*TRANSLATING, "none"), 2):
            expected = not ({left, right} in ({"symmetric"}, {"symmetric", "restricted"}))
            with probes.udp(net.sites[f"left_{left}"].host) as one, probes.udp(net.sites[f"right_{right}"].host) as two:
                found = await probes.punch([one, two], patience=probes.ARRIVES if expected else 1.5)
            assert found == expected, f"{left} and {right} reach each other: {found}"


@test("UDP, TCP and port 443 cross just the routers that let them", needs=[needs_namespaces])
async def what_leaves(laboratory):
    net = Internet(laboratory, **{kind.replace("-", "_"): kind for kind in routers.KINDS})
    async with probes.echoes(net.server):
        for kind in routers.KINDS:
            site = net.sites[kind.replace("-", "_")]
            address = site.server_address
            with probes.udp(site.host, ("::" if kind == "ipv6-only" else "0.0.0.0", 40_000)) as end:
                crosses = {
                    "udp": kind not in ("udp-blocked", "only-443"), "tcp 3478": kind != "only-443", "tcp 443": True,
                }
                patience = {way: probes.ARRIVES if does else probes.NOTHING for way, does in crosses.items()}
                crossed = {
                    "udp": await probes.mapping(end, (address, 3478), patience["udp"]) is not None,
                    "tcp 3478": await probes.tcp(net.server, site.host, (address, 3478), patience["tcp 3478"]),
                    "tcp 443": await probes.tcp(net.server, site.host, (address, 443), patience["tcp 443"]),
                }
            assert crossed == crosses, f"{kind}: {crossed}"


@test("A site with IPv6 only has no way to any IPv4 address, and its firewall lets nobody in unasked",
      needs=[needs_namespaces])
async def ipv6_only(laboratory):
    net = Internet(laboratory, patient="ipv6-only", doctor="ipv6-only")
    with net.patient.host.inside(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as end:
        try:
            end.connect((internet.SERVER_IPV4, 3478))
            raise AssertionError("there is a route to an IPv4 address")
        except OSError:
            pass
    assert await probes.tcp(net.server, net.patient.host, (internet.SERVER_IPV6, 443))
    assert not await probes.tcp(net.patient.host, net.doctor.host, (net.patient.uplink.address, 443), probes.NOTHING)
    assert not await probes.tcp(net.patient.host, net.server, (net.patient.uplink.address, 443), probes.NOTHING)


@test("Private addresses of other sites vanish without a word, and two sites never share any",
      needs=[needs_namespaces])
async def private_addresses(laboratory):
    net = Internet(laboratory, doctor="cone", patient="cone")
    tally = Tally(net.patient.host, {"doctor": [f"{net.doctor.uplink.address}/32"], "nobody": ["fc00::/7"]})
    with probes.udp(net.patient.host) as end:
        end.setblocking(True)
        end.settimeout(0.3)
        end.connect((net.doctor.uplink.address, 9))
        for _ in range(3):
            end.send(b"anybody?")
        try:
            end.recv(10)
            raise AssertionError("somebody answered")
        except TimeoutError:
            pass
    assert tally.packets() == {"doctor": 3, "nobody": 0}, tally.packets()


@test("UDP is blocked in mid-flow and comes back; a cut line carries nothing until it is restored",
      needs=[needs_namespaces])
async def gates(laboratory):
    net = Internet(laboratory, patient="cone")
    place = probes.PLACES[0]
    async with probes.echoes(net.server):
        with probes.udp(net.patient.host) as end:
            assert await probes.mapping(end, place)
            net.patient.block_udp()
            assert not await probes.mapping(end, place, probes.NOTHING)
            assert await probes.tcp(net.server, net.patient.host, (internet.SERVER_IPV4, 3478))
            net.patient.restore()
            assert await probes.mapping(end, place)
            net.patient.cut()
            assert not await probes.mapping(end, place, probes.NOTHING)
            assert not await probes.tcp(net.server, net.patient.host, (internet.SERVER_IPV4, 443), probes.NOTHING)
            net.patient.restore()
            assert await probes.mapping(end, place)


@test("A site that moves has another address, public and private, and nothing of the old one",
      needs=[needs_namespaces])
async def moving(laboratory):
    net = Internet(laboratory, patient="cone")
    async with probes.echoes(net.server):
        with probes.udp(net.patient.host) as end:
            before = await probes.mapping(end, probes.PLACES[0])
            old = net.patient.uplink
            net.patient.move("symmetric")
            after = await probes.mapping(end, probes.PLACES[0])
    new = net.patient.uplink
    assert before[0] == old.public_address and after[0] == new.public_address != before[0], (before, after)
    try:
        probes.udp(net.patient.host, (old.address, 0)).close()
        raise AssertionError("the old address is still there")
    except OSError:
        pass
    probes.udp(net.patient.host, (new.address, 0)).close()


@test("An impaired line delays and loses what it is told, each way, and changes in mid-flow", needs=[needs_namespaces])
async def impaired_line(laboratory):
    net = Internet(laboratory, patient="cone", impaired=["patient"])
    loop = asyncio.get_running_loop()

    async def answered(end, count=100, patience=5):
        """(share that came back, shortest round trip in milliseconds)."""
        sent, trips = {}, []

        async def receive():
            while len(trips) < count:
                await loop.sock_recvfrom(end, 2000)
                trips.append(time.monotonic() - sent[len(trips)])

        receiver = asyncio.create_task(receive())
        for number in range(count):
            sent[number] = time.monotonic()
            await loop.sock_sendto(end, b"?", probes.PLACES[0])
            await asyncio.sleep(0.003)
        await asyncio.wait([receiver], timeout=patience)
        receiver.cancel()
        return len(trips) / count, min(trips) * 1000 if trips else None

    async with probes.echoes(net.server):
        with probes.udp(net.patient.host) as end:
            await net.patient.impair(delay=20)
            share, trip = await answered(end)
            assert share == 1 and 40 <= trip < 60, (share, trip)
            await net.patient.impair(loss=30)
            share, _ = await answered(end, 400, patience=1)
            # 0.7 both ways: 0.49, of 400 packets ± 0.025.
            assert 0.37 < share < 0.61, share


#: A laboratory of its own that builds an internet, starts a program in it and waits to be killed.
VICTIM = """
import asyncio, pathlib, sys
from laboratory.internet import Internet
from laboratory.processes import Process
from laboratory.runner import Laboratory

async def main():
    laboratory = Laboratory(pathlib.Path(sys.argv[1]))
    net = Internet(laboratory, patient="cone")
    sleeper = await Process.start(["sleep", "600"], namespace=net.patient.host)
    print("sleeps", sleeper.child.pid, flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


@test("Of a laboratory that is killed, the programs end at once and the next one removes its namespaces",
      needs=[needs_namespaces])
async def killed(laboratory):
    victim = await laboratory.started(await Process.start(
        [sys.executable, "-c", VICTIM, laboratory.directory],
        environment={"PYTHONPATH": str(Path(__file__).parent)},
    ))
    sleeper = Path("/proc", (await victim.line(r"^sleeps (\d+)$"))[1], "stat")

    def lives():
        # One that nobody has buried yet is dead all the same.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            return sleeper.read_text().rsplit(")", 1)[1].split()[0] != "Z"
        return False

    left = [path for root in ("/run/netns", "/etc/netns") for path in Path(root).glob(f"colloque-{victim.child.pid}-*")]
    assert lives() and len(left) >= 6, left
    await victim.kill()
    async with asyncio.timeout(5):
        while lives():
            await asyncio.sleep(0.02)
    network.sweep()
    assert not [path for path in left if path.exists()]


@test("Impairments happen as often as asked, in bursts as long as asked, and the same again from the same seed")
async def impairments(laboratory):
    def fates(count=20_000, **settings):
        direction = Direction(Settings(**settings), "test")
        return [direction.departures(bytes(100), 0.0) for _ in range(count)], direction.counts

    clean, _ = fates(100)
    assert clean == [[0.0]] * 100
    lossy, counts = fates(loss=10, burst=4)
    runs = [len(list(group)) for lost, group in itertools.groupby(not one for one in lossy) if lost]
    assert abs(counts["lost"] / 20_000 - 0.10) < 0.015, counts
    assert abs(sum(runs) / len(runs) - 4) < 0.8, sum(runs) / len(runs)
    assert lossy == fates(loss=10, burst=4)[0] != fates(loss=10, burst=4, seed=2)[0]
    shaken, _ = fates(delay=50, jitter=10)
    times = [one[0] for one in shaken]
    assert 0.040 <= min(times) < 0.041 and 0.059 < max(times) <= 0.060, (min(times), max(times))
    _, counts = fates(duplicate=5, reorder=20, delay=10)
    assert abs(counts["duplicated"] / 20_000 - 0.05) < 0.01 and abs(counts["reordered"] / 21_000 - 0.2) < 0.02, counts
    # 100 octets at 80 kbit/s are 10 ms each: twenty of a burst may wait, the rest overflows.
    slow, counts = fates(50, rate=80, queue=195)
    assert [round(one[0] * 1000) for one in slow if one] == [10 * turn for turn in range(1, 21)], slow
    assert counts["overflowed"] == 30, counts
