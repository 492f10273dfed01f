"""The border refuses what does not fit, and says where, why and what was probably meant."""

from __future__ import annotations

import enum
from datetime import UTC, datetime
from typing import Any, Literal

import attrs
import pytest
from attrs.validators import and_, ge, gt, in_, le, matches_re, max_len, min_len, optional

from oracle.border import Invalid, Text, Url, structure, unstructure


class Level(enum.StrEnum):
    low = "low"
    high = "high"


@attrs.frozen
class Leaf:
    limit_pct: float = attrs.field(default=5.0, validator=and_(gt(0), le(100)))
    symbols: tuple[str, ...] = ()


@attrs.frozen
class Tree:
    name: str = attrs.field(validator=min_len(1))
    on: bool = True
    count: int = attrs.field(default=1, validator=ge(0))
    ratio: float | None = attrs.field(default=None, validator=optional(ge(0.5)))
    level: Level = Level.low
    mode: str = attrs.field(default="open", validator=in_(("open", "token")))
    side: Literal["buy", "sell"] = "buy"
    url: Url | None = None
    at: datetime | None = None
    code: str = attrs.field(default="a1", validator=[matches_re(r"[a-z]\d"), max_len(2)])
    leaf: Leaf = attrs.field(factory=Leaf)
    leaves: list[Leaf] = attrs.field(factory=list)
    tables: dict[str, dict[str, Any]] = attrs.field(factory=dict)


@attrs.frozen
class Span:
    low: int = 0
    high: int = 1

    def __attrs_post_init__(self) -> None:
        if self.low > self.high:
            raise ValueError("low is above high")


def refused(data: Any, cls: type = Tree, **options: Any) -> list[tuple[str, str, str]]:
    with pytest.raises(Invalid) as caught:
        structure(cls, data, **options)
    return [(problem.where, problem.type, problem.suggestion) for problem in caught.value.problems]


def test_plain_data_becomes_the_object_and_goes_back():
    data = {
        "name": "x", "on": False, "count": 2, "ratio": 1, "level": "high", "mode": "token", "side": "sell",
        "url": "http://a.example", "at": "2026-01-02T03:04:05+01:00", "code": "b2",
        "leaf": {"limit_pct": 2, "symbols": ["A", "B"]}, "leaves": [{"limit_pct": 1.5}], "tables": {"t": {"k": 1}},
    }
    tree = structure(Tree, data)
    assert tree.leaf == Leaf(2.0, ("A", "B")) and isinstance(tree.leaf.limit_pct, float)
    assert (tree.level, tree.url) == (Level.high, "http://a.example/")
    assert tree.at == datetime(2026, 1, 2, 2, 4, 5, tzinfo=UTC)
    plain = unstructure(tree)
    assert plain["at"] == "2026-01-02T02:04:05Z" and plain["leaf"]["symbols"] == ["A", "B"] and plain["level"] == "high"
    assert structure(Tree, plain) == tree


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ({"name": 1}, ("name", "string_type", "")),
        ({"name": ""}, ("name", "string_too_short", "")),
        ({"on": 1}, ("on", "bool_type", "")),
        ({"on": "true"}, ("on", "bool_type", "")),
        ({"count": True}, ("count", "int_type", "")),
        ({"count": "1"}, ("count", "int_type", "")),
        ({"count": 1.5}, ("count", "int_type", "")),
        ({"count": -1}, ("count", "greater_than_equal", "")),
        ({"ratio": "0.7"}, ("ratio", "float_type", "")),
        ({"ratio": True}, ("ratio", "float_type", "")),
        ({"ratio": float("nan")}, ("ratio", "finite_number", "")),
        ({"ratio": 0.1}, ("ratio", "greater_than_equal", "")),
        ({"level": "hihg"}, ("level", "enum", "high")),
        ({"mode": "tokne"}, ("mode", "enum", "token")),
        ({"side": "bye"}, ("side", "literal_error", "buy")),
        ({"url": "nowhere"}, ("url", "url_parsing", "")),
        ({"url": "ftp://a"}, ("url", "url_scheme", "")),
        ({"url": "http://[::1"}, ("url", "url_parsing", "")),
        ({"url": "http://a:99999/"}, ("url", "url_parsing", "")),
        ({"at": "tomorrow"}, ("at", "datetime_parsing", "")),
        ({"code": "??"}, ("code", "string_pattern_mismatch", "")),
        ({"leaf": []}, ("leaf", "model_attributes_type", "")),
        ({"leaf": {"limit_pct": 0}}, ("leaf.limit_pct", "greater_than", "")),
        ({"leaf": {"symbols": "AB"}}, ("leaf.symbols", "list_type", "")),
        ({"leaf": {"symbols": ["A", 2]}}, ("leaf.symbols[1]", "string_type", "")),
        ({"leaves": [{}, {"limit_pct": 101}]}, ("leaves[1].limit_pct", "less_than_equal", "")),
        ({"leaves": [{"limit": 1}]}, ("leaves[0].limit", "extra_forbidden", "limit_pct")),
        ({"tables": []}, ("tables", "dict_type", "")),
        ({"tables": {"t": 1}}, ("tables.t", "dict_type", "")),
        ({"naem": "y"}, ("naem", "extra_forbidden", "name")),
    ],
)
def test_each_misfit_has_its_path_code_and_suggestion(extra, expected):
    assert refused({"name": "x", **extra}) == [expected]


def test_all_problems_come_at_once_in_the_order_of_the_fields():
    assert refused({"count": -1, "level": 3, "leaf": {"limit_pct": 0, "symbols": 1}, "zzz": 1}) == [
        ("name", "missing", ""), ("level", "enum", ""), ("leaf.symbols", "list_type", ""),
        ("leaf.limit_pct", "greater_than", ""), ("count", "greater_than_equal", ""), ("zzz", "extra_forbidden", ""),
    ]


def test_extras_are_dropped_at_every_depth_where_the_caller_says_so():
    assert structure(Leaf, {"limit_pct": 1, "x": 2}, extras="drop") == Leaf(1.0)
    assert structure(Tree, {"name": "x", "leaf": {"y": 1}}, extras="drop") == Tree("x")


def test_a_class_can_refuse_a_combination():
    assert refused({"low": 2}, Span) == [("", "value_error", "")]
    assert refused({"low": 2}, Span, path=("a",)) == [("a", "value_error", "")]


def test_what_is_no_mapping_is_refused_whole():
    assert refused([1]) == [("", "model_attributes_type", "")]
    assert refused(None) == [("", "model_attributes_type", "")]


def test_text_is_parsed_as_the_wanted_type():
    tree = structure(Tree, {
        "name": Text("7"), "on": Text("off"), "count": Text("3"), "ratio": Text("0.75"), "level": Text("high"),
        "leaf": {"symbols": Text("A, B")},
    })
    assert tree == Tree("7", False, 3, 0.75, Level.high, leaf=Leaf(symbols=("A", "B")))
    assert type(tree.name) is str
    assert structure(Leaf, {"symbols": Text('["A,B"]')}).symbols == ("A,B",)


@pytest.mark.parametrize(("key", "value", "code"), [
    ("on", "maybe", "bool_parsing"), ("count", "x", "int_parsing"), ("ratio", "x", "float_parsing"),
    ("leaves", "[1", "list_type"),
])
def test_text_that_does_not_parse_is_refused(key, value, code):
    assert refused({"name": "x", key: Text(value)}) == [(key, code, "")]


def test_the_message_of_an_unknown_key_does_not_print_its_value():
    with pytest.raises(Invalid) as caught:
        structure(Leaf, {"limit_pct": -1, "passwrod": "hunter2"})
    assert str(caught.value).splitlines() == [
        "limit_pct: Input should be greater than 0 (given -1)",
        "passwrod: unknown key",
    ]
