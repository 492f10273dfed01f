"""What a client that comes back is told: the decision, exhaustively."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle.history import Past
from oracle.problems import Invalid
from web.resume import REPLAY_MOST, Place, Plan, Why, judge, plan

RUNS = st.lists(st.integers(0, 6), min_size=0, max_size=4)  # the committed ends of the runs that are over


def told(found: Plan, present: Place) -> list[tuple[str, int]]:
    """The offsets that a plan covers, in order."""
    covered = [(span.epoch, offset) for span in found.stored for offset in range(span.after + 1, span.until + 1)]
    return covered + [(present.epoch, offset) for offset in range(found.recent + 1, present.offset + 1)]


def check(ends: list[int], offset: int, ring_after: int, since: Place) -> None:
    """A plan covers each offset after `since` exactly once and in order, reads the ring only where it reaches, and there
    is one exactly if `since` was ever a place from which everything is known."""
    names = [f"e{i}" for i in range(len(ends) + 1)]
    present = Place(names[-1], offset)
    chain = {name: (end, names[i + 1]) for i, (name, end) in enumerate(zip(names, ends, strict=False))}
    found = plan(since, present, ring_after, chain)
    lengths = dict(zip(names, [*ends, offset], strict=True))
    if since.epoch not in lengths:
        assert found is Why.unknown_epoch
    elif since.offset > lengths[since.epoch] and since.epoch == present.epoch:
        assert found is Why.beyond_present
    elif since.offset > lengths[since.epoch]:
        later = names[names.index(since.epoch) + 1 :]
        assert isinstance(found, Plan) and found.after == Place(later[0], 0) and found.outcome["recovered"] is False
        assert told(found, present) == [(name, o) for name in later for o in range(1, lengths[name] + 1)]
    else:
        everything = [(name, o) for name in names for o in range(1, lengths[name] + 1)]
        seen = [one for one in everything if names.index(one[0]) < names.index(since.epoch)
                or (one[0] == since.epoch and one[1] <= since.offset)]  # fmt: skip
        assert isinstance(found, Plan) and found.after is None
        assert told(found, present) == everything[len(seen):]
        assert found.recent >= ring_after
        assert all(span.after < span.until for span in found.stored)


@given(RUNS, st.integers(0, 8), st.data())
def test_a_plan_covers_everything_once(ends, offset, data):
    ring_after = data.draw(st.integers(0, offset))
    epoch = data.draw(st.sampled_from([f"e{i}" for i in range(len(ends) + 1)] + ["other"]))
    check(ends, offset, ring_after, Place(epoch, data.draw(st.integers(0, 9))))


def test_every_small_case():
    for ends in itertools.chain.from_iterable(itertools.product(range(3), repeat=n) for n in range(3)):
        for offset, since, run in itertools.product(range(4), range(5), range(len(ends) + 2)):
            for ring_after in range(offset + 1):
                check(list(ends), offset, ring_after, Place(f"e{run}" if run <= len(ends) else "other", since))


def test_runs_in_a_circle_end():
    assert plan(Place("a", 1), Place("now", 1), 0, {"a": (1, "b"), "b": (0, "a")}) is Why.unknown_epoch


@given(st.integers(0, 10), st.booleans(), st.integers(0, 10))
def test_what_is_stored_is_told_if_it_is_whole_and_not_too_much(count, whole, most):
    why = judge(Past(count, whole), most)
    assert (why is None) == (whole and count <= most)
    assert why in (None, Why.incomplete, Why.too_much)
    assert REPLAY_MOST == 100_000


@pytest.mark.parametrize("text", ["x", "a:", ":1", "a:-1", "a:1.0", "a:b", "a b:1", "a:" + "9" * 19, "a" * 65 + ":1", "a:\uff11"])
def test_what_is_no_place_is_refused(text):
    with pytest.raises(Invalid):
        Place.parse(text)


def test_a_place_is_an_epoch_and_an_offset():
    assert Place.parse("") is None
    assert Place.parse("0af3:12") == Place("0af3", 12)
