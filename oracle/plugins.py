"""The plug-in door: a part is a name in its table, or `package.module:Class` of anybody's."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any, TypeVar

import attrs

from oracle.problems import Bad, closest

__all__ = ["part_class", "plugged_in"]

T = TypeVar("T", bound=type)


def part_class(kind: str, table: Mapping[str, T], noun: str, method: str) -> T:
    """The class of a kind; it must be an attrs class with a method of that name. Raises Bad."""
    if kind in table:
        return table[kind]
    module, colon, name = kind.partition(":")
    if not colon:
        known = ", ".join(table)
        raise Bad("value_error", f"there is no {noun} of kind {kind!r}; there are {known}, or module:Class",
                  suggestion=closest(kind, table))  # fmt: skip
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise Bad("value_error", f"{kind!r} cannot be imported: {error}") from None
    if not (isinstance(found, type) and attrs.has(found) and callable(getattr(found, method, None))):
        raise Bad("value_error", f"{kind!r} is no {noun}: an attrs class with a method `{method}`")
    return found


def plugged_in(place: str) -> Any:
    """What stands at `package.module:name`, for what may be there and is not to be needed. Raises Bad."""
    module, _, name = place.partition(":")
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise Bad("value_error", f"{place!r} cannot be imported: {error}") from error
