"""`oracle serve`: the whole system and its web server, until told to end."""

from __future__ import annotations

import os
from collections.abc import Iterable

import trio

from oracle.log import logger
from oracle.settings import Settings
from web.ending import told_to_end
from web.hosting import host

__all__ = ["serve"]

LOG = logger("serve")


async def serve(settings: Settings, notes: Iterable[str]) -> None:
    """Start everything, say `oracle ready`, and wait to be told to end; then end in order.

    Raises Invalid, CannotStart, and RestartsExhausted where the runtime has crashed.
    """
    os.umask(0o077)  # what the history writes beside its file, and what is exported, is for its owner too
    for note in notes:
        LOG.warning(note)
    end = trio.Event()
    with told_to_end(end.set):
        async with host(settings) as running:
            fresh = running.first_token
            print(f"oracle ready {running.url}" + (f"?token={fresh}" if fresh else ""), flush=True)
            await end.wait()
            LOG.info("ending")
