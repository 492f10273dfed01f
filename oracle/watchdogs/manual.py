"""What the author of a watchdog says of it and its settings, for whoever reads or changes them.

The comment behind a field is its documentation and the end of its name its unit, as its author wrote them anyway; so a watchdog
of somebody else explains itself here too.
"""

from __future__ import annotations

import ast
import enum
import inspect
import io
import textwrap
import tokenize
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Literal, get_args, get_origin

import attrs

__all__ = ["Manual", "Option", "manual_of"]

Form = Literal["number", "whole", "switch", "text", "choice", "list", "table"]
UNITS = {"s": "s", "ms": "ms", "pct": "%", "bps": "bps", "usd": "USD", "days": "days", "bytes": "bytes"}
FORMS: Mapping[Any, Form] = {float: "number", int: "whole", bool: "switch", str: "text"}


@attrs.frozen
class Option:
    """A setting: `form` says what it looks like, `unit` is empty where its name says none, `doc` where its author said nothing.
    An `optional` one may be null; a `choice` is one of `choices`."""

    name: str
    form: Form
    default: Any
    optional: bool
    unit: str
    doc: str
    choices: tuple[str, ...] = ()


@attrs.frozen
class Manual:
    """Of a class of watchdogs: what it does, and its settings in the order of their author."""

    doc: str
    options: tuple[Option, ...]


@lru_cache(maxsize=256)  # a cell that is run again has another class
def manual_of(cls: type) -> Manual:
    """The manual of a watchdog's class."""
    known, said = attrs.fields(attrs.resolve_types(cls)), _comments(cls)
    return Manual(inspect.cleandoc(cls.__doc__ or ""), tuple(_option(one, said.get(one.name, "")) for one in known if one.init))


def _option(field: Any, doc: str) -> Option:
    kinds = [kind for kind in get_args(field.type) if kind is not type(None)] if type(None) in get_args(field.type) else []
    kind = kinds[0] if kinds else field.type
    choices = tuple(map(str, _choices(kind, field.validator)))
    default = field.default.factory() if isinstance(field.default, attrs.Factory) else field.default  # type: ignore[arg-type]
    known = None if default is attrs.NOTHING else default
    unit = UNITS.get(field.name.rpartition("_")[2], "")
    return Option(field.name, "choice" if choices else _form(kind), known, bool(kinds), unit, doc, choices)


def _form(kind: Any) -> Form:
    if kind in FORMS:
        return FORMS[kind]
    return "table" if get_origin(kind) in (dict, Mapping) else "list"


def _choices(kind: Any, validator: Any) -> Iterable[str]:
    if isinstance(kind, type) and issubclass(kind, enum.StrEnum):
        return kind
    options = getattr(validator, "options", ())  # of attrs.validators.in_
    return options if kind is str else ()


def _comments(cls: type) -> dict[str, str]:
    """What stands behind each field of the class and of those it is made from; nothing where there is no source."""
    found: dict[str, str] = {}
    for one in reversed(cls.__mro__[:-1]):
        try:
            source = textwrap.dedent(inspect.getsource(one))
        except (OSError, TypeError):
            continue
        lines: dict[int, str] = {}
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.COMMENT:
                lines[token.start[0]] = token.string.lstrip("# ")
        (body,) = ast.parse(source).body
        for node in body.body if isinstance(body, ast.ClassDef) else ():
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                span = range(node.lineno, (node.end_lineno or node.lineno) + 1)
                found[node.target.id] = " ".join(lines[line] for line in span if line in lines)
    return found
