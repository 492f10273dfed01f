"""The nets: their slopes are the loss's, their weights travel as they are, and models are put together as is said."""

import numpy as np
import pytest

from oracle.federated import nets
from oracle.federated.nets import Conv, Dense, Examples, Halve, Net, mean_of, median_of, net_of, packed, unpacked
from oracle.federated.pictures import Pictures

MODELS = ("cnn", "mlp", "logistic")


def some(count=6, side=8, seed=3):
    rng = np.random.default_rng(seed)
    return Pictures(side, side, 16, rng.integers(0, 17, count * side * side, np.uint8).tobytes(), bytes(range(count)))


@pytest.mark.parametrize("net", [*(net_of(model, 8, 8) for model in MODELS), net_of("cnn", 6, 4),
                                 Net([Conv(1, 3, True), Conv(3, 2, False), Halve(), Dense(32, 10, False)])],
                         ids=[*MODELS, "cnn 6 x 4", "halved last"])  # fmt: skip
def test_slopes_are_those_of_the_loss(net):
    rng = np.random.default_rng(1)
    side = (6, 4) if net.size == net_of("cnn", 6, 4).size else (8, 8)
    x, labels = rng.standard_normal((5, *side, 1)), np.arange(5)
    weights = net.fresh([1]).astype(np.float64)
    weights += rng.standard_normal(net.size) * 0.01
    _, slope = net.slope(weights, x, labels)
    for place in rng.choice(net.size, 60, replace=False):
        step = np.zeros(net.size)
        step[place] = 1e-6
        above, below = net.slope(weights + step, x, labels)[0], net.slope(weights - step, x, labels)[0]
        assert (above - below) / 2e-6 == pytest.approx(slope[place], rel=1e-4, abs=1e-7)


def trained(net, *given):
    """The weights in the end."""
    *_, (share, weights) = net.training(*given)
    assert share == 1
    return weights


def test_training_makes_the_loss_less_and_leaves_what_it_began_with():
    examples = Examples.of(some())
    for model in MODELS:
        net = net_of(model, 8, 8)
        begun = net.fresh([0])
        learned = trained(net, begun, examples, range(6), 10, 0.02, 4, [1])
        assert net.judged(learned, examples)[1] < net.judged(begun, examples)[1]
        assert packed(begun) == packed(net.fresh([0])) != packed(learned)
        assert packed(learned) == packed(trained(net, begun, examples, range(6), 10, 0.02, 4, [1]))
        assert packed(trained(net, begun, examples, range(6), 10, 0.0, 4, [1])) == packed(begun)


def test_a_step_too_large_ends_in_no_number_and_says_so():
    net, examples = net_of("mlp", 8, 8), Examples.of(some())
    accuracy, loss = net.judged(trained(net, net.fresh([0]), examples, range(6), 40, 1e30, 4, [1]), examples)
    assert loss is None and 0 <= accuracy <= 1


@pytest.mark.parametrize("side", [8, 28])
def test_a_cnn_is_no_larger_than_what_is_kept_of_it(side):
    net = net_of("cnn", side, side)
    assert 4 * net.size < 75_000, "a hundred kilobytes in base64"
    weights = net.fresh([0])
    assert (unpacked(packed(weights)) == weights).all()


def test_the_mean_goes_by_pictures_and_keeps_what_nobody_changed():
    begun = np.array([0.1, 0.7, -0.3], np.float32)
    assert (mean_of(begun, [(begun.copy(), 7), (begun.copy(), 3), (begun.copy(), 1)]) == begun).all()
    models = [(begun + np.float32(1), 30), (begun + np.float32(4), 10)]
    assert mean_of(begun, models) == pytest.approx(begun + 1.75)


def test_one_broken_model_moves_the_mean_and_not_the_median():
    begun = np.zeros(4, np.float32)
    models = [begun + np.float32(one) for one in (0.9, 1.0, 1e6)]
    assert mean_of(begun, [(model, 1) for model in models]).min() > 1e5
    assert median_of(models) == pytest.approx(np.ones(4))


def test_training_may_be_held_now_and_then(monkeypatch):
    monkeypatch.setattr(nets, "PIECE", 8)
    net, examples = net_of("mlp", 8, 8), Examples.of(some())
    shares = [share for share, _ in net.training(net.fresh([0]), examples, range(6), 5, 0.1, 4, [1])]
    assert shares == [pytest.approx(seen / 30) for seen in (10, 18, 28, 30)], "batches of 4 and 2"
