"""How odd a value is: what is learned, what is said of it, and what must not matter."""

from __future__ import annotations

import json
import math
import random
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.series import FAMILIES
from oracle.detect import Detector
from oracle.detect.detector import CAUSES
from oracle.problems import Invalid

MINUTE_S = 60.0
NUMBERS = st.floats(allow_nan=True, allow_infinity=True) | st.none() | st.sampled_from([0.0, 1.0, 1e300, -1e300, 5e-324])

NOTHING = [None, math.nan, math.inf, -math.inf, 1e301]


def said(detector: Detector, values, begin_s: float = 0.0) -> list[tuple[float, float, float, str]]:
    return [(detector.update(value, begin_s + row * MINUTE_S), detector.evidence, detector.p, detector.cause)
            for row, value in enumerate(values)]


def values_of(family: str, rows: int, seed: int = 1) -> list[float]:
    return list(islice(FAMILIES[family](random.Random(seed), MINUTE_S), rows))


def spoken(found: list[tuple[float, float, float, str]], threshold: float = 2.0) -> list[int]:
    return [row for row, (_, evidence, _, _) in enumerate(found) if evidence > threshold]


# ---- what it says


def test_a_value_far_off_is_the_oddest_of_all():
    values = values_of("noise", 2_000)
    values[1_500] = 30.0
    found = said(Detector(), values)
    score, evidence, p, cause = found[1_500]
    assert max(found)[0] == score > 0.999
    assert (evidence, score) == (-math.log10(p), 1.0 - p)
    assert cause == "value"


def test_what_is_usual_at_noon_is_odd_at_night():
    values = [10.0 * math.sin(2.0 * math.pi * row / 1440.0) + chance for row, chance in enumerate(values_of("noise", 8_000))]
    values[7_200 + 1_080 - 1_440] = 10.0  # where -10 is usual
    score, evidence, _, cause = said(Detector(), values)[6_840]
    assert (score > 0.99, evidence > 2.0, cause) == (True, True, "time_of_day")


def test_weekends_have_hours_of_their_own():
    def level(row: int) -> float:  # the first day of 1970 was a Thursday
        return 0.0 if (row // 96 + 3) % 7 > 4 else 10.0

    chance, rows = random.Random(7), 56 * 96
    values = [level(row) + chance.gauss(0.0, 1.0) for row in range(rows)]
    wednesday, sunday = (next(row for row in range(48 * 96, rows) if (row // 96 + 3) % 7 == day) + 48 for day in (2, 6))
    for odd in (wednesday, sunday):
        detector = Detector()
        for row, value in enumerate(values):
            detector.update(10.0 - level(row) if row == odd else value, row * 900.0)
            if row == odd:
                assert (detector.evidence > 2.0, detector.cause) == (True, "time_of_day")


def test_a_level_that_stays_is_odd_in_its_mean():
    chance = random.Random(3)
    values = [chance.choice((-1.0, 1.0)) * chance.uniform(4.0, 5.0) for _ in range(40)] * 50
    values[1_000:1_003] = [4.9, 4.9, 4.9]
    for row in range(3, len(values)):  # no other three in a row of one sign
        if row not in range(1_000, 1_003) and values[row] * values[row - 1] > 0:
            values[row] = -values[row]
    found = said(Detector(), values)
    assert found[1_002][1] > 2.0
    assert found[1_002][3] == "mean_of_3"


def test_nothing_is_said_in_the_warm_up():
    values = values_of("noise", 150)
    values[100] = 1e6
    assert set(said(Detector(), values)) == {(0.0, 0.0, 1.0, "")}


def test_after_an_alarm_only_what_is_odder_speaks_for_150_rows():
    detector = Detector()
    said(detector, values_of("noise", 2_000))
    after = [50.0, -50.0, *values_of("noise", 100, seed=2), 120.0, *values_of("noise", 160, seed=3), 500.0]
    first, *held = said(detector, after, 2_000 * MINUTE_S)
    assert first[1] > 2.0
    assert not any(evidence for _, evidence, _, _ in held[:150])  # the next that was never seen is not odder than the first
    assert held[0][2] < 0.01  # how likely it was is told all the same
    assert held[-1][1] > 2.0


def test_one_sided_it_speaks_of_one_side():
    values = values_of("noise", 3_000)
    values[1_000], values[2_000] = 40.0, -40.0
    rows = {side: spoken(said(Detector(side), values), 2.5) for side in ("both", "above", "below")}
    assert {1_000, 2_000} <= set(rows["both"])
    assert 1_000 in rows["above"] and 2_000 not in rows["above"]
    assert 2_000 in rows["below"] and 1_000 not in rows["below"]
    with pytest.raises(ValueError, match="sideways"):
        Detector("sideways")


# ---- what must not matter


@pytest.mark.parametrize("family", FAMILIES)
def test_what_comes_later_changes_nothing(family):
    values = values_of(family, 3_000)
    assert said(Detector(), values)[:1_234] == said(Detector(), values[:1_234])


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("factor", [2.0**-40, -1.0, -(2.0**33)])
def test_a_power_of_two_changes_no_bit(family, factor):
    values = values_of(family, 3_000)
    side, other = ("above", "below" if factor < 0 else "above")
    if factor > 0:
        assert said(Detector(), [value * factor for value in values]) == said(Detector(), values)
    # A mirrored series is as odd, but a value on the border of two bins belongs to the upper one in both.
    mirrored = spoken(said(Detector(other), [value * factor for value in values]))
    assert abs(len(mirrored) - len(spoken(said(Detector(side), values)))) <= 5


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(("factor", "offset"), [(1e-9, 0.0), (7.3e11, 0.0), (1.0, 1e6), (0.01, -273.15), (3.6, 1e4)])
def test_units_and_offsets_change_no_alarm(family, factor, offset):
    values = values_of(family, 5_000)
    assert spoken(said(Detector(), [value * factor + offset for value in values])) == spoken(said(Detector(), values))


@given(seed=st.integers(0, 999), holes=st.lists(st.tuples(st.integers(0, 399), st.sampled_from(NOTHING)), max_size=40))
@settings(max_examples=30)
def test_what_is_no_number_changes_nothing(seed, holes):
    values = values_of("noise", 400, seed)
    rows = list(enumerate(values))
    for at, hole in sorted(holes, key=lambda one: -one[0]):
        rows.insert(at, (-1, hole))
    detector, found = Detector(), []
    for row, value in rows:
        before = detector.snapshot()
        score = detector.update(value, max(row, 0) * MINUTE_S)
        if row < 0:
            assert (score, detector.evidence, detector.p, detector.cause) == (0.0, 0.0, 1.0, "")
            assert learned(detector.snapshot()) == learned(before)
        else:
            found.append((score, detector.evidence, detector.p, detector.cause))
    assert found == said(Detector(), values)


def learned(snapshot):
    return {key: value for key, value in snapshot.items() if key not in ("p", "evidence", "cause")}


@given(values=st.lists(NUMBERS, max_size=60), times=st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=9),
       side=st.sampled_from(["both", "above", "below"]), cut=st.integers(0, 400))  # fmt: skip
@settings(max_examples=60)
def test_whatever_comes_it_answers_and_a_restart_changes_no_bit(values, times, side, cut):
    rows = [(value, times[row % len(times)]) for row, value in enumerate((values * 400)[:400])]
    detector, other = Detector(side), Detector(side)
    for row, (value, ts) in enumerate(rows):
        if row == cut:
            other = Detector.restore(json.loads(json.dumps(other.snapshot())))
        score = detector.update(value, ts)
        assert 0.0 <= score < 1.0
        assert 0.0 < detector.p <= 1.0 and 0.0 <= detector.evidence < 10.0
        assert detector.cause in (*CAUSES, "")
        assert (score, detector.p, detector.evidence, detector.cause) == \
            (other.update(value, ts), other.p, other.evidence, other.cause)
    assert json.dumps(detector.snapshot()) == json.dumps(other.snapshot())


@pytest.mark.parametrize("cut", [0, 1, 149, 150, 151, 20_100])
def test_a_restart_goes_on_as_if_there_had_been_none(cut):
    values = values_of("seasons", 21_000)  # counts are halved on the way
    detector = Detector()
    first = said(detector, values[:cut])
    assert first == said(Detector(), values)[:cut]
    restored = Detector.restore(json.loads(json.dumps(detector.snapshot())))
    assert (restored.p, restored.evidence, restored.cause) == (detector.p, detector.evidence, detector.cause)
    assert said(restored, values[cut:], cut * MINUTE_S) == said(detector, values[cut:], cut * MINUTE_S)
    assert len(json.dumps(restored.snapshot())) < 8_000


# ---- rough input


def test_whole_numbers_are_numbers():
    values = [round(value * 10) for value in values_of("noise", 400)]
    whole, real = Detector(), Detector()
    assert said(whole, values) == said(real, map(float, values))
    assert json.dumps(whole.snapshot()) == json.dumps(real.snapshot())
    assert whole.update(10**400, 0.0) == 0.0


def test_what_never_changes_is_never_odd_and_its_first_change_is():
    detector = Detector()
    found = said(detector, [5.0] * 3_000)
    assert max(score for score, *_ in found) < 0.1
    detector.update(5.001, 3_000 * MINUTE_S)
    assert detector.evidence > 3.0


@pytest.mark.parametrize("bad", [1e12, -1e12, 1e299])
@pytest.mark.parametrize("at", [0, 1, 77, 149, 150, 700])
def test_one_bad_tick_blinds_it_to_nothing(bad, at):
    values = values_of("noise", 2_000)
    values[at] = bad
    values[1_500] = 30.0
    found = said(Detector(), values)
    assert found[1_500][0] > 0.99
    if at >= 150:
        assert found[at][0] > 0.99
    without = said(Detector(), values[:at] + values[at + 1 :])
    assert len(spoken(found)) <= len(spoken(without)) + 2


def test_a_gap_or_a_clock_that_goes_back_changes_only_the_hour():
    values = values_of("noise", 1_000)
    one, other, third = Detector(), Detector(), Detector()
    assert said(one, values) == said(other, values) == said(third, values)
    after, then_s, week_s = values_of("noise", 200, 2), 1_000 * MINUTE_S, 7 * 86_400.0
    assert said(one, after, then_s) == said(other, after, then_s + 3 * week_s) == said(third, after, then_s - 90 * week_s)


@pytest.mark.parametrize("ts", [math.nan, math.inf, -math.inf])
def test_a_time_is_a_number(ts):
    with pytest.raises(Invalid, match="ts: a time is a finite number"):
        Detector().update(1.0, ts)


@pytest.mark.parametrize("change", [
    {"version": 2}, {"rows": -1}, {"rows": 77}, {"views": []}, {"side": "left"}, {"means": [0.0]}, {"p": "x"}, {"more": 1},
    {"cause": None},
])  # fmt: skip
def test_a_snapshot_of_something_else_is_refused(change):
    detector = Detector()
    said(detector, values_of("noise", 200))
    with pytest.raises(Invalid, match="no snapshot of a detector"):
        Detector.restore({**detector.snapshot(), **change})
    with pytest.raises(Invalid, match="no snapshot of a detector"):
        Detector.restore({})
