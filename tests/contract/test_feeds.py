"""What every feed in the table keeps to."""

import ast
import inspect
import re

import attrs
import pytest

from oracle.border import structure, unstructure
from oracle.feeds import FEEDS, FeedStatistics, feed_class
from oracle.problems import Bad, Invalid

UNITS = re.compile(r"(_s|_ms|_us|_pct|_usd|_bps|_bytes|_per_s|_every_s|_hours)$")
UNITLESS = {"seed", "levels", "speed", "client_id"}

feeds = pytest.mark.parametrize("kind", sorted(FEEDS))


@feeds
def test_settings_have_defaults_and_survive_the_border(kind):
    cls = FEEDS[kind]
    assert structure(cls, {}) == cls()
    assert structure(cls, unstructure(cls())) == cls()


@feeds
def test_an_unknown_key_is_refused_with_what_was_meant(kind):
    known = attrs.fields(FEEDS[kind])[1].name
    with pytest.raises(Invalid) as refused:
        structure(FEEDS[kind], {known + "x": 1}, path=("feeds", kind))
    problem = refused.value.problems[0]
    assert (problem.where, problem.suggestion) == (f"feeds.{kind}.{known}x", known)


@feeds
@pytest.mark.parametrize("bad", [None, -1, "much", [], {"a": 1}, float("nan")])
def test_a_bad_value_is_refused_with_its_place(kind, bad):
    for field in attrs.fields(FEEDS[kind]):
        if (bad == [] and field.default == ()) or (bad == "much" and field.name in ("path", "exchange")) or not field.init:
            continue  # none of them is what there is by default, any text is a path, and who knows all exchanges?
        with pytest.raises(Invalid) as refused:
            structure(FEEDS[kind], {field.name: bad}, path=("feeds", kind))
        assert refused.value.problems[0].where.startswith(f"feeds.{kind}.{field.name}")


@feeds
def test_every_field_is_documented_and_every_number_says_its_unit(kind):
    cls = attrs.resolve_types(FEEDS[kind])
    for field in (one for one in attrs.fields(cls) if one.init):
        assert re.search(rf"^\s*{field.name}: \S", cls.__doc__, re.MULTILINE), f"{field.name} is not in the docstring"
        if field.type in (int, float):
            assert UNITS.search(field.name) or field.name in UNITLESS, f"{field.name} has no unit"


@feeds
def test_it_makes_one_actor_named_after_it_whose_statistics_it_was_given(kind):
    statistics = FeedStatistics()
    child = FEEDS[kind]().child("mine", statistics)
    assert (child.name, child.restart) == ("feed:mine", "permanent")
    one, two = child.build(), child.build()
    assert one is not two
    assert one.statistics is two.statistics is statistics
    assert FEEDS[kind]().child("mine").build().statistics is not statistics


@feeds
def test_it_reads_no_clock(kind):
    source = ast.parse(inspect.getsource(inspect.getmodule(FEEDS[kind])))
    modules = {alias.name for node in ast.walk(source) if isinstance(node, ast.Import) for alias in node.names}
    modules |= {node.module for node in ast.walk(source) if isinstance(node, ast.ImportFrom)}
    assert not modules & {"time", "datetime"}


@attrs.frozen
class Silent:
    """A stranger's feed that says nothing."""

    def child(self, name, statistics=None, http=None):
        """Never called here."""
        raise NotImplementedError


def test_a_kind_with_a_colon_is_imported():
    assert feed_class("binance") is FEEDS["binance"]
    assert feed_class(f"{__name__}:Silent") is Silent


@pytest.mark.parametrize(("kind", "reason", "suggestion"), [
    ("binanc", "there is no feed of kind", "binance"), ("no.such:Thing", "cannot be imported", ""),
    (f"{__name__}:Nothing", "cannot be imported", ""), (f"{__name__}:feeds", "is no feed", ""),
    ("attrs:define", "is no feed", ""), (":", "cannot be imported", ""),
])  # fmt: skip
def test_a_kind_that_is_none_is_refused(kind, reason, suggestion):
    with pytest.raises(Bad, match=reason) as refused:
        feed_class(kind)
    assert refused.value.suggestion == suggestion


@pytest.mark.parametrize(("kind", "key", "value"), [
    ("binance", "symbols", ["btc-usdt"]), ("binance", "symbols", ["AAPL"]), ("binance", "symbols", []),
    ("binance", "url", "http://x"), ("binance", "url", "ws://"), ("binance", "url", "wss://x:99999"),
    ("binance", "streams", ["ticker"]), ("binance", "stale_after_s", 0), ("binance", "max_frame_bytes", 1),
    ("coinbase", "symbols", ["BTC/USD"]), ("coinbase", "channels", ["full"]), ("coinbase", "levels", 9),
    ("coinbase", "within_bps", 0), ("kraken", "symbols", ["XBT/USD"]), ("kraken", "channels", ["spread"]),
    ("kraken", "levels", 11), ("kraken", "url", "https://x"), ("kraken", "sample_every_s", 0),
    ("binance", "rest_url", "api.binance.com"), ("binance", "levels", 20), ("binance_futures", "streams", ["trade"]),
    ("binance_futures", "funding_hours", 0), ("binance_futures", "rest_url", "https://x/"),
    ("poll", "rows", [{"kind": "weather", "fields": {}}]), ("poll", "rows", [{"kind": "vix", "fields": {"value": "a["}}]),
    ("poll", "preset", "yahoo"), ("health", "urls", {}), ("health", "urls", {"a": "ftp://x"}), ("health", "timeout_s", 0),
    ("ccxt", "exchange", "Kraken!"), ("ccxt", "what", ["news"]), ("file", "rows", "depth"), ("file", "speed", -1),
    ("ibkr", "url", "http://x:1"), ("ibkr", "url", "tcp://x"), ("ibkr", "symbols", ["aapl"]), ("ibkr", "symbols", []),
    ("simulated", "symbols", ["BTC-USDT"]), ("simulated", "updates_per_s", 3), ("simulated", "seed", -1),
])  # fmt: skip
def test_values_that_make_no_sense_are_refused(kind, key, value):
    with pytest.raises(Invalid) as refused:
        structure(FEEDS[kind], {key: value})
    assert refused.value.problems[0].where.startswith(key)


def test_a_pair_written_otherwise_is_understood_enough_to_suggest_it():
    with pytest.raises(Invalid) as refused:
        structure(FEEDS["binance"], {"symbols": ["BTCUSDT"]})
    assert refused.value.problems[0].suggestion == "BTC-USDT"


def test_more_streams_than_the_venue_serves_are_refused():
    with pytest.raises(Invalid, match="1200 streams"):
        structure(FEEDS["binance"], {"symbols": [f"A{i}-USDT" for i in range(300)]})
