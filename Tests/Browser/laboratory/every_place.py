"""Takes every place at the default microphone of a PulseAudio, says how many there were, and keeps them until killed."""

import ctypes
import time

pulse = ctypes.CDLL("libpulse.so.0")
for name in ("pa_threaded_mainloop_new", "pa_threaded_mainloop_get_api", "pa_context_new", "pa_stream_new"):
    getattr(pulse, name).restype = ctypes.c_void_p

#: Of pa_context_state and pa_stream_state; PA_SAMPLE_S16LE; PA_STREAM_START_CORKED; PA_ERR_TOOLARGE.
CONTEXT_READY, STREAM_READY, STREAM_FAILED, S16LE, CORKED, TOO_MANY = 4, 2, 3, 3, 1, 18


class Format(ctypes.Structure):
    _fields_ = [("kind", ctypes.c_int), ("rate", ctypes.c_uint32), ("channels", ctypes.c_uint8)]


def pointer(value):
    return ctypes.c_void_p(value)


loop = pointer(pulse.pa_threaded_mainloop_new())
context = pointer(pulse.pa_context_new(pointer(pulse.pa_threaded_mainloop_get_api(loop)), b"recorder"))
pulse.pa_context_connect(context, None, 0, None)
pulse.pa_threaded_mainloop_start(loop)
while pulse.pa_context_get_state(context) != CONTEXT_READY:
    time.sleep(0.01)

places = []
while True:
    pulse.pa_threaded_mainloop_lock(loop)
    stream = pointer(pulse.pa_stream_new(context, b"kept", ctypes.byref(Format(S16LE, 8000, 1)), None))
    pulse.pa_stream_connect_record(stream, None, None, CORKED)
    pulse.pa_threaded_mainloop_unlock(loop)
    while (state := pulse.pa_stream_get_state(stream)) < STREAM_READY:
        time.sleep(0.001)
    if state == STREAM_FAILED:
        break
    places.append(stream)
why = pulse.pa_context_errno(context)
print(f"{len(places)} places kept" if why == TOO_MANY else f"stopped after {len(places)}: error {why}", flush=True)
while True:
    time.sleep(60)
