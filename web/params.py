"""Query parameters become typed values, or are refused naming the parameter. Unknown parameters are ignored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs

from actors import Refused
from oracle.border import Text, structure
from oracle.moments import time_us, until_us
from oracle.problems import Invalid, Problem, closest, one_of
from web.routes import Param

__all__ = ["CURSOR", "MOST_ITEMS", "NUMBERED", "TEXT_LIMIT", "either", "query_of", "read_params"]

MOST_ITEMS = 100
"""Of a parameter that takes many."""
TEXT_LIMIT = 500
"""Longest text a query parameter takes unless its `le` says otherwise, in characters."""

CURSOR = {"format": "cursor"}
"""The shape of a `next` that nobody but the server makes."""
NUMBERED = {"pattern": "^[0-9]{1,9}$"}
"""The shape of a `next` that counts rows."""

_TIMES = {"time": time_us, "until": until_us}
_KINDS = {"str": str, "int": int, "float": float, "bool": bool}
_INT_LIMIT = 2**63 - 1


def either(*words: str) -> dict[str, Any]:
    """The shape of a text that is one of some words, or empty."""
    return {"enum": ["", *words]}


def query_of(scope: Mapping[str, Any]) -> dict[str, list[str]]:
    """The query of an ASGI scope: each key with its values, in order."""
    return parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True, errors="replace")


def read_params(params: Iterable[Param], query: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Each parameter by its key, typed, defaults filled in. Raises Invalid with every problem, not just the first."""
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for param in params:
        try:
            values[param.key] = _read(param, query.get(param.name, ()))
        except Invalid as error:
            problems += error.problems
    start_us, end_us = values.get("start_us"), values.get("end_us")
    if start_us is not None and end_us is not None and end_us < start_us:
        problems.append(Problem(("query", "end"), "value_error", "it has to be later than start", query["end"][-1]))
    if problems:
        raise Invalid(problems)
    return values


def _read(param: Param, given: Sequence[str]) -> Any:
    if param.many:
        return _read_many(param, given)
    if not given:
        if param.required:
            raise _wrong(param, "missing", "Field required", None)
        return param.default
    return _one(param, given[-1])


def _read_many(param: Param, given: Sequence[str]) -> list[Any] | Any:
    items = [item.strip() for text in given for item in text.split(",") if item.strip()]
    if len(items) > MOST_ITEMS:
        msg = f"List should have at most {MOST_ITEMS} items after validation, not {len(items)}"
        raise _wrong(param, "too_long", msg, None, max_length=MOST_ITEMS)
    if items:
        return [_one(param, item) for item in items]
    if param.required:
        raise _wrong(param, "missing", "Field required", given[-1] if given else None)
    return [] if param.default is None else param.default


def _one(param: Param, text: str) -> Any:
    if param.kind in _TIMES:
        return _TIMES[param.kind](text, ("query", param.name))
    value: Any = structure(_KINDS[param.kind], Text(text), path=("query", param.name))
    if param.choices and value not in param.choices:
        expected = one_of(param.choices)
        raise _wrong(
            param, "enum", f"Input should be {expected}", text, closest(text, param.choices), expected=expected
        )
    if isinstance(value, str):
        return _checked(param, _within_length(param, value))
    return _within_range(param, value, text)


def _within_range(param: Param, value: Any, text: str) -> Any:
    if param.ge is not None and value < param.ge:
        raise _wrong(
            param, "greater_than_equal", f"Input should be greater than or equal to {param.ge}", text, ge=param.ge
        )
    top = param.le if param.le is not None else _INT_LIMIT
    if value > top:
        raise _wrong(param, "less_than_equal", f"Input should be less than or equal to {top}", text, le=top)
    return value


def _within_length(param: Param, value: str) -> str:
    low, high = int(param.ge or 0), int(param.le or TEXT_LIMIT)
    if len(value) < low:
        msg = f"String should have at least {low} character{'s' * (low != 1)}"
        raise _wrong(param, "string_too_short", msg, value, min_length=low)
    if len(value) > high:
        msg = f"String should have at most {high} characters"
        raise _wrong(param, "string_too_long", msg, value[:80], max_length=high)
    return value


def _checked(param: Param, value: str) -> str:
    if param.check is not None:
        try:
            param.check(value)
        except Refused as refused:
            raise _wrong(param, param.name, str(refused.reason), value) from refused
    return value


def _wrong(param: Param, kind: str, msg: str, given: Any, suggestion: str = "", **ctx: Any) -> Invalid:
    return Invalid([Problem(("query", param.name), kind, msg, given, suggestion, ctx)])
