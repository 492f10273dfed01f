"""Federated averaging, without a process: what a round says, and that each thing that can be asked for changes what it should."""

import msgspec
import pytest
from threadpoolctl import threadpool_limits

from actors import Refused
from oracle.border import structure
from oracle.federated.plan import Plan
from oracle.federated.rounds import Federation, drawn
from oracle.federated.wire import Checkpoint, Client, RoundDone

CLOCK = lambda: 0.0  # noqa: E731 - what was measured differs from run to run


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """As in the process: threads that wait for each other make small nets many times slower."""
    with threadpool_limits(1):
        yield


def federation(known=None, policies=(), network=(), **configuration):
    plan = {"configuration": configuration, "network_settings": dict(network), "policies": list(policies)}
    return Federation(structure(Plan, plan), None, known, CLOCK)


def rounds(count, known=None, **given):
    made, found = federation(known, **given), []
    while len(found) < count:
        if isinstance(said := made.step(), RoundDone):
            found.append(said)
    return found


def accuracies(count, **given):
    return [one.accuracy for one in rounds(count, **given)]


def test_a_round_says_who_took_part_and_what_it_took():
    made = federation(model="logistic")
    ready = made.ready
    assert len(ready.clients) == 5 and len(ready.drawn) == 3 and ready.parameters == 650
    trained = [made.step() for _ in range(3)]
    assert [one.client for one in trained] == ready.drawn and [one.share for one in trained] == [0.25, 0.5, 0.75]
    done = made.step()
    assert (done.round, done.participants, done.dropped, done.bytes) == (1, 3, 0, 6 * 4 * 650)
    assert done.duration_s == done.network_s > 0 == done.compute_s
    assert {client.id: client.status for client in done.clients} == {
        f"client_{number:03}": "trained" if f"client_{number:03}" in ready.drawn else "idle" for number in range(1, 6)}
    for client in done.clients:
        took_part = client.id in ready.drawn
        assert (client.accuracy is not None) == (client.loss is not None) == took_part == (client.last_round == 1)
    assert done.drawn == federation(done.checkpoint, model="logistic").ready.drawn


@pytest.mark.parametrize("policies", [(), ("adaptive_qos", "dynamic_client_selection", "robust_aggregation")])
def test_what_goes_on_from_any_round_is_what_was_never_interrupted(policies):
    given = {"model": "mlp", "rounds": 6, "local_epochs": 1, "learning_rate": 0.1, "partition": "label_skew",
             "policies": policies, "network": {"packet_loss": 0.3}, "seed": 5}  # fmt: skip
    whole = rounds(6, **given)
    for done in whole[:-1]:
        kept = msgspec.json.decode(msgspec.json.encode(done.checkpoint), type=Checkpoint)
        assert rounds(6 - done.round, kept, **given) == whole[done.round :]
    assert whole[-1].drawn == []


def test_a_seed_is_one_course_of_things():
    first, again, other = (rounds(2, model="logistic", seed=seed) for seed in (1, 1, 2))
    assert first == again and first[1].checkpoint.weights != other[1].checkpoint.weights


def test_a_checkpoint_of_another_net_is_refused():
    (done,) = rounds(1, model="logistic")
    with pytest.raises(Refused, match="another net"):
        federation(done.checkpoint, model="mlp")


def test_without_steps_nothing_is_learned():
    flat = rounds(4, model="cnn", learning_rate=0, local_epochs=1)
    assert len({(one.accuracy, one.loss, one.checkpoint.weights) for one in flat}) == 1


@pytest.mark.parametrize(("model", "seed"), [("cnn", 0), ("mlp", 1), ("logistic", 2)])
def test_nothing_is_learned_of_shuffled_labels(model, seed):
    count = 3 if model == "cnn" else 8
    assert accuracies(count, model=model, seed=seed, shuffle_labels=True) == pytest.approx([0.1] * count, abs=0.08)
    assert accuracies(count, model=model, seed=seed)[-1] > 0.5


def test_loss_takes_clients_out_of_rounds():
    lossy, clean = (rounds(12, model="logistic", local_epochs=1, network={"packet_loss": loss}) for loss in (0.5, 0.0))
    assert all(one.participants == 3 and one.dropped == 0 for one in clean)
    assert all(one.participants + one.dropped == 3 for one in lossy)
    assert sum(one.participants for one in lossy) < 0.75 * 36
    assert sum(one.bytes for one in lossy) < sum(one.bytes for one in clean)
    dropped = [client for one in lossy for client in one.clients if client.status == "dropped"]
    assert len(dropped) == sum(one.dropped for one in lossy)


def test_when_all_drop_out_the_model_stays():
    lost = rounds(2, model="logistic", network={"packet_loss": 1.0})
    assert [one.participants for one in lost] == [0, 0] and len({one.checkpoint.weights for one in lost}) == 1
    assert lost[0].network_s > 0


def test_clients_that_know_few_digits_learn_later():
    assert accuracies(4, model="mlp", partition="label_skew")[-1] < accuracies(4, model="mlp")[-1] - 0.1


def test_more_epochs_and_larger_steps_go_further_early():
    plain = accuracies(2, model="logistic", local_epochs=1)[-1]
    assert accuracies(2, model="logistic", local_epochs=5)[-1] > plain
    assert accuracies(2, model="logistic", local_epochs=1, learning_rate=0.1)[-1] > plain
    assert accuracies(2, model="logistic", local_epochs=1, batch_size=4)[-1] > plain


# ---- policies, each in whole rounds


def durations(*policies):
    return [one.duration_s for one in rounds(6, model="logistic", local_epochs=1, clients_per_round=5, policies=policies)]


def test_priority_and_adaptive_rounds_are_shorter():
    plain, first, adaptive = durations(), durations("priority_fl_traffic"), durations("adaptive_qos")
    assert all(quick < slow for quick, slow in zip(first, plain, strict=True))
    assert adaptive[0] == plain[0] and all(quick < slow for quick, slow in zip(adaptive[1:], plain[1:], strict=True))


def test_robust_aggregation_is_another_model():
    mean, median = (rounds(1, model="logistic", policies=policies)[0] for policies in ((), ("robust_aggregation",)))
    assert mean.clients == median.clients and mean.checkpoint.weights != median.checkpoint.weights


def test_dynamic_selection_draws_the_unseen_and_those_that_know_least():
    plan = structure(Plan, {"policies": ["dynamic_client_selection"], "configuration": {"clients_per_round": 3, "clients": 6}})
    seen = [Client(f"client_00{number}", "trained", 0.5, number / 10, 1) for number in range(1, 7)]
    assert drawn(plan, 2, seen) == ["client_004", "client_005", "client_006"]
    unseen = [Client("client_001"), *seen[1:]]
    assert drawn(plan, 2, unseen) == ["client_001", "client_005", "client_006"]
    plain = structure(Plan, {"configuration": {"clients_per_round": 3, "clients": 6}})
    assert {name for round_ in range(20) for name in drawn(plain, round_, seen)} == {client.id for client in seen}
