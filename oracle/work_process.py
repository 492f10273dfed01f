"""A process that computes for this one: JSON lines go to its standard input, JSON lines come from its standard output.

It ends when its input does, so it never outlives who began it.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from typing import IO, Any

import msgspec
import trio

from actors import Refused

__all__ = ["DIED", "WorkProcess"]

DIED = (trio.BrokenResourceError, trio.ClosedResourceError, EOFError, msgspec.MsgspecError)
"""What it raises to whoever talks with a process that is no more, or that talks nonsense."""


class WorkProcess:
    """`python -m MODULE`; what it says is read by `answers`. End it whatever happens."""

    def __init__(self, process: trio.Process, answers: msgspec.json.Decoder[Any], said: IO[bytes]) -> None:
        self._process = process
        self._answers = answers
        self._said = said
        self._buffer = bytearray()

    @classmethod
    async def begun(cls, module: str, answers: msgspec.json.Decoder[Any]) -> WorkProcess:
        """A process that has just begun."""
        said = tempfile.TemporaryFile()  # noqa: SIM115 - closed at its end; a pipe nobody reads would stop who says much
        command = [sys.executable, "-m", module]
        process = await trio.lowlevel.open_process(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said)
        return cls(process, answers, said)

    async def send(self, what: Any) -> None:
        """Say one line. Raises what DIED has."""
        assert self._process.stdin is not None
        await self._process.stdin.send_all(msgspec.json.encode(what) + b"\n")

    async def said_all(self) -> None:
        """There is nothing more to say: its input ends here."""
        assert self._process.stdin is not None
        await self._process.stdin.aclose()

    async def hear(self) -> Any:
        """The next line it says. Raises what DIED has."""
        assert self._process.stdout is not None
        seen = 0
        while (end := self._buffer.find(b"\n", seen)) < 0:
            seen = len(self._buffer)
            part = await self._process.stdout.receive_some()
            if not part:
                raise EOFError
            self._buffer += part
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return self._answers.decode(line)

    async def failure(self) -> Refused:
        """End it: the refusal `failed` that says what it died of."""
        await self.end()
        self._said.seek(max(0, self._said.seek(0, 2) - 4096))
        words = self._said.read().decode(errors="replace").strip().rpartition("\n")[2]
        return Refused(f"the worker died: {words or 'no reason was given'}", "failed")

    async def end(self) -> None:
        """End it, whatever it is at."""
        self._process.kill()
        with trio.CancelScope(shield=True):
            await self._process.wait()

    async def close(self) -> None:
        """End it, and forget what it said."""
        await self.end()
        self._said.close()
