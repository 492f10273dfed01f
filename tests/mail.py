"""A real mail server for tests, in a process of its own, and what arrived there."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import attrs
import trio
from certificates import certified, trusting

from oracle.http import Http

CHILD = Path(__file__).with_name("mail_child.py")


@attrs.define
class Mailbox:
    """A running mail server at `localhost:port`."""

    port: int
    arrivals: trio.MemoryReceiveChannel[dict[str, Any]]

    async def next(self) -> dict[str, Any]:
        """The next message: sender, recipients, data, tls, login."""
        with trio.fail_after(30):
            return await self.arrivals.receive()

    def http(self, *allow: str) -> Http:
        """Outbound rules that reach it and believe its certificate."""
        return Http(allow=allow or ("127.0.0.1", "::1"), trust={f"smtp://localhost:{self.port}": trusting()})


def read(arrival: dict[str, Any]) -> EmailMessage:
    """A message as a mail program reads it."""
    made = message_from_bytes(arrival["data"].encode("latin-1"), policy=policy.default)
    assert isinstance(made, EmailMessage)
    return made


@asynccontextmanager
async def open_mail(mode: str = "open") -> AsyncIterator[Mailbox]:
    """A mail server: open (nobody logs in, no TLS), starttls or tls (both want the login `mailer`, `s3cret`)."""
    with TemporaryDirectory() as folder:
        files = map(str, certified(Path(folder), "localhost", "127.0.0.1"))
        async with trio.open_nursery() as nursery:
            child = await trio.lowlevel.open_process(
                [sys.executable, str(CHILD), mode, *files], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            try:
                send, arrivals = trio.open_memory_channel[dict[str, Any]](math.inf)
                nursery.start_soon(_read_lines, child.stdout, send)
                with trio.fail_after(30):
                    port = (await arrivals.receive())["port"]
                yield Mailbox(port, arrivals)
            finally:
                child.kill()
                with trio.CancelScope(shield=True):
                    await child.wait()
            nursery.cancel_scope.cancel()


async def _read_lines(stream: Any, send: trio.MemorySendChannel[dict[str, Any]]) -> None:
    rest = b""
    async for chunk in stream:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            send.send_nowait(json.loads(line))
