"""Conditions: a small language over quotes, trades, samples, events and windows of time. Pure: no clock, no I/O.

`parse_condition` reads a text, `Windows` takes messages for all that is wanted, `evaluate` says true, false or not known,
`next_change` when that may change by itself, `why` which clauses answer for it. `docs/conditions.md` describes the language.
"""

from oracle.conditions.errors import BadExpression
from oracle.conditions.foresight import Ahead, can_foresee
from oracle.conditions.needs import memory_s, series, shortest_window_us, topics
from oracle.conditions.parser import parse, parse_condition
from oracle.conditions.tree import Expression
from oracle.conditions.why import Clause, Why, clauses, why
from oracle.conditions.windows import Windows, evaluate, next_change

__all__ = [
    "Ahead", "BadExpression", "Clause", "Expression", "Why", "Windows", "can_foresee", "clauses", "evaluate", "memory_s",
    "next_change", "parse", "parse_condition", "series", "shortest_window_us", "topics", "why",
]
