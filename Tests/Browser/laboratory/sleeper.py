"""Sleeps 5 ms at a time on every processor until standard input ends; for each line that comes there it prints the
seconds by which it woke too late at most."""

import os
import sys
import threading
import time

PAUSE = 0.005
latest = [0.0]


def sleep_on(processor):
    os.sched_setaffinity(0, {processor})
    before = time.monotonic()
    while True:
        time.sleep(PAUSE)
        now = time.monotonic()
        latest[0] = max(latest[0], now - before - PAUSE)
        before = now


for number in os.sched_getaffinity(0):
    threading.Thread(target=sleep_on, args=(number,), daemon=True).start()
for _ in sys.stdin:
    print(latest[0], flush=True)
