"""The plug-in door: a part is a name in its table, or `package.module:Class` of anybody's."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import attrs

from oracle.border import structure
from oracle.problems import Bad, Invalid, closest

__all__ = ["part_class", "part_of", "plugged_in"]

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


def part_of(section: str, name: str, table: Mapping[str, Any], class_of: Callable[[str], type]) -> Any:
    """The settings of a part as its own class; `kind` says which, and is the name where it is not given. Raises Invalid."""
    try:
        cls = class_of(str(table.get("kind", name)))
    except Bad as bad:
        raise Invalid([bad.at((section, name, "kind"), table.get("kind", name))]) from None
    return structure(cls, {k: v for k, v in table.items() if k != "kind"}, path=(section, name))


def plugged_in(place: str) -> Any:
    """What stands at `package.module:name`, for what may be there and is not to be needed. Raises Bad."""
    module, _, name = place.partition(":")
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise Bad("value_error", f"{place!r} cannot be imported: {error}") from error
