"""The only door for data from outside: settings, commands and request bodies become attrs objects here, or are refused.

Strict: nothing is coerced (`"1"` is no number, `true` is no integer; an integer will do where a float is wanted) but
`Text`, which comes from places that know no types. Unknown keys are refused or dropped, as the caller says. All
problems are reported at once, each with its path.
"""

from __future__ import annotations

import datetime as dt
import enum
import json
import math
import pathlib
import typing
import urllib.parse
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Literal, TypeVar

import attrs
import cattrs
from cattrs.cols import (
    homogenous_tuple_structure_factory,
    is_mapping,
    is_mutable_sequence,
    is_sequence,
    list_structure_factory,
    mapping_structure_factory,
)
from cattrs.errors import ClassValidationError, ForbiddenExtraKeysError, IterableValidationError

from oracle.problems import Bad, Invalid, Problem, closest, one_of
from oracle.validators import broken

__all__ = ["Bad", "Invalid", "Problem", "Text", "Url", "register", "structure", "unstructure"]

T = TypeVar("T")
Path = tuple[str | int, ...]


class Text(str):
    """Text from a place without types (environment, query string, command line): parsed as the wanted type.
    Lists are comma-separated, or JSON when they begin with `[`."""

    __slots__ = ()


class Url(str):
    """An absolute http(s) URL; a bare host has gained its slash."""

    __slots__ = ()


def structure(cls: type[T], data: Any, *, extras: Literal["refuse", "drop"] = "refuse", path: Path = ()) -> T:
    """Make a `cls` of plain `data`; `path` is where the data stands, for messages. Raises Invalid."""
    try:
        return _CONVERTERS[extras].structure(data, cls)
    except (cattrs.BaseValidationError, Bad) as error:
        invalid = Invalid(_problems(error, data, path, extras))
    raise invalid  # out here it hangs on no exception group, which notebooks can't show: the cell would not count as failed


def unstructure(value: Any) -> Any:
    """Plain dicts, lists and scalars that JSON can carry; times are ISO text with `Z`."""
    return _CONVERTERS["refuse"].unstructure(value)


def register(cls: type[T], read: Callable[[Any], T], write: Callable[[T], Any]) -> None:
    """Teach the border a type that has its own text form; `read` raises Bad."""
    for converter in _CONVERTERS.values():
        converter.register_structure_hook(cls, lambda value, _: read(value))
        converter.register_unstructure_hook(cls, write)


# --- scalars ---------------------------------------------------------------------------------------------------------

_TRUE, _FALSE = {"true", "1", "yes", "on"}, {"false", "0", "no", "off"}


def _bool(value: Any, _: Any) -> bool:
    if isinstance(value, Text):
        if value.lower() in _TRUE | _FALSE:
            return value.lower() in _TRUE
        raise Bad("bool_parsing", "Input should be a valid boolean, unable to interpret input")
    if isinstance(value, bool):
        return value
    raise Bad("bool_type", "Input should be a valid boolean")


def _int(value: Any, _: Any) -> int:
    if isinstance(value, Text):
        try:
            return int(value)
        except ValueError:
            raise Bad("int_parsing", "Input should be a valid integer, unable to parse string as an integer") from None
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise Bad("int_type", "Input should be a valid integer")


def _float(value: Any, _: Any) -> float:
    if isinstance(value, Text):
        try:
            value = float(value)
        except ValueError:
            raise Bad("float_parsing", "Input should be a valid number, unable to parse string as a number") from None
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise Bad("float_type", "Input should be a valid number")
    if not math.isfinite(value):
        raise Bad("finite_number", "Input should be a finite number")
    return float(value)


def _str(value: Any, _: Any) -> str:
    if isinstance(value, str):
        return str(value)
    raise Bad("string_type", "Input should be a valid string")


def _url(value: Any, _: Any) -> Url:
    text = _str(value, None)
    try:
        parts = urllib.parse.urlsplit(text)
        host, _port = parts.hostname, parts.port
    except ValueError as error:
        raise Bad("url_parsing", f"Input should be a valid URL, {error}") from None
    if not parts.scheme:
        raise Bad("url_parsing", "Input should be a valid URL, relative URL without a base")
    if parts.scheme not in {"http", "https"}:
        raise Bad("url_scheme", "URL scheme should be 'http' or 'https'")
    if not host or any(c.isspace() for c in text):
        raise Bad("url_parsing", f"Input should be a valid URL, {'white space inside' if host else 'empty host'}")
    return Url(urllib.parse.urlunsplit(parts._replace(path=parts.path or "/")))


def _path(value: Any, _: Any) -> pathlib.Path:
    return pathlib.Path(_str(value, None)).expanduser()


def _datetime(value: Any, _: Any) -> dt.datetime:
    if not isinstance(value, str):
        raise Bad("datetime_type", "Input should be a valid datetime")
    try:
        read = dt.datetime.fromisoformat(value)
    except ValueError:
        raise Bad("datetime_parsing", "Input should be a valid datetime") from None
    return read.astimezone(dt.UTC) if read.tzinfo else read.replace(tzinfo=dt.UTC)


def _enum(value: Any, cls: type[enum.Enum]) -> enum.Enum:
    for member in cls:
        if member.value == value and type(member.value) in (type(value), str):
            return member
    return _none_of(value, [member.value for member in cls], "enum")


def _literal(value: Any, cls: Any) -> Any:
    for option in typing.get_args(cls):
        if option == value and isinstance(value, type(option)):
            return option
    return _none_of(value, typing.get_args(cls), "literal_error")


def _none_of(value: Any, options: typing.Iterable[Any], code: str) -> typing.NoReturn:
    expected = one_of(options)
    meant = closest(value, map(str, options))
    raise Bad(code, f"Input should be {expected}", suggestion=meant, ctx={"expected": expected})


# --- containers ------------------------------------------------------------------------------------------------------


def _mapping(code: str, inner: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def structure_mapping(value: Any, cls: Any) -> Any:
        if not isinstance(value, Mapping):
            raise Bad(code, "Input should be a valid dictionary")
        return inner(value, cls)

    return structure_mapping


def _list(inner: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def structure_list(value: Any, cls: Any) -> Any:
        if isinstance(value, Text):
            value = _split(value)
        if not isinstance(value, list | tuple):  # a bare str would be taken letter by letter
            raise Bad("list_type", "Input should be a valid list")
        return inner(value, cls)

    return structure_list


def _split(text: Text) -> list[Any]:
    if not text.startswith("["):
        return [Text(part.strip()) for part in text.split(",") if part.strip()]
    try:
        return list(json.loads(text))
    except ValueError:
        raise Bad("list_type", "Input should be a valid list: comma-separated, or JSON") from None


def _converter(extras: str) -> cattrs.Converter:
    made = cattrs.Converter(
        forbid_extra_keys=extras == "refuse",
        unstruct_collection_overrides={Sequence: list, AbstractSet: sorted},
    )
    made.register_structure_hook_factory(
        attrs.has, lambda cls: _mapping("model_attributes_type", made.gen_structure_attrs_fromdict(cls)))
    # Not the converter's own method: that puts the bare hook in the place of ours for the next field of the same type.
    made.register_structure_hook_factory(
        is_mapping, lambda cls: _mapping("dict_type", mapping_structure_factory(cls, made, dict)))
    made.register_structure_hook_factory(is_sequence, lambda cls: _list(homogenous_tuple_structure_factory(cls, made)))
    made.register_structure_hook_factory(is_mutable_sequence, lambda cls: _list(list_structure_factory(cls, made)))
    made.register_structure_hook_factory(_is_literal, lambda _: _literal)
    made.register_structure_hook_factory(_is_enum, lambda cls: _enum)
    for cls, read in ((bool, _bool), (int, _int), (float, _float), (str, _str), (Url, _url), (Text, _str),
                      (dt.datetime, _datetime), (pathlib.Path, _path)):
        made.register_structure_hook(cls, _unless_enum(read))
    made.register_unstructure_hook(dt.datetime, lambda at: at.astimezone(dt.UTC).isoformat().replace("+00:00", "Z"))
    return made


def _is_literal(cls: Any) -> bool:
    origin: Any = typing.get_origin(cls)
    return origin is Literal


def _is_enum(cls: Any) -> bool:
    return isinstance(cls, type) and issubclass(cls, enum.Enum)


def _unless_enum(read: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    # cattrs finds the hook by subclass, and a StrEnum is a str.
    return lambda value, cls: _enum(value, cls) if _is_enum(cls) else read(value, cls)


_CONVERTERS = {extras: _converter(extras) for extras in ("refuse", "drop")}


# --- problems --------------------------------------------------------------------------------------------------------


def _problems(error: BaseException, data: Any, path: Path, extras: str) -> Iterator[Problem]:
    """The leaves of cattrs's tree of errors, each with the path and the value it stands at."""
    match error:
        case Bad():
            yield error.at(path, data)
        case Invalid():  # a class that found what is wrong further in
            for problem in error.problems:
                yield attrs.evolve(problem, path=(*path, *problem.path))
        case KeyError():
            yield Problem((*path[:-1], error.args[0]), "missing", "Field required", data)
        case ForbiddenExtraKeysError():
            known = [field.name for field in attrs.fields(error.cl) if field.init]
            for key in data:  # in the order they were written
                if key in error.extra_fields:
                    yield Problem((*path, key), "extra_forbidden", "unknown key", data[key], closest(key, known))
        case ClassValidationError():
            yield from _of_class(error, data, path, extras)
        case IterableValidationError():
            for part, note in error.group_exceptions()[0]:
                inner: Any = _split(data) if isinstance(data, Text) else data
                inner = inner[note.index]
                yield from _problems(part, inner, (*path, note.index), extras)
        case _:
            yield Problem(path, "value_error", str(error), data, ctx={"error": {}})


def _of_class(error: ClassValidationError, data: Mapping[str, Any], path: Path, extras: str) -> Iterator[Problem]:
    noted, bare = error.group_exceptions()
    for part, note in noted:
        yield from _problems(part, data.get(note.name, data), (*path, note.name), extras)
    broken_fields = list(_broken_fields(error.cl, data, {note.name for _, note in noted}, extras))
    for name, bad in broken_fields:
        yield bad.at((*path, name), data[name])
    for part in bare:
        # The class says no for one field at a time; those were all found above, so only its own checks are news here.
        if isinstance(part, ForbiddenExtraKeysError) or not broken_fields:
            yield from _problems(part, data, path, extras)


def _broken_fields(cls: type, data: Mapping[str, Any], skip: set[str], extras: str) -> Iterator[tuple[str, Bad]]:
    values = {}
    for field in attrs.fields(attrs.resolve_types(cls)):
        if field.init and field.name in data and field.name not in skip:
            values[field.name] = _CONVERTERS[extras].structure(data[field.name], field.type or Any)
    yield from broken(cls, values)
