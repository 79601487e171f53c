"""The client's half of TURN over UDP, as plain as a test needs it, and honest only when the test wants it to be."""

import asyncio
import base64
import hashlib
import hmac
import ipaddress
import os
import struct
import time

_COOKIE = 0x2112A442
BINDING, ALLOCATE, REFRESH, SEND, PERMISSION, BIND = 0x001, 0x003, 0x004, 0x016, 0x008, 0x009
USERNAME, INTEGRITY, ERROR, CHANNEL, LIFETIME, PEER, DATA, REALM, NONCE, RELAYED, TRANSPORT, FAMILY = (
    0x06, 0x08, 0x09, 0x0C, 0x0D, 0x12, 0x13, 0x14, 0x15, 0x16, 0x19, 0x17)


def credentials(secret, room, side):
    """(username, password) as a broker grants them to one side of a room of 16 octets."""
    group = hmac.new(secret, b"colloque/1 relay-group" + room, hashlib.sha256).digest()[:8]
    salt = base64.urlsafe_b64encode(os.urandom(9)).decode()
    name = f"{int(time.time()) + 600}:{base64.urlsafe_b64encode(group).decode().rstrip('=')}:{side}:{salt}"
    return name, base64.b64encode(hmac.new(secret, name.encode(), hashlib.sha256).digest()).decode()


def attribute(kind, value):
    return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)


def xor_address(address, port, transaction):
    """The value of an XOR-…-ADDRESS attribute; a mapped IPv6 address stays one."""
    packed = ipaddress.ip_address(address).packed
    mask = struct.pack("!I", _COOKIE) + transaction
    family = 1 if len(packed) == 4 else 2
    return struct.pack("!BBH", 0, family, port ^ _COOKIE >> 16) + bytes(a ^ b for a, b in zip(packed, mask))


def message(kind, attributes=b"", transaction=None):
    transaction = transaction or os.urandom(12)
    return struct.pack("!HHI", kind, len(attributes), _COOKIE) + transaction + attributes


def parse(octets):
    """(type, transaction, {attribute: value}) of one STUN message."""
    kind, length, _ = struct.unpack("!HHI", octets[:8])
    found, position = {}, 20
    while position + 4 <= 20 + length:
        name, size = struct.unpack("!HH", octets[position : position + 4])
        found[name] = octets[position + 4 : position + 4 + size]
        position += 4 + size + (-size % 4)
    return kind, octets[8:20], found


class Allocation:
    """One client of a relay at `server`, on a UDP socket that somebody made where it should stand."""

    def __init__(self, end, server, user, password):
        self._end, self._server = end, server
        self._user, self._password = user, password
        self._realm, self._nonce = "", b""
        self.relayed = None

    async def allocate(self, *, ipv6=False):
        """The error code, 0 for none; then `relayed` is set."""
        wanted = attribute(TRANSPORT, bytes([17, 0, 0, 0]))
        if ipv6:
            wanted += attribute(FAMILY, bytes([2, 0, 0, 0]))
        code, found = await self.ask(ALLOCATE, lambda _: wanted)
        if not code:
            value, transaction = found[RELAYED], found["transaction"]
            mask = struct.pack("!I", _COOKIE) + transaction
            self.relayed = (
                str(ipaddress.ip_address(bytes(a ^ b for a, b in zip(value[4:], mask)))),
                struct.unpack("!H", value[2:4])[0] ^ _COOKIE >> 16,
            )
        return code

    async def permit(self, *peer):
        return (await self.ask(PERMISSION, lambda transaction: attribute(PEER, xor_address(*peer, transaction))))[0]

    async def bind(self, number, *peer):
        return (await self.ask(BIND, lambda transaction: attribute(CHANNEL, struct.pack("!HH", number, 0))
                               + attribute(PEER, xor_address(*peer, transaction))))[0]

    async def send(self, data, *peer):
        transaction = os.urandom(12)
        attributes = attribute(PEER, xor_address(*peer, transaction)) + attribute(DATA, data)
        await self._put(message(SEND, attributes, transaction))

    async def ask(self, method, write):
        """One request, its challenge taken up: (error code or 0, attributes of the answer)."""
        for _ in range(3):
            transaction = os.urandom(12)
            attributes = write(transaction)
            if self._nonce:
                attributes += attribute(USERNAME, self._user.encode()) + attribute(REALM, self._realm.encode())
                attributes += attribute(NONCE, self._nonce)
                covered = message(method, attributes + bytes(24), transaction)[:-24]
                key = hashlib.md5(f"{self._user}:{self._realm}:{self._password}".encode()).digest()
                attributes += attribute(INTEGRITY, hmac.new(key, covered, hashlib.sha1).digest())
            kind, found = await self._exchange(message(method, attributes, transaction), transaction)
            if kind & 0x0110 == 0x0100:
                return 0, {**found, "transaction": transaction}
            code = found[ERROR][2] * 100 + found[ERROR][3]
            if code not in (401, 438) or NONCE not in found:
                return code, found
            self._realm, self._nonce = found[REALM].decode(), found[NONCE]
        return code, found

    async def _exchange(self, request, transaction):
        loop = asyncio.get_running_loop()
        for _ in range(5):
            await self._put(request)
            try:
                async with asyncio.timeout(1):
                    while True:
                        octets, _ = await loop.sock_recvfrom(self._end, 2000)
                        if octets[0] < 4 and octets[8:20] == transaction:
                            kind, _, found = parse(octets)
                            return kind, found
            except TimeoutError:
                continue
        raise AssertionError("the relay does not answer")

    async def _put(self, octets):
        await asyncio.get_running_loop().sock_sendto(self._end, octets, self._server)
