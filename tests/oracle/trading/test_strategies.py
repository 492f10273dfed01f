"""Each strategy trades what it looks for and earns by it, and looks at nothing that is not over yet."""

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from planted import at, bars_of, gain, insider, play, ratio, shuffled, swings, trend

from oracle.model import Bar
from oracle.problems import Bad
from oracle.trading.signal import Direction, Holding
from oracle.trading.strategies import (
    STRATEGIES,
    InsiderFollowing,
    MeanReversion,
    SwingMomentum,
    ValueFactor,
    strategy_class,
)

SEEDS = range(12)


@pytest.mark.parametrize(("cls", "pattern"), [(SwingMomentum, trend), (MeanReversion, swings)])
def test_a_pattern_is_earned_by_and_noise_is_not(cls, pattern):
    planted = [play(cls(), bars_of("AAPL", pattern(seed)))[0] for seed in SEEDS]
    noise = [play(cls(), bars_of("AAPL", shuffled(pattern(seed), seed)))[0] for seed in SEEDS]
    assert all(planted)
    better = sum(gain(mine) > gain(other) for mine, other in zip(planted, noise, strict=True))
    assert better >= 9  # of 12 seeds: by luck that many come in 7 of 100 times
    assert sum(map(gain, planted)) > max(0.0, sum(map(gain, noise))) + 0.3


def value_world(seed, cheap):
    """Ten companies; the `cheap` ones rise. The ratios say always that A and B are cheap."""
    symbols = "ABCDEFGHIJ"
    bars = [bar for n, s in enumerate(symbols) for bar in bars_of(
        s, [change + (0.004 if s in cheap else -0.001) for change in shuffled(trend(5), seed * 10 + n)][:120])]  # fmt: skip
    facts = [ratio(name, s, 5 + 3 * n) for n, s in enumerate(symbols) for name in ("pe_ratio", "pb_ratio", "ev_ebitda")]
    return bars, facts


def test_value_is_earned_by_where_it_pays():
    planted = sum(gain(play(ValueFactor(), *value_world(seed, "AB"))[0]) for seed in range(4))
    noise = sum(gain(play(ValueFactor(), *value_world(seed, "IJ"))[0]) for seed in range(4))
    assert planted > max(0.0, noise) + 0.5


def insider_world(seed, pays):
    """Clusters of purchases each 60 days; the 20 days after rise where that pays, else other days do."""
    returns, facts = shuffled(trend(3), seed)[:360], []
    for day in range(30, 330, 60):
        facts += [insider("AAPL", day, f"{who}{day}", 4_000) for who in ("ada", "bob")]
        shift = 0 if pays else 28
        for later in range(day + 2 + shift, day + 22 + shift):
            returns[later] += 0.006
    return bars_of("AAPL", returns), facts


def test_insiders_are_followed_with_gain_where_they_know():
    planted = [play(InsiderFollowing(), *insider_world(seed, True))[0] for seed in SEEDS]
    noise = [play(InsiderFollowing(), *insider_world(seed, False))[0] for seed in SEEDS]
    assert all(len(trades) >= 4 for trades in planted)
    assert sum(map(gain, planted)) > sum(map(gain, noise)) + 1.0


# ---- golden trades


def one_rise(up):
    """60 days down, then up, with small steps back so that the RSI stays low enough."""
    return [-0.002] * 60 + [up if day % 3 else -0.006 for day in range(60)] + [-0.01] * 20


def test_swing_momentum_golden():
    trades, signals = play(SwingMomentum(), bars_of("AAPL", one_rise(0.005)))
    first, last = signals[0], signals[1]
    assert (first.direction, last.direction) == (Direction.long, Direction.flat)
    assert 0.1 <= first.strength == pytest.approx((70 - first.metadata["rsi"]) / 100)
    assert first.reason.startswith("SMA10 crossed above SMA50 at RSI")
    assert len(trades) == 1


def test_mean_reversion_golden():
    quiet = [0.001, -0.001] * 15
    trades, signals = play(MeanReversion(), bars_of("AAPL", [*quiet, -0.03, *[0.012] * 6]))
    assert [signal.direction for signal in signals[:2]] == [Direction.long, Direction.flat]
    assert signals[0].ts_us == at(30)
    assert signals[0].strength == pytest.approx((30 - signals[0].metadata["rsi"]) / 50)
    assert signals[1].strength == 0.6 and trades[0][4] >= 2 and gain(trades) > 0


def test_value_factor_golden():
    bars = [bar for symbol in "ABCDE" for bar in bars_of(symbol, [0.001] * 12)]
    facts = [ratio(name, s, 10 + n) for n, s in enumerate("ABCDE") for name in ("pe_ratio", "pb_ratio", "ev_ebitda")]
    _, signals = play(ValueFactor(), bars, facts)
    assert {(signal.symbol, signal.direction, signal.strength) for signal in signals} == {("A", Direction.long, 1.0)}
    _, signals = play(ValueFactor(short=True), bars, facts)
    assert {(signal.symbol, signal.direction) for signal in signals} == {("A", Direction.long), ("E", Direction.short)}
    losing = [ratio(name, "A", -3.0, 1) for name in ("pe_ratio", "pb_ratio", "ev_ebitda")]
    assert play(ValueFactor(), bars, [*facts, *losing])[1][0].symbol == "B"


def test_value_factor_wants_three_symbols():
    bars = [bar for symbol in "AB" for bar in bars_of(symbol, [0.001] * 12)]
    facts = [ratio(name, s, 10.0) for s in "AB" for name in ("pe_ratio", "pb_ratio", "ev_ebitda")]
    strategy = ValueFactor()
    assert play(strategy, bars, facts)[1] == []
    assert strategy.verdict("A").reason == "fundamentals of too few symbols (2 of 3)"


def test_insider_following_golden():
    facts = [insider("AAPL", 5, "ada", 3_000), insider("AAPL", 6, "bob", 2_500)]
    trades, signals = play(InsiderFollowing(), bars_of("AAPL", [0.001] * 40), facts)
    assert (signals[0].ts_us, signals[0].strength) == (at(6), 0.5)
    assert (trades[0][4], trades[0][3]) == (21, pytest.approx(100 * 1.001**29))
    assert play(InsiderFollowing(), bars_of("AAPL", [0.001] * 40), facts[:1])[1] == []
    sold = insider("AAPL", 20, "eve", 20_000, "sell")
    assert play(InsiderFollowing(), bars_of("AAPL", [0.001] * 40), [*facts, sold])[1][1].ts_us == at(20)


# ---- rules that all keep


@pytest.mark.parametrize(("cls", "stop_pct"), [(SwingMomentum, 5), (MeanReversion, 5), (InsiderFollowing, 10)])
def test_a_stop_waits_for_nothing_and_any_other_exit_for_the_least_hold(cls, stop_pct):
    strategy = cls()
    bars = bars_of("AAPL", trend(1)[:200])
    for bar in bars:
        strategy.update(bar)
    close = bars[-1].close
    stopped = strategy.decide("AAPL", Holding(1, close / (1 - stop_pct / 100 - 0.001), 0, 0), 0)
    assert (stopped.direction, stopped.strength) == (Direction.flat, 0.8)
    for held in range(strategy.min_hold_days):
        assert strategy.decide("AAPL", Holding(1, close, 0, held), 0) is None


@pytest.mark.parametrize("cls", [SwingMomentum, MeanReversion, ValueFactor, InsiderFollowing])
@given(cut=st.integers(60, 170), seed=st.integers(0, 50))
def test_what_comes_later_changes_nothing_earlier(cls, cut, seed):
    returns = {symbol: (swings if symbol == "A" else trend)(seed + n, 180) for n, symbol in enumerate("ABC")}
    other = {symbol: one[:cut] + shuffled(one[cut:], 3) for symbol, one in returns.items()}
    facts = [ratio(name, s, 5 + n) for n, s in enumerate("ABC") for name in ("pe_ratio", "pb_ratio", "ev_ebitda")]
    facts += [insider("A", day, f"i{day}", 6_000) for day in range(10, 180, 7)]
    said = [play(cls(), [bar for s, one in world.items() for bar in bars_of(s, one)], facts)[1] for world in (returns, other)]
    first, second = ([signal for signal in one if signal.ts_us < at(cut)] for one in said)
    assert first == second


def test_names():
    assert strategy_class("swing_momentum") is strategy_class("SwingMomentum") is SwingMomentum
    assert strategy_class("ml_xgboost_signal") is STRATEGIES["MLSignalStrategy"]
    assert strategy_class(f"{__name__}:Own") is Own
    with pytest.raises(Bad) as unknown:
        strategy_class("SwingMomentun")
    assert unknown.value.suggestion == "SwingMomentum"
    for wrong in (f"{__name__}:Hasty", f"{__name__}:SEEDS", "nowhere:At"):
        with pytest.raises(Bad):
            strategy_class(wrong)


@pytest.mark.parametrize("cls", STRATEGIES.values())
def test_every_strategy_is_what_the_protocol_says(cls):
    strategy = cls()
    assert cls.name == cls.__name__ and cls.description and cls.min_hold_days >= 2 and strategy.warmup_bars >= 1
    assert set(cls.required_data) <= {"ohlcv", "fundamentals", "insider_transactions"}
    assert strategy.unavailable() == ""
    assert strategy.verdict("AAPL").reason == "no daily bars yet"
    assert strategy.decide("AAPL", None, 0) is None
    strategy.update(Bar("AAPL", "1d", 1, 1, 1, 1, 1, 1, True, 0, "x"))
    assert strategy.verdict("AAPL").reason != "no daily bars yet"


@attrs.define
class Own:
    name, min_hold_days = "Own", 2

    def decide(self, symbol, holding, now_us):
        return None


@attrs.define
class Hasty(Own):
    min_hold_days = 1
