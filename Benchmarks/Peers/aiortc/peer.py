"""A duplex audio leg with aiortc, as often as it is asked for: what Colloque's native end is compared with.

    python peer.py offer|answer SESSIONS SPEECH.wav

Speaks lines of JSON on standard input and output: descriptions, then "flowing" when every session hears something, and
what it did when standard input ends. The library's own jitter buffer stands before the decoder.
"""

import asyncio
import fractions
import json
import sys
import threading
import time
import wave

import aiortc.rtcrtpsender
from aiortc import MediaStreamTrack, RTCPeerConnection, RTCSessionDescription
from aiortc.codecs.opus import OpusEncoder
from av import AudioFrame, AudioResampler, CodecContext

RATE, FRAME = 48_000, 960
TIME_BASE = fractions.Fraction(1, RATE)


class Encoder(OpusEncoder):
    """The settings of a call: mono, 32 kbit/s at a constant rate, complexity 5, error correction for 10 % loss."""

    def __init__(self):
        super().__init__()
        self.codec = CodecContext.create("libopus", "w")
        self.codec.bit_rate = 32_000
        self.codec.format, self.codec.layout, self.codec.sample_rate = "s16", "mono", RATE
        self.codec.time_base = TIME_BASE
        self.codec.options = {
            "application": "voip", "vbr": "off", "compression_level": "5", "fec": "1", "packet_loss": "10",
        }
        self.resampler = AudioResampler(format="s16", layout="mono", rate=RATE, frame_size=FRAME)


class Speech(MediaStreamTrack):
    kind = "audio"

    def __init__(self, samples, phase):
        super().__init__()
        self._samples, self._phase, self._start, self.sent = samples, phase, None, 0

    async def recv(self):
        if self._start is None:
            self._start = time.monotonic() + self._phase
        await asyncio.sleep(max(0, self._start + self.sent * FRAME / RATE - time.monotonic()))
        at = self.sent * 2 * FRAME % (len(self._samples) // (2 * FRAME) * 2 * FRAME)
        frame = AudioFrame(format="s16", layout="mono", samples=FRAME)
        frame.planes[0].update(self._samples[at : at + 2 * FRAME])
        frame.pts, frame.sample_rate, frame.time_base = self.sent * FRAME, RATE, TIME_BASE
        self.sent += 1
        return frame


class Session:
    def __init__(self, samples, phase):
        self.connection = RTCPeerConnection()
        self.speech = Speech(samples, phase)
        self.connection.addTrack(self.speech)
        self.decoded = 0
        self.hears = asyncio.Event()
        self.connection.on("track", lambda track: asyncio.ensure_future(self._hear(track)))

    async def _hear(self, track):
        while True:
            await track.recv()
            self.decoded += 1
            self.hears.set()


def tell(what):
    print(json.dumps(what), flush=True)


async def main(role, count, path):
    with wave.open(path, "rb") as file:
        samples = file.readframes(file.getnframes())
    aiortc.rtcrtpsender.get_encoder = lambda codec: Encoder()
    lines = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def read():
        for line in sys.stdin:
            loop.call_soon_threadsafe(lines.put_nowait, line)
        loop.call_soon_threadsafe(lines.put_nowait, None)

    threading.Thread(target=read, daemon=True).start()
    # Sessions are no choir: each begins at a place of its own in the 20 ms.
    sessions = [Session(samples, index * FRAME / RATE / count) for index in range(count)]

    async def describe(make):
        for one in sessions:
            await one.connection.setLocalDescription(await make(one.connection))
        tell([{"type": one.connection.localDescription.type, "sdp": one.connection.localDescription.sdp}
              for one in sessions])

    if role == "offer":
        await describe(lambda connection: connection.createOffer())
    for one, remote in zip(sessions, json.loads(await lines.get())):
        await one.connection.setRemoteDescription(RTCSessionDescription(**remote))
    if role == "answer":
        await describe(lambda connection: connection.createAnswer())
    for one in sessions:
        await one.hears.wait()
    tell("flowing")
    while await lines.get() is not None:
        pass
    transport = sessions[0].connection.getSenders()[0].transport
    tell({
        "sent": sum(one.speech.sent for one in sessions), "decoded": sum(one.decoded for one in sessions),
        "cipher": transport._ssl.get_selected_srtp_profile().decode(),
    })
    sys.stdout.flush()
    # Closing takes seconds, and nothing of it is measured.
    import os

    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
