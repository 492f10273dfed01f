"""What the parent tells the worker, and what the worker says: one JSON line each, but for pieces of history, which are lines
of the database's own making."""

from __future__ import annotations

from typing import Any

import msgspec

from oracle.model import Bar, Depth, Event, Gap, Quote, Sample, Trade
from oracle.watchdogs.decider import Mean

__all__ = [
    "Begin", "Cut", "Done", "Found", "Order", "Piece", "Told", "actor_of", "decode_piece", "message_lines",
]  # fmt: skip


def _twin(cls: Any) -> Any:
    """The same message, whose JSON is an array of its fields."""
    return msgspec.defstruct(cls.__name__, [], bases=(cls,), array_like=True, frozen=True, gc=False)


KINDS = {"quote": Quote, "trade": Trade, "bar": Bar, "depth": Depth, "sample": Sample, "event": Event, "gap": Gap}
_TWINS = {kind: _twin(cls) for kind, cls in KINDS.items()}
_ROWS = {kind: msgspec.json.Decoder(list[tuple[int, int, twin]]) for kind, twin in _TWINS.items()}
_ONE = {kind: msgspec.json.Decoder(tuple[int, int, twin]) for kind, twin in _TWINS.items()}
_LOOSE = msgspec.json.Decoder(list[msgspec.Raw])
_KIND_OF = {cls: kind for kind, cls in KINDS.items()}


class Order(msgspec.Struct, tag=True):
    """The watchdogs to run, by name: the kind of each and its settings; only what happens in from_us..to_us is told. `classes`
    are those that live in the parent alone, as `oracle.cells` packs them."""

    watchdogs: dict[str, tuple[str, dict[str, Any]]]
    from_us: int
    to_us: int
    classes: dict[str, bytes] = {}


class Begin(msgspec.Struct, tag=True):
    """A life of `name` begins at `at_us`: `bars` and `means` are its lessons, `memory` pieces of its own past."""

    name: str
    at_us: int
    bars: list[Bar]
    means: list[Mean]
    memory: list[tuple[str, str]]
    watched_us: int = 0


class Piece(msgspec.Struct, tag=True):
    """Messages of a kind, as `oracle.history.lines` has them, for the watchdogs named."""

    kind: str
    rows: str
    names: list[str]


class Cut(msgspec.Struct, tag=True):
    """All pieces up to here are to be gone through now; lives that `ended` are over, each at its time; `done` of the whole."""

    done: float
    ended: dict[str, int] = {}


class Told(msgspec.Struct, tag=True):
    """So much of the whole was done, after so many messages."""

    done: float
    messages: int


class Found(msgspec.Struct, tag=True):
    """An event of a watchdog."""

    event: Event


class Done(msgspec.Struct, tag=True):
    """The end: messages taken by each watchdog, rows that could not be read, CPU seconds of going through the messages, and of
    what watchdogs crashed, with where: file, line, function and its first line, innermost last."""

    messages: dict[str, int]
    unreadable: int
    busy_s: float
    crashed: dict[str, str] = {}
    crashed_at: dict[str, list[tuple[str, int, str, int]]] = {}


def actor_of(name: str) -> str:
    """The actor that a name in an Order is of: `watchdog:NAME`, or the name itself where it has a colon."""
    return name if ":" in name else f"watchdog:{name}"


def decode_piece(kind: str, rows: str) -> tuple[list[tuple[int, int, Any]], int]:
    """(offset, publish time, message) of each row, and how many could not be read, as one with a number that is none."""
    try:
        found, bad = _ROWS[kind].decode(rows), 0
    except msgspec.ValidationError:
        found, bad = [], 0
        for row in _LOOSE.decode(rows):
            try:
                found.append(_ONE[kind].decode(row))
            except msgspec.ValidationError:
                bad += 1
    if kind == "gap":  # which is told by its class
        found = [(offset, time_us, Gap(*msgspec.structs.astuple(gap))) for offset, time_us, gap in found]
    return found, bad


def message_lines(messages: Any) -> list[tuple[str, str]]:
    """Messages, as (publish time, message), in pieces that `decode_piece` reads: one for each run of the same kind."""
    pieces: list[tuple[str, list[Any]]] = []
    for place, (time_us, message) in enumerate(messages):
        kind = _KIND_OF[type(message)]
        if not pieces or pieces[-1][0] != kind:
            pieces.append((kind, []))
        pieces[-1][1].append((place, time_us, msgspec.structs.astuple(message)))
    return [(kind, msgspec.json.encode(rows).decode()) for kind, rows in pieces]
