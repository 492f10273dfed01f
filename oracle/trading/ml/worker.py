"""The process that trains a model: a Lesson as MessagePack on standard input, the Model (or nil) on standard output."""

from __future__ import annotations

import os
import subprocess
import sys

import msgspec
import trio

from actors import Refused
from oracle.trading.ml.lesson import Lesson, Model
from oracle.trading.ml.training import train

__all__ = ["main", "trained"]

NICE = 10  # the server goes first
LONGEST_S = 600.0


async def trained(lesson: Lesson) -> Model | None:
    """The model of a lesson, trained in a process of its own; None for too few rows. Raises Refused `failed` with what that died
    of."""
    command = [sys.executable, "-m", "oracle.trading.ml.worker"]
    with trio.move_on_after(LONGEST_S):
        done = await trio.run_process(command, stdin=msgspec.msgpack.encode(lesson), capture_stdout=True, capture_stderr=True,
                                      check=False)  # fmt: skip
        if done.returncode:
            raise Refused(f"training failed: {_last_line(done)}", "failed")
        return msgspec.msgpack.decode(done.stdout, type=Model | None)
    raise Refused(f"training took longer than {LONGEST_S:g} s", "failed")


def main() -> None:
    """Train once."""
    os.nice(NICE)
    lesson = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Lesson)
    sys.stdout.buffer.write(msgspec.msgpack.encode(train(lesson)))


def _last_line(done: subprocess.CompletedProcess[bytes]) -> str:
    return done.stderr.decode(errors="replace").strip().rpartition("\n")[2] or "no reason was given"


if __name__ == "__main__":
    main()
