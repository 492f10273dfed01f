"""What may be asked of the history in SQL: one SELECT over the views, with functions that are known to be harmless.

A question is read by the database's own parser, and everything in it that is not known to be allowed is refused: statements,
tables, functions, types, and whatever a later parser may invent. This is one of three fences. The views are all that can be seen
where a question is asked (`oracle.history.answers`), and nobody reaches anything outside of the file (`oracle.history.database`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import attrs
import msgspec

from actors import Refused
from oracle.history.database import own_views, parsed
from oracle.history.functions import FUNCTIONS, GROWING, TABLES, TYPES
from oracle.history.views import VIEWS
from oracle.problems import closest

__all__ = ["MOST_CHARACTERS", "Question", "read_question"]

MOST_CHARACTERS = 20_000
MOST_GROWTH = 1_024  # times that a text may be as long as the texts of which it is made
_DEPTH = 400

_END = re.compile(r"\s*;(?:\s|--[^\n]*(?:\n|$))*$")

_NODES = {"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"}
_SOURCES = {"BASE_TABLE", "SUBQUERY", "JOIN", "TABLE_FUNCTION", "EXPRESSION_LIST", "EMPTY", "PIVOT"}
_MODIFIERS = {"ORDER_MODIFIER", "LIMIT_MODIFIER", "LIMIT_PERCENT_MODIFIER", "DISTINCT_MODIFIER", "ORDER_DEFAULT", "ASCENDING",
              "DESCENDING"}  # fmt: skip
_ALLOWED = _NODES | _SOURCES | _MODIFIERS
_WORDS = {"SHOW_REF": "DESCRIBE, SHOW and SUMMARIZE", "INSERT_QUERY_NODE": "INSERT", "UPDATE_QUERY_NODE": "UPDATE",
          "DELETE_QUERY_NODE": "DELETE"}  # fmt: skip


@attrs.frozen
class Question:
    """SQL that may be run where the views that it names are; with at most `limit` rows, and one more where there are more."""

    sql: str
    views: tuple[str, ...]


def read_question(sql: str, limit: int) -> Question:
    """The question that a text asks.

    Raises Refused: `invalid` (no SQL, not one SELECT), `rejected` (something in it is not for here).
    """
    text = _alone(sql)
    wrapped = f"SELECT * FROM (\n{text}\n) LIMIT {limit + 1}"
    tree = _statements(wrapped)[0]
    named = {_given(entry["key"]) for entry in _entries(tree)}
    views, tables, growth = dict[str, None](), set[int](), 1
    for part in _parts(tree):
        if "class" in part:
            growth *= 1 if id(part) in tables else _growth_of(part)
            continue
        match part.get("type"):
            case "BASE_TABLE":
                views |= dict.fromkeys(_view(part, named))
            case "TABLE_FUNCTION":
                tables.add(id(_table(part)))
            case str(kind) if kind not in _ALLOWED:
                word = _WORDS.get(kind, kind.lower())
                raise Refused(f"{word} can't be asked here; /api/oracle/sql/schema tells what there is", "rejected")
    if growth > MOST_GROWTH:
        raise Refused("texts are put together too often in this; do that with the rows", "rejected")
    return Question(wrapped, tuple(views))


def _alone(sql: str) -> str:
    """The text of the only statement, without what ends it."""
    if len(sql) > MOST_CHARACTERS:
        raise Refused(f"a question has at most {MOST_CHARACTERS} characters", "invalid")
    statements = _statements(sql)
    if len(statements) != 1:
        raise Refused(f"one SELECT is asked at a time, these are {len(statements)}", "invalid")
    return _END.sub("", sql)


def _statements(sql: str) -> list[dict[str, Any]]:
    try:
        found = msgspec.json.decode(parsed(sql))
    except RecursionError:
        raise Refused("this is nested too deeply", "invalid") from None
    if not found["error"]:
        return list(found["statements"])
    if found["error_type"] == "not implemented":
        raise Refused("only SELECT can be asked here; a PIVOT is SELECT * FROM (PIVOT ... ON ... IN (...))", "rejected")
    raise Refused(str(found["error_message"]).partition("\n\n")[0], "invalid")


def _parts(tree: Any) -> Iterator[dict[str, Any]]:
    """Everything in it that has fields."""
    level, depth = [tree], 0
    while level:
        yield from (one for one in level if isinstance(one, dict))
        level = [inner for one in level for inner in (one.values() if isinstance(one, dict) else one)
                 if isinstance(inner, dict | list)]  # fmt: skip
        depth += 1
        if depth > _DEPTH:
            raise Refused("this is nested too deeply", "invalid")


def _entries(tree: Any) -> Iterator[dict[str, Any]]:
    """What WITH gives a name."""
    for part in _parts(tree):
        if isinstance(part.get("cte_map"), dict):
            yield from part["cte_map"]["map"]


def _given(name: str) -> str:
    """A name that the question gives, in lower case. Where what it names is out of sight, the name alone must lead nowhere:
    not to what the database shows of itself, nor to a file. Raises Refused."""
    if not name.isidentifier() or name.lower() in own_views():
        raise Refused(f"WITH can't call it {name!r} here; take a name of letters, digits and _ that is not the database's own",
                      "rejected")  # fmt: skip
    return name.lower()


def _table(part: dict[str, Any]) -> dict[str, Any]:
    """The function that stands for a table. Raises Refused for others than those that may."""
    function: dict[str, Any] = part["function"]
    name = function["function_name"].lower()
    if name not in TABLES or function.get("schema") or function.get("catalog"):
        raise Refused(f"{name}() is no table here; there are {', '.join(sorted(VIEWS))}", "rejected")
    return function


def _view(part: dict[str, Any], named: set[str]) -> tuple[str, ...]:
    """The view that a table is, none for a name that the question gives itself. One that is not in force where it is used is
    found nowhere: there is nothing else where the question is asked but what `_given` keeps away from."""
    path = part["qualified_name"]["path"]
    name = path[-1].lower()
    if len(path) == 1 and name in VIEWS:
        return (name,)
    if len(path) == 1 and name in named:
        return ()
    shown = ".".join(path)
    meant = closest(name, VIEWS)
    raise Refused(f"there is no {shown!r} here; " + (f"is {meant} meant?" if meant else f"there are {', '.join(sorted(VIEWS))}"),
                  "rejected")  # fmt: skip


def _growth_of(expression: dict[str, Any]) -> int:
    """How many times as long as what it is made of an expression may be. Raises Refused for one that can't be asked."""
    if expression["class"] == "TYPE" and (kind := str(expression["type_name"]).lower()) not in TYPES:
        raise Refused(f"nothing is cast to {kind} here", "rejected")
    if expression["class"] not in ("FUNCTION", "WINDOW"):
        return 1
    name = str(expression["function_name"]).lower()
    if expression.get("schema") or expression.get("catalog"):
        raise Refused(f"{name}() is called by its name alone", "rejected")
    if name in FUNCTIONS:
        return 1
    if name not in GROWING:
        raise Refused(f"{name}() can't be used here; do it with the rows", "rejected")
    arguments = [one["expression"] for one in expression["arguments"]]
    if GROWING[name] == -1:
        return _written(name, arguments)
    return max(1, GROWING[name], sum(one["class"] != "CONSTANT" for one in arguments))


def _written(name: str, arguments: list[dict[str, Any]]) -> int:
    third = arguments[2] if len(arguments) > 2 else {}
    text = third.get("literal", {}).get("text") if third.get("class") == "CONSTANT" else None
    if text is None:
        raise Refused(f"{name}() takes a text that is written out for its third argument", "rejected")
    return max(1, len(text))
