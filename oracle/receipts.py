"""Which commands of clients were carried out, and what was answered: a command that is sent again is not applied again.

A client names its command by an id of its own. Everything that comes of it carries that name as its cause, and what is
durable of it is committed together with an Event that does: the mark that it was applied. The answer is an Event too, and
is given only once it is on disk. So both can be known again after a SIGKILL, from the events of the last 24 hours (what an
alert calls has no answer, and is known likewise to be applied):

    unknown -> under way -> applied -> answered           all but `under way` outlives the process

A command whose outcome is not known (no answer in time, a disk that takes no writes) goes back to what is on disk of it,
and may be sent again. Remembered are the newest 10,000 ids, for 24 hours at least, with at most 32 MiB of answers; what is
too much goes, oldest first, and is then taken for new.
"""

from __future__ import annotations

import hashlib
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any

import attrs
import msgspec
import trio

from actors import Refused
from oracle.model import Event, Severity, event_id

__all__ = [
    "ANSWERED", "CARRIED", "CLIENT", "KEEP_US", "MOST", "MOST_BYTES", "UNDONE", "Answered", "Key", "Receipts", "Turn",
    "answered_event", "part_of", "undone",
]  # fmt: skip

CLIENT = "client/"
"""How the id of a command begins that a client named; no id made inside begins so."""
CARRIED = "dlv_"
"""How the id of a command begins that an alert calls: it is the delivery's that carries it, which is tried over a SIGKILL too."""
ANSWERED = "command_answered"
UNDONE = "command_undone"
"""Kinds of events: the answer to a command; an effect that was taken back because nobody knew whether it was stored."""
KEEP_US = 86_400_000_000
MOST = 10_000
MOST_BYTES = 32 * 1024 * 1024
MOST_UNDER_WAY = 1_000
_WEIGHT = 1_000  # bytes in memory beside the body, measured and rounded up


@attrs.frozen
class Key:
    """A client's own id for a command: whose it is, and a digest of what was asked."""

    by: str
    ident: str  # without a slash
    digest: str  # likewise

    @property
    def name(self) -> str:
        """What it is remembered under."""
        return f"{CLIENT}{self.by}/{self.ident}"

    @property
    def command_id(self) -> str:
        """For `Command.id` and `Event.cause`."""
        return f"{self.name}/{self.digest}"


@attrs.frozen
class Answered:
    """An answer as it was given. `body` is text, usually JSON."""

    status: int
    body: str
    headers: tuple[tuple[str, str], ...] = ()
    content_type: str = "application/json"


@attrs.define(eq=False)
class Turn:
    """A command that is under way; `ended` is set when it is not any more, and `answer` is what came of it, if anything."""

    key: Key
    ended: trio.Event = attrs.field(factory=trio.Event)
    answer: Answered | None = None


@attrs.define(eq=False)
class _Receipt:
    digest: str
    at_us: int
    answer: Answered | None = None
    stored: bool = False  # the answer is on disk

    @property
    def weight(self) -> int:
        return _WEIGHT + (sys.getsizeof(self.answer.body) if self.answer else 0)


class Receipts:
    """What is known of commands, by the ids that clients gave them. Synchronous and of one instant, like the board.

    `secret` makes digests tell nothing about what was digested: they are shown, and a request may hold a password.
    """

    def __init__(
        self, now_us: Callable[[], int], secret: bytes = b"", most: int = MOST, most_bytes: int = MOST_BYTES
    ) -> None:
        self._now_us = now_us
        self._secret = secret
        self._most, self._most_bytes = most, most_bytes
        self._known: OrderedDict[str, _Receipt] = OrderedDict()
        self._under_way: dict[str, Turn] = {}
        self.bytes = 0
        self.replayed = 0
        self.forgotten = 0
        """Those that had to go before their 24 hours were over."""

    def __len__(self) -> int:
        return len(self._known)

    @property
    def under_way(self) -> int:
        """How many commands are being carried out now."""
        return len(self._under_way)

    def load(self, rows: Iterable[tuple[str, str, str | None, int]]) -> None:
        """Take over what history knows: (kind, cause, data of an answer as JSON, time) of events, in their order."""
        for kind, cause, data, at_us in rows:
            name, digest = _split(cause)
            known = self._known.get(name)
            if known is not None and known.digest != digest:
                known = None
            if kind == ANSWERED and data is not None:
                self._put(name, _Receipt(digest, at_us, _answer_of(msgspec.json.decode(data)), stored=True))
            elif kind == UNDONE and known is not None and known.answer is None:
                self._drop(name)
            elif kind not in (ANSWERED, UNDONE) and known is None:
                self._put(name, _Receipt(digest, at_us))

    def digest(self, *asked: Any) -> str:
        """32 hex digits for what JSON can say; the order of keys in objects does not count."""
        text = msgspec.json.encode(asked, order="sorted")
        return hashlib.blake2b(text, digest_size=16, key=self._secret).hexdigest()

    # ---- whoever serves a client

    def find(self, key: Key) -> Answered | Turn | None:
        """The answer of this command, or whoever carries it out just now; None where it is to be carried out: `begin`.

        Raises Refused `reused` where the id was given to another request.
        """
        turn, known = self._under_way.get(key.name), self._known.get(key.name)
        digest = turn.key.digest if turn else known.digest if known else key.digest
        if digest != key.digest:
            raise Refused(f"the id {key.ident!r} was given to another request", "reused", {"id": key.ident})
        if turn is not None:
            return turn
        return known.answer if known is not None and known.stored else None

    def begin(self, key: Key) -> Turn:
        """Carry it out; `end` must follow. Raises Refused `full` while too many are under way."""
        if len(self._under_way) >= MOST_UNDER_WAY:
            raise Refused("too many commands are under way", "full")
        turn = self._under_way[key.name] = Turn(key)
        return turn

    def end(self, turn: Turn, answer: Answered | None) -> None:
        """It is not under way any more; who waits for it is told the answer."""
        del self._under_way[turn.key.name]
        turn.answer = answer
        turn.ended.set()

    def held(self, key: Key) -> Answered | None:
        """An answer that is there, and may not be on disk."""
        known = self._known.get(key.name)
        return known.answer if known is not None and known.digest == key.digest else None

    def hold(self, key: Key, answer: Answered) -> None:
        """Keep an answer that is not on disk yet."""
        self._put(key.name, _Receipt(key.digest, self._now_us(), answer))

    def stored(self, key: Key) -> None:
        """The answer that was held is on disk."""
        known = self._known.get(key.name)
        if known is not None and known.digest == key.digest:
            known.stored = True

    # ---- whoever applies a command

    def applied(self, command_id: str) -> bool:
        """Whether its effect is there already; False for an empty id."""
        name, digest = _split(command_id)
        known = self._known.get(name)
        return known is not None and known.digest == digest

    def note_applied(self, command_id: str) -> None:
        """Its effect is committed. An empty id is nobody's."""
        if command_id and not self.applied(command_id):
            name, digest = _split(command_id)
            self._put(name, _Receipt(digest, self._now_us()))

    # ---- private

    def _put(self, name: str, receipt: _Receipt) -> None:
        self._drop(name)
        self._known[name] = receipt
        self.bytes += receipt.weight
        too_old_us = self._now_us() - KEEP_US
        while self._known:
            oldest = next(iter(self._known))
            expired = self._known[oldest].at_us < too_old_us
            if not expired and len(self._known) <= self._most and self.bytes <= self._most_bytes:
                return
            self._drop(oldest)
            self.forgotten += not expired

    def _drop(self, name: str) -> None:
        dropped = self._known.pop(name, None)
        if dropped is not None:
            self.bytes -= dropped.weight


def answered_event(key: Key, method: str, path: str, answer: Answered, now_us: int) -> Event:
    """The Event by which an answer is remembered, and audited."""
    return Event(
        id=event_id(ANSWERED, key.name, "api", 0, key.digest), kind=ANSWERED, subject=key.ident, source="api",
        severity=Severity.low, summary=f"{method} {path} by {key.by}: {answer.status}",
        data={"by": key.by, "id": key.ident, "method": method, "path": path, **attrs.asdict(answer)}, ts_us=now_us,
        cause=key.command_id,
    )  # fmt: skip


def part_of(command_id: str, part: str) -> str:
    """The id of one part of a command that is carried out in several, each of them once; empty for an empty id."""
    if not command_id:
        return ""
    name, digest = _split(command_id)
    mark = hashlib.blake2b(part.encode(), digest_size=8).hexdigest()
    return f"{name}~{mark}" + (f"/{digest}" if digest else "")  # no client can name an id with a tilde


def _answer_of(data: dict[str, Any]) -> Answered:
    headers = tuple((name, value) for name, value in data["headers"])
    return Answered(data["status"], data["body"], headers, data["content_type"])


def _split(command_id: str) -> tuple[str, str]:
    """The name and the digest of a client's command; an id made inside is a name."""
    if not command_id.startswith(CLIENT):
        return command_id, ""
    name, _, digest = command_id.rpartition("/")
    return name, digest


def undone(told: Event) -> Event:
    """Takes back what may have been stored with `told`."""
    return Event(
        id=event_id(UNDONE, told.subject, told.source, told.ts_us, told.id), kind=UNDONE, subject=told.subject,
        source=told.source, severity=Severity.low, summary=f"not done after all: {told.summary}",
        data={**told.data, "event_id": told.id}, ts_us=told.ts_us, cause=told.cause,
    )  # fmt: skip
