"""Everything that crosses the broker, kept octet by octet and read again by other code than the broker's.

The broker speaks plain HTTP to its loopback listener, so what a `Carrier` shows here is what the broker itself
sees after TLS. WebSocket frames (RFC 6455 §5) and envelopes are parsed from scratch; anything that does not fit the
published tables is an objection, and a test lists the objections it met.
"""

import base64
import hashlib
import hmac
import itertools
from collections import Counter, namedtuple

#: One envelope: connection number, "up" (towards the broker) or "down", type octet, fields.
Envelope = namedtuple("Envelope", "connection direction kind fields")

RELAY = 0x10

#: Noise messages on the wire: the handshake's two, its first one with a resume epoch before it, and the four
#: padded transport frames with their tag.
RELAY_SIZES = frozenset({112, 116, 304, 256 + 16, 1024 + 16, 4096 + 16, 16384 + 16})

#: Field octets of every envelope whose size is fixed, by (direction, type).
FIXED_SIZES = {
    ("up", 0x01): {1 + 16 + 32 + 1},
    ("up", 0x02): {32 + 8 + 64},
    ("up", 0x03): {16 + 32 + 32 + 4 + 1},
    ("up", 0x04): {16 + 32},
    ("up", 0x05): {16},
    ("up", 0x06): {4 + 2},
    ("up", 0x07): {4},
    ("down", 0x81): {32},
    ("down", 0x82): {1},
    ("down", 0x83): {4 + 16 + 1},
    ("down", 0x84): {4},
    # A room and a count; the count's width is told by the protocol's own document.
    ("down", 0x85): {16 + 2, 16 + 4},
    ("down", 0x88): {1 + 16 + 2},
    # A code, and to a doctor the room it is about.
    ("down", 0xE0): {2, 2 + 16},
}

#: What session descriptions are made of: none of it may be read on the wire, in a log or in the state directory.
SIGNALLING_TEXT = (
    b"candidate:", b"a=candidate", b"fingerprint", b"ice-ufrag", b"ice-pwd", b"a=mid", b"a=setup", b"m=audio",
    b"UDP/TLS/RTP", b"opus/48000", b" IN IP4 ", b" IN IP6 ", b"v=0\r\n", b"typ host", b"typ srflx", b"sha-256 ",
)


class Recording:
    """Octets of every connection in both directions. `tap` is what a `Carrier` calls."""

    def __init__(self):
        self.streams = {}

    def tap(self, connection, direction, octets):
        self.streams.setdefault((connection, direction), bytearray()).extend(octets)

    def sockets(self):
        """Reads the recording again: (HTTP requests, envelopes, objections)."""
        requests, envelopes, objections = [], [], []
        for (connection, direction), octets in sorted(self.streams.items()):
            head, separator, rest = bytes(octets).partition(b"\r\n\r\n")
            first_line = head.split(b"\r\n", 1)[0].decode("ascii", "replace")
            if direction == "up":
                requests.append(first_line)
            upgraded = separator and b"upgrade: websocket" in head.lower()
            if not upgraded:
                continue
            frames, error = _frames(rest, masked=direction == "up")
            if error:
                objections.append(f"connection {connection} {direction}: {error}")
            for opcode, payload in _messages(frames):
                if opcode == 2 and payload:
                    envelopes.append(Envelope(connection, direction, payload[0], payload[1:]))
                elif opcode < 8:
                    objections.append(f"connection {connection} {direction}: opcode {opcode}")
        objections += [
            f"connection {one.connection} {one.direction}: {text}" for one in envelopes if (text := _objection(one))
        ]
        return requests, envelopes, objections

    def clear_octets(self):
        """All octets as the broker reads them: HTTP heads and bodies, and unmasked WebSocket payloads."""
        _, envelopes, _ = self.sockets()
        raw = [bytes(octets) for octets in self.streams.values()]
        return b"\n".join(raw + [bytes([one.kind]) + one.fields for one in envelopes])

    def relayed(self):
        """Counter of RELAY payload sizes in both directions."""
        _, envelopes, _ = self.sockets()
        return Counter(len(one.fields) - 4 for one in envelopes if one.kind == RELAY)

    def repeated_blocks(self):
        """16-octet blocks met twice in sealed payloads from one direction; sealed octets do not repeat."""
        _, envelopes, _ = self.sockets()
        seen, repeated = set(), []
        for one in envelopes:
            if one.kind != RELAY or one.direction != "up":
                continue
            payload = one.fields[4:]
            for start in range(0, len(payload) - 15, 16):
                block = payload[start : start + 16]
                if block in seen:
                    repeated.append(block.hex())
                seen.add(block)
        return repeated


def link_secrets(link):
    """What of a link must never reach the broker: the fragment in pieces of 16 characters, S and D raw and as text."""
    fragment = link.split("#", 1)[1]
    octets = base64.urlsafe_b64decode(fragment + "=" * (-len(fragment) % 4))
    secret, key = octets[2:18], octets[18:50]
    pieces = {fragment[start : start + 16].encode() for start in range(0, len(fragment) - 15, 8)}
    for value in (secret, key):
        pieces |= {value, value.hex().encode(), base64.b64encode(value), base64.urlsafe_b64encode(value).rstrip(b"=")}
    return pieces


def room_of(link):
    """The room's identifier as derived from the link: it crosses the broker, but no log may show it in clear."""
    fragment = link.split("#", 1)[1]
    octets = base64.urlsafe_b64decode(fragment + "=" * (-len(fragment) % 4))
    extracted = hmac.digest(b"colloque/1 invite", octets[2:50], hashlib.sha256)
    return hmac.digest(extracted, b"colloque/1 room\x01", hashlib.sha256)[:16]


def found(octets, secrets):
    """Those of `secrets` that stand in `octets`, upper or lower case."""
    lowered = octets.lower()
    return sorted(secret for secret in secrets if secret in octets or secret.lower() in lowered)


def _frames(octets, masked):
    """[(final, opcode, payload)] and what stopped the reading, if anything did. A last cut frame is no error."""
    frames, at = [], 0
    while len(octets) - at >= 2:
        first, second = octets[at], octets[at + 1]
        at += 2
        if first & 0x70:
            return frames, "reserved bit set"
        if bool(second & 0x80) != masked:
            return frames, "masking is wrong"
        length = second & 0x7F
        extended = {126: 2, 127: 8}.get(length, 0)
        if len(octets) - at < extended:
            break
        if extended:
            length = int.from_bytes(octets[at : at + extended], "big")
            if length < (126 if extended == 2 else 65536):
                return frames, "length not minimal"
            at += extended
        key = b""
        if masked:
            key, at = octets[at : at + 4], at + 4
        if len(octets) - at < length:
            break
        payload = octets[at : at + length]
        at += length
        if masked:
            payload = bytes(a ^ b for a, b in zip(payload, itertools.cycle(key)))
        frames.append((bool(first & 0x80), first & 15, payload))
    return frames, None


def _messages(frames):
    """Whole messages from fragments; control frames as they come."""
    opcode, parts = 0, []
    for final, kind, payload in frames:
        if kind >= 8:
            yield kind, payload
            continue
        if kind:
            opcode, parts = kind, []
        parts.append(payload)
        if final:
            yield opcode, b"".join(parts)


def _objection(envelope):
    size = len(envelope.fields)
    if envelope.kind == RELAY:
        if size - 4 in RELAY_SIZES:
            return None
        return f"RELAY of {size - 4} octets"
    if envelope.kind == 0x86:
        return None  # Relay credentials: addresses of the relay, made by the broker itself.
    allowed = FIXED_SIZES.get((envelope.direction, envelope.kind))
    if allowed is None:
        return f"unknown envelope {envelope.kind:#04x}"
    if size not in allowed:
        return f"envelope {envelope.kind:#04x} with {size} octets of fields"
    return None
