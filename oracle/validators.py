"""What an attrs validator objected to, said in the codes of `oracle.problems`; and what it lets through, as JSON Schema."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import attrs

from oracle.problems import Bad, closest, one_of

__all__ = ["between", "broken", "new_at_most", "shapes_of"]


def broken(cls: type, values: Mapping[str, Any]) -> Iterator[tuple[str, Bad]]:
    """Every field among `values` whose validators object, with the objection, in the order of the fields."""
    lookalike = SimpleNamespace(**values)  # a validator may read its neighbours, and no instance could be made
    for field in attrs.fields(cls):
        if field.name in values and field.validator is not None:
            for validator in _leaves(field.validator, values[field.name]):
                bad = _objection(validator, lookalike, field, values[field.name])
                if bad is not None:
                    yield field.name, bad
                    break


def between(low: float, high: float) -> Callable[..., None]:
    """A validator of numbers from `low` to `high`, both included, which names both where one is broken."""

    def within(_instance: Any, _field: Any, value: Any) -> None:
        if not low <= value <= high:
            raise Bad("between", f"Input should be between {low} and {high}", ctx={"ge": low, "le": high})

    within.shape = {"minimum": low, "maximum": high}  # type: ignore[attr-defined]
    return within


def new_at_most(most: int) -> Callable[..., None]:
    """Says that a text somebody writes now has at most `most` characters. It lets all through: what was stored before there was a
    limit has to stay readable, so the door where the text comes in sees to it."""

    def within(_instance: Any, _field: Any, _value: Any) -> None:
        """Whatever it is."""

    within.shape = {"most": most}  # type: ignore[attr-defined]
    return within


def shapes_of(validator: Any) -> Iterator[dict[str, Any]]:
    """Words of JSON Schema for what a field's validator lets through, of each part of it that has some; `least` and `most` are
    lengths of whatever it is, `items` shapes of each item. A validator of ours says its words as its attribute `shape`."""
    match type(validator).__name__:
        case "_AndValidator":
            for part in validator._validators:
                yield from shapes_of(part)
        case "_OptionalValidator":
            yield from shapes_of(validator.validator)
        case "_DeepIterable":
            yield {"items": list(shapes_of(validator.member_validator))}
        case "_NumberValidator":
            yield {_BOUNDS[validator.compare_op]: validator.bound}
        case "_InValidator":
            yield {"enum": list(validator.options)}
        case "_MatchesReValidator":
            yield {"pattern": f"^(?:{validator.pattern.pattern})$"}
        case "_MinLengthValidator":
            yield {"least": validator.min_length}
        case "_MaxLengthValidator":
            yield {"most": validator.max_length}
        case _ if hasattr(validator, "shape"):
            yield validator.shape


_BOUNDS = {">=": "minimum", ">": "exclusiveMinimum", "<=": "maximum", "<": "exclusiveMaximum"}
_COMPARISONS = {
    ">=": ("greater_than_equal", "ge", "greater than or equal to"),
    ">": ("greater_than", "gt", "greater than"),
    "<=": ("less_than_equal", "le", "less than or equal to"),
    "<": ("less_than", "lt", "less than"),
}


def _leaves(validator: Any, value: Any) -> Iterator[Callable[..., Any]]:
    match type(validator).__name__:
        case "_AndValidator":
            for part in validator._validators:
                yield from _leaves(part, value)
        case "_OptionalValidator":
            if value is not None:
                yield from _leaves(validator.validator, value)
        case _:
            yield validator


def _objection(validator: Callable[..., Any], instance: Any, field: Any, value: Any) -> Bad | None:
    try:
        validator(instance, field, value)
    except Bad as bad:
        return bad
    except (ValueError, TypeError) as error:
        return _named(validator, value, error)
    return None


def _named(validator: Any, value: Any, error: Exception) -> Bad:
    match type(validator).__name__:
        case "_NumberValidator":
            code, key, words = _COMPARISONS[validator.compare_op]
            return Bad(code, f"Input should be {words} {validator.bound}", ctx={key: validator.bound})
        case "_InValidator":
            expected = one_of(validator.options)
            return Bad("enum", f"Input should be {expected}", suggestion=closest(value, map(str, validator.options)),
                       ctx={"expected": expected})
        case "_MatchesReValidator":
            pattern = validator.pattern.pattern
            return Bad("string_pattern_mismatch", f"String should match pattern '{pattern}'", ctx={"pattern": pattern})
        case "_MinLengthValidator":
            return _length(value, "at least", "too_short", "min_length", validator.min_length)
        case "_MaxLengthValidator":
            return _length(value, "at most", "too_long", "max_length", validator.max_length)
        case _:
            return Bad("value_error", str(error.args[0] if error.args else error), ctx={"error": {}})


def _length(value: Any, words: str, code: str, key: str, bound: int) -> Bad:
    plural = "" if bound == 1 else "s"
    if isinstance(value, str):
        return Bad(f"string_{code}", f"String should have {words} {bound} character{plural}", ctx={key: bound})
    return Bad(code, f"Input should have {words} {bound} item{plural}, not {len(value)}",
               ctx={key: bound, "actual_length": len(value)})
