"""The process that trains: lines in on standard input, lines out on standard output.

It ends when its input does, whatever it is at, so it never outlives who started it. All clients of an experiment are in it, one
after the other.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from time import process_time
from typing import Any

import msgspec

from actors import Refused
from oracle.border import structure
from oracle.federated.plan import Plan
from oracle.federated.wire import Begin, No, Step

__all__ = ["answers", "main"]

NICE = 10  # the server goes first
ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def answers(lines: Iterable[Begin | Step]) -> Iterator[Any]:
    """What is answered to each line: Ready to Begin, then Trained or RoundDone to each Step; or No, and that is all."""
    from oracle.federated.rounds import Federation  # numpy asks how many threads it may have when it is first imported

    federation: Federation | None = None
    for line in lines:
        try:
            if isinstance(line, Begin):
                folder = Path(line.mnist_folder) if line.mnist_folder else None
                federation = Federation(structure(Plan, line.plan), folder, line.checkpoint, process_time)
                yield federation.ready
            elif federation is not None:
                yield federation.step()
        except Refused as no:
            yield No(no.reason, no.code)
            return


def main() -> None:
    """Run until the input ends."""
    os.nice(NICE)
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))  # more would get in each other's way, and add up in another order
    decode, encode = msgspec.json.Decoder(Begin | Step).decode, msgspec.json.encode
    heard: SimpleQueue[bytes] = SimpleQueue()
    Thread(target=_listen, args=(heard,), daemon=True).start()
    for answer in answers(map(decode, iter(heard.get, b""))):
        sys.stdout.buffer.write(encode(answer) + b"\n")
        sys.stdout.buffer.flush()


def _listen(heard: SimpleQueue[bytes]) -> None:
    for line in sys.stdin.buffer:
        heard.put(line)
    os._exit(0)  # nobody is there any more who wants what is being computed


if __name__ == "__main__":
    main()
