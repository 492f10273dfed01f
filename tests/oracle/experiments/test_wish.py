"""What is asked for: completed with what is left out, and refused by the names of its fields."""

import pytest

from oracle.experiments import read_experiment, trained_here
from oracle.problems import Invalid
from web.errors import answer_invalid
from web.routes import Family

SEED = {
    "name": "Custom MNIST Experiment", "scenario": "basic_fl",
    "configuration": {"dataset": "mnist", "model": "cnn", "rounds": 20, "clients_per_round": 3, "local_epochs": 5,
                      "learning_rate": 0.01, "batch_size": 32},
    "network_settings": {"bandwidth_limit": "10Mbps", "latency": "50ms", "packet_loss": 0.01},
    "policies": ["priority_fl_traffic", "adaptive_qos"],
}  # fmt: skip


def refused(**changes):
    """The details of the error body, which clients read."""
    with pytest.raises(Invalid) as caught:
        read_experiment({**SEED, **changes})
    return answer_invalid(caught.value, Family.v1).body["error"]["details"]


def test_the_seeds_experiment_is_kept_as_it_is_written():
    params = read_experiment(SEED).params
    assert {name: params[name] for name in SEED if name != "name"} == {k: v for k, v in SEED.items() if k != "name"}
    assert trained_here(params) and not trained_here({**params, "scenario": "hospital"})


def test_what_is_left_out_of_the_configuration_is_the_seeds_example():
    wish = read_experiment({"name": "x", "scenario": "basic_fl", "configuration": {"rounds": 7}})
    assert wish.params["configuration"] == {**SEED["configuration"], "rounds": 7}
    assert (wish.params["network_settings"], wish.params["policies"], wish.not_before_us) == ({}, [], None)
    assert wish.facts["rounds_total"] == 7


def test_the_seeds_refusal_is_answered_in_its_words():
    assert refused(configuration={"rounds": 101, "clients_per_round": 0}) == {
        "rounds": "Must be between 1 and 100", "clients_per_round": "Must be greater than 0"}


@pytest.mark.parametrize(("where", "field", "value"), [
    ("configuration", "rounds", 0), ("configuration", "rounds", 1.5), ("configuration", "rounds", True),
    ("configuration", "clients_per_round", 1_001), ("configuration", "local_epochs", 0), ("configuration", "local_epochs", 101),
    ("configuration", "learning_rate", -0.1), ("configuration", "learning_rate", 11), ("configuration", "batch_size", 0),
    ("configuration", "batch_size", 10_001), ("configuration", "dataset", "../etc/passwd"), ("configuration", "model", "a/b"),
    ("configuration", "rouns", 3), ("network_settings", "bandwidth_limit", "fast"), ("network_settings", "latency", "50"),
    ("network_settings", "packet_loss", 1.1), ("network_settings", "packet_loss", -1), ("network_settings", "latency", 50),
])  # fmt: skip
def test_each_field_is_named_barely(where, field, value):
    assert set(refused(**{where: {field: value}})) == {field}


@pytest.mark.parametrize(("field", "value"), [
    ("name", ""), ("name", "x" * 201), ("name", 3), ("scenario", "../../x"), ("scenario", "a b"), ("scenario", ""),
    ("policies", "x"), ("policies", ["fine", "../x"]), ("policies", ["x"] * 21), ("policies", [3]), ("configuration", 3),
    ("network_settings", []), ("scheduled_at", "tomorrow"), ("description", "x" * 2_001), ("scheduled_at", 3),
])  # fmt: skip
def test_each_field_of_the_body_is_named(field, value):
    assert set(refused(**{field: value})) == {field}


@pytest.mark.parametrize("body", [3, None, [], "x"])
def test_a_body_that_is_no_object_is_refused(body):
    with pytest.raises(Invalid):
        read_experiment(body)


def test_what_is_required_is_missed():
    with pytest.raises(Invalid) as caught:
        read_experiment({})
    assert [problem.path for problem in caught.value.problems] == [("body", "name"), ("body", "scenario")]


def test_runners_of_other_scenarios_are_told_what_this_house_does_not_know():
    more = {"strategy": "fedprox", "mu": 0.1}
    wish = read_experiment({**SEED, "scenario": "hospital", "configuration": {"rounds": 3, **more}})
    assert {name: wish.params["configuration"][name] for name in more} == more
    assert set(refused(scenario="hospital", configuration={str(n): n for n in range(51)})) == {"configuration"}


def test_a_time_to_begin_is_read_with_its_offset():
    wish = read_experiment({**SEED, "scheduled_at": "2024-01-15T12:00:00+01:00"})
    assert wish.not_before_us == 1_705_316_400_000_000
