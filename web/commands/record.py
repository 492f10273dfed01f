"""`oracle record URL FILE`: what an exchange says, as it can be played again."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import trio

from actors import Refused, wall_clock
from oracle import websocket
from oracle.problems import Bad, Invalid
from oracle.recording import Recorder
from web.ending import told_to_end

__all__ = ["record"]

CONNECT_S = 10.0
LARGEST_BYTES = 64 * 1_048_576
SAY_EACH = 100  # frames between two words about how far it is


async def record(url: str, file: Path, *, said: tuple[str, ...], seconds: float | None, frames: int | None) -> None:
    """Record until told to end, or there is enough. Raises Invalid for an address or a file that won't do, Refused when the
    venue goes away."""
    _check(url)
    shown = url.partition("?")[0]  # what follows may be a key, and recordings are passed on
    try:
        out = file.open("x", encoding="utf-8", newline="\n")
    except OSError as error:
        raise Invalid([Bad("recording", f"{file} can't be written: {error.strerror}").at(("file",), str(file))]) from error
    recorder = Recorder(out, shown)
    try:
        with out, trio.CancelScope() as scope, told_to_end(scope.cancel):
            await _hear(recorder, url, said, seconds, frames or math.inf)
    except websocket.Lost as lost:
        raise Refused(f"{shown} went away after {recorder.frames} frames: {lost}", "failed") from lost
    except OSError as error:  # a full disk, which is told once more when the file is closed
        raise Refused(f"{file} can't be written any further: {error.strerror}", "failed") from error
    finally:
        if file.stat().st_size:
            print(f"oracle: {recorder.frames} frames are in {file}", file=sys.stderr)
        else:  # nobody was there
            file.unlink()


def _check(url: str) -> None:
    """Raises Invalid for what is no address of a stream, and, unseen, for one with a password."""
    if not url.startswith(("ws://", "wss://")) or any(mark in url for mark in " \n"):
        raise Invalid([Bad("url_parsing", "Input should be a WebSocket URL").at(("url",), url)])
    if "@" in url.partition("://")[2].partition("/")[0]:
        why = "a URL has no user name or password in it: recordings are passed on"
        raise Invalid([Bad("url_parsing", why, secret=True).at(("url",), url)])


async def _hear(recorder: Recorder, url: str, said: tuple[str, ...], seconds: float | None, most: float) -> None:
    async with websocket.connect(url, timeout_s=CONNECT_S, max_message_bytes=LARGEST_BYTES) as connection:
        recorder.opened(wall_clock())
        for text in said:
            await connection.send(text)
            recorder.sent(wall_clock(), text)
        binary = False
        with trio.move_on_after(math.inf if seconds is None else seconds):
            while recorder.frames < most:
                frame = await connection.receive()
                if not isinstance(frame, str):
                    if not binary:
                        print("oracle: binary frames are left out: recordings are text", file=sys.stderr)
                    binary = True
                    continue
                recorder.received(wall_clock(), frame)
                if recorder.frames % SAY_EACH == 0:
                    print(f"oracle: {recorder.frames} frames", file=sys.stderr)
