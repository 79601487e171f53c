"""What the commands answer to bad input: the promised exit code, a reason in words, and nothing lost."""

import asyncio
import base64
import hashlib
import json
import os

from laboratory.colloque import (
    BAD_CONFIGURATION, BAD_LINK, DONE, PROTOCOL, REFUSED, UNREACHABLE, USAGE, Broker, Doctor, colloque, facts,
)
from laboratory.network import free_port
from laboratory.runner import test


def link_to(url, *, flags=0, secret=None, key=None):
    """A well-formed link to a room that nobody opened, made here from the published format."""
    head = bytes([1, flags]) + (secret or os.urandom(16)) + (key or os.urandom(32))
    checksum = hashlib.sha256(b"colloque/1 link" + head).digest()[:4]
    return f"{url}/#{base64.urlsafe_b64encode(head + checksum).decode().rstrip('=')}"


async def join(laboratory, link, timeout=40):
    """A native patient on `link`: (exit code, report or None, what it said)."""
    report = laboratory.file(f"report-{len(list(laboratory.directory.iterdir()))}.json")
    code, output, errors = await colloque(
        "bridge", "--link", link, "--play", "silence", "--duration", "5", "--report", report,
        home=laboratory.file("patient-home"), timeout=timeout,
    )
    return code, json.loads(report.read_text()) if report.exists() else None, f"{output}\n{errors}"


def refused_with(expected, code, said):
    assert code == expected, f"exit {code}, {expected} expected\n{said}"
    assert said.strip(), "nothing was said about why"


@test("Usage errors exit with 64", limit=60)
async def usage(laboratory):
    for arguments in (
        ["no-such-command"],
        ["bridge"],
        ["bridge", "--link", "http://localhost/#x", "--session", "y"],
        ["broker", "--listen", "not-an-address"],
        ["session", "new", "--ttl", "never"],
    ):
        code, output, errors = await colloque(*arguments, home=laboratory.file("home"))
        assert code == USAGE, f"colloque {' '.join(arguments)}: exit {code}\n{output}\n{errors}"
        assert errors.strip(), f"colloque {' '.join(arguments)} said nothing"


@test("bench writes what is heard over a trace, and refuses a trace that there is not", limit=60)
async def bench(laboratory):
    output = laboratory.file("heard")
    found = await facts("bench", "quality", "--output", output, "--trace", "clean", "--mode", "fec")
    (call,) = found["calls"]
    assert (call["concealment"], call["lost"], call["voice"]) == (0, 0, "greeting"), call
    heard = output / "heard" / "ours" / "fec" / "clean" / "greeting-1.wav"
    said = output / "speech" / "greeting.wav"
    assert heard.stat().st_size > said.stat().st_size > 1_000_000
    code, _, errors = await colloque("bench", "quality", "--output", output, "--trace", "dirty")
    refused_with(USAGE, code, errors)
    assert "bursts10" in errors, errors


@test("Twelve minutes of a call take no more memory than the first three", long=True, limit=300)
async def memory(laboratory):
    found = await facts("bench", "memory", "--minutes", "12", "--samples", "12", timeout=280)
    assert found["verdict"]["isFlat"] and len(found["samples"]) == 12, found
    # Both ends speak fifty times a second, a twentieth is lost; on it some packets of 40 ms may be sent.
    assert all(1.5 * 3000 < sample["packets"] < 2 * 3000 for sample in found["samples"]), found


@test("A key that begins with a dash is enrolled and revoked like any other", limit=60)
async def dashed_key(laboratory):
    state = laboratory.file("state")
    key = "-HU8iLoh78jWLHIGuj1gVotgaz_W8b9_ma_GDacw4lU"
    enrolled = await facts("broker", "enroll", key, "--state", state, "--note", "made elsewhere")
    assert enrolled["key"] == key, enrolled
    assert [one["key"] for one in (await facts("broker", "doctors", "--state", state))["doctors"]] == [key]
    assert (await facts("broker", "revoke", key, "--state", state))["revoked"] == key
    assert (await facts("broker", "doctors", "--state", state))["doctors"] == []


@test("Links that are no links, cut short or mistyped exit with 65", limit=90)
async def bad_links(laboratory):
    good = link_to(f"http://localhost:{free_port()}")
    for name, link in (
        ("not a link", "hello"),
        ("no fragment", good.split("#")[0]),
        ("cut short", good[:-1]),
        ("cut in the middle", good[:-30]),
        ("one character changed", good[:-10] + ("A" if good[-10] != "A" else "B") + good[-9:]),
        ("too long", good + "A"),
        ("a strange character", good[:-5] + "!" + good[-4:]),
        ("reserved flags", link_to(good.split("/#")[0], flags=0x80)),
    ):
        code, _, said = await join(laboratory, link)
        assert code == BAD_LINK, f"{name}: exit {code}\n{said}"


@test("A broker that does not answer exits with 69", limit=60)
async def unreachable(laboratory):
    code, _, said = await join(laboratory, link_to(f"http://localhost:{free_port()}"))
    refused_with(UNREACHABLE, code, said)


@test("A room nobody opened and a wrong token get the same refusal", limit=60)
async def unknown_room(laboratory):
    broker = await Broker(laboratory).start()
    code, report, said = await join(laboratory, link_to(broker.url))
    refused_with(REFUSED, code, said)
    assert report is None or report["outcome"] in ("refused", "failed"), report


@test("An expired room refuses", limit=60)
async def expired_room(laboratory):
    broker = await Broker(laboratory).start()
    doctor = await Doctor(laboratory, broker).settle()
    session = await doctor.session("--ttl", "4s")
    bridge = await doctor.bridge(session, play="silence")
    await asyncio.sleep(5.5)
    code, _, said = await join(laboratory, session["link"])
    refused_with(REFUSED, code, said)
    await bridge.process.stop()


@test("A doctor whose key is not enrolled is refused and opens no room", limit=60)
async def not_enrolled(laboratory):
    broker = await Broker(laboratory).start()
    doctor = await Doctor(laboratory, broker).settle()
    code, output, errors = await colloque("broker", "revoke", doctor.key, "--state", broker.state)
    assert code == DONE, f"{output}\n{errors}"
    code, output, errors = await colloque(
        "session", "new", "--broker", broker.url, "--passphrase-file", doctor.passphrase, "--json", home=doctor.home
    )
    if code == DONE:
        # A room may be made in advance; opening it is what the broker refuses.
        bridge = await doctor.bridge(json.loads(output), play="silence", seconds=5)
        code = await bridge.process.ended(30)
        errors = "\n".join(bridge.process.log)
    assert code in (REFUSED, PROTOCOL), f"exit {code}\n{errors}"
    assert errors.strip()


@test("A wrong passphrase is told apart from a damaged identity", limit=60)
async def identity_errors(laboratory):
    broker = await Broker(laboratory).start()
    doctor = await Doctor(laboratory, broker).settle()
    wrong = laboratory.file("wrong")
    wrong.write_text("not the passphrase at all\n")
    wrong.chmod(0o600)
    code, _, mistyped = await colloque(
        "session", "new", "--broker", broker.url, "--passphrase-file", wrong, home=doctor.home
    )
    assert code != DONE and mistyped.strip()
    before = {path: path.read_bytes() for path in doctor.home.rglob("*") if path.is_file()}
    code, _, errors = await colloque(
        "identity", "new", "--passphrase-file", doctor.passphrase, home=doctor.home
    )
    assert code != DONE, "a second identity was written over the first"
    assert {path: path.read_bytes() for path in before} == before, "the home was changed by a refused command"


@test("A configuration that cannot be read exits with 78", limit=60)
async def bad_configuration(laboratory):
    nonsense = laboratory.file("broker.conf")
    nonsense.write_text("{ this is = not a configuration\nlisten: [\n")
    code, output, errors = await colloque("broker", "--config", nonsense, "--state", laboratory.file("state"))
    refused_with(BAD_CONFIGURATION, code, output + errors)
    code, output, errors = await colloque(
        "broker", "--config", laboratory.file("absent.conf"), "--state", laboratory.file("state")
    )
    refused_with(BAD_CONFIGURATION, code, output + errors)


@test("Without certificates the broker does not listen beyond loopback", limit=60)
async def loopback_only(laboratory):
    code, output, errors = await colloque(
        "broker", "--listen", f"0.0.0.0:{free_port()}", "--state", laboratory.file("state"), timeout=20
    )
    refused_with(BAD_CONFIGURATION, code, output + errors)


@test("Sessions are listed until they are ended, and --json prints one document", limit=60)
async def sessions(laboratory):
    broker = await Broker(laboratory).start()
    doctor = await Doctor(laboratory, broker).settle()
    first = await doctor.session("--label", "morning")
    second = await doctor.session()
    assert first["link"].startswith(f"{broker.url}/#") and len(first["link"].split("#")[1]) == 72, first
    listed = json.dumps(await facts(
        "session", "list", "--passphrase-file", doctor.passphrase, home=doctor.home))
    assert first["session"] in listed and second["session"] in listed, listed
    code, output, errors = await colloque(
        "session", "end", first["session"], "--broker", broker.url, "--passphrase-file", doctor.passphrase,
        home=doctor.home,
    )
    assert code == DONE, f"{output}\n{errors}"
    listed = json.dumps(await facts(
        "session", "list", "--passphrase-file", doctor.passphrase, home=doctor.home))
    assert first["session"] not in listed and second["session"] in listed, listed


@test("The broker survives garbage on its port", limit=60)
async def garbage(laboratory):
    broker = await Broker(laboratory).start()
    upgrade = (
        f"GET /ws HTTP/1.1\r\nHost: localhost:{broker.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Origin: {broker.url}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        "Sec-WebSocket-Protocol: colloque.v1\r\n\r\n"
    ).encode()
    masked = b"\x00\x00\x00\x00"
    for octets in (
        b"\x00" * 100,
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 5000 + b"\r\n",
        b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n0123456789",
        upgrade + b"\x81\x85" + masked + b"hello",                     # text
        upgrade + b"\x82\x05hello",                                    # unmasked
        upgrade + b"\xc2\x85" + masked + b"hello",                     # reserved bit
        upgrade + b"\x82\xff" + (1 << 40).to_bytes(8, "big") + masked,  # oversized
        upgrade + b"\x82\x81" + masked + b"\x7f",                      # unknown envelope
        upgrade + b"\x82\x83" + masked + b"\x01\x01\x01",              # cut JOIN
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", broker.port)
        writer.write(octets)
        try:
            await writer.drain()
            await asyncio.wait_for(reader.read(-1), 15)  # It closes; it does not hang.
        except ConnectionError:
            pass
        writer.close()
    assert broker.processes[-1].child.returncode is None, broker.processes[-1].tail()
    assert broker.page()[0] == 200
