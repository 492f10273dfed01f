"""The words of an expression: a text becomes tokens, each with its column."""

from __future__ import annotations

import math
import re

import attrs

from oracle.conditions.errors import BadExpression

__all__ = ["MOST_CHARS", "Token", "tokens"]

MOST_CHARS = 2_000

_DIGITS = r"[0-9]+(?:_[0-9]+)*"
_TOKEN = re.compile(
    rf"(?P<number>{_DIGITS}(?:\.{_DIGITS})?(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<text>\"[^\"]*\"|'[^']*')"
    r"|(?P<sign><=|>=|==|!=|[-+*/%<>=(),])"
)
_BLANK = re.compile(r"[ \t\r\n]*")
_GLUED = re.compile(r"[A-Za-z0-9_.]+")
_MEANT = {"&": "and", "|": "or", "!": "not", "^": "*", "[": "(", "{": "(", "]": ")", "}": ")", ";": "and",
          "\u201c": '"', "\u201d": '"', "\u2018": "'", "\u2019": "'"}  # fmt: skip


@attrs.frozen
class Token:
    """`kind` is number, name, text (`value` without its quotes), sign or end; `column` counts from 1."""

    kind: str
    value: str
    column: int

    def __str__(self) -> str:
        match self.kind:
            case "end":
                return "the end"
            case "text":
                return f'"{self.value}"'
        return f"'{self.value}'"


def tokens(text: str) -> list[Token]:
    """All of a text, and one that is its end. Raises BadExpression."""
    if len(text) > MOST_CHARS:
        raise BadExpression(f"an expression has at most {MOST_CHARS:,} characters, this one {len(text):,}", MOST_CHARS + 1)
    found, at = [], _BLANK.match(text).end()  # type: ignore[union-attr]
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise _unreadable(text[at], at + 1)
        found.append(_token(match, text))
        at = _BLANK.match(text, match.end()).end()  # type: ignore[union-attr]
    return [*found, Token("end", "", at + 1)]


def _token(match: re.Match[str], text: str) -> Token:
    kind, value, column = str(match.lastgroup), match.group(), match.start() + 1
    if kind == "number":
        _check_number(value, text, match.end())
    elif kind == "text":
        value = value[1:-1]
        for place, char in enumerate(value):
            if char in "\"'\\" or not char.isprintable():
                raise BadExpression("a text has no quotes, backslashes or control characters in it", column + 1 + place)
    return Token(kind, value, column)


def _check_number(value: str, text: str, end: int) -> None:
    glued = _GLUED.match(text, end)
    if glued is not None:
        hint = f'; a duration is a text: "{value}{glued.group()}"' if glued.group() in {"s", "m", "h", "d"} else ""
        rest = glued.group()[:20]
        raise BadExpression(f"expected a blank or an operator after the number {value}, got '{rest}'{hint}", end + 1)
    if not math.isfinite(float(value)):
        raise BadExpression("the number is too large", end - len(value) + 1)


def _unreadable(char: str, column: int) -> BadExpression:
    if char in "\"'":
        return BadExpression("the text has no closing quote", column)
    if char == ".":
        return BadExpression("a number begins with a digit, as in 0.5, and nothing has attributes", column)
    shown = repr(char) if char.isprintable() else f"U+{ord(char):04X}"
    hint = f"; did you mean {_MEANT[char]}?" if char in _MEANT else ""
    return BadExpression(f"{shown} has no meaning here{hint}", column)
