"""The keys somebody presses on a terminal, each as soon as it is."""

from __future__ import annotations

import os
import re
import termios
import tty
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import trio

__all__ = ["keys", "keys_of", "pressing"]

REST_S = 0.05  # for the rest of an escape sequence, which may come in pieces
_KEY = re.compile(r"\x1b\[[0-9;]*[A-Za-z~]|\x1bO[A-Z]|.", re.DOTALL)
_BEGUN = re.compile(r"\x1b(?:\[[0-9;]*|O)?\Z")
_NAMES = {
    "\x1b[A": "up", "\x1b[B": "down", "\x1b[C": "right", "\x1b[D": "left", "\x1bOA": "up", "\x1bOB": "down", "\x1bOC": "right",
    "\x1bOD": "left", "\x1b[5~": "pageup", "\x1b[6~": "pagedown", "\x1b[H": "home", "\x1b[F": "end", "\x1b[1~": "home",
    "\x1b[4~": "end", "\x1b[Z": "backtab", "\t": "tab", "\r": "enter", "\n": "enter", "\x7f": "backspace", "\b": "backspace",
    "\x1b": "escape", "\x04": "eof",
}  # fmt: skip


@contextmanager
def pressing(file: int) -> Iterator[None]:
    """Within, each key of a terminal is heard at once and is not shown; Ctrl-C goes on being a signal."""
    before = termios.tcgetattr(file)
    tty.setcbreak(file)
    try:
        yield
    finally:
        termios.tcsetattr(file, termios.TCSADRAIN, before)


async def keys(file: int) -> AsyncIterator[str]:
    """A character, or the name of a key that is none; `eof` when the terminal has gone."""
    while text := await _read(file):
        while _BEGUN.search(text):
            rest = ""
            with trio.move_on_after(REST_S):
                rest = await _read(file)
            if not rest:
                break
            text += rest
        for key in keys_of(text):
            yield key
    yield "eof"


def keys_of(text: str) -> Iterator[str]:
    """The keys that a terminal said; what means nothing here is left out."""
    for said in _KEY.findall(text):
        if said in _NAMES:
            yield _NAMES[said]
        elif said.isprintable():
            yield said


async def _read(file: int) -> str:
    await trio.lowlevel.wait_readable(file)
    return os.read(file, 1024).decode(errors="ignore")
