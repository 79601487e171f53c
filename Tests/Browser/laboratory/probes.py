"""Plain sockets that find out what a router does, by what arrives and from where."""

import asyncio
import contextlib
import socket

from . import internet

#: Where the echoes answer: two ports of one address, and another address.
PLACES = ((internet.SERVER_IPV4, 3478), (internet.SERVER_IPV4, 3479), (internet.SERVER_SECOND_IPV4, 3478))
PLACE_IPV6 = (internet.SERVER_IPV6, 3478)
_PORT = 40_000
#: What must come may take this long on a busy machine; whoever expects nothing waits for less. Seconds.
ARRIVES = 5.0
NOTHING = 0.6


def udp(namespace, address=("0.0.0.0", _PORT)):
    """A UDP socket in a namespace."""

    def make():
        end = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET, socket.SOCK_DGRAM)
        end.setblocking(False)
        end.bind(address)
        return end

    return namespace.inside(make)


class _Echo(asyncio.DatagramProtocol):
    def connection_made(self, transport):
        self._transport = transport

    def datagram_received(self, data, address):
        self._transport.sendto(f"{address[0]} {address[1]}".encode(), address)


@contextlib.asynccontextmanager
async def echoes(server):
    """Answers every datagram to `PLACES` with the address that it came from."""
    loop = asyncio.get_running_loop()
    transports = []
    try:
        for place in (*PLACES, PLACE_IPV6):
            transport, _ = await loop.create_datagram_endpoint(_Echo, sock=udp(server, place))
            transports.append(transport)
        yield
    finally:
        for transport in transports:
            transport.close()


async def mapping(end, place, patience=ARRIVES):
    """The (address, port) that an echo at `place` sees `end` as, or None if it does not answer."""
    loop = asyncio.get_running_loop()
    for _ in range(2):
        with contextlib.suppress(TimeoutError, OSError):
            await loop.sock_sendto(end, b"?", place)
            async with asyncio.timeout(patience / 2):
                while True:
                    data, source = await loop.sock_recvfrom(end, 2000)
                    if source[:2] == place:
                        address, port = data.decode().split()
                        return address, int(port)
    return None


async def hears_unasked(server, end, mapped, patience=ARRIVES):
    """Whether a datagram from a server address that was never sent to comes in."""
    stranger = udp(server, (internet.SERVER_SECOND_IPV4, 5000))
    loop = asyncio.get_running_loop()
    try:
        await loop.sock_sendto(stranger, b"unasked", mapped)
        async with asyncio.timeout(patience):
            while (await loop.sock_recvfrom(end, 2000))[0] != b"unasked":
                pass
        return True
    except TimeoutError:
        return False
    finally:
        stranger.close()


async def punch(ends, patience=ARRIVES):
    """Whether two ends reach each other: each sends to where an echo saw the other, and to whoever it hears."""
    mapped = [await mapping(end, PLACES[0]) for end in ends]
    if None in mapped:
        return False
    loop = asyncio.get_running_loop()
    reached = [asyncio.Event(), asyncio.Event()]
    targets = [{mapped[1]}, {mapped[0]}]

    async def send(side):
        while True:
            for target in list(targets[side]):
                await loop.sock_sendto(ends[side], b"got you" if reached[side].is_set() else b"here", target)
            await asyncio.sleep(0.05)

    async def receive(side):
        got = asyncio.Event()
        while True:
            data, source = await loop.sock_recvfrom(ends[side], 2000)
            if data in (b"here", b"got you"):
                targets[side].add(source)
                reached[side].set()

    tasks = [asyncio.create_task(work(side)) for work in (send, receive) for side in (0, 1)]
    try:
        async with asyncio.timeout(patience):
            await asyncio.gather(*(event.wait() for event in reached))
        return True
    except TimeoutError:
        return False
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def tcp(server, host, place, patience=ARRIVES):
    """Whether a TCP connection from `host` to a listener of the server at `place` comes about."""
    family = socket.AF_INET6 if ":" in place[0] else socket.AF_INET
    listener = server.inside(lambda: socket.create_server(place, family=family))
    end = host.inside(lambda: socket.socket(family, socket.SOCK_STREAM))
    end.setblocking(False)
    try:
        async with asyncio.timeout(patience):
            await asyncio.get_running_loop().sock_connect(end, place)
        return True
    except (TimeoutError, OSError):
        return False
    finally:
        end.close()
        listener.close()
