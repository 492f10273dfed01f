"""What every watchdog in the table keeps to."""

import ast
import inspect
import math
import re
from collections import Counter

import attrs
import hypothesis
import msgspec
import pytest
from hypothesis import strategies as st

from oracle.border import structure, unstructure
from oracle.facts import Earnings, Transfer, fact_event
from oracle.feeds.simulated import Simulated, Tape
from oracle.model import Bar, Event, Quote, Sample, Severity, Trade
from oracle.patterns import Patterns, is_pattern
from oracle.problems import Invalid
from oracle.watchdogs import WATCHDOGS
from oracle.watchdogs.actor import finding_event
from oracle.watchdogs.decider import Bars, Course, Mean, Means, Memory
from tests.soak import rounds

UNITS = re.compile(r"(_s|_ms|_us|_pct|_usd|_bps|_days|_ratio|_share|_trades|_venues|_values|_returns)$")
UNITLESS = {"limit", "critical", "high", "rearm", "above", "below"}  # shares and correlations; metrics have their own unit
T0_US = 1_795_449_600_000_000
SECOND_US = 1_000_000

# FIML's table: interval in seconds, universe.
FIML = {
    "earnings_anomaly": (300, "AAPL MSFT GOOGL AMZN TSLA"),
    "unusual_volume": (60, "AAPL MSFT GOOGL AMZN TSLA SPY QQQ"),
    "whale_movement": (120, "BTC ETH SOL USDT USDC"),
    "funding_rate": (300, "BTC ETH SOL"),
    "liquidity_drop": (180, "BTC ETH SOL SPY QQQ"),
    "correlation_breakdown": (600, "BTC/ETH SPY/QQQ GLD/TLT BTC/SPY"),
    "exchange_outage": (60, "binance coinbase kraken"),
    "price_anomaly": (30, "BTC ETH SPY QQQ AAPL TSLA"),
}
watchdogs = pytest.mark.parametrize("kind", list(WATCHDOGS))


@pytest.fixture(scope="module")
def told():
    """150 s of the simulated market, as (time, message)."""
    tape = Tape(Simulated(updates_per_s=5))
    first = T0_US // tape.step_us
    return [(step * tape.step_us + place, message) for step in range(first, first + 150 * 5)
            for place, message in enumerate(tape.at(step))]  # fmt: skip


def run(decider, told, memory=Memory(), begin_us=T0_US, until_us=None):  # noqa: B008
    """The events of a decider over messages, as a live watchdog and a replay would make them."""
    course, wanted = Course(decider), Patterns(decider.listens)
    course.begin(memory, begin_us)
    found = []
    for time_us, message in told:
        if wanted.want(message.topic):
            found += [finding_event("watchdog:it", f, course.provider) for f in course.take(message, time_us)]
    if until_us is not None:
        found += [finding_event("watchdog:it", f, course.provider) for f in course.pass_time(until_us)]
    return found


def test_the_table_is_in_the_order_of_fiml():
    assert list(WATCHDOGS)[:8] == list(FIML)


@pytest.mark.parametrize("kind", list(FIML))
def test_intervals_and_universes_are_those_of_fiml(kind):
    decider, (interval_s, universe) = WATCHDOGS[kind](), FIML[kind]
    watched = next(getattr(decider, name) for name in ("symbols", "pairs", "exchanges") if hasattr(decider, name))
    assert decider.interval_s == interval_s
    assert set(universe.split()) <= set(watched)


@watchdogs
def test_settings_have_defaults_and_survive_the_border(kind):
    cls = WATCHDOGS[kind]
    assert structure(cls, {}) == cls()
    assert structure(cls, {k: v for k, v in unstructure(cls()).items() if k in settings_of(cls) and v is not None}) == cls()


@watchdogs
def test_an_unknown_key_and_a_value_that_makes_no_sense_are_refused(kind):
    cls = WATCHDOGS[kind]
    with pytest.raises(Invalid) as refused:
        structure(cls, {"interval": 1}, path=("watchdogs", kind))
    assert refused.value.problems[0].where == f"watchdogs.{kind}.interval"
    for name in settings_of(cls):
        with pytest.raises(Invalid) as refused:
            structure(cls, {name: {"a": object}}, path=("watchdogs", kind))
        assert refused.value.problems[0].where.startswith(f"watchdogs.{kind}.{name}")


@watchdogs
def test_every_number_says_its_unit(kind):
    cls = attrs.resolve_types(WATCHDOGS[kind])
    for field in attrs.fields(cls):
        if field.init and field.type in (int, float):
            assert UNITS.search(field.name) or field.name in UNITLESS, f"{field.name} has no unit"


@watchdogs
def test_it_has_no_clock_and_does_no_io(kind):
    source = ast.parse(inspect.getsource(inspect.getmodule(WATCHDOGS[kind])))
    modules = {alias.name for node in ast.walk(source) if isinstance(node, ast.Import) for alias in node.names}
    modules |= {node.module for node in ast.walk(source) if isinstance(node, ast.ImportFrom)}
    assert not modules & {"time", "datetime", "random", "trio", "os", "pathlib", "oracle.http", "oracle.history"}
    assert not any(isinstance(node, ast.AsyncFunctionDef) for node in ast.walk(source))


@watchdogs
def test_what_it_asks_for_makes_sense(kind):
    decider = WATCHDOGS[kind]()
    assert decider.listens and all(is_pattern(one) for one in decider.listens)
    assert decider.interval_s > 0 and decider.memory_s >= 0
    assert all(isinstance(wish, Bars | Means) for wish in getattr(decider, "lessons", ()))
    assert hasattr(decider, "on_time") == hasattr(decider, "next_deadline")
    assert hasattr(decider, "on_gap") or not hasattr(decider, "on_time"), "a gap must not look like a silence"


@watchdogs
def test_a_prefix_of_the_messages_finds_a_prefix_of_the_events(kind, told):
    whole = run(WATCHDOGS[kind](), told)
    part = run(WATCHDOGS[kind](), told[: len(told) // 2])
    assert part == whole[: len(part)]
    assert run(WATCHDOGS[kind](), told) == whole
    assert len({event.id for event in whole}) == len(whole)
    assert all(isinstance(event.severity, Severity) and event.summary for event in whole)


@watchdogs
@pytest.mark.parametrize("cut_s", [40, 95])
def test_a_life_that_begins_with_its_memory_goes_on_as_if_it_had_not_begun_anew(kind, cut_s, told):
    decider = WATCHDOGS[kind]()
    cut_us = T0_US + cut_s * SECOND_US
    before = [one for one in told if one[0] < cut_us]
    after = [one for one in told if one[0] >= cut_us]
    recent = [one for one in before if one[0] >= cut_us - decider.memory_s * 1e6 and Patterns(decider.listens).want(one[1].topic)]
    # A start is a gap, after which what is absent has its time again: it is the same that is missed, but later.
    same = "subject" if kind == "absence" else "id"
    straight = [getattr(event, same) for event in run(decider, told) if event.ts_us >= cut_us]
    again = [getattr(event, same) for event in run(WATCHDOGS[kind](), after, Memory((), recent), cut_us)]
    assert again == straight


GARBAGE = (0.0, -1.0, math.nan, math.inf, -math.inf)


def garbage(symbol, at_us):
    """Messages of all kinds whose numbers make no sense."""
    for bad in GARBAGE:
        yield Trade(symbol, bad, 1.0, "buy", "1", at_us, "test")
        yield Trade(symbol, 100.0, bad, "", "1", at_us, "test")
        yield Quote(symbol, bad, 1.0, 100.0, 1.0, at_us, "test")
        yield Quote(symbol, 101.0, 1.0, 100.0, 1.0, at_us, "other")
        for name in ("funding_rate", "book_depth_bid", "book_depth_ask", "http_response_ms"):
            if not math.isfinite(bad):
                yield Sample(name, f"{symbol}:binance", bad, "x", at_us, "test")
        yield fact_event(Transfer("a", "b", 1.0, bad if not math.isfinite(bad) else -1.0, "tx"), "BTC", "test", at_us, "x")
        yield fact_event(Earnings("2026-01-01", bad, 0.0), "AAPL", "test", at_us, "x")
    yield Event("evt_1", "transfer", "BTC", "test", Severity.low, "x", {"usd_value": "much"}, at_us)
    yield Event("evt_2", "earnings", "AAPL", "test", Severity.low, "x", {}, at_us)


@watchdogs
def test_garbage_is_counted_and_says_nothing(kind):
    decider = WATCHDOGS[kind]()
    messages = [(T0_US + i, m) for i, m in enumerate(m for s in ("BTC-USD", "AAPL") for m in garbage(s, T0_US))]
    assert run(decider, messages) == []
    heard = [m for _, m in messages if Patterns(decider.listens).want(m.topic)]
    if heard and kind != "absence":
        assert isinstance(decider.ignored, Counter) and decider.ignored.total() > 0


@watchdogs
def test_what_it_keeps_is_bounded(kind):
    decider = WATCHDOGS[kind](**({"symbols": ("*",)} if "symbols" in settings_of(WATCHDOGS[kind]) else {}))
    for number in range(11_000):
        now, symbol = T0_US + number, f"S{number}-USD"
        for message in (
            Trade(symbol, 100.0, 1.0, "buy", "1", now, "test"), Quote(symbol, 99.0, 1.0, 100.0, 1.0, now, "test"),
            Sample("funding_rate", f"{symbol}:binance", 0.01, "per_8h", now, "test"),
            Sample("book_depth_bid", f"{symbol}:test", 1.0, "USD", now, "test"),
            Sample("http_response_ms", symbol, 1.0, "ms", now, "test"),
            fact_event(Transfer("a", "b", 1.0, 2e6, symbol), "BTC", "test", now, "x", symbol),
            fact_event(Earnings(symbol, 2.0, 1.0), "AAPL", "test", now, "x", symbol),
        ):  # fmt: skip
            if Patterns(decider.listens).want(message.topic):
                for _ in decider.update(message, now):
                    pass
    kept = [value for field in attrs.fields(type(decider)) if not field.init
            for value in [getattr(decider, field.name)] if hasattr(value, "__len__")]  # fmt: skip
    assert all(len(value) <= 10_000 for value in kept)


SIZES = (0.0, 0.5, 1.0, 200.0, 5e-324, 1e-308, 1e-200, 1e-30, 1e-9, 1e9, 1e29, 1e30, 1e200, 1e308)
EXTREME = st.sampled_from([*SIZES, *(-size for size in SIZES)]) | st.floats(allow_nan=False, allow_infinity=False)
NAMES = ("funding_rate", "book_depth_bid", "book_depth_ask", "http_response_ms", "http_status")


@st.composite
def extreme(draw, listens):
    """A message that it listens to, of finite numbers, most of which make no sense; and how many seconds after the last."""
    symbol, source = draw(st.sampled_from(["BTC-USD", "ETH-USD"])), draw(st.sampled_from(["binance", "okx", "push:bot"]))
    one, other, volume = draw(EXTREME), draw(EXTREME), draw(EXTREME)
    kinds = [kind for kind in ("trade", "quote", "bar", "sample", "event:transfer", "event:earnings")
             if any(one.startswith(kind) for one in listens)]  # fmt: skip
    match draw(st.sampled_from(kinds)):
        case "trade":
            said = Trade(symbol, one, other, "", "1", 0, source)
        case "quote":
            said = Quote(symbol, min(one, other), volume, max(one, other), volume, 0, source)
        case "bar":
            said = Bar(symbol, "1m", one, max(one, other), min(one, other), other, volume, 1, True, 0, source)
        case "sample":
            exchange = draw(st.sampled_from(["binance", "okx"]))
            name = draw(st.sampled_from(NAMES))
            said = Sample(name, exchange if name.startswith("http") else f"{symbol}:{exchange}", one, "x", 0, source)
        case "event:transfer":
            said = fact_event(Transfer("a", "b", volume, one, f"{one}"), "BTC", source, 0, "x", one)
        case "event:earnings":
            said = fact_event(Earnings(f"{one}", one, other, volume, volume), "AAPL", source, 0, "x", one)
    return draw(st.sampled_from([0.1, 1.0, 20.0, 61.0, 900.0])), said


def taught(one, other):
    """Lessons of extreme numbers."""
    slot_us = 900_000_000
    first = T0_US // slot_us - 6 * 96
    for place in range(6 * 96):
        for symbol, value in (("BTC-USD", one), ("ETH-USD", other)):
            yield Bar(symbol, "15m", value, value, value, value, value, 1, True, (first + place) * slot_us, "binance")
    for hour in range(20, 0, -1):
        for name, value in (("book_depth_bid", one), ("book_depth_ask", other)):
            yield Mean(name, "BTC-USD:binance", T0_US - hour * 3_600_000_000, 3_600.0, 10, value)


def numbers_of(value):
    """All numbers in the data of an event."""
    match value:
        case dict():
            return [number for one in value.values() for number in numbers_of(one)]
        case float() | int():
            return [value]
    return []


@watchdogs
@hypothesis.settings(max_examples=rounds(15, 600), suppress_health_check=list(hypothesis.HealthCheck))
@hypothesis.given(data=st.data(), lesson=st.tuples(EXTREME, EXTREME))
def test_extreme_numbers_neither_crash_it_nor_make_it_say_what_is_no_number(kind, data, lesson):
    more = {"symbols": ("*",)} if "symbols" in settings_of(WATCHDOGS[kind]) else {}
    if kind == "metric":
        more = {"names": NAMES, "above": 1e3, "below": -1e3}
    decider, now, told = WATCHDOGS[kind](**more), T0_US, []
    for after_s, message in data.draw(st.lists(extreme(decider.listens), min_size=5, max_size=40)):
        now += round(after_s * 1e6)
        told.append((now, msgspec.structs.replace(message, ts_us=now)))
    wishes = {name for wish in getattr(decider, "lessons", ()) for name in getattr(wish, "names", ("bar",))}
    lessons = sorted((one for one in taught(*lesson) if getattr(one, "name", "bar") in wishes), key=lambda one: one.ts_us)
    for event in run(decider, told, Memory(lessons), until_us=now + 3_600_000_000):
        assert all(math.isfinite(number) for number in numbers_of(event.data)), event
        assert not re.search(r"\b(inf|nan)\b", event.summary), event
        msgspec.json.encode(event)


def test_a_rate_that_is_none_changes_nothing_for_good():
    decider = WATCHDOGS["funding_rate"]()
    for number in range(4):
        for venue in ("binance", "bybit", "okx"):
            said = Sample("funding_rate", f"BTC-USDT:{venue}", 1e308, "x", T0_US + number, "push:bot")
            assert list(decider.update(said, T0_US + number)) == []
    assert decider.ignored == {"not_a_rate": 12}


def settings_of(cls):
    """The names of its settings."""
    return {field.name for field in attrs.fields(cls) if field.init}
