"""Flags say only what was said."""

from __future__ import annotations

from pathlib import Path

import pytest

from oracle.border import Invalid
from web.flags import feed_table, tables


def test_no_flags_say_nothing():
    assert tables() == {}


def test_each_flag_becomes_its_setting():
    said = tables(data=Path("/d"), listen=["127.0.0.1:0"], seed_ports=True, auth="token", feeds=["binance"], demo=False)
    assert said == {
        "data": {"folder": "/d"}, "server": {"listen": ["127.0.0.1:0"], "seed_ports": True}, "auth": {"mode": "token"},
        "demo": {"enabled": False}, "feeds": {"binance": {"kind": "binance"}},
    }


@pytest.mark.parametrize(("text", "expected"), [
    ("binance", ("binance", {"kind": "binance"})),
    ("binance:BTC-USDT, ETH-USDT", ("binance", {"kind": "binance", "symbols": ["BTC-USDT", "ETH-USDT"]})),
    ("mylab.odd:Odd", ("odd", {"kind": "mylab.odd:Odd"})),
    ("mylab.odd:Odd:A,B", ("odd", {"kind": "mylab.odd:Odd", "symbols": ["A", "B"]})),
])
def test_a_feed_is_a_kind_and_symbols(text, expected):
    assert feed_table(text) == expected


@pytest.mark.parametrize("texts", [
    ("simulated", "simulated:BTC-USD"), ("binance", "binance"), ("mylab.odd:Odd", "odd"), ("mylab.odd:Odd", "other.odd:Odd"),
])
def test_two_feeds_of_one_name_are_refused_and_both_are_told(texts):
    with pytest.raises(Invalid) as caught:
        tables(feeds=texts)
    (problem,) = caught.value.problems
    assert problem.where == f"feeds.{feed_table(texts[0])[0]}"
    assert all(f"--feed {text}" in problem.reason for text in texts)


@pytest.mark.parametrize("text", ["", ":BTC", "binance:A:B"])
def test_what_is_no_feed_is_refused(text):
    with pytest.raises(Invalid) as caught:
        feed_table(text)
    assert caught.value.problems[0].path == ("feeds",)
