"""A program that says a line every few milliseconds, with the time at which it said it: `python -m bench.lines COUNT PER_S`."""

from __future__ import annotations

import os
import sys
import time

ZERO_NS = 10**18  # added to time stamps, so that each has 19 digits
PAD = " the quick brown fox jumps over the lazy dog" * 3


def main() -> None:
    """Say the lines on standard output, each in one write; on the core of the clients, the other being the servers'."""
    count, per_s = int(sys.argv[1]), float(sys.argv[2])
    os.sched_setaffinity(0, {(os.cpu_count() or 1) - 1})
    began = time.monotonic()
    for number in range(count):
        time.sleep(max(0.0, began + number / per_s - time.monotonic()))
        os.write(1, f"{ZERO_NS + time.monotonic_ns()}{PAD}\n".encode())


if __name__ == "__main__":
    main()
