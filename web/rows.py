"""Messages and rows of history as native clients see them: times are ISO 8601 under names without `_us`, and
`simulated` stands beside each `source`."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import attrs
import msgspec

from actors import Node
from oracle.model import State
from web.origin import event_provider, is_simulated
from web.wire import iso

__all__ = ["native_message", "native_node", "native_row", "native_state", "shown_names"]

_INNER = frozenset({"seq"})
_SHOWN = {"pub_us": "published"}


def native_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row: `ts_us` becomes `ts`, `from_us` `from` and so on; rows with a source say whether they are simulated."""
    shown: dict[str, Any] = {}
    for name, value in row.items():
        if name in _INNER:
            continue
        if name.endswith("_us"):
            shown[_SHOWN.get(name) or name.removesuffix("_us")] = _moments(value)
        else:
            shown[name] = value
    if "source" in row:
        data = row.get("data")
        shown["simulated"] = is_simulated(event_provider(row["source"], data if isinstance(data, Mapping) else None))
    return shown


def _moments(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_moments(one) for one in value]
    return iso(value) if value is not None else None


def native_message(message: msgspec.Struct) -> dict[str, Any]:
    """The same of a message on the bus."""
    names, times, has_source, has_data = shown_names(message.__class__)
    shown: dict[str, Any] = {shown: getattr(message, name) for name, shown in names}
    for name in times:
        shown[name] = iso(shown[name])
    if has_source:
        source = shown["source"]
        data = shown.get("data") if has_data else None
        shown["simulated"] = is_simulated(event_provider(source, data) if data else source)
    return shown


@functools.lru_cache
def shown_names(cls: type[msgspec.Struct]) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...], bool, bool]:
    """Of a kind of message: its fields and what they are called for clients, which of them are times, and whether it has a
    source and data. Worked out once, as most messages come by the thousand."""
    names = tuple(
        (name, (_SHOWN.get(name) or name.removesuffix("_us")) if name.endswith("_us") else name)
        for name in cls.__struct_fields__ if name not in _INNER
    )  # fmt: skip
    times = tuple(shown for name, shown in names if name.endswith("_us"))
    return names, times, "source" in cls.__struct_fields__, "data" in cls.__struct_fields__


def native_state(state: State) -> dict[str, Any]:
    """`{ref, kind, id, value, version, ts}`; times inside `value` are shown like those of rows."""
    kind, _, ident = state.ref.partition(":")
    value = native_row(state.value) if state.value is not None else None
    return {
        "ref": state.ref,
        "kind": kind,
        "id": ident,
        "value": value,
        "version": state.version,
        "ts": iso(state.ts_us),
    }


def native_node(node: Node) -> dict[str, Any]:
    """An actor with all below it; `since` is null before its first life."""
    shown = {field.name: getattr(node, field.name) for field in attrs.fields(Node)}
    since_us = shown.pop("since_us")
    shown["last_error"] = shown.pop("error")
    shown["since"] = iso(since_us) if since_us else None
    shown["children"] = [native_node(child) for child in node.children]
    return shown
