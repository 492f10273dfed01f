"""Recordings of WebSocket sessions with an exchange, one line per frame.

Three forms of line, T in UNIX seconds: `URL <-> T` (connected), `URL <- T: TEXT` (our side sent), `T: TEXT` (the
exchange sent). Blank lines may occur.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TextIO

import attrs

__all__ = ["BadRecording", "Frame", "Recorder", "Recording", "read_recording"]

_CONNECTED = re.compile(r"(?P<url>wss?://\S+) <-> (?P<at>\d{1,11}(?:\.\d+)?)")
_SENT = re.compile(r"(?P<url>wss?://\S+) <- (?P<at>\d{1,11}(?:\.\d+)?): (?P<text>.*)")
_BREAKS = re.compile(r"[\r\n]")  # others than these may be in a string of JSON's
_RECEIVED = re.compile(r"(?P<at>\d{1,11}(?:\.\d+)?): (?P<text>.*)")


class BadRecording(ValueError):
    """A line is in none of the three forms; the message names file and line."""


@attrs.frozen
class Frame:
    """One text frame and when it passed (UTC microseconds)."""

    at_us: int
    text: str


@attrs.frozen
class Recording:
    """One session: the URL, when it was opened (UTC microseconds), what our side sent, what the exchange sent; and for each line
    that is none, where those were passed over, how many frames came before it."""

    url: str
    opened_us: int
    sent: tuple[Frame, ...]
    frames: tuple[Frame, ...]
    bad: tuple[int, ...] = ()

    @property
    def seconds(self) -> float:
        """From the opening to the last frame."""
        return (self.frames[-1].at_us - self.opened_us) / 1e6 if self.frames else 0.0


def read_recording(path: Path, *, strict: bool = True) -> Recording:
    """Read a recording whole. Raises OSError where the file cannot be read, and BadRecording for a line that is none, which is
    passed over if not `strict`."""
    with path.open("rb") as lines:
        return _recording(path.name, lines, strict)


class Recorder:
    """Writes a session line by line, so that what was heard until a SIGKILL can be read. A line break in a frame becomes a
    blank, which in JSON means the same."""

    def __init__(self, file: TextIO, url: str) -> None:
        self._file = file
        self._url = url
        self.frames = 0

    def opened(self, at_us: int) -> None:
        """The connection is there."""
        self._write(f"{self._url} <-> {_seconds(at_us)}")

    def sent(self, at_us: int, text: str) -> None:
        """Our side said something."""
        self._write(f"{self._url} <- {_seconds(at_us)}: {_one_line(text)}")

    def received(self, at_us: int, text: str) -> None:
        """The exchange said something."""
        self._write(f"{_seconds(at_us)}: {_one_line(text)}")
        self.frames += 1

    def _write(self, line: str) -> None:
        self._file.write(line + "\n")
        self._file.flush()


def _one_line(text: str) -> str:
    return _BREAKS.sub(" ", text)


def _seconds(at_us: int) -> str:
    return f"{at_us // 1_000_000}.{at_us % 1_000_000:06d}"


def _recording(name: str, lines: Iterable[bytes], strict: bool) -> Recording:
    url, opened_us = "", 0
    bad: list[int] = []
    sent: list[Frame] = []
    frames: list[Frame] = []
    for number, raw in enumerate(lines, start=1):
        try:
            line = raw.decode().rstrip("\r\n")
        except UnicodeDecodeError as error:
            if strict:
                raise BadRecording(f"{name} is not UTF-8 text: {error.reason} in line {number}") from None
            bad.append(len(frames))
            continue
        if not line.strip():
            continue
        if found := _RECEIVED.fullmatch(line):
            frames.append(Frame(_us(found["at"]), found["text"]))
        elif found := _SENT.fullmatch(line):
            sent.append(Frame(_us(found["at"]), found["text"]))
        elif found := _CONNECTED.fullmatch(line):
            url, opened_us = url or found["url"], opened_us or _us(found["at"])
        elif not strict:
            bad.append(len(frames))
        else:
            raise BadRecording(f"{name}, line {number}: neither a frame nor a connection: {line[:60]!r}")
    if not opened_us and frames:
        opened_us = frames[0].at_us
    return Recording(url, opened_us, tuple(sent), tuple(frames), tuple(bad))


def _us(seconds: str) -> int:
    # By text, not by float: the sixth digit of such a time is at the edge of what a float holds.
    whole, _, part = seconds.partition(".")
    return int(whole) * 1_000_000 + int(part[:6].ljust(6, "0"))
