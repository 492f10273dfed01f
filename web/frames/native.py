"""Frames of our own stream. Those of published messages are derived from the message classes, as `web.rows` shows them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal, TypeVar

import msgspec

from oracle.model import Attempt, Bar, Chunk, Depth, Event, Gap, Message, Quote, Sample, Trade
from web.rows import shown_names

__all__ = ["HEARD", "PUBLISHED", "TOLD"]

Data = TypeVar("Data")
_PUBLISHED: dict[str, type] = {
    "quote": Quote, "trade": Trade, "bar": Bar, "depth": Depth, "sample": Sample, "event": Event, "gap": Gap, "output": Chunk,
    "message": Message, "attempt": Attempt,
}  # fmt: skip


class StateRow(msgspec.Struct):
    """How a thing is now: `ref` is `kind:id`, `version` grows by one with each change, a `value` of null means it is gone."""

    ref: str
    kind: str
    id: str
    value: dict[str, Any] | None
    version: int
    ts: datetime


class LifeRow(msgspec.Struct):
    """An actor started, crashed, was lost (an expected crash), stopped, or failed for good."""

    name: str
    what: str
    error: str | None
    restarts: int


class DeadRow(msgspec.Struct):
    """A message that nobody handled: whom it was for, why, and of which kind it was."""

    name: str
    reason: str
    message: str


def _row(kind: str, cls: type) -> type:
    """The class of what a message is shown as."""
    names, times, has_source, _ = shown_names(cls)
    types = {field.name: field.type for field in msgspec.structs.fields(cls)}
    fields: list[tuple[str, Any]] = [(shown, datetime if shown in times else types[name]) for name, shown in names]
    if has_source:
        fields.append(("simulated", bool))
    return msgspec.defstruct(f"{cls.__name__}Row", fields, namespace={"__doc__": cls.__doc__}, module=__name__)


def _frame(kind: str, row: type) -> type:
    fields: list[tuple[str, Any]] = [
        ("type", Literal[kind]), ("channel", str), ("topic", str), ("epoch", str), ("offset", int), ("ts", datetime),
        ("data", row | None),
    ]  # fmt: skip
    said = f"A message of the topic `{kind}:...`, at a place (`epoch`, `offset`); `data` is null where JSON has no word for it."
    return msgspec.defstruct(f"{kind.title()}Frame", fields, namespace={"__doc__": said}, module=__name__)


def _published() -> Iterator[type]:
    for kind, cls in _PUBLISHED.items():
        yield _frame(kind, _row(kind, cls))
    for kind, row in (("state", StateRow), ("life", LifeRow), ("dead", DeadRow)):
        yield _frame(kind, row)


class Subscribed(msgspec.Struct):
    """What a client is subscribed to from here on. Who came back is told whether all it missed follows (`recovered`), or why
    not."""

    type: Literal["subscribed"]
    channel: Literal["system:stream"]
    epoch: str
    offset: int | None = None
    topics: list[str] | None = None
    recovered: bool | None = None
    reason: str | None = None
    after: str | None = None


class Ready(msgspec.Struct):
    """The snapshot, or what was missed, is complete; everything after it is news."""

    type: Literal["ready"]
    channel: Literal["system:stream"]
    epoch: str
    offset: int
    recovered: bool | None = None
    caught_up: int | None = None
    reason: str | None = None
    after: str | None = None


class Skipped(msgspec.Struct):
    """So many messages were not told to this client, which takes them too slowly; of retained topics it has the newest."""

    type: Literal["skipped"]
    channel: Literal["system:stream"]
    epoch: str
    count: int
    reason: str


class Answered(msgspec.Struct):
    """What became of a command that the client sent; `replayed`: it was answered before."""

    type: Literal["answer"]
    channel: Literal["system:stream"]
    epoch: str
    id: str
    status: int
    body: Any
    replayed: bool


class Said(msgspec.Struct):
    """What is wrong."""

    code: str
    message: str
    details: dict[str, Any] | list[Any]


class Error(msgspec.Struct):
    """What the client sent was not understood, or can't be done now; the socket stays open."""

    type: Literal["error"]
    error: Said


class Subscribe(msgspec.Struct):
    """Begin to hear of these topics; while there are none yet also from a place on."""

    action: Literal["subscribe"]
    topics: list[str]
    since: str = ""


class Unsubscribe(msgspec.Struct):
    """Hear no more of these topics."""

    action: Literal["unsubscribe"]
    topics: list[str]


class Command(msgspec.Struct):
    """Do what an unsafe route does, once for each `id`."""

    action: Literal["command"]
    id: str
    method: str
    path: str
    body: Any = None


class Push(msgspec.Struct):
    """Take rows, as `POST /api/oracle/push` does, once for each `id`."""

    action: Literal["push"]
    id: str
    rows: list[dict[str, Any]]
    source: str = "push"


PUBLISHED = tuple(_published())
"""What is published, as it is told."""
TOLD = (*PUBLISHED, Subscribed, Ready, Skipped, Answered, Error)
HEARD = (Subscribe, Unsubscribe, Command, Push)
