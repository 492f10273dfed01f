"""Settings as they may stand on a screen: what can hold a secret is masked, wherever its owner has written it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from oracle.secret import MASK, sounds_secret

__all__ = ["veiled"]

_VALUES = re.compile(r"(?<==)[^&#]+")
_PLACES = ("env:", "file:")
_HEADERS = "headers"
_FREE = ("feeds", "watchdogs")  # whose keys are their authors'; ours take no secret but where it is kept


def veiled(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The same tables: masked are the values in the query of a URL, the arguments of a program, and of feeds and watchdogs
    headers and texts whose name sounds like a secret's."""
    return {name: _free(value) if name in _FREE else _veiled(value) for name, value in settings.items()}


def _veiled(value: Any) -> Any:
    match value:
        case str() if "://" in value and "?" in value:
            address, _, query = value.partition("?")
            return f"{address}?{_VALUES.sub(MASK, query)}"
        case Mapping():
            return {name: list(_program(one)) if name == "command" else _veiled(one) for name, one in value.items()}
        case list() | tuple():
            return [_veiled(one) for one in value]
        case _:
            return value


def _free(value: Any, name: str = "") -> Any:
    match value:
        case str() if value and (name == _HEADERS or sounds_secret(name)) and not value.startswith(_PLACES):
            return MASK
        case Mapping():
            return {key: _free(one, name if name == _HEADERS else key) for key, one in value.items()}
        case list() | tuple():
            return [_free(one, name) for one in value]
        case _:
            return _veiled(value)


def _program(words: Any) -> Iterator[str]:
    for number, word in enumerate(words):
        yield MASK if number else word
