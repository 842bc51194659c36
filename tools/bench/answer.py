"""The protocol that every side of a measurement speaks: see side.mjs."""

import json
import sys
import time


def answer(step):
    """For each line of input makes as many steps as it says; `step` returns its loss."""
    print("ready", flush=True)
    for line in sys.stdin:
        started, before = time.perf_counter(), time.process_time()
        loss = float("nan")
        for _ in range(int(line)):
            loss = float(step())
        seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - before
        print(json.dumps({"seconds": seconds, "cpuSeconds": cpu_seconds, "loss": loss}), flush=True)
