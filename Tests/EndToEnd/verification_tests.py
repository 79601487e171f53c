"""`verify-page` against brokers that serve the page, and against something in between that changes one thing of it."""

import asyncio
import base64
import contextlib
import gzip
import re

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from laboratory.colloque import (
    DONE, PROTOCOL, UNREACHABLE, Broker, Doctor, PublicBroker, colloque, executable, facts,
)
from laboratory.internet import NAME, Internet
from laboratory.network import free_port
from laboratory.processes import run
from laboratory.runner import ROOT, needs_namespaces, test


class Tamperer:
    """Fetches the page from a broker and hands it on, with `change` done to its lines of header and to its octets."""

    def __init__(self, laboratory, broker):
        self._laboratory = laboratory
        self._upstream = broker.port
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self.change = lambda head, body: (head, body)
        self.requests = []

    async def start(self):
        server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self._laboratory.stack.callback(server.close)
        return self

    async def _serve(self, reader, writer):
        with contextlib.suppress(ConnectionError):
            request = await reader.readuntil(b"\r\n\r\n")
            self.requests.append(request.decode())
            path = request.split(b" ")[1].decode()
            head, body = await self.fetch(path)
            head, body = self.change(head, body)
            head = [line for line in head if not line.lower().startswith("content-length")]
            head.append(f"Content-Length: {len(body)}")
            writer.write("\r\n".join(head).encode() + b"\r\n\r\n" + body)
            await writer.drain()
        writer.close()

    async def fetch(self, path="/"):
        """(lines of header without the blank one, octets as they came), the port of this one in place of the broker's."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._upstream)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost:{self._upstream}\r\nAccept-Encoding: gzip\r\n\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode().strip().replace(str(self._upstream), str(self.port))
        body = await reader.read()
        writer.close()
        return head.split("\r\n"), body


async def verdict(url, *options, namespace=None):
    """(exit code, what was said)."""
    code, output, errors = await colloque("verify-page", url, *options, namespace=namespace)
    return code, output + errors


def unzipped(change):
    """A change of the page's own octets."""
    return lambda head, body: (head, gzip.compress(change(gzip.decompress(body))))


def flipped(octets, at):
    return octets[:at] + bytes([octets[at] ^ 1]) + octets[at + 1:]


@test("Whoever changes a header field or one octet of the page is found out, and what differs is named", limit=240)
async def tampering(laboratory):
    broker = await Broker(laboratory).start()
    between = await Tamperer(laboratory, broker).start()
    assert (await verdict(broker.url))[0] == DONE
    code, said = await verdict(between.url)
    assert code == DONE, f"a faithful carrier is suspected\n{said}"
    assert "Mozilla/5.0" in between.requests[0] and "Sec-Fetch-Mode: navigate" in between.requests[0]

    head, body = await between.fetch()
    page = gzip.decompress(body)
    cases = {}
    for index, line in enumerate(head[1:], 1):
        name = line.split(":")[0]
        if name in ("Date", "Content-Length", "Connection", "Content-Encoding"):
            continue
        last = line[:-1] + ("x" if line[-1] != "x" else "y")
        cases[f"{name} changed"] = (name, lambda h, b, i=index, l=last: (h[:i] + [l] + h[i + 1:], b))
        cases[f"{name} left out"] = (name, lambda h, b, i=index: (h[:i] + h[i + 1:], b))
        cases[f"{name} twice"] = (name, lambda h, b, l=line: (h + [l], b))
    for extra in ("Set-Cookie: a=b", "Link: </x>; rel=preload", "Refresh: 5", "Report-To: {}", "Alt-Svc: h3"):
        cases[f"{extra} added"] = (extra.split(":")[0], lambda h, b, l=extra: (h + [l], b))
    cases["another socket"] = ("Content-Security-Policy", lambda h, b: (
        [line.replace("connect-src 'self'", "connect-src 'self' wss://evil.example") for line in h], b))
    for at in (0, 100, len(page) // 2, len(page) - 1):
        cases[f"octet {at}"] = ("body", unzipped(lambda p, at=at: flipped(p, at)))
    cases["one octet more"] = ("body", unzipped(lambda p: p + b"\n"))
    cases["one octet less"] = ("body", unzipped(lambda p: p[:-1]))
    cases["a script of another's"] = ("body", unzipped(lambda p: p.replace(b"</body>", b"<script>1</script></body>")
                                                       if b"</body>" in p else p + b"<script>1</script>"))
    cases["compression cut short"] = ("body", lambda h, b: (h, b[:-9]))
    cases["compression with something behind it"] = ("body", lambda h, b: (h, b + b"x"))
    cases["another encoding"] = ("Content-Encoding", lambda h, b: (
        [line.replace("gzip", "br") if line.startswith("Content-Encoding") else line for line in h], b))
    cases["moved"] = ("status", lambda h, b: (["HTTP/1.1 302 Found", "Location: https://evil.example/"], b""))
    missed = []
    for case, (named, change) in cases.items():
        between.change = change
        code, said = await verdict(between.url)
        if code != PROTOCOL or not (named in said or case == "another encoding"):
            missed.append(f"{case}: exit {code}, {said.strip()[-160:]}")
    assert not missed, "\n".join(missed)
    assert len(cases) > 50, len(cases)


@test("A link is made all the same where the page differs, with a warning that nobody overlooks", limit=90)
async def links(laboratory):
    broker = await Broker(laboratory).start()
    doctor = await Doctor(laboratory, broker).settle()
    assert (await doctor.session())["page"] == "verified"
    assert "page" not in await doctor.session("--no-verify")
    # A broker with another name in its policy serves other header fields than are expected under this one.
    other = Broker(laboratory)
    other.arguments += ["--host", "other.example"]
    doctor.broker = await other.start()
    await facts("broker", "enroll", doctor.key, "--state", other.state)
    made = await doctor.session()
    assert made["page"] == "differs" and made["link"], made
    code, output, errors = await colloque("session", "new", "--broker", other.url, "--passphrase-file",
                                          doctor.passphrase, home=doctor.home)
    assert code == DONE and output.startswith("http"), f"exit {code}\n{errors}"
    assert "WARNING" in errors and "Content-Security-Policy" in errors, errors
    names = [f"{host}:{other.port}" for host in ("other.example", "localhost", "127.0.0.1")]
    assert (await verdict(other.url, *(word for name in names for word in ("--host", name))))[0] == DONE
    assert (await verdict(other.url))[0] == PROTOCOL
    (doctor.home / "settings").write_text(f"broker-names = {' '.join(names)}\n")
    (doctor.home / "settings").chmod(0o600)
    assert (await doctor.session())["page"] == "verified"
    code, said = await verdict(f"http://localhost:{free_port()}")
    assert code == UNREACHABLE, said


@test("Over TLS the page is verified by both families of addresses, and an untrusted certificate is a difference",
      limit=120, needs=[needs_namespaces])
async def over_tls(laboratory):
    net = Internet(laboratory)
    broker = await PublicBroker(laboratory, net).start()
    # Before anybody there believes that authority.
    code, said = await verdict(f"https://{NAME}", namespace=net.server)
    assert code == PROTOCOL and "certificate" in said, f"exit {code}\n{said}"
    net.server_etc.believe(broker.authority)
    code, output, errors = await colloque("verify-page", broker.url, "--json", namespace=net.server)
    assert code == DONE, f"exit {code}\n{output}{errors}"
    assert output.count('"verified"') == 3, output
    assert re.search(r'"address" : "203\.', output) and re.search(r'"address" : "2001:', output), output


def text(key):
    """The public half of a key, 43 characters."""
    octets = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")


@test("A signed manifest stands for the release: its key alone is believed, and the broker serves it", limit=120)
async def manifests(laboratory):
    # Every 64th key begins with a dash, and is none the worse for it.
    while not (public := text(key := Ed25519PrivateKey.generate())).startswith("-"):
        pass
    pem = laboratory.file("release.pem")
    pem.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                      serialization.NoEncryption()))
    pem.chmod(0o600)
    manifest = laboratory.file("manifest")
    code, output, errors = await run([ROOT / "Scripts" / "release-manifest", pem, manifest],
                                     environment={"COLLOQUE": str(executable())})
    assert code == 0, errors
    assert public in output
    lines = manifest.read_text().splitlines()
    assert [line.split("  ")[1] for line in lines[1:-1]] == ["index.html", "index.html.headers"]

    broker = Broker(laboratory)
    configuration = laboratory.file("broker.conf")
    configuration.write_text(f"manifest = {manifest}\n")
    broker.arguments += ["--config", configuration]
    await broker.start()
    between = await Tamperer(laboratory, broker).start()
    for options in (["--key", public], ["--key", public, "--manifest", manifest]):
        for url in (broker.url, between.url):
            code, said = await verdict(url, *options)
            assert code == DONE, f"{url} {options}: exit {code}\n{said}"
    other = base64.urlsafe_b64encode(bytes(32)).decode().rstrip("=")
    code, said = await verdict(broker.url, "--key", other)
    assert code == PROTOCOL and "another key" in said, said
    between.change = lambda head, body: (head, body.replace(b"index", b"indeX"))
    code, said = await verdict(between.url, "--key", public)
    assert code == PROTOCOL and "signature" in said, said
    between.change = lambda head, body: (head + ["Set-Cookie: a=b"], body)
    code, said = await verdict(between.url, "--key", public, "--manifest", manifest)
    assert code == PROTOCOL and "Set-Cookie" in said, said
    code, said = await verdict(broker.url, "--manifest", manifest)
    assert code == 64, said
