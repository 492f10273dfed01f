"""What is wrong with data somebody gave us: where, why, and what they may have meant.

Codes and wording follow the validation errors that clients of the seeds' HTTP APIs already parse (`missing`,
`int_type`, `greater_than_equal`, ...), so one list of problems serves a settings file, a command line and a body.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

import attrs

__all__ = ["Bad", "Invalid", "Problem", "closest", "one_of"]


@attrs.frozen
class Problem:
    """One thing wrong. `path` leads to it (names and indexes), `type` is its code, `reason` a sentence, `value` what
    was given, `suggestion` the word that was probably meant (or empty), `ctx` the limits that were broken."""

    path: tuple[str | int, ...]
    type: str
    reason: str
    value: Any = None
    suggestion: str = ""
    ctx: Mapping[str, Any] = attrs.field(factory=dict)

    @property
    def where(self) -> str:
        """The path as text: `watchdogs.price_anomaly.symbols[2]`."""
        text = ""
        for part in self.path:
            text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
        return text

    def __str__(self) -> str:
        # The value of an unknown key may be a secret under a misspelled name, so it is never printed.
        shown = "" if self.type in {"missing", "extra_forbidden"} else f" (given {_short(self.value)})"
        hint = f"; did you mean {self.suggestion!r}?" if self.suggestion else ""
        return f"{self.where or 'input'}: {self.reason}{hint}{shown}"


class Invalid(ValueError):
    """Data does not fit its class; `problems` has all of them, in the order of the class's fields."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class Bad(ValueError):
    """Raised by a value's own check: a Problem that does not know its path yet."""

    def __init__(self, type: str, reason: str, *, suggestion: str = "", ctx: Mapping[str, Any] | None = None,
                 secret: bool = False) -> None:
        super().__init__(reason)
        self.type = type
        self.reason = reason
        self.suggestion = suggestion
        self.ctx = ctx or {}
        self.secret = secret

    def at(self, path: tuple[str | int, ...], value: Any) -> Problem:
        """The Problem this is, now that its place is known."""
        return Problem(path, self.type, self.reason, "****" if self.secret else value, self.suggestion, self.ctx)


def closest(word: Any, known: Iterable[str]) -> str:
    """The known word most like `word`, or empty if none is alike."""
    return next(iter(difflib.get_close_matches(str(word), list(known), n=1, cutoff=0.6)), "")


def one_of(options: Iterable[Any]) -> str:
    """`'a', 'b' or 'c'`."""
    *rest, last = [repr(option) for option in options]
    return f"{', '.join(rest)} or {last}" if rest else last


def _short(value: Any) -> str:
    try:
        text = repr(value)
    except ValueError:  # Python writes no integer of more than 4,300 digits
        return "more digits than can be shown"
    return text if len(text) <= 80 else text[:77] + "..."
