"""Presets: rules that are useful to many, as files of the folder beside this; a few parameters make a rule of one. Pure."""

from __future__ import annotations

import enum
import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import attrs

from oracle.border import structure
from oracle.problems import Bad, Invalid, Problem, closest, one_of
from oracle.symbols import symbol_of

__all__ = ["Kind", "Parameter", "Preset", "presets"]

FOLDER = Path(__file__).parent / "presets"
# Texts stand inside the quotes of a condition, and nothing in them may end these.
_TEXT = re.compile(r"[^\"'\\*{}\x00-\x1f\x7f]{1,100}")
_COIN = re.compile(r"[A-Z0-9]{1,20}")
_PLACE = re.compile(r"\{(\w+)\}")


class Kind(enum.StrEnum):
    """What a parameter is: something that trades, a coin without its pair, a number, a whole number, a name, or one of a few."""

    symbol = "symbol"
    coin = "coin"
    number = "number"
    whole = "whole"
    text = "text"
    choice = "choice"


@attrs.frozen(kw_only=True)
class Parameter:
    """What may be said about a preset; a number is more than `above`, at least `least` and at most `most`, in `unit`."""

    description: str
    kind: Kind
    default: Any
    unit: str = ""
    above: float | None = None
    least: float | None = None
    most: float | None = None
    choices: list[str] = attrs.field(factory=list)

    def value(self, given: Any) -> Any:
        """What was given, as it goes into the rule. Raises Bad, Invalid."""
        if self.kind in (Kind.number, Kind.whole):
            return self._within(structure(float if self.kind is Kind.number else int, given))
        text = structure(str, given)
        match self.kind:
            case Kind.symbol:
                symbol = symbol_of(text)
                if symbol is None:
                    raise Bad("value_error", "is no symbol, such as BTC-USD, BTC/USD, BTC or AAPL")
                return symbol
            case Kind.coin if not _COIN.fullmatch(text.strip().upper()):
                raise Bad("value_error", "is no coin, such as BTC")
            case Kind.coin:
                return text.strip().upper()
            case Kind.choice if text not in self.choices:
                raise Bad("enum", f"Input should be {one_of(self.choices)}", suggestion=closest(text, self.choices),
                          ctx={"expected": one_of(self.choices)})  # fmt: skip
            case Kind.text if not _TEXT.fullmatch(text):
                raise Bad("value_error", "Input should have 1 to 100 characters, without quotes, braces, stars and backslashes")
        return text

    def _within(self, number: float) -> float:
        if self.above is not None and not number > self.above:
            raise Bad("greater_than", f"Input should be greater than {self.above:g}", ctx={"gt": self.above})
        if self.least is not None and number < self.least:
            raise Bad("greater_than_equal", f"Input should be greater than or equal to {self.least:g}", ctx={"ge": self.least})
        if self.most is not None and number > self.most:
            raise Bad("less_than_equal", f"Input should be less than or equal to {self.most:g}", ctx={"le": self.most})
        return number


@attrs.frozen(kw_only=True)
class Preset:
    """A rule with places for its parameters: `{level}` alone is the value itself, in a longer text it is written out."""

    name: str
    title: str
    description: str
    parameters: dict[str, Parameter]
    rule: dict[str, Any]

    def made(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The rule as a client would write it, but for its id and how it is delivered. Raises Invalid; paths begin with
        `parameters`."""
        problems = list(self._problems(given))
        if problems:
            raise Invalid(problems)
        values = {name: one.value(given.get(name, one.default)) for name, one in self.parameters.items()}
        filled: dict[str, Any] = _filled(self.rule, values)
        return filled

    def _problems(self, given: Mapping[str, Any]) -> Iterator[Problem]:
        for name in given:
            if name not in self.parameters:
                yield Problem(("parameters", name), "extra_forbidden", "unknown parameter", given[name],
                              closest(name, self.parameters))  # fmt: skip
        for name, one in self.parameters.items():
            try:
                one.value(given.get(name, one.default))
            except Bad as bad:
                yield bad.at(("parameters", name), given.get(name))
            except Invalid as wrong:
                yield from (attrs.evolve(problem, path=("parameters", name)) for problem in wrong.problems)


@cache
def presets() -> Mapping[str, Preset]:
    """All of them by name, in the order of the alphabet."""
    return {path.stem: _read(path) for path in sorted(FOLDER.glob("*.toml"))}


def _read(path: Path) -> Preset:
    return structure(Preset, {"name": path.stem, **tomllib.loads(path.read_text("utf-8"))}, path=(path.name,))


def _filled(part: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(part, dict):
        return {name: _filled(inner, values) for name, inner in part.items()}
    if isinstance(part, list):
        return [_filled(inner, values) for inner in part]
    if not isinstance(part, str):
        return part
    whole = _PLACE.fullmatch(part)
    return values[whole[1]] if whole else _PLACE.sub(lambda found: _written(values[found[1]]), part)


def _written(value: Any) -> str:
    """Numbers without an empty fraction, exact otherwise."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 else str(value)
