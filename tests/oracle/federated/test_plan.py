"""What an experiment can ask for: defaults, bounds, and words for what is out of them."""

import re
from pathlib import Path

import attrs
import pytest

from oracle.border import structure
from oracle.federated.plan import Plan, bits_per_s, seconds
from oracle.federated.policies import POLICIES
from oracle.problems import Bad, Invalid

EXAMPLE = {
    "dataset": "mnist", "model": "cnn", "rounds": 20, "clients_per_round": 3, "local_epochs": 5, "learning_rate": 0.01,
    "batch_size": 32,
}  # fmt: skip


def plan_of(policies=(), network=(), **configuration):
    return structure(Plan, {"configuration": configuration, "network_settings": dict(network), "policies": list(policies)})


def wrong(**given):
    with pytest.raises(Invalid) as caught:
        plan_of(**given)
    return {problem.where: problem.reason for problem in caught.value.problems}


def test_what_is_not_said_is_as_in_the_example():
    assert structure(Plan, {}) == plan_of(**EXAMPLE)
    assert plan_of().configuration.clients == 5
    assert plan_of(clients_per_round=8).configuration.clients == 8


@pytest.mark.parametrize(("field", "value", "words"), [
    ("rounds", 0, "Must be between 1 and 100"), ("rounds", 101, "Must be between 1 and 100"),
    ("clients_per_round", 0, "Must be greater than 0"), ("clients_per_round", -1, "Must be greater than 0"),
    ("local_epochs", 0, "Must be between 1 and 100"), ("learning_rate", -0.1, "Must be between 0 and 10"),
    ("batch_size", 0, "Must be between 1 and 1024"), ("clients", 101, "Must be between 1 and 100"),
    ("seed", -1, "Must be between 0 and 9007199254740992"), ("rounds", "20", "Input should be a valid integer"),
    ("dataset", "cifar", "Input should be 'mnist' or 'digits'"),
    ("model", "cn", "Input should be 'cnn', 'mlp' or 'logistic'"),
    ("partition", "shards", "Input should be 'iid' or 'label_skew'"),
])  # fmt: skip
def test_each_field_out_of_its_bounds_is_named(field, value, words):
    assert wrong(**{field: value}) == {f"configuration.{field}": words}


def test_more_clients_in_a_round_than_there_are_is_said_at_the_round():
    assert wrong(clients=5, clients_per_round=6) == {
        "configuration.clients_per_round": "Must be at most the number of clients, which is 5"}  # fmt: skip
    assert "configuration.clients_per_round" in wrong(clients_per_round=101)


@pytest.mark.parametrize(("field", "value", "words"), [
    ("bandwidth_limit", "fast", "Must be a number with a unit, as in '10Mbps': bps, Kbps, Mbps or Gbps"),
    ("bandwidth_limit", "0Mbps", "Must be between 1bps and 1000Gbps"),
    ("latency", "50", "Must be a number with a unit, as in '50ms': us, ms or s"),
    ("latency", "61s", "Must be between 0s and 60s"),
    ("packet_loss", 1.1, "Must be between 0 and 1"), ("packet_loss", -0.1, "Must be between 0 and 1"),
])  # fmt: skip
def test_the_network_has_bounds_too(field, value, words):
    assert wrong(network={field: value}) == {f"network_settings.{field}": words}


def test_all_that_is_wrong_is_said_at_once():
    assert len(wrong(rounds=0, clients_per_round=0, network={"packet_loss": 2}, policies=["no"])) == 4


def test_a_policy_that_is_none_is_told_from_one_that_was_meant():
    assert plan_of(policies=POLICIES).policies == tuple(POLICIES)
    with pytest.raises(Invalid) as caught:
        plan_of(policies=["adaptive_qos", "priority_traffic"])
    (problem,) = caught.value.problems
    assert problem.where == "policies" and "priority_traffic" in problem.reason
    assert problem.suggestion == "priority_fl_traffic"


@pytest.mark.parametrize(("text", "bits"), [("10Mbps", 1e7), ("64 kbps", 64e3), ("1.5Gbps", 1.5e9), ("900bps", 900.0)])
def test_rates_have_units(text, bits):
    assert bits_per_s(text) == bits


@pytest.mark.parametrize(("text", "lasts_s"), [("50ms", 0.05), ("250us", 0.00025), ("0ms", 0.0), ("1.5s", 1.5)])
def test_times_have_units(text, lasts_s):
    assert seconds(text) == pytest.approx(lasts_s)


@pytest.mark.parametrize("text", ["", "ms", "-1ms", "1e3ms", "10 m s", "9" * 13 + "ms", "٣ms"])
def test_what_is_no_time_is_none(text):
    with pytest.raises(Bad):
        seconds(text)


def test_the_page_on_experiments_has_each_of_them():
    text = (Path(__file__).parents[3] / "docs" / "experiments.md").read_text()
    told = dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", text, re.MULTILINE))
    assert {name: told.get(name) for name in POLICIES} == POLICIES
    plain = structure(Plan, {})
    for part in (plain.configuration, plain.network_settings):
        for field in attrs.fields(type(part)):
            value = getattr(part, field.name)
            number = str(value).lower().removesuffix(".0")
            assert told[field.name] == (f"`{value}`" if isinstance(value, str) else number)
