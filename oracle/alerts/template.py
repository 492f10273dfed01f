"""The small language of alert texts: `{{ event.severity }}`, `{{ event.data.change_pct | round(2) }}`. Pure.

Between the braces stands a path through the payload's own objects and then filters from `FILTERS`; nothing is called,
looped over or computed. What is not there is empty, a filter leaves what it does not understand as it is, and both a
template and what it becomes have a greatest length: so a template that was accepted can't fail when an alert is due.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import attrs
import msgspec
from attrs.validators import optional

from oracle.problems import Bad, closest, one_of

__all__ = ["FILTERS", "LONGEST", "LONGEST_OUTPUT", "Templates", "parse", "plain", "render"]

LONGEST = 10_000
"""Characters of a template."""
LONGEST_OUTPUT = 20_000
"""Characters of what it becomes; the rest is left out."""
MOST_FILTERS = 8
MOST_PARTS = 10

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_BLANK = re.compile(r"\s*")
_ARGUMENT = re.compile(r"""\d{1,5}(?![\w.])|"[^"\n]*"|'[^'\n]*'""")
_ISO = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?Z")


@attrs.frozen
class Slot:
    """What stands between two braces: where the value is, and what is then done to it in order."""

    path: tuple[str, ...]
    filters: tuple[tuple[str, tuple[Any, ...]], ...] = ()


Piece = str | Slot


def _is_template(_: Any, __: Any, text: str) -> None:
    parse(text)


_is_template.shape = {"most": LONGEST}  # type: ignore[attr-defined]


@attrs.frozen
class Templates:
    """What an owner wants said instead of our own words: `subject` of mail, `text` of every channel that says text, `html` of
    mail. Each is null for ours."""

    subject: str | None = attrs.field(default=None, validator=optional(_is_template))
    text: str | None = attrs.field(default=None, validator=optional(_is_template))
    html: str | None = attrs.field(default=None, validator=optional(_is_template))


# ---- reading


@lru_cache(maxsize=1024)
def parse(template: str) -> tuple[Piece, ...]:
    """The pieces of a template. Raises Bad, whose ctx says the line and the column, both from 1."""
    if len(template) > LONGEST:
        raise Bad("string_too_long", f"String should have at most {LONGEST} characters", ctx={"max_length": LONGEST})
    pieces: list[Piece] = []
    at = 0
    while (start := template.find("{{", at)) >= 0:
        if start > at:
            pieces.append(template[at:start])
        reading = _Reading(template, start + 2)
        pieces.append(reading.slot())
        at = reading.at
    if at < len(template):
        pieces.append(template[at:])
    return tuple(pieces)


class _Reading:
    """One slot, read from left to right."""

    def __init__(self, text: str, at: int) -> None:
        self.text = text
        self.at = at
        self._start = at - 2

    def slot(self) -> Slot:
        path = [self._word("a name")]
        while self._takes("."):
            path.append(self._word("a name"))
        if len(path) > MOST_PARTS:
            raise self._wrong(f"a path has at most {MOST_PARTS} names", self._start)
        filters = []
        while self._takes("|"):
            filters.append(self._filter())
        if len(filters) > MOST_FILTERS:
            raise self._wrong(f"a value passes at most {MOST_FILTERS} filters", self._start)
        if not self._takes("}}"):
            at_end = self.at >= len(self.text)
            raise self._wrong("{{ is not closed by }}" if at_end else "expected ., | or }}", self._start if at_end else self.at)
        return Slot(tuple(path), tuple(filters))

    def _filter(self) -> tuple[str, tuple[Any, ...]]:
        self._skip()
        at = self.at
        name = self._word("a filter")
        if name not in FILTERS:
            meant = closest(name, FILTERS)
            raise self._wrong(f"{name} is no filter; there are {one_of(FILTERS)}", at, meant)
        args: list[Any] = []
        if self._takes("("):
            while not self._takes(")"):
                if args and not self._takes(","):
                    raise self._wrong("expected , or )", self.at)
                args.append(self._argument())
        wanted = FILTERS[name].takes
        if len(args) > len(wanted) or not all(isinstance(arg, kind) for arg, kind in zip(args, wanted, strict=False)):
            raise self._wrong(f"{name} takes {_said(wanted)}", at)
        return name, tuple(args)

    def _argument(self) -> Any:
        self._skip()
        found = _ARGUMENT.match(self.text, self.at)
        if found is None:
            raise self._wrong("expected a whole number or a text in quotes", self.at)
        self.at = found.end()
        return int(found[0]) if found[0][0].isdigit() else found[0][1:-1]

    def _word(self, what: str) -> str:
        self._skip()
        found = _NAME.match(self.text, self.at)
        if found is None:
            at_end = self.at >= len(self.text)
            raise self._wrong("{{ is not closed by }}" if at_end else f"expected {what}", self._start if at_end else self.at)
        self.at = found.end()
        return found[0]

    def _takes(self, mark: str) -> bool:
        self._skip()
        found = self.text.startswith(mark, self.at)
        self.at += len(mark) * found
        return found

    def _skip(self) -> None:
        self.at = _BLANK.match(self.text, self.at).end()  # type: ignore[union-attr]

    def _wrong(self, why: str, at: int, suggestion: str = "") -> Bad:
        before = self.text[:at].split("\n")
        line, column = len(before), len(before[-1]) + 1
        return Bad("template_syntax", f"{why} (line {line}, column {column})", suggestion=suggestion,
                   ctx={"line": line, "column": column})


def _said(wanted: tuple[type, ...]) -> str:
    return " and ".join("a whole number" if kind is int else "a text" for kind in wanted) or "nothing in brackets"


# ---- writing


def render(template: str, payload: Mapping[str, Any], escape: Callable[[str], str] = str) -> str:
    """What a template becomes; `escape` goes over every value, and never over what the template itself says."""
    made, room = [], LONGEST_OUTPUT
    for piece in parse(template):
        made.append(piece[:room] if isinstance(piece, str) else _fitted(_value(piece, payload), escape, room))
        room -= len(made[-1])
    return "".join(made)


def plain(value: Any) -> str:
    """A value as text: nothing for null, objects and lists as JSON."""
    if value is None:
        return ""
    return str(value) if isinstance(value, str) else _json(value)


def _fitted(value: str, escape: Callable[[str], str], room: int) -> str:
    """The beginning of a value that fits once it is escaped: cut afterwards, an escape might be none any more."""
    text = escape(value[:room])
    while len(text) > room:
        value = value[: len(value[:room]) * room // len(text)]
        text = escape(value)
    return text


def _value(slot: Slot, payload: Mapping[str, Any]) -> str:
    value: Any = payload
    for name in slot.path:
        value = value.get(name) if isinstance(value, Mapping) else None
    for name, args in slot.filters:
        value = FILTERS[name].change(value, *args)
    return plain(value)


# ---- filters


@attrs.frozen
class Filter:
    """What a filter does to a value, in words too, and with which arguments; all of these may be left out."""

    change: Callable[..., Any]
    note: str
    takes: tuple[type, ...] = ()


def _json(value: Any) -> str:
    try:
        return msgspec.json.encode(value, enc_hook=str).decode()
    except (ValueError, OverflowError, RecursionError, TypeError):
        return ""


def _round(value: Any, places: int = 0, sign: str = "") -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    try:
        return f"{float(value):{sign}.{min(places, 12)}f}"
    except OverflowError:
        return value


def _truncate(value: Any, longest: int = 100) -> str:
    text = plain(value)
    return text if len(text) <= longest else text[: max(0, longest - 1)] + "…"


def _join(value: Any, between: str = ", ") -> Any:
    return between.join(map(plain, value)) if isinstance(value, list | tuple) else value


def _time(value: Any) -> Any:
    found = _ISO.fullmatch(value) if isinstance(value, str) else None
    return f"{found[1]} {found[2]} UTC" if found else value


FILTERS = {
    "default": Filter(
        lambda value, other="": other if value is None or value == "" else value, "('x') where nothing is there", (str,)),
    "join": Filter(_join, "(', ') a list as one text", (str,)),
    "json": Filter(_json, "the value as JSON"),
    "lower": Filter(lambda value: plain(value).lower(), "in small letters"),
    "round": Filter(_round, "(2) a number with so many places", (int,)),
    "signed": Filter(lambda value, places=0: _round(value, places, "+"), "(2) the same with + or -", (int,)),
    "time": Filter(_time, "2026-01-02 03:04:05 UTC"),
    "trim": Filter(lambda value: plain(value).strip(), "without blanks around it"),
    "truncate": Filter(_truncate, "(100) at most so many characters", (int,)),
    "upper": Filter(lambda value: plain(value).upper(), "in capitals"),
}
