"""What crossed an interface: UDP payloads with their kind, read from a packet socket."""

import asyncio
import socket
import struct
import time
from collections import Counter, namedtuple

#: One datagram: seconds since the capture began, (address, port) of both ends, RFC 7983 kind, payload octets.
Datagram = namedtuple("Datagram", "time source destination kind payload")

_PACKET_IGNORE_OUTGOING = 23
_SO_TIMESTAMPNS = 35
_SOL_PACKET = 263
_ETH_P_ALL = 3  # Anything less shows no outgoing packet.
_ETH_P_IP = 0x0800


def kind(payload):
    """Tells protocols on one port apart by the first octets (RFC 7983 §7, RFC 5761 §4)."""
    if not payload:
        return "empty"
    first = payload[0]
    if first <= 3:
        return "stun"
    if 20 <= first <= 63:
        return "dtls"
    if 128 <= first <= 191 and len(payload) > 1:
        return "rtcp" if 192 <= payload[1] <= 223 else "rtp"
    return "other"


class Capture:
    """Datagrams seen on one interface of a namespace (None: this one), each once."""

    def __init__(self, interface, namespace=None):
        def make():
            end = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ETH_P_ALL))
            end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
            # The kernel's stamps: this program reads when it finds the time.
            end.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
            end.bind((interface, _ETH_P_ALL))
            end.setblocking(False)
            return end

        # Loopback shows each packet going out and coming in: there, count the way in alone.
        self.datagrams = []
        self._loopback = interface == "lo"
        self.began = time.monotonic()
        self._offset = time.time()
        self._socket = namespace.inside(make) if namespace else make()
        if self._loopback:
            self._socket.setsockopt(_SOL_PACKET, _PACKET_IGNORE_OUTGOING, 1)
        asyncio.get_running_loop().add_reader(self._socket.fileno(), self._read)

    def _read(self):
        while True:
            try:
                packet, ancillary, _, address = self._socket.recvmsg(65535, 64)
            except BlockingIOError:
                return
            if address[1] != _ETH_P_IP or len(packet) < 28 or packet[0] >> 4 != 4 or packet[9] != socket.IPPROTO_UDP:
                continue
            seconds, nanoseconds = struct.unpack("=qq", ancillary[0][2])
            header = (packet[0] & 15) * 4
            source_port, destination_port, length = struct.unpack_from("!HHH", packet, header)
            self.datagrams.append(
                Datagram(
                    seconds + nanoseconds / 1e9 - self._offset,
                    (socket.inet_ntoa(packet[12:16]), source_port),
                    (socket.inet_ntoa(packet[16:20]), destination_port),
                    kind(packet[header + 8 : header + length]),
                    packet[header + 8 : header + length],
                )
            )

    def sizes(self, wanted="rtp"):
        """Payload sizes of one kind by sending address: {source: Counter({size: count})}."""
        table = {}
        for datagram in self.datagrams:
            if datagram.kind == wanted:
                table.setdefault(datagram.source, Counter())[len(datagram.payload)] += 1
        return table

    def close(self):
        asyncio.get_running_loop().remove_reader(self._socket.fileno())
        self._socket.close()
