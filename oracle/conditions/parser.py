"""From a text to a tree: precedence climbing over the tokens, with every type and limit checked on the way.

No step looks back and nesting is bounded, so the time it takes grows with the text alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import attrs

from oracle.conditions.calls import Part, build_call
from oracle.conditions.errors import BadExpression
from oracle.conditions.functions import FUNCTIONS, NAMED
from oracle.conditions.lexer import MOST_CHARS, Token, tokens
from oracle.conditions.tree import Arithmetic, Comparison, Expression, Logic, Negative, Not, Number, Over, Truth, walk
from oracle.problems import closest

__all__ = ["MOST_DEPTH", "MOST_NODES", "MOST_WINDOWS", "parse", "parse_condition"]

MOST_NODES = 200
MOST_DEPTH = 20
MOST_WINDOWS = 8  # different ones

_COMPARISONS = frozenset({"<", "<=", ">", ">=", "==", "!="})
_LEVELS = {"or": 1, "and": 2, **dict.fromkeys(_COMPARISONS, 4), "+": 5, "-": 5, "*": 6, "/": 6, "%": 6}
_NOT, _MINUS = 3, 7
_WORDS = frozenset({"and", "or", "not", "true", "false"})


def parse(text: str) -> Expression:
    """The expression that a text is, of either type. Raises BadExpression."""
    return _parsed(_Parser(tokens(text)).whole())


@lru_cache(maxsize=1_024)  # an expression is a value that never changes
def parse_condition(text: str) -> Expression:
    """The expression that a text is, if it is true or false. Raises BadExpression."""
    part = _Parser(tokens(text)).whole()
    _want("truth", part, "a condition")
    return _parsed(part)


def _parsed(part: Part) -> Expression:
    if part.gives != "truth":
        _want("number", part, "an expression")
    windows = {node for node in walk(part.node) if isinstance(node, Over)}
    if len(windows) > MOST_WINDOWS:
        raise BadExpression(f"an expression has at most {MOST_WINDOWS} different windows, this one {len(windows)}", 1)
    expression = Expression(part.node)
    if len(expression.text) > MOST_CHARS:
        raise BadExpression(f"written in full it has {len(expression.text):,} characters; at most {MOST_CHARS:,}", 1)
    return expression


class _Parser:
    def __init__(self, found: list[Token]) -> None:
        self._tokens = found
        self._at = 0
        self._nesting = 0

    def whole(self) -> Part:
        """The expression that all tokens are."""
        if self._next.kind == "end":
            raise BadExpression('expected an expression, as in price("BTC-USD") > 70_000; the text is empty', self._next.column)
        part = self._expression(0)
        if self._next.kind != "end":
            raise self._expected("an operator or the end")
        return part

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _take(self) -> Token:
        token = self._next
        self._at += 1
        return token

    def _takes(self, sign: str) -> bool:
        if (self._next.kind, self._next.value) != ("sign", sign):
            return False
        self._at += 1
        return True

    def _expression(self, floor: int) -> Part:
        """What comes next, as far as it holds together more firmly than `floor`."""
        left = self._prefix()
        while (level := self._operator()) > floor:
            sign = self._take()
            left = _joined(sign, left, self._expression(level))
            if level == 4 and self._operator() == 4:
                raise BadExpression("comparisons can't be chained; write a < b and b < c", self._next.column)
        return left

    def _operator(self) -> int:
        token = self._next
        if token.kind == "sign" and token.value == "=":
            raise BadExpression("expected an operator, got '='; did you mean ==?", token.column)
        return _LEVELS.get(token.value, 0) if token.kind in {"sign", "name"} else 0

    def _prefix(self) -> Part:
        token = self._take()
        match token.kind, token.value:
            case "number", value:
                return Part(Number(float(value)), "number", token.column)
            case "text", value:
                return Part(value, "text", token.column)
            case "sign", "(":
                return self._parenthesis(token)
            case "sign", "-":
                part = self._nested(_MINUS - 1, token)
                _want("number", part, "-")
                return _checked(Part.over(Negative(part.node), "number", token.column, part))
            case "name", "not":
                part = self._nested(_NOT - 1, token)
                _want("truth", part, "not")
                return _checked(Part.over(Not(part.node), "truth", token.column, part))
            case "name", "true" | "false":
                return Part(Truth(token.value == "true"), "truth", token.column)
            case "name", name if name in FUNCTIONS:
                return self._call(token)
        self._at -= 1
        raise self._unknown(token) if token.kind == "name" else self._expected("a number, a function, 'not', '-' or '('")

    def _nested(self, floor: int, token: Token) -> Part:
        self._nesting += 1
        if self._nesting > MOST_DEPTH:
            raise _too_deep(token.column)
        part = self._expression(floor)
        self._nesting -= 1
        return part

    def _parenthesis(self, token: Token) -> Part:
        part = self._nested(0, token)
        if not self._takes(")"):
            raise self._expected(f"')' for the '(' in column {token.column}")
        if part.gives == "text":
            _want("number", part, "a parenthesis")
        return attrs.evolve(part, column=token.column)

    def _call(self, name: Token) -> Part:
        if not self._takes("("):
            raise self._expected(f"'(' after {name.value}")
        places: list[Part] = []
        named: dict[str, Part] = {}
        while not self._takes(")"):
            if (places or named) and not self._takes(","):
                raise self._expected(f"',' or ')' in {name.value}(...)")
            if self._is_named():
                self._named(name, named)
            elif named:
                raise BadExpression("what has no name comes before what has one", self._next.column)
            else:
                places.append(self._nested(0, self._next))
        return _checked(build_call(name, places, named))

    def _is_named(self) -> bool:
        following = self._tokens[min(self._at + 1, len(self._tokens) - 1)]
        return self._next.kind == "name" and (following.kind, following.value) == ("sign", "=")

    def _named(self, function: Token, named: dict[str, Part]) -> None:
        token = self._take()
        self._take()
        known = NAMED.get(function.value, ())
        if token.value not in known:
            offers = f"has {', '.join(known)}" if known else "takes nothing by name"
            raise BadExpression(f"'{token.value}': {function.value}(...) {offers}{_hint(token.value, known)}", token.column)
        if token.value in named:
            raise BadExpression(f"{token.value} is there twice", token.column)
        if self._next.kind != "text":
            raise self._expected(f"a text in quotes after {token.value}=")
        text = self._take()
        named[token.value] = Part(text.value, "text", text.column)

    def _expected(self, what: str) -> BadExpression:
        return BadExpression(f"expected {what}, got {self._next}", self._next.column)

    def _unknown(self, token: Token) -> BadExpression:
        if token.value in _WORDS:
            return self._expected("a number, a function, 'not', '-' or '('")
        hint = _hint(token.value, [*FUNCTIONS, *_WORDS])
        following = self._tokens[self._at + 1]
        if not hint and following.value != "(":
            hint = "; symbols and names are texts in quotes"
        return BadExpression(f"no function is called '{token.value[:40]}'{hint}", token.column)


def _joined(sign: Token, left: Part, right: Part) -> Part:
    word = sign.value
    if word in ("and", "or"):
        for part in (left, right):
            _want("truth", part, word)
        parts = [*_parts(word, left), *_parts(word, right)]
        depth = max(part.depth - _same(word, part) for part in (left, right)) + 1
        nodes = left.nodes + right.nodes + 1 - _same(word, left) - _same(word, right)
        return _checked(Part(Logic(word, tuple(parts)), "truth", left.column, depth, nodes), sign.column)
    for part in (left, right):
        _want("number", part, word)
    if word in _COMPARISONS:
        return _checked(Part.over(Comparison(word, left.node, right.node), "truth", left.column, left, right), sign.column)
    return _checked(Part.over(Arithmetic(word, left.node, right.node), "number", left.column, left, right), sign.column)


def _parts(word: str, part: Part) -> tuple[Any, ...]:
    return part.node.parts if _same(word, part) else (part.node,)


def _same(word: str, part: Part) -> bool:
    return isinstance(part.node, Logic) and part.node.word == word


def _want(gives: str, part: Part, who: str) -> None:
    """Raise BadExpression where a part is no number, or no truth."""
    if part.gives == gives or (gives == "number" and part.gives == "series"):
        return
    wanted = {"number": "a number", "truth": "true or false"}[gives]
    raise BadExpression(f"expected {wanted} for {who}, got {part.what}{part.advice(gives)}", part.column)


def _checked(part: Part, column: int | None = None) -> Part:
    if part.depth > MOST_DEPTH:
        raise _too_deep(part.column if column is None else column)
    if part.nodes > MOST_NODES:
        raise BadExpression(f"an expression has at most {MOST_NODES} parts", part.column if column is None else column)
    return part


def _too_deep(column: int) -> BadExpression:
    return BadExpression(f"an expression is at most {MOST_DEPTH} levels deep", column)


def _hint(word: str, known: Iterable[str]) -> str:
    found = closest(word.lower(), known)
    return f"; did you mean {found}?" if found else ""
