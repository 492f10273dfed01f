"""A wish for a backtest, and what is wrong with it."""

import datetime as dt
from typing import ClassVar

import attrs
import pytest

from actors import Refused
from bench.trading import DAY_US, SmaCross
from oracle.problems import Invalid
from oracle.trading.backtest.ask import Wish, checked
from oracle.trading.roster import Listed, roster

T0_US = 1_672_531_200_000_000  # 2023-01-01
NOW_US = T0_US + 500 * DAY_US
KNOWN = roster({
    "SmaCross": {"kind": "bench.trading:SmaCross", "slow": 30}, "Idle": {"kind": f"{__name__}:Idle"},
})  # fmt: skip


@attrs.define(eq=False)
class Idle(SmaCross):
    """Can't work here."""

    warmup_bars: ClassVar[int] = 10

    def unavailable(self):
        return "its model is missing"


def wish(**facts):
    return Wish(**{"strategy": "sma_cross", "start_us": T0_US, "end_us": T0_US + 365 * DAY_US, **facts})


def test_a_wish_is_of_the_strategy_as_it_is_set_up_but_for_its_params():
    ask = checked(wish(params={"fast": 5}, symbols=("AAPL", "MSFT", "AAPL")), KNOWN, NOW_US)
    assert (ask.listed.name, ask.listed.table, ask.wish.strategy) == ("SmaCross", {"slow": 30, "fast": 5}, "SmaCross")
    assert ask.wish.symbols == ("AAPL", "MSFT")
    assert (ask.start, ask.end, ask.to_us) == (dt.date(2023, 1, 1), dt.date(2024, 1, 1), T0_US + 365 * DAY_US + 1)
    assert ask.since_us == T0_US and not ask.wish.plain and checked(wish(), KNOWN, NOW_US).wish.plain


def test_bars_are_read_from_early_enough_for_the_strategy_to_know_something():
    able = attrs.evolve(KNOWN["SmaCross"], kind="SwingMomentum", table={})
    ask = checked(wish(), {"SmaCross": able}, NOW_US)
    assert ask.warmup_bars == 51 and T0_US - ask.since_us >= 51 * 7 / 5 * DAY_US
    assert checked(wish(start_us=5), {"SmaCross": able}, NOW_US).since_us == 0


@pytest.mark.parametrize(("facts", "field"), [
    ({"end_us": T0_US - 1}, "end"), ({"start_us": NOW_US + 1, "end_us": NOW_US + 2}, "start"),
    ({"params": {"slow": "x"}}, "params"), ({"params": {"colour": 1}}, "params"),
])
def test_what_is_wrong_names_its_field(facts, field):
    with pytest.raises(Invalid) as wrong:
        checked(wish(**facts), KNOWN, NOW_US)
    assert wrong.value.problems[0].path[:2] == ("body", field)


@pytest.mark.parametrize(("name", "param"), [
    ("SwingMomentum", "slow_bars"), ("MeanReversion", "band_bars"), ("InsiderFollowing", "lookback_days"),
])
def test_a_window_that_would_take_all_memory_is_refused(name, param):
    known = {name: Listed(name, name, {})}
    assert checked(wish(strategy=name, params={param: 365}), known, NOW_US)
    with pytest.raises(Invalid) as wrong:
        checked(wish(strategy=name, params={param: 100_000_000}), known, NOW_US)
    assert wrong.value.problems[0].path == ("body", "params", param)


def test_the_future_may_be_asked_for_and_the_last_day_counts():
    ask = checked(wish(end_us=T0_US), KNOWN, NOW_US)
    assert ask.start == ask.end
    assert checked(wish(end_us=NOW_US + 10**15), KNOWN, NOW_US).end > dt.date(2024, 1, 1)


@pytest.mark.parametrize(("name", "code", "word"), [
    ("Other", "not_found", "SmaCross"), ("idle", "conflict", "its model is missing"),
])
def test_who_is_not_there_or_can_not_work_is_refused_with_the_reason(name, code, word):
    with pytest.raises(Refused) as no:
        checked(wish(strategy=name), KNOWN, NOW_US)
    assert no.value.code == code and word in no.value.reason
