"""Rounds that runners report: each counts once, in whatever order and however often it comes."""

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors import Refused
from oracle.border import structure
from oracle.experiments import (
    ClientReport,
    RoundReport,
    figures_of,
    known_round,
    read_experiment,
    with_client,
    with_round,
)
from oracle.problems import Invalid
from oracle.runs.run import Run, Status
from tests.oracle.experiments.test_wish import SEED
from tests.soak import rounds

T0 = 1_705_312_800_000_000


def experiment(status=Status.running):
    wish = read_experiment({**SEED, "scenario": "hospital"})
    return Run("exp_001", "experiment", wish.params, T0, status, started_us=T0 + 1, facts=wish.facts)


def report(number, accuracy=0.5, **more):
    clients = (ClientReport("client_001", accuracy=accuracy, loss=0.4),)
    return RoundReport(number, accuracy, 0.3, clients, duration_s=2.0, bytes=1_000, **more)


def told(run, *reports, at_us=T0):
    """The run after these reports, as the one who keeps it goes about it."""
    for one in reports:
        if not known_round(run, one):
            run = attrs.evolve(run, facts={**run.facts, **with_round(run, one, at_us)})
    return run


def test_a_round_is_known_afterwards():
    run = told(experiment(), report(1, 0.5), report(2, 0.7))
    figures = figures_of(run)
    assert (figures.rounds, figures.accuracy, figures.loss, figures.sent_bytes) == (2, 0.7, 0.3, 2_000)
    assert run.facts["clients"] == [
        {"id": "client_001", "status": "training", "accuracy": 0.7, "loss": 0.4, "last_update_us": T0}]


def test_other_content_of_a_known_round_is_refused_and_the_same_is_not_news():
    run = told(experiment(), report(1))
    assert known_round(run, report(1)) and known_round(run, report(1, worker="another"))
    for other in (report(1, 0.6), attrs.evolve(report(1), bytes=1), attrs.evolve(report(1), clients=())):
        with pytest.raises(Refused) as no:
            known_round(run, other)
        assert no.value.code == "conflict"


@pytest.mark.parametrize("status", [Status.created, Status.completed, Status.stopped, Status.cancelled, Status.failed])
def test_rounds_are_taken_while_somebody_may_be_at_work(status):
    for take, said in ((with_round, report(1)), (with_client, ClientReport("x"))):
        with pytest.raises(Refused) as no:
            take(experiment(status), said, T0)
        assert no.value.code == "illegal"


@settings(max_examples=rounds(50, 1_000))
@given(st.lists(st.integers(1, 20), min_size=1, max_size=40))
def test_order_and_repetition_do_not_matter(numbers):
    said = [report(number, number / 20) for number in numbers]
    run, sorted_run = told(experiment(), *said), told(experiment(), *sorted(set(said), key=lambda one: one.round))
    strip = ("history", "rounds", "accuracy", "loss")
    assert {k: run.facts[k] for k in strip} == {k: sorted_run.facts[k] for k in strip}
    assert figures_of(run) == figures_of(sorted_run)
    assert run.facts["rounds"] == max(numbers) and len(run.facts["history"]) == len(set(numbers))


def test_a_client_keeps_what_is_not_said_again():
    run = told(experiment(), report(1))
    facts = with_client(run, ClientReport("client_001", status="idle"), T0 + 5)
    assert facts["clients"] == [{"id": "client_001", "status": "idle", "accuracy": 0.5, "loss": 0.4, "last_update_us": T0 + 5}]
    assert [row["id"] for row in with_client(run, ClientReport("client_002"), T0)["clients"]] == ["client_001", "client_002"]


@pytest.mark.parametrize(("field", "value"), [
    ("round", 0), ("round", 1.5), ("accuracy", 1.1), ("accuracy", -0.1), ("loss", -1), ("duration_s", -1), ("bytes", -1),
    ("bytes", 2**60), ("clients", {}), ("worker", "x" * 65), ("accuracy", None), ("duration_s", 1e9),
])  # fmt: skip
def test_each_field_of_a_report_has_its_range(field, value):
    body = {"round": 1, "accuracy": 0.5, "loss": 0.3, field: value}
    with pytest.raises(Invalid) as caught:
        structure(RoundReport, body, extras="drop", path=("body",))
    assert {problem.path[1] for problem in caught.value.problems} == {field}


@pytest.mark.parametrize("client", [
    {"id": "../x"}, {"id": "x", "accuracy": 2}, {"id": "x", "loss": -1}, {"id": "x", "status": "/"}, {},
])  # fmt: skip
def test_each_client_of_a_report_is_checked(client):
    with pytest.raises(Invalid):
        structure(RoundReport, {"round": 1, "accuracy": 0.5, "loss": 0.3, "clients": [client]}, extras="drop")


def test_an_experiment_has_at_most_so_many_clients():
    many = tuple(ClientReport(f"c{n}") for n in range(600))
    run = told(experiment(), attrs.evolve(report(1), clients=many))
    with pytest.raises(Refused):
        with_round(run, attrs.evolve(report(2), clients=tuple(attrs.evolve(one, id=f"x{one.id}") for one in many)), T0)


def test_figures_follow_the_rounds():
    nothing = figures_of(experiment(Status.created))
    assert (nothing.accuracy, nothing.gain_per_round, nothing.done_us) == (None, None, None)
    assert (nothing.sent_bytes, nothing.rounds_total) == (0, 20)
    run = told(experiment(), *(report(number, number / 100) for number in (1, 2, 3)))
    assert figures_of(run).gain_per_round == 0.01
    assert figures_of(run).done_us == T0 + 17 * 2_000_000
    later = told(run, *(report(number, 0.03 + 0.02 * (number - 3)) for number in (4, 5, 6, 7, 8)))
    assert figures_of(later).gain_per_round == 0.02  # of the last five rounds alone
    assert figures_of(attrs.evolve(run, status=Status.paused)).done_us is None


def test_a_round_that_takes_longer_ends_later():
    slow = told(experiment(), attrs.evolve(report(1), duration_s=9.0))
    assert figures_of(slow).done_us == T0 + 19 * 9_000_000
    later_us = T0 + 3_600_000_000  # it was paused for an hour
    resumed = told(slow, attrs.evolve(report(2), duration_s=9.0), at_us=later_us)
    assert figures_of(resumed).done_us == later_us + 18 * 9_000_000
    assert figures_of(told(experiment(), attrs.evolve(report(1), duration_s=None))).done_us is None
