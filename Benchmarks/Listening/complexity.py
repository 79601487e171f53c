"""What an encoder's complexity is worth: PESQ-WB of the codec alone, and the time that a packet takes.

    .build-python-quality/bin/python Benchmarks/Listening/complexity.py artefacts/quality/speech

after `Scripts/bench-quality`, which makes both. Constant bit rate, voice, packets of 20 ms, nothing lost.
"""

import ctypes
import sys
import time
import wave
from pathlib import Path

import numpy
from pesq import pesq
from scipy.signal import resample_poly

RATE, BLOCK, LOOKAHEAD = 48_000, 960, 312
VOIP = 2048
SET_BITRATE, SET_VBR, SET_COMPLEXITY, SET_SIGNAL, VOICE = 4002, 4006, 4010, 4024, 3001

opus = ctypes.CDLL("libopus.so.0")
for name in ("opus_encoder_create", "opus_decoder_create"):
    getattr(opus, name).restype = ctypes.c_void_p
opus.opus_encode.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p, ctypes.c_int32]
opus.opus_decode.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int32, ctypes.c_void_p, ctypes.c_int, ctypes.c_int]


def speech(path, seconds=16):
    with wave.open(str(path)) as file:
        samples = numpy.frombuffer(file.readframes(file.getnframes()), "<i2")
        return numpy.clip(resample_poly(samples[: file.getframerate() * seconds].astype(float), RATE,
                                        file.getframerate()), -32768, 32767).astype("<i2")


def coded(samples, bits, complexity):
    """(what comes out, seconds for each packet)."""
    code = ctypes.c_int()
    encoder = opus.opus_encoder_create(RATE, 1, VOIP, ctypes.byref(code))
    decoder = opus.opus_decoder_create(RATE, 1, ctypes.byref(code))
    for setting, value in ((SET_VBR, 0), (SET_SIGNAL, VOICE), (SET_BITRATE, bits), (SET_COMPLEXITY, complexity)):
        assert opus.opus_encoder_ctl(ctypes.c_void_p(encoder), setting, ctypes.c_int32(value)) == 0
    packet, room, out, times = ctypes.create_string_buffer(1500), numpy.zeros(5760, "<i2"), [], []
    for start in range(0, len(samples) - BLOCK, BLOCK):
        block = numpy.ascontiguousarray(samples[start : start + BLOCK])
        began = time.thread_time()
        size = opus.opus_encode(encoder, block.ctypes.data, BLOCK, packet, bits // 400)
        times.append(time.thread_time() - began)
        out.append(room[: opus.opus_decode(decoder, packet, size, room.ctypes.data, 5760, 0)].copy())
    return numpy.concatenate(out)[LOOKAHEAD:], times


def score(sent, heard):
    sent, heard = (resample_poly(one.astype(float), 1, 3) for one in (sent[: len(heard)], heard))
    return numpy.mean([pesq(16_000, sent[start : start + 128_000], heard[start : start + 128_000], "wb")
                       for start in (0, 120_000)])


voices = [speech(path) for path in sorted(Path(sys.argv[1]).glob("*.wav"))]
for bits in (16_000, 24_000, 32_000):
    for complexity in (0, 2, 4, 5, 7, 8, 10):
        results = [(score(voice, heard), times) for voice in voices for heard, times in [coded(voice, bits, complexity)]]
        took = numpy.median([one for _, times in results for one in times])
        print(f"{bits} bit/s, complexity {complexity}: PESQ-WB {numpy.mean([one for one, _ in results]):.2f},"
              f" {1e6 * took:.0f} µs a packet", flush=True)
