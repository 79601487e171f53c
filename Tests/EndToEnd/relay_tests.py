"""The relay as strangers meet it: what it refuses, what it never sends, and what a flood does to it."""

import asyncio
import contextlib
import os
import random
import signal
import socket
import struct
import time
from pathlib import Path

import aiortc

from laboratory import sound, turn
from laboratory.colloque import Bridge, Doctor, PublicBroker, completed, executable
from laboratory.internet import SERVER_IPV4, SERVER_IPV6, Internet
from laboratory.outage import BridgeEar, outages
from laboratory.probes import udp
from laboratory.processes import Process, run
from laboratory.runner import needs_namespaces, test
from laboratory.tally import Tally

#: Where no packet may go: everything but the one network that the clients of the test live in.
_FORBIDDEN = {
    "loopback": ["127.0.0.0/8", "::1/128"], "private": ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"],
    "shared": ["100.64.0.0/10"], "link-local": ["169.254.0.0/16", "fe80::/10", "fec0::/10"],
    "special": ["0.0.0.0/8", "192.0.0.0/24", "198.18.0.0/15", "240.0.0.0/4", "::/128"],
    "multicast": ["224.0.0.0/4", "ff00::/8"], "embedded": ["::ffff:0:0/96", "2002::/16", "64:ff9b::/96", "2001::/32"],
    "server": [f"{SERVER_IPV4}/32", f"{SERVER_IPV6}/128"], "elsewhere": ["8.8.8.0/24", "2001:4860::/32"],
}
_IPV4_PEERS = (
    "0.0.0.0", "127.0.0.1", "127.1.2.3", "10.0.0.1", "100.64.0.1", "169.254.169.254", "172.16.0.1", "192.0.0.1",
    "192.168.0.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "8.8.8.8", SERVER_IPV4,
)
_IPV6_PEERS = (
    "::", "::1", "fe80::1", "fc00::1", "fec0::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
    f"::ffff:{SERVER_IPV4}", "::127.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1", "2001::1", "2001:db8::2", SERVER_IPV6,
)
_PORTS = (22, 80, 443, 3478, 50_000)


@contextlib.asynccontextmanager
async def relay_of(laboratory, **sites):
    """An internet whose server runs a broker with its relay: (internet, broker, the relay's secret)."""
    net = Internet(laboratory, **sites)
    broker = await PublicBroker(laboratory, net).start()
    yield net, broker, bytes.fromhex((broker.state / "relay.secret").read_text())


async def allocation(net, secret, room, side, port, *, ipv6=False):
    """A client at the patient's site, allocated."""
    end = udp(net.patient.host, ("0.0.0.0", port))
    client = turn.Allocation(end, (SERVER_IPV4, 3478), *turn.credentials(secret, room, side))
    assert await client.allocate(ipv6=ipv6) == 0
    return client


@test("Every peer but the other side of the room is refused, and no packet leaves for any of them", limit=60,
      needs=[needs_namespaces])
async def refused_peers(laboratory):
    async with relay_of(laboratory, patient="none") as (net, _, secret):
        room, other_room = os.urandom(16), os.urandom(16)
        patient = await allocation(net, secret, room, "p", 40_001)
        doctor = await allocation(net, secret, room, "d", 40_002)
        over_ipv6 = await allocation(net, secret, room, "p", 40_003, ipv6=True)
        stranger = await allocation(net, secret, other_room, "d", 40_004)
        ended = await allocation(net, secret, room, "d", 40_005)
        code, _ = await ended.ask(turn.REFRESH, lambda _: turn.attribute(turn.LIFETIME, bytes(4)))
        assert code == 0
        assert await patient.permit(*doctor.relayed) == 0

        # A relay sends to peers in UDP alone, and the broker may still be closing the connection that showed it was there.
        tally = Tally(net.server, _FORBIDDEN, protocols=["udp"])
        peers = [(address, port) for address in _IPV4_PEERS for port in _PORTS if (address, port) != doctor.relayed]
        peers += [client.relayed for client in (stranger, patient, ended) if client.relayed != doctor.relayed]
        for peer in peers:
            for what, code in (("CreatePermission", await patient.permit(*peer)),
                               ("ChannelBind", await patient.bind(0x4001, *peer))):
                assert code == 403, f"{what} for {peer}: {code or 'granted'}"
            await patient.send(b"out", *peer)
        for address in _IPV6_PEERS:
            for port in _PORTS:
                assert await over_ipv6.permit(address, port) == 403, (address, port)
                assert await over_ipv6.bind(0x4001, address, port) == 403, (address, port)
                await over_ipv6.send(b"out", address, port)
                assert await patient.permit(address, port) == 443, (address, port)
                await patient.send(b"out", address, port)
        # What was sent last has been judged once a later request is answered.
        assert await patient.permit(*doctor.relayed) == 0
        sent = {name: count for name, count in tally.packets().items() if count}
        assert not sent, f"packets left: {sent}"


async def _flood(core, seconds, forged, request):
    """Sends `request` to the relay from addresses that `forged` draws: how many went out."""

    def make():
        return socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)

    count = 0
    with core.inside(make) as raw:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for _ in range(40):
                source, port = forged()
                datagram = struct.pack("!HHHH", port, 3478, 8 + len(request), 0) + request
                header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(datagram), 0, 0, 64, 17, 0,
                                     source, socket.inet_aton(SERVER_IPV4))
                raw.sendto(header + datagram, (SERVER_IPV4, 0))
                count += 1
            await asyncio.sleep(0.01)
    return count


@test("Floods with forged sources get few and small answers, and a relayed call goes on without a gap", limit=90,
      needs=[needs_namespaces], long=True)
async def floods(laboratory):
    async with relay_of(laboratory, doctor="cone", patient="cone") as (net, broker, _):
        doctor = await Doctor(laboratory, broker, namespace=net.doctor.host).settle()
        session = await doctor.session("--relay-only")
        doctor_sound = sound.melody(laboratory.directory, seconds=90, seed=1)
        patient_sound = sound.melody(laboratory.directory, seconds=90, seed=2)
        bridge = await doctor.bridge(session, play=doctor_sound)
        patient = await Bridge.patient(laboratory, session["link"], play=patient_sound, namespace=net.patient.host)
        await patient.process.line("^connected: ", timeout=40)
        await asyncio.sleep(4)
        ears = (BridgeEar("doctor", bridge, patient_sound, laboratory.directory),
                BridgeEar("patient", patient, doctor_sound, laboratory.directory))

        chance = random.Random(1)
        requests = {"Binding": turn.message(turn.BINDING),
                    "Allocate": turn.message(turn.ALLOCATE, turn.attribute(turn.TRANSPORT, bytes([17, 0, 0, 0])))}
        sources = {"everywhere": lambda: (bytes([10]) + chance.randbytes(3), chance.randrange(1024, 65536)),
                   "one address": lambda: (bytes([172, 16, 0, 1]), chance.randrange(1024, 65536))}
        networks = {"everywhere": ["10.0.0.0/8"], "one address": ["172.16.0.0/12"]}
        seconds = 2
        for name, request in requests.items():
            for kind, forged in sources.items():
                tally = Tally(net.server, {kind: networks[kind]})
                sent = 0

                async def befall():
                    nonlocal sent
                    sent = await _flood(net.core, seconds, forged, request)

                await outages(ears, befall, within=0.2, settle=seconds + 3, certain=False)
                answered, octets = tally.packets()[kind], tally.octets()[kind]
                # A bucket holds a second's answers, and the flood may begin with a full one.
                limit = (2000 if kind == "everywhere" else 20) * (seconds + 2)
                assert sent > 2000, f"only {sent} forged requests went out"
                assert answered <= limit, f"{name} from {kind}: {answered} answers, {limit} at most"
                assert octets <= 2.5 * sent * (len(request) + 28), f"{name} from {kind}: {octets} octets of answers"
                tally.remove()
        patient.process.send(15)
        completed(await patient.report(), "patient", path="relay")
        completed(await bridge.report(), "doctor", path="relay")


@test("coturn's client of STUN gets its address from the relay, and its client of TURN is let in as a probe", limit=60,
      needs=[needs_namespaces])
async def coturns_clients(laboratory):
    async with relay_of(laboratory, patient="none") as (net, _, secret):
        code, output, errors = await run(["turnutils_stunclient", "-L", net.patient.uplink.address, "-p", "3478", SERVER_IPV4],
                                         namespace=net.patient.host, timeout=20)
        assert f"{net.patient.uplink.address}:" in output + errors, f"exit {code}\n{output}\n{errors}"
        # Both its clients have one name: only probes may meet their like. First on channels, then by indications.
        for way in ([], ["-s"]):
            user, password = turn.credentials(secret, os.urandom(16), "x")
            code, output, errors = await run(
                ["turnutils_uclient", "-y", *way, "-L", net.patient.uplink.address, "-m", "2", "-n", "50", "-l", "172",
                 "-z", "20", "-c", "-u", user, "-w", password, "-p", "3478", SERVER_IPV4],
                namespace=net.patient.host, timeout=40)
            said = output + errors
            assert "tot_send_msgs=100, tot_recv_msgs=100" in said, f"{way}: exit {code}\n{said}"



async def _answers_stun(end, patience):
    """Whether the server answers a Binding request within so many seconds."""
    loop, deadline = asyncio.get_running_loop(), time.monotonic() + patience
    # Late answers to earlier requests say nothing of now.
    with contextlib.suppress(BlockingIOError):
        while True:
            end.recvfrom(2000)
    while time.monotonic() < deadline:
        await loop.sock_sendto(end, turn.message(turn.BINDING), (SERVER_IPV4, 3478))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.1):
                await loop.sock_recvfrom(end, 2000)
                return True
    return False


@test("A relay that dies is started again by its broker; one that outlives the broker is taken over", limit=60,
      needs=[needs_namespaces])
async def supervised(laboratory):
    async with relay_of(laboratory, patient="none") as (net, broker, secret):
        end = udp(net.patient.host, ("0.0.0.0", 40_009))
        assert await _answers_stun(end, 2)
        before = _relays(net)
        assert len(before) == 1, before
        os.kill(before[0], signal.SIGKILL)
        assert await _answers_stun(end, 5), "no relay five seconds after the first one was killed"
        after = _relays(net)
        assert len(after) == 1 and after != before, (before, after)
        # Started a second time by mistake, a broker harms neither the first one nor its relay.
        code, _, errors = await run([executable(), "broker", *broker.arguments, "--state", broker.state],
                                    namespace=net.server, timeout=20)
        assert code == 73 and "another broker" in errors, f"exit {code}: {errors}"
        assert _relays(net) == after, "the second broker took the relay down"
        held = await allocation(net, secret, os.urandom(16), "p", 40_010)
        await broker.kill()
        await broker.start()
        assert _relays(net) == after, "the relay was not taken over"
        code, _ = await held.ask(turn.REFRESH, lambda _: b"")
        assert code == 0, f"the allocation did not outlive the broker: {code}"
        broker.processes[-1].send(signal.SIGTERM)
        await broker.processes[-1].ended(10)
        deadline = time.monotonic() + 5
        while _relays(net) and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
        assert not _relays(net), "the relay outlived a broker that ended in order"


def _relays(net):
    """Process ids of the relays that run on the server."""
    found = []
    for number in net.server.processes():
        with contextlib.suppress(OSError):
            words = Path("/proc", str(number), "cmdline").read_bytes().split(b"\0")
            if words[1:2] == [b"relay"]:
                found.append(number)
    return found


def _relayed_only(description):
    """The description without candidates that would let the two meet directly."""
    kept = [line for line in description.sdp.splitlines() if "a=candidate" not in line or " typ relay " in line]
    assert any("a=candidate" in line for line in kept), f"no relayed candidate:\n{description.sdp}"
    return aiortc.RTCSessionDescription("\r\n".join(kept) + "\r\n", description.type)


@test("Two peers of another make, aiortc, reach each other through the relay over UDP and over TCP", limit=60)
async def another_make(laboratory):
    secret = os.urandom(32)
    laboratory.file("secret").write_text(secret.hex())
    laboratory.file("secret").chmod(0o600)
    relay = await laboratory.started(await Process.start(
        [executable(), "relay", "--listen", "127.0.0.1:0", "--secret-file", laboratory.file("secret")], name="relay"))
    port = (await relay.line(r"^port: (\d+)"))[1]
    for transport in ("udp", "tcp"):
        room, peers = os.urandom(16), []
        for side in "pd":
            user, password = turn.credentials(secret, room, side)
            server = aiortc.RTCIceServer(f"turn:127.0.0.1:{port}?transport={transport}", user, password)
            peers.append(aiortc.RTCPeerConnection(aiortc.RTCConfiguration([server])))
            laboratory.stack.push_async_callback(peers[-1].close)
        patient, doctor = peers
        heard = asyncio.Queue()
        channel = patient.createDataChannel("voice")
        channel.on("open", lambda: channel.send("from the patient"))
        channel.on("message", heard.put_nowait)

        @doctor.on("datachannel")
        def opened(other):
            @other.on("message")
            def received(text):
                heard.put_nowait(text)
                other.send("from the doctor")

        await patient.setLocalDescription(await patient.createOffer())
        await doctor.setRemoteDescription(_relayed_only(patient.localDescription))
        await doctor.setLocalDescription(await doctor.createAnswer())
        await patient.setRemoteDescription(_relayed_only(doctor.localDescription))
        async with asyncio.timeout(20):
            assert {await heard.get(), await heard.get()} == {"from the patient", "from the doctor"}, transport
