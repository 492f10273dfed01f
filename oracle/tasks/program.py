"""A program that works off one thing: told what to do on standard input, heard on standard output, bounded, and ended with all
that it has begun."""

from __future__ import annotations

import codecs
import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import IO

import trio

from actors import Refused
from oracle.tasks.begun import Begun

__all__ = ["Program"]

KEPT_FROM_ENV = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "PYTHONPATH")
KIB_OF_A_MB = 1024
_BOUNDED = ("/bin/sh", "-c", 'ulimit -d "$0" && exec "$@"')  # the limit is there before the program is


class Program:
    """One process, the first of a group of its own. `async with` it: at the end of the block it is killed, and its group too."""

    def __init__(self, command: Sequence[str], words: str, memory_mb: int, env: Mapping[str, str], begun: Begun) -> None:
        self._begun = begun
        self._command = list(command)
        self._words = words
        self._memory_mb = memory_mb
        self._env = {name: os.environ[name] for name in KEPT_FROM_ENV if name in os.environ} | dict(env)
        self._process: trio.Process | None = None
        self._errors: IO[bytes]

    async def __aenter__(self) -> Program:
        """Begin it. Raises Refused `failed` where it can't be begun."""
        if shutil.which(self._command[0], path=self._env.get("PATH")) is None:
            raise Refused(f"{self._command[0]} can't be run: there is no such program here", "failed")
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed at the end of the block
        with tempfile.TemporaryFile() as asked:  # a pipe would stop us where it does not read
            asked.write(self._words.encode("utf-8", "replace"))
            asked.seek(0)
            command = [*_BOUNDED, str(self._memory_mb * KIB_OF_A_MB), *self._command]
            try:
                self._process = await trio.lowlevel.open_process(
                    command, stdin=asked, stdout=subprocess.PIPE, stderr=self._errors, env=self._env, start_new_session=True)
            except OSError as error:
                self._errors.close()
                raise Refused(f"{self._command[0]} can't be run: {error.strerror}", "failed") from error
        self._begun.note(self._process.pid)
        return self

    async def __aexit__(self, *_: object) -> None:
        """End it and all it has begun."""
        assert self._process is not None
        self._signal(signal.SIGKILL)
        with trio.CancelScope(shield=True):
            await self._process.wait()
        self._begun.forget(self._process.pid)
        self._errors.close()

    async def output(self) -> AsyncIterator[str]:
        """What it says, as it comes; at the end of its output it is over, or as good as that."""
        assert self._process is not None and self._process.stdout is not None
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        while part := await self._process.stdout.receive_some():
            if text := decoder.decode(part):
                yield text
        if rest := decoder.decode(b"", final=True):
            yield rest

    async def wait(self) -> int:
        """Its exit status; the negative number of the signal that ended it."""
        assert self._process is not None
        return await self._process.wait()

    def errors(self) -> str:
        """The end of what it said on standard error."""
        self._errors.seek(max(0, self._errors.seek(0, 2) - 4096))
        return self._errors.read().decode("utf-8", "replace").strip()

    def stop(self) -> None:
        """Have it halt where it is."""
        self._signal(signal.SIGSTOP)

    def go(self) -> None:
        """Have it go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)
