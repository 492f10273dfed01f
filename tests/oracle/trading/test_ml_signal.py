"""A model learns what is there to be learned, says nothing where there is nothing, and never knows what comes."""

import random
import stat

import pytest
from planted import bars_of, gain, play, shuffled

from oracle.trading.ml.drift import ALARM, edges_of, psi, shares_of
from oracle.trading.ml.features import FEATURES, Features
from oracle.trading.ml.lesson import Lesson
from oracle.trading.ml.model_file import ModelFile
from oracle.trading.ml.training import Asked, train
from oracle.trading.ml.worker import trained
from oracle.trading.signal import Direction, Holding
from oracle.trading.strategies import MLSignalStrategy

pytest.importorskip("xgboost")


def told(seed, days=420):
    """A high volume is followed by five days up, a low one by five down."""
    rng, returns, volumes = random.Random(seed), [], []
    while len(returns) < days:
        way = rng.choice((1, -1))
        volumes += [1_000 * (3 if way > 0 else 0.3)] + [1_000 * rng.uniform(0.8, 1.2) for _ in range(5)]
        returns += [rng.gauss(0, 0.004)] + [rng.gauss(way * 0.008, 0.004) for _ in range(5)]
    return returns[:days], volumes[:days]


def world(seed, pattern=True):
    bars = []
    for n, symbol in enumerate(("AAPL", "MSFT")):
        returns, volumes = told(10 * seed + n)
        bars += bars_of(symbol, returns if pattern else shuffled(returns, seed), volumes)
    return sorted(bars, key=lambda bar: bar.ts_us)


def fed(bars, **settings):
    strategy = MLSignalStrategy(self_training=False, **settings)
    for bar in bars:
        strategy.update(bar)
    return strategy


def test_what_is_there_is_learned_and_earned_by_out_of_sample():
    lessons = [fed(world(seed, pattern)).lesson() for seed in (1, 2) for pattern in (True, False)]
    models = [train(lesson) for lesson in lessons]
    assert models[0].proven and models[2].proven
    assert min(models[0].accuracy, models[2].accuracy) > max(models[1].accuracy, models[3].accuracy)
    earned = {pattern: sum(gain(play(MLSignalStrategy(retrain_days=90, stale_days=91), world(seed, pattern), from_day=250)[0])
                           for seed in (1, 2)) for pattern in (True, False)}  # fmt: skip
    assert earned[True] > max(0.0, earned[False]) + 0.2


def test_what_comes_later_changes_nothing_earlier():
    bars = world(3)
    cut_us = bars[600].ts_us
    settings = {"retrain_days": 60, "stale_days": 61}
    whole = play(MLSignalStrategy(**settings), bars)[1]
    half = play(MLSignalStrategy(**settings), [bar for bar in bars if bar.ts_us < cut_us])[1]
    assert half and [signal for signal in whole if signal.ts_us < cut_us] == half


def test_flat_without_a_model_with_an_unproven_one_and_with_an_old_one():
    bars, held = world(1), Holding(10, 1e-9, 0, 5)
    strategy = fed(bars[:-40])
    assert strategy.decide("AAPL", None, 0) is None
    assert strategy.decide("AAPL", held, 0).direction is Direction.flat
    assert strategy.verdict("AAPL").reason == "no model trained yet"
    strategy.adopt(train(strategy.lesson()))
    assert "Low Score" in strategy.verdict("AAPL").reason or strategy.verdict("AAPL").candidate
    for bar in bars[-40:]:
        strategy.update(bar)
    assert strategy.verdict("AAPL").reason == "the model is older than 14 days"
    assert strategy.lesson() is not None and strategy.lesson() is None  # due once
    noise = fed(world(1, pattern=False))
    model = train(noise.lesson())
    noise.adopt(type(model)(model.trained_us, model.rows, 0.4, 0.4, model.booster, model.edges, model.shares))
    assert noise.verdict("AAPL").reason == "the model is not better than the majority out of sample (0.40 against 0.40)"


def test_too_few_rows_make_no_model():
    assert fed(world(1)[:120]).lesson() is None
    assert train(Lesson([(0.0,) * len(FEATURES)] * 10, [0] * 10, list(range(10)), 5, 10)) is None


def test_drift_speaks_of_shifted_data_and_not_of_the_same():
    rng = random.Random(1)
    learned = [rng.gauss(0, 1) for _ in range(2_000)]
    edges = edges_of(learned)
    expected = shares_of(learned, edges)
    assert psi(expected, expected) == 0
    assert psi(expected, shares_of([rng.gauss(0, 1) for _ in range(500)], edges)) < ALARM / 2
    assert psi(expected, shares_of([rng.gauss(0.8, 1) for _ in range(500)], edges)) > ALARM


def test_a_strategy_tells_of_drift_once():
    strategy = MLSignalStrategy(self_training=False)
    symbols = ("AAPL", "MSFT", "GOOGL", "AMZN")
    calm = {symbol: shuffled(told(n)[0], n) for n, symbol in enumerate(symbols)}
    wild = {symbol: calm[symbol] + [4 * change for change in calm[symbol][:80]] for symbol in symbols}
    bars = {symbol: bars_of(symbol, wild[symbol]) for symbol in symbols}
    for symbol in symbols:
        for bar in bars[symbol][:420]:
            strategy.update(bar)
    strategy.adopt(train(strategy.lesson()))
    assert "deviation_20" not in {finding.cause for finding in strategy.drift()}
    for symbol in symbols:
        for bar in bars[symbol][420:]:
            strategy.update(bar)
    found = strategy.drift()
    assert "deviation_20" in {finding.cause for finding in found}
    assert all(finding.data["psi"] > 0.2 and finding.kind == "ml_drift" for finding in found)
    assert strategy.drift() == []


async def test_a_process_of_its_own_trains_the_same_model_and_a_file_keeps_it(tmp_path):
    lesson = fed(world(1)).lesson()
    model = await trained(lesson)
    here = train(lesson)
    assert (model.rows, model.accuracy, model.edges) == (here.rows, here.accuracy, here.edges)
    assert Asked(model).chances(lesson.rows[0]) == pytest.approx(Asked(here).chances(lesson.rows[0]))
    file = ModelFile(tmp_path / "models" / "M.model", "{}")
    assert file.get() is None
    file.put(model)
    assert file.get() == model and stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert ModelFile(file.path, "other settings").get() is None
    file.path.write_bytes(b"nonsense")
    assert file.get() is None


def test_features_are_of_the_past_alone_and_finite():
    flat = Features()
    rows = [flat.update(bar) for bar in bars_of("AAPL", [0.0] * 60)]
    assert rows[:49] == [None] * 49
    assert rows[-1] == pytest.approx((0, 0, 0, 0, 0.5, 0, 0, 0, 1, 1), abs=1e-9)
