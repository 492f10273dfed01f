"""What all peers share: how they are told what to send, and the message."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

__all__ = ["READY", "listen_for_order", "message"]

READY = '{"type":"ready"}'


def listen_for_order(begin: Callable[[dict[str, Any]], object]) -> None:
    """Call `begin` in a thread with what one line of JSON on standard input says: `messages`, `payload_bytes`, `burst` and
    `rate_per_s`, as in `bench.delivery_feed.Fan`. End the process with its standard input."""

    def read() -> None:
        for line in sys.stdin:
            begin(json.loads(line))
        os._exit(0)

    threading.Thread(target=read, daemon=True).start()


def message(size: int) -> str:
    """A JSON message of `size` bytes that says when it was made, as `load.c` reads it."""
    head = f'{{"trade_id":"{10**18 + time.monotonic_ns()}","pad":"'
    return f'{head}{"x" * (size - len(head) - 2)}"}}'
