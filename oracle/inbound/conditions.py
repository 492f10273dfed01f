"""What an owner wants a payload to hold before a command is called: `{path: wish}`, each path a JMESPath. Pure.

A wish is a value (the found one equals it, or is a list that holds it), a list (any of its values), null (nothing is found),
`{"not": wish}` or `{"contains": text}` (the found text holds it, whatever its case).
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import jmespath

from oracle.problems import Bad

__all__ = ["MOST_CONDITIONS", "are_conditions", "fit"]

MOST_CONDITIONS = 20
LONGEST_PATH = 300

# What JMESPath raises where a payload is of another shape than its author thought: its own errors are ValueErrors, and
# comparisons and slices of mixed values raise Python's.
_MISFITS = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


def are_conditions(_: object, __: object, conditions: Mapping[str, Any]) -> None:
    """attrs validator. Raises Bad."""
    if len(conditions) > MOST_CONDITIONS:
        raise Bad("too_long", f"there may be at most {MOST_CONDITIONS} conditions", ctx={"max_length": MOST_CONDITIONS})
    for path, wish in conditions.items():
        if len(path) > LONGEST_PATH:
            raise Bad("value_error", f"a path has at most {LONGEST_PATH} characters")
        try:
            _compiled(path)
        except jmespath.exceptions.JMESPathError as error:
            raise Bad("value_error", f"{path!r} is no JMESPath: {error}".replace("\n", " ")) from None
        _check_wish(path, wish)


def fit(conditions: Mapping[str, Any], payload: Mapping[str, Any]) -> bool:
    """Whether a payload is as it is wished in every respect."""
    return all(_fits(wish, _found(path, payload)) for path, wish in conditions.items())


def _check_wish(path: str, wish: Any) -> None:
    if not isinstance(wish, Mapping):
        return
    if len(wish) != 1 or not wish.keys() <= {"not", "contains"}:
        raise Bad("value_error", f"the wish for {path!r} is a value, a list, {{'not': wish}} or {{'contains': text}}")
    if "contains" in wish and not isinstance(wish["contains"], str):
        raise Bad("value_error", f"what {path!r} should contain is a text")
    if isinstance(wish.get("not"), Mapping):
        _check_wish(path, wish["not"])


def _fits(wish: Any, found: Any) -> bool:
    match wish:
        case {"not": other}:
            return not _fits(other, found)
        case {"contains": text}:
            return isinstance(found, str) and text.lower() in found.lower()
        case list():
            return any(_fits(one, found) for one in wish)
        case None:
            return found is None
    return _same(wish, found) or (isinstance(found, list) and any(_same(wish, one) for one in found))


def _same(wish: Any, found: Any) -> bool:
    return bool(wish == found) and isinstance(wish, bool) == isinstance(found, bool)  # true is not 1


def _found(path: str, payload: Mapping[str, Any]) -> Any:
    try:
        return _compiled(path).search(payload)
    except _MISFITS:
        return None


@functools.lru_cache(maxsize=1024)
def _compiled(path: str) -> Any:
    return jmespath.compile(path)
