"""Runs at work and runs that are stored are one list: sorted, counted and cut into pages as if they were in one place."""

import itertools
import random

import pytest

from actors import Refused
from oracle.history.runs import SORTS
from oracle.runs.records import EVERYTHING, RunFilter
from oracle.runs.run import value_of
from oracle.runs.wanted import key_of

from .stored import MINUTE_US, T0_US, kept, run

DAY_US = 86_400_000_000


async def test_a_run_is_found_on_the_board_and_in_the_history(tmp_path):
    async with kept(tmp_path) as house:
        house.put(run("a"), run("b", "completed"))
        house.put(run("c", "failed", result={"x": 1}), fallen=True)
        assert [one.status for ident in "abc" if (one := await house.records.one(ident))] == ["running", "completed", "failed"]
        assert (await house.records.one("c")).result == {"x": 1}
        assert await house.records.one("d") is None


async def test_what_is_stored_and_still_on_the_board_is_there_once(tmp_path):
    async with kept(tmp_path) as house:
        house.put(run("a", "completed"), run("b"))
        for _ in range(3):
            found, total = await house.records.page()
            assert ([(one.id, one.status) for one in found], total) == ([("b", "running"), ("a", "completed")], 2)
        house.put(run("c"))
        house.rows(run("b", "completed").row(), run("c", "failed").row())  # they are on disk, and the board does not say so yet
        for _ in range(3):
            found, total = await house.records.page()
            assert [(one.id, one.status) for one in found] == [("c", "failed"), ("b", "completed"), ("a", "completed")]
            assert total == 3


async def test_what_was_stored_as_over_before_the_first_question_is_there_once(tmp_path):
    async with kept(tmp_path) as house:
        house.put(run("b"))
        house.rows(run("b", "completed").row())
        assert [one.status for _ in range(2) for one in (await house.records.page())[0]] == ["completed", "completed"]


async def test_a_row_takes_the_place_of_the_one_before(tmp_path):
    async with kept(tmp_path) as house:
        first = run("a", "completed", cost_usd=1.0)
        house.rows(first.row(), first.row())
        house.rows(first.row(), run("a", "completed", cost_usd=2.0, revision=1).row(), run("b", "failed").row())
        found, total = await house.records.page(sort="cost")
        assert ([(one.id, one.cost_usd) for one in found], total) == ([("a", 2.0), ("b", None)], 2)
        assert (await house.records.one("a")).cost_usd == 2.0


async def test_what_ended_before_there_were_rows_is_listed_from_the_board(tmp_path):
    async with kept(tmp_path) as house:
        house.board.put("run:old", value_of(run("old", "completed")), T0_US)
        assert [one.id for one in (await house.records.page())[0]] == ["old"]


async def test_every_page_is_a_piece_of_one_sorted_list(tmp_path):
    rng = random.Random(1)
    lot = [_some_run(rng, number) for number in range(60)]
    async with kept(tmp_path) as house:
        house.put(*lot[:30])
        house.put(*lot[30:], fallen=True)
        for sort, descending in itertools.product(SORTS, (True, False)):
            expected = [one.id for one in _sorted(lot, sort, descending)]
            for limit, offset in ((100, 0), (7, 0), (7, 5), (7, 30), (7, 57), (7, 60)):
                found, total = await house.records.page((), EVERYTHING, sort, descending, limit, offset)
                assert ([one.id for one in found], total) == (expected[offset : offset + limit], len(lot)), sort


def _some_run(rng, number):
    status = rng.choice(["created", "queued", "running", "paused", "completed", "failed", "stopped", "cancelled"])
    facts = {"rounds": rng.choice([None, 1, 2]), "rounds_total": rng.choice([10, 20]), "accuracy": rng.choice([None, 0.5, 0.9]),
             "loss": rng.random(), "clients": rng.choice([None, [], [{}], [{}, {}]])}  # fmt: skip
    facts = {name: value for name, value in facts.items() if value is not None}
    name, agent, cost_usd = rng.choice("abé") + str(rng.randrange(9)), rng.choice(["", "brain"]), rng.choice([None, 0.5, 1])
    at_us = T0_US + rng.randrange(20)
    return run(f"r{number:03}", status, at_us=at_us, facts=facts, name=name, agent=agent, cost_usd=cost_usd)


def _sorted(lot, sort, descending):
    keys = {one.id: key_of(value_of(one), sort) for one in lot}
    said = [one for one in lot if keys[one.id] is not None]
    unsaid = [one for one in lot if keys[one.id] is None]
    return [
        *sorted(said, key=lambda one: (keys[one.id], one.id), reverse=descending),
        *sorted(unsaid, key=lambda one: one.id, reverse=descending),
    ]


async def test_runs_are_chosen_alike_wherever_they_are(tmp_path):
    rng = random.Random(7)
    words = {"owner": "olga", "agent": "brain", "session": "s1", "conversation": "conv-1", "source": "api"}
    lot = []
    for number in range(40):
        said = {name: word for name, word in words.items() if rng.random() < 0.7}
        status, kind = rng.choice(["running", "completed", "failed"]), rng.choice(["experiment", "task", "job"])
        name = rng.choice(["Übung", "übrig", "Other"])
        lot.append(run(f"r{number:02}", status, kind, T0_US + number, name=name, **said))
    wishes = [
        *(RunFilter(**{name: word}) for name, word in words.items()),
        RunFilter(status="failed"), RunFilter(status=("running", "completed")), RunFilter(text="üb"), RunFilter(text="R1"),
        RunFilter(created_from_us=T0_US + 10, created_to_us=T0_US + 20), RunFilter(owner="olga", status="running"),
    ]  # fmt: skip
    async with kept(tmp_path) as house:
        house.put(*lot, fallen=True)
        for where in wishes:
            for kinds in ((), ("task",), ("experiment", "job")):
                found, total = await house.records.page(kinds, where, sort="id", descending=False)
                expected = [one.id for one in lot if where.takes(value_of(one)) and (not kinds or one.kind in kinds)]
                assert ([one.id for one in found], total) == (expected, len(expected))
                assert 0 < total < len(lot)


async def test_what_was_kept_for_its_time_is_not_shown(tmp_path):
    async with kept(tmp_path, now_us=T0_US + MINUTE_US + 31 * DAY_US, keep_days=100) as house:
        house.put(run("e1", "completed"), run("e2", "failed", at_us=T0_US + 2 * DAY_US), run("e3", "running"))
        house.put(run("e4", "completed"), run("t1", "completed", "task"), fallen=True)
        shown = {"e2", "e3", "t1"}
        assert {one.id for one in (await house.records.page())[0]} == shown
        assert {ident for ident in ("e1", "e2", "e3", "e4", "t1") if await house.records.one(ident)} == shown
        assert (await house.records.page(("experiment",)))[1] == 2
        house.board.put("config:dashboard", {"dashboard": {"retention_days": 365}}, T0_US)
        assert (await house.records.page())[1] == 5


async def test_what_is_no_page_is_refused(tmp_path):
    async with kept(tmp_path) as house:
        for wrong in ({"sort": "value"}, {"limit": -1}, {"limit": 10_001}, {"offset": -1}, {"offset": 2**60}):
            with pytest.raises(Refused) as no:
                await house.records.page(**wrong)
            assert no.value.code == "invalid"
        house.put(run("a"))
        assert await house.records.page(limit=0) == ([], 1)
