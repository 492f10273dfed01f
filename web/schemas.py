"""JSON Schema of the classes that come in and go out, derived from their types and validators; nothing is written twice.

A validator of ours that attrs has no name for says what it lets through as its attribute `shape`, words of JSON Schema. A class
whose fields depend on each other says that as its class variable `shape`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import attrs
import msgspec
import msgspec.inspect

from oracle.validators import shapes_of

__all__ = ["schemas"]

REF = "#/components/schemas/{name}"
_MEANT_FOR = {
    "string": {"minLength", "maxLength", "pattern", "format", "enum"},
    "array": {"minItems", "maxItems", "items", "uniqueItems"},
    "object": {"minProperties", "maxProperties", "propertyNames", "additionalProperties"},
    "number": {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "enum"},
}
_MEANT_FOR["integer"] = _MEANT_FOR["number"]
_INSTANT = msgspec.inspect.DateTimeType
_LENGTHS = {"string": "Length", "array": "Items", "object": "Properties"}


def schemas(kinds: Iterable[Any], closed: Iterable[Any] = (), open_: Iterable[Any] = ()) -> tuple[dict[Any, Any], dict[str, Any]]:
    """The schema of each kind, and the components they refer to, by name. `closed` are those of `kinds` whose unknown keys are
    refused, with all inside them that is in none of `open_`."""
    unique = list(dict.fromkeys(kinds))
    made, components = msgspec.json.schema_components(unique, ref_template=REF, schema_hook=_plain)
    sealed = set(_classes(closed)) - set(_classes(open_))
    for cls, kind in _classes(unique).items():
        name = cls.__name__ if cls.__name__ in components else f"{cls.__module__}.{cls.__qualname__}"
        for field in kind.fields:
            _date(components[name]["properties"][field.encode_name], field.type)
        if attrs.has(cls):
            _bound(components[name], cls)
        if cls in sealed:
            components[name]["additionalProperties"] = False
    return dict(zip(unique, made, strict=True)), components


def _classes(kinds: Iterable[Any]) -> dict[type, Any]:
    """Every class inside the kinds, with what msgspec knows of it."""
    seen: dict[type, Any] = {}

    def look(kind: Any) -> None:
        cls = getattr(kind, "cls", None)
        if cls in seen:
            return
        if cls is not None and hasattr(kind, "fields"):
            seen[cls] = kind
        for part in (
            *(field.type for field in getattr(kind, "fields", ())), *getattr(kind, "types", ()), *getattr(kind, "item_types", ()),
            *(getattr(kind, name) for name in ("type", "item_type", "key_type", "value_type") if hasattr(kind, name)),
        ):  # fmt: skip
            look(part)

    for kind in msgspec.inspect.multi_type_info(list(kinds)):
        look(kind)
    return seen


def _date(schema: dict[str, Any], kind: Any) -> None:
    """An instant is written as ISO 8601, which msgspec says only of those that must have an offset."""
    for one in (schema, *schema.get("anyOf", ())):
        if one.get("type") == "string" and any(isinstance(part, _INSTANT) for part in (kind, *getattr(kind, "types", ()))):
            one["format"] = "date-time"


def _bound(schema: dict[str, Any], cls: type) -> None:
    for field in attrs.fields(cls):
        name = field.alias or field.name
        if name in schema.get("properties", {}):
            for words in shapes_of(field.validator):
                _narrow(schema["properties"][name], words)
    schema.update(getattr(cls, "shape", {}))


def _narrow(schema: dict[str, Any], words: dict[str, Any]) -> None:
    """Adds to a schema the words that are meant for its type, to one of several types where each belongs."""
    for one in schema.get("anyOf", ()):
        _narrow(one, words)
    kind = schema.get("type", "")
    for word, value in words.items():
        if word in ("least", "most") and kind in _LENGTHS:
            schema[("min" if word == "least" else "max") + _LENGTHS[kind]] = value
        elif word == "items" and kind == "array" and isinstance(schema.get("items"), dict):
            for each in value:
                _narrow(schema["items"], each)
        elif word in _MEANT_FOR.get(kind, ()):
            schema[word] = value


def _plain(kind: type) -> dict[str, Any]:
    # Types of the border that travel as text (Url, Secret, Listen).
    return {"type": "string"}
