"""What comes back: attributes for what is known, and whatever else the server says beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote

import attrs

from oracle.problems import Invalid, Problem

__all__ = ["Thing", "at", "each", "given", "maybe"]

T = TypeVar("T", bound="Thing")


@attrs.frozen(kw_only=True)
class Thing:
    """An object of the server's. `raw` is all that it said, also what has no attribute here (`thing["field"]`); times are text
    in ISO 8601, as they came. What was not said is None, or empty."""

    raw: Mapping[str, Any] = attrs.field(factory=dict, repr=False, eq=False)

    @classmethod
    def of(cls: type[T], raw: Mapping[str, Any]) -> T:
        """The thing that a JSON object tells of; what it has beside is kept in `raw`, whatever it is."""
        known = {field.name: raw[field.name] for field in attrs.fields(cls) if field.name in raw and field.name != "raw"}
        return cls(**known, raw=raw)

    def __getitem__(self, name: str) -> Any:
        return self.raw[name]


def each(cls: type[T], rows: Iterable[Any] | None) -> tuple[T, ...]:
    """A list of such things; empty for null."""
    return tuple(row if isinstance(row, cls) else cls.of(row) for row in rows or ())


def maybe(cls: type[T], raw: Any) -> T | None:
    """One such thing, or null."""
    return raw if raw is None or isinstance(raw, cls) else cls.of(raw)


def at(place: str, *parts: str) -> str:
    """The path of something below a place: ids stay within their segment, whatever is in them. Raises Invalid for those that no
    path can carry."""
    for part in parts:
        if part in ("", ".", ".."):
            raise Invalid([Problem(("id",), "value_error", "Input should be an id, which can't be empty nor dots", part)])
    return "/".join([place, *(quote(part, safe="") for part in parts)])


def given(**fields: Any) -> dict[str, Any]:
    """The fields of a body that somebody has said: what is None is left out."""
    return {name: value for name, value in fields.items() if value is not None}
