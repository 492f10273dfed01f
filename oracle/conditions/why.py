"""Why an expression is what it is: the fewest clauses that, had they been otherwise, would have made it otherwise.

A clause is a comparison or an absence, the leaves of `and`, `or` and `not`. The same clause written twice is one clause, and
turns in both places.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import combinations, islice

import attrs

from oracle.conditions.closures import closure
from oracle.conditions.tree import Absent, Comparison, Expression, Logic, Node, Not, Truth, children
from oracle.conditions.windows import Windows

__all__ = ["Clause", "Why", "clauses", "decide", "turning", "why"]

_MOST_TRIES = 512  # sets of clauses that are tried where a clause is there twice; then each place is taken for itself


@attrs.frozen
class Clause:
    """A leaf: its text, its truth (None: not known) and both sides. The sides of an absence are the seconds since the topic was
    heard (None: never) and the seconds it takes."""

    text: str
    truth: bool | None
    left: float | None
    right: float | None


@attrs.frozen
class Why:
    """The value and its clauses, in the order in which they are written.

    Of a truth: were all of them turned, the value would be another; with any fewer it would not. Of what is not known: clauses
    that are not known either; whatever they turn out to be, the value is known once all of them are. None at all where it
    is a number, or could not be otherwise.
    """

    value: float | bool | None
    clauses: tuple[Clause, ...]


def why(expression: Expression, windows: Windows, now_us: int) -> Why:
    """Why it is what it is at an instant. Raises KeyError for an expression that `windows` does not know."""
    value = windows.value(expression, now_us)
    if not expression.is_condition:
        return Why(value, ())
    places = list(_clauses(expression.root))
    truths = {node: closure(node, windows)(now_us) for node in dict.fromkeys(places)}
    chosen = turning(expression.root, truths)
    return Why(value, tuple(_told(node, truths[node], windows, now_us) for node in truths if node in chosen))


def clauses(expression: Expression, windows: Windows, now_us: int) -> tuple[Clause, ...]:
    """All clauses of a condition at an instant, each once, in the order in which they are written."""
    places = dict.fromkeys(_clauses(expression.root)) if expression.is_condition else ()
    return tuple(_told(node, closure(node, windows)(now_us), windows, now_us) for node in places)


def turning(root: Node, truths: Mapping[Node, bool | None]) -> frozenset[Node]:
    """The clauses of a condition that answer for its value; see Why."""
    if decide(root, truths) is None:
        return _undecided(root, truths)
    found = _searched(root, truths) if len(list(_clauses(root))) > len(truths) else None
    return found if found is not None else _cheapest(root, truths) or frozenset()


def decide(node: Node, truths: Mapping[Node, bool | None]) -> bool | None:
    """The truth of a condition, given that of its clauses, by Kleene."""
    match node:
        case Truth(value=value):
            return value
        case Not(operand=operand):
            inner = decide(operand, truths)
            return None if inner is None else not inner
        case Logic(word=word, parts=parts):
            deciding = word == "or"
            found = {decide(part, truths) for part in parts}
            return deciding if deciding in found else None if None in found else not deciding
    return truths[node]


def _clauses(node: Node) -> Iterable[Node]:
    if isinstance(node, Comparison | Absent):
        yield node
    else:
        for part in children(node):
            yield from _clauses(part)


def _undecided(node: Node, truths: Mapping[Node, bool | None]) -> frozenset[Node]:
    if decide(node, truths) is not None:
        return frozenset()
    if isinstance(node, Comparison | Absent):
        return frozenset((node,))
    return frozenset().union(*(_undecided(part, truths) for part in children(node)))


def _cheapest(node: Node, truths: Mapping[Node, bool | None]) -> frozenset[Node] | None:
    """The fewest clauses whose turning takes its truth from a node; None where nothing does. As if no clause were there twice."""
    match node:
        case Truth():
            return None
        case Not(operand=operand):
            return _cheapest(operand, truths)
        case Logic(word=word, parts=parts):
            deciding = word == "or"
            if decide(node, truths) is not deciding:  # each part alone upholds nothing: to turn one is enough
                ways = [way for part in parts if (way := _cheapest(part, truths)) is not None]
                return min(ways, key=len, default=None)
            needed = [_cheapest(part, truths) for part in parts if decide(part, truths) is deciding]
            return None if None in needed else frozenset().union(*filter(None, needed))
    return frozenset((node,))


def _searched(root: Node, truths: Mapping[Node, bool | None]) -> frozenset[Node] | None:
    """The first of the smallest sets that turn a condition, empty where there is none; None where there are too many to try."""
    value, known = decide(root, truths), [node for node, truth in truths.items() if truth is not None]
    sets = (chosen for size in range(1, len(known) + 1) for chosen in combinations(known, size))
    for chosen in islice(sets, _MOST_TRIES):
        if decide(root, {**truths, **{node: not truths[node] for node in chosen}}) is not value:
            return frozenset(chosen)
    return None if next(sets, None) else frozenset()


def _told(node: Node, truth: bool | None, windows: Windows, now_us: int) -> Clause:
    if isinstance(node, Absent):
        heard_us = windows.listener(node).heard_us
        silent_s = None if heard_us is None else (now_us - heard_us) / 1e6
        return Clause(str(node), truth, silent_s, node.window_us / 1e6)
    return Clause(str(node), truth, closure(node.left, windows)(now_us), closure(node.right, windows)(now_us))
