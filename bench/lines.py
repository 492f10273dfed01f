"""A program that says a line every few milliseconds, with the time at which it said it: `python -m bench.lines COUNT PER_S`."""

from __future__ import annotations

import sys
import time

PAD = " the quick brown fox jumps over the lazy dog" * 3


def main() -> None:
    """Say the lines, on standard output."""
    count, per_s = int(sys.argv[1]), float(sys.argv[2])
    began = time.monotonic()
    for number in range(count):
        time.sleep(max(0.0, began + number / per_s - time.monotonic()))
        print(f"L{time.monotonic_ns()}{PAD}", flush=True)


if __name__ == "__main__":
    main()
