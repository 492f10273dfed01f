"""The simulated network: what it makes of bandwidth, latency and loss, and what the policies on it change."""

import pytest

from oracle.border import structure
from oracle.federated.network import Network
from oracle.federated.plan import Plan

MODEL = 100_000  # bytes
CLIENTS = ("client_001", "client_002", "client_003")


def network(*policies, **settings):
    return Network(structure(Plan, {"network_settings": settings, "policies": list(policies)}))


def lasts_s(made, needs=(), dropped=()):
    return made.transfer(MODEL, CLIENTS, dropped, dict(needs)).network_s


def test_a_round_lasts_as_long_as_its_slowest_client():
    made = network("priority_fl_traffic", bandwidth_limit="8Mbps", latency="100ms")
    slowest = min(map(made.quality, CLIENTS))
    assert lasts_s(made) == pytest.approx(2 * (0.05 + 8 * MODEL / (8e6 / 3 * slowest)))


def test_bandwidth_and_latency_shape_it():
    assert lasts_s(network(bandwidth_limit="20Mbps")) < lasts_s(network()) < lasts_s(network(bandwidth_limit="5Mbps"))
    assert lasts_s(network(latency="250ms")) - lasts_s(network()) == pytest.approx(2 * 0.2)


def test_bytes_go_both_ways_but_for_who_drops_out():
    assert network().transfer(MODEL, CLIENTS, (), {}).bytes == 6 * MODEL
    assert network().transfer(MODEL, CLIENTS[:1], CLIENTS[1:], {}).bytes == 4 * MODEL
    none = network().transfer(MODEL, (), CLIENTS, {})
    assert none.bytes == 3 * MODEL and 0 < none.network_s < lasts_s(network()) and none.needs == {}


def test_loss_is_how_many_drop_out():
    drawn = [(round_, f"client_{client:03}") for round_ in range(1, 101) for client in range(1, 11)]
    shares = {loss: sum(network(packet_loss=loss).drops(*one) for one in drawn) / len(drawn) for loss in (0, 0.2, 0.5, 1)}
    assert shares[0] == 0 and shares[1] == 1
    assert shares[0.2] == pytest.approx(0.2, abs=0.05) and shares[0.5] == pytest.approx(0.5, abs=0.06)


def test_priority_has_the_whole_line_and_half_the_latency():
    whole = network("priority_fl_traffic", latency="0ms"), network(latency="0ms")
    assert lasts_s(whole[0]) == pytest.approx(0.7 * lasts_s(whole[1]))
    quick = network("priority_fl_traffic", bandwidth_limit="1000Gbps"), network(bandwidth_limit="1000Gbps")
    assert lasts_s(quick[0]) == pytest.approx(lasts_s(quick[1]) / 2, rel=1e-3)


def test_adaptive_shares_follow_what_was_slow():
    plain, adaptive = network(), network("adaptive_qos")
    seen = adaptive.transfer(MODEL, CLIENTS, (), {})
    assert seen.network_s == lasts_s(plain), "it knows nothing yet"
    assert lasts_s(adaptive, seen.needs) < 0.95 * seen.network_s
    assert lasts_s(plain, seen.needs) == seen.network_s
