"""Whom a machine talks to: every IPv4 packet that leaves an interface, by protocol and place."""

import asyncio
import socket
import struct

_ETH_P_ALL = 3


class Correspondence:
    """(protocol, address, port) of everything sent from `address` on one interface of a namespace."""

    def __init__(self, interface, namespace, address):
        def make():
            end = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ETH_P_ALL))
            end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
            end.bind((interface, _ETH_P_ALL))
            end.setblocking(False)
            return end

        self.places = {}
        self._address = address
        self._socket = namespace.inside(make)
        asyncio.get_running_loop().add_reader(self._socket.fileno(), self._read)

    def _read(self):
        while True:
            try:
                packet = self._socket.recv(65535)
            except BlockingIOError:
                return
            if len(packet) < 28 or packet[0] >> 4 != 4 or socket.inet_ntoa(packet[12:16]) != self._address:
                continue
            protocol = {6: "tcp", 17: "udp"}.get(packet[9], str(packet[9]))
            # Where ports would be, others have anything.
            port = struct.unpack_from("!H", packet, (packet[0] & 15) * 4 + 2)[0] if protocol in ("tcp", "udp") else 0
            place = (protocol, socket.inet_ntoa(packet[16:20]), port)
            self.places[place] = self.places.get(place, 0) + 1

    def close(self):
        asyncio.get_running_loop().remove_reader(self._socket.fileno())
        self._socket.close()
