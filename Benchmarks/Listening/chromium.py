"""Chromium's receiver on the traces of `colloque bench quality`, in real time.

    python chromium.py OUTPUT_DIRECTORY [--modes fec red3] [--traces …] [--voices …] [--seeds 3] [--workers 4]
                       [--keep] [--busy]

A sender writes the same payloads as `colloque bench quality` into RTP, protects them in order, and hands each to the network
when its trace lets it arrive: late by so much, or not at all. Chromium plays into a null sink of a PulseAudio of our
own, whose monitor is recorded. Writes heard/chromium/MODE/TRACE/VOICE-SEED.wav and figures.jsonl, laid out as
ours. --keep goes on with what an earlier run left: what is valid and was made of the same packets stays.

Mouth to ear: what a recording shows contains a sound server's buffers, which the virtual receiver does not have. So a
recording is moved by one number, so that its mean delay is what Chromium's own statistics say: frame (20 ms), what the
encoder holds back, network, and `jitterBufferDelay` (from a packet's arrival until its samples leave NetEQ). Its
variations stay. How late the sender was is in the figures; comparison.py says which recordings are void. These are made
again and listed in void.jsonl. All figures count from the end of the silence before the speech.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import shutil
import struct
import subprocess
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy
from aiortc import RTCPeerConnection, RTCSessionDescription
from playwright.async_api import async_playwright

import comparison
import corpus
import score

RATE = 48_000
#: Milliseconds that Opus holds back for our encoder's settings (OPUS_GET_LOOKAHEAD), and one frame.
LOOKAHEAD, FRAME = 6.5, 20.0
_FLAGS = [
    "--no-sandbox", "--disable-dev-shm-usage", "--autoplay-policy=no-user-gesture-required",
    "--disable-features=WebRtcHideLocalIpsWithMdns", "--allow-loopback-in-peer-connection",
]
#: Real time for what must play or send on the beat: a busy machine must not be heard.
_PROMPT = ["chrt", "--rr", "5"]
_ANSWER = """async (offer) => {
  const connection = globalThis.connection = new RTCPeerConnection();
  connection.ontrack = ({ streams, track }) => {
    const element = new Audio();
    element.srcObject = streams[0] ?? new MediaStream([track]);
    element.play();
    globalThis.element = element;
  };
  await connection.setRemoteDescription({ type: 'offer', sdp: offer });
  await connection.setLocalDescription(await connection.createAnswer());
  while (connection.iceGatheringState !== 'complete') await new Promise((done) => setTimeout(done, 20));
  return connection.localDescription.sdp;
}"""
_FIGURES = """async () => {
  for (const report of (await connection.getStats()).values()) if (report.type === 'inbound-rtp') return { ...report };
  return null;
}"""


class Devices:
    """A PulseAudio daemon with one null sink for each worker."""

    def __init__(self, directory, count):
        self.directory = directory
        self.environment = {
            **os.environ, "PULSE_SERVER": f"unix:{directory}/native", "PULSE_COOKIE": f"{directory}/cookie",
        }
        sinks = [f"module-null-sink sink_name=ear{index} rate={RATE} channels=1" for index in range(count)]
        modules = [f"module-native-protocol-unix auth-anonymous=1 socket={directory}/native", *sinks]
        self._process = subprocess.Popen(
            [*_PROMPT, "pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", "--disable-shm=yes",
             *(part for module in modules for part in ("-L", module))],
            env={**os.environ, "XDG_RUNTIME_DIR": str(directory), "HOME": str(directory)},
            stderr=subprocess.DEVNULL,
        )

    def of(self, index):
        return {**self.environment, "PULSE_SINK": f"ear{index}"}

    def record(self, index):
        return subprocess.Popen(
            [*_PROMPT, "parec", f"--device=ear{index}.monitor", f"--rate={RATE}", "--channels=1", "--format=s16le",
             "--latency-msec=10", "--raw"],
            env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )

    def stop(self):
        self._process.terminate()
        self._process.wait()


def packets(path):
    octets = path.read_bytes()
    at, found = 0, []
    while at < len(octets):
        (count,) = struct.unpack_from(">H", octets, at)
        found.append(octets[at + 2 : at + 2 + count])
        at += 2 + count
    return found


def offer_of(sdp, with_red):
    """The sender's offer: Opus with error correction, and RED of it when asked."""
    lines = sdp.replace("\r\n", "\n").split("\n")
    kept = []
    for line in lines:
        if line.startswith("m=audio"):
            line = " ".join([*line.split(" ")[:3], "63", "96"] if with_red else [*line.split(" ")[:3], "96"])
        if line.startswith(("a=rtpmap:", "a=fmtp:", "a=rtcp-fb:", "a=extmap:")):
            continue
        kept.append(line)
        if line.startswith("m=audio"):
            continue
        if line.startswith("a=mid:"):
            kept += ["a=rtpmap:96 opus/48000/2", "a=fmtp:96 minptime=10;useinbandfec=1"]
            if with_red:
                kept += ["a=rtpmap:63 red/48000/2", "a=fmtp:63 96/96"]
    return "\r\n".join(kept)


def answer_for(sdp, kind):
    """Chromium's answer, as a library that knows no RED can read it."""
    lines = [line for line in sdp.split("\r\n") if ":63 " not in line]
    return "\r\n".join(line.replace(" 63 96", " 96") for line in lines)


async def drain(stream, into):
    loop = asyncio.get_running_loop()
    os.set_blocking(stream.fileno(), False)
    ready = asyncio.Event()
    loop.add_reader(stream.fileno(), ready.set)
    try:
        while True:
            await ready.wait()
            ready.clear()
            piece = stream.read(1 << 16)
            if piece == b"":
                return
            if piece:
                into.append((time.monotonic(), piece))
    finally:
        loop.remove_reader(stream.fileno())


def since(earlier, later):
    """What the statistics counted between two looks."""
    difference = {
        name: value - earlier[name] for name, value in later.items()
        if isinstance(value, (int, float)) and name in earlier
    }
    # A receiver that is not pulled in time, on a machine that is too busy, proves nothing about itself.
    elapsed = (later["timestamp"] - earlier["timestamp"]) / 1000
    difference["stalled"] = 1000 * (elapsed - difference["totalSamplesReceived"] / RATE)
    return difference


async def call(page, devices, index, payloads, transits, with_red):
    """One call: (samples from the moment the first one was spoken, Chromium's figures, lateness of the sender)."""
    sender = RTCPeerConnection()
    transceiver = sender.addTransceiver("audio", direction="sendonly")
    await sender.setLocalDescription(await sender.createOffer())
    offer = offer_of(sender.localDescription.sdp, with_red)
    answer = await page.evaluate(_ANSWER, offer)
    # The library answers for its own offer's payload type; what is sent is written here.
    await sender.setRemoteDescription(RTCSessionDescription(answer_for(answer, "answer"), "answer"))
    transport = transceiver.sender.transport
    while transport.state != "connected":
        await asyncio.sleep(0.01)

    payload_type = 63 if with_red else 96
    ssrc = transceiver.sender._ssrc
    protected = [
        transport._tx_srtp.protect(struct.pack(
            ">BBHII", 0x80, payload_type | (0x80 if number == 0 else 0), (1000 + number) & 0xFFFF,
            (960 * number) & 0xFFFFFFFF, ssrc) + payload)
        for number, payload in enumerate(payloads)
    ]
    # A packet leaves when its last sample was spoken, and is late by what the network would have made it.
    schedule = sorted(
        ((number + 1) * 0.02 + transit / 1000, number) for number, transit in enumerate(transits) if transit is not None
    )
    pieces, late = [], []
    recorder = devices.record(index)
    draining = asyncio.create_task(drain(recorder.stdout, pieces))
    while not pieces:
        await asyncio.sleep(0.01)
    start = time.monotonic() + 0.1
    settled = None
    for due, number in schedule:
        if settled is None and due > corpus.LEAD:
            settled = asyncio.create_task(page.evaluate(_FIGURES))
        wait = start + due - time.monotonic()
        if wait > 0.0005:
            await asyncio.sleep(wait)
        late.append(time.monotonic() - start - due)
        await transport.transport._send(protected[number])
    await asyncio.sleep(0.1)
    figures = since(await settled, await page.evaluate(_FIGURES))
    await asyncio.sleep(0.6)
    recorder.terminate()
    draining.cancel()
    await sender.close()
    await page.evaluate("() => { connection.close(); element.pause(); }")
    samples = numpy.frombuffer(b"".join(piece for _, piece in pieces), "<i2") / 32768
    # The last piece ended when it came.
    began = pieces[-1][0] - len(samples) / RATE
    return samples[max(0, int((start - began) * RATE)) :], figures, numpy.quantile(late, 0.99) * 1000


def placed(samples, speech, figures, transits, recording):
    """Writes the recording, moved so that its mean delay is what Chromium's statistics say: that delay."""
    speech = score.read(speech)
    buffered = 1000 * figures["jitterBufferDelay"] / max(figures["jitterBufferEmittedCount"], 1)
    network = float(numpy.mean([transit for transit in transits if transit is not None]))
    wanted = FRAME + LOOKAHEAD + network + buffered
    low = score.resample_poly(samples, score.SCORED_RATE, RATE)
    measured = float(numpy.mean(score.delays(speech, low) or [wanted]))
    shift = int((measured - wanted) * RATE / 1000)
    recording.parent.mkdir(parents=True, exist_ok=True)
    corpus.write(recording, samples[shift:] if shift > 0 else numpy.concatenate([numpy.zeros(-shift), samples]))
    return wanted


def hurry():
    """The sender's beat before everything else; needs root."""
    os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(10))


async def quiet(patience=60):
    """Waits until the processors were half idle for a second, a minute at most."""
    def idle():
        fields = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
        return fields[3] + fields[4], sum(fields)

    for _ in range(patience):
        before = idle()
        await asyncio.sleep(1)
        after = idle()
        if (after[0] - before[0]) * 2 > after[1] - before[1]:
            return


def note(path, line):
    with path.open("a") as file:
        file.write(json.dumps(line) + "\n")


def kept(root, target):
    """The calls of which an undisturbed recording of today's packets is there."""
    path = target / "figures.jsonl"
    latest = {}
    for line in path.read_text().splitlines() if path.exists() else []:
        one = json.loads(line)
        latest[one["mode"], one["trace"], one["voice"], one["seed"]] = one
    return {
        call for call, one in latest.items()
        if (target / call[0] / call[1] / f"{call[2]}-{call[3]}.wav").exists()
        and all(path.exists() for path in comparison.packets_of(root, *call))
        and comparison.is_comparable(one, comparison.packets_of(root, *call))
    }


async def work(jobs, index, devices, playwright, pool, root, target, is_busy):
    launcher = root / "chromium"
    haste = "chrt --rr 4" if is_busy else "nice -n -20"
    launcher.write_text(f'#!/bin/sh\nexec {haste} /usr/bin/chromium "$@"\n')
    launcher.chmod(0o755)
    browser = await playwright.chromium.launch(
        executable_path=str(launcher.resolve()), headless=True, args=_FLAGS, env=devices.of(index),
        ignore_default_args=["--mute-audio"],
    )
    context = await browser.new_context()
    while jobs:
        mode, trace, voice, seed = jobs.pop(0)
        stem = f"{mode}/{trace}/{voice}-{seed}"
        sources = comparison.packets_of(root, mode, trace, voice, seed)
        payloads = packets(sources[0])
        transits = [None if line == "lost" else float(line) for line in sources[1].read_text().splitlines()]
        for _ in range(comparison.ATTEMPTS):
            if not is_busy:
                await quiet()
            page = await context.new_page()
            samples, figures, late = await call(page, devices, index, payloads, transits, mode != "fec")
            await page.close()
            line = {
                "mode": mode, "trace": trace, "voice": voice, "seed": seed, "late": round(float(late), 2),
                "stalled": round(figures["stalled"]), "removed": figures["removedSamplesForAcceleration"],
            }
            if comparison.is_valid(line):
                break
            note(target / "void.jsonl", line)
            print(f"{stem}: void, {json.dumps(line)}", flush=True)
        else:
            print(f"{stem}: given up, the machine is too busy", flush=True)
            continue
        # In another process: the senders of the other workers must not wait for it.
        delay = await asyncio.get_running_loop().run_in_executor(
            pool, placed, samples, root / "speech" / f"{voice}.wav", figures, transits, target / f"{stem}.wav")
        line |= {
            "packets": comparison.digest(*sources), "delay": round(delay, 1),
            "concealment": figures["concealedSamples"] / max(figures["totalSamplesReceived"], 1),
            "received": figures["packetsReceived"], "discarded": figures.get("packetsDiscarded"),
            "recoveredFEC": figures.get("fecPacketsReceived"), "inserted": figures["insertedSamplesForDeceleration"],
        }
        note(target / "figures.jsonl", line)
        print(json.dumps(line), flush=True)
    await browser.close()


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("root", type=Path)
    parser.add_argument("--modes", nargs="+", default=["fec"])
    parser.add_argument("--traces", nargs="+", default=score.TRACES)
    parser.add_argument("--voices", nargs="+", default=list(corpus.VOICES))
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--keep", action="store_true", help="go on with what an earlier run left")
    parser.add_argument(
        "--busy", action="store_true", help="the browser in the real-time class, without waiting for a quiet machine")
    options = parser.parse_args()
    target = options.root / "heard" / comparison.OTHER
    if not options.keep:
        shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True, exist_ok=True)
    there = kept(options.root, target)
    jobs = [
        (mode, trace, voice, seed)
        for mode in options.modes for trace in options.traces for voice in options.voices
        for seed in range(1, options.seeds + 1) if (mode, trace, voice, seed) not in there
    ]
    missing = [path for job in jobs for path in comparison.packets_of(options.root, *job) if not path.exists()]
    if missing:
        parser.error(f"{missing[0]} is not there: write more seeds first, SEEDS={options.seeds} Scripts/bench-quality")
    for mode, trace, voice, seed in jobs:
        (target / mode / trace / f"{voice}-{seed}.wav").unlink(missing_ok=True)
    print(f"{len(jobs)} calls to make, {len(there)} kept", flush=True)
    devices = Devices(options.root.resolve() / "pulse", options.workers)
    try:
        await asyncio.sleep(1)
        hurry()
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            async with async_playwright() as playwright:
                await asyncio.gather(*(
                    work(jobs, index, devices, playwright, pool, options.root, target, options.busy)
                    for index in range(options.workers)
                ))
    finally:
        devices.stop()


if __name__ == "__main__":
    asyncio.run(main())
