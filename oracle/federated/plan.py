"""What an experiment is to be: what trains, over which simulated network, by which policies."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

import attrs

from oracle.border import structure
from oracle.federated.policies import POLICIES
from oracle.problems import Bad, closest

__all__ = ["Configuration", "NetworkSettings", "Plan", "bits_per_s", "known_policies", "plan_of", "seconds"]

MOST_CLIENTS = 100
_BITS = {"bps": 1.0, "kbps": 1e3, "mbps": 1e6, "gbps": 1e9}
_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0}
_MEASURE = re.compile(r"\s*(\d{1,12}(?:\.\d{1,12})?)\s*([A-Za-z]{1,4})\s*", re.ASCII)


def bits_per_s(text: str) -> float:
    """How much "10Mbps" is; bps, Kbps, Mbps and Gbps are known. Raises Bad."""
    found = _measured(text, _BITS, "Must be a number with a unit, as in '10Mbps': bps, Kbps, Mbps or Gbps")
    if not 1 <= found <= 1e12:
        raise Bad("value_error", "Must be between 1bps and 1000Gbps")
    return found


def seconds(text: str) -> float:
    """How long "50ms" is; us, ms and s are known. Raises Bad."""
    found = _measured(text, _SECONDS, "Must be a number with a unit, as in '50ms': us, ms or s")
    if found > 60:
        raise Bad("value_error", "Must be between 0s and 60s")
    return found


def known_policies(_: Any, __: Any, names: tuple[str, ...]) -> None:
    """A validator: each name is one of POLICIES. Raises Bad."""
    for name in names:
        if name not in POLICIES:
            why = f"There is no policy {name!r}; there are {', '.join(POLICIES)}"
            raise Bad("value_error", why, suggestion=closest(name, POLICIES))


def _measured(text: str, units: dict[str, float], words: str) -> float:
    found = _MEASURE.fullmatch(text)
    if found is None or found[2].lower() not in units:
        raise Bad("value_error", words)
    return float(found[1]) * units[found[2].lower()]


def _between(low: float, high: float) -> Any:
    def check(_: Any, __: Any, value: float) -> None:
        if not low <= value <= high:
            raise Bad("value_error", f"Must be between {low:g} and {high:.0f}")

    return check


@attrs.frozen(kw_only=True)
class Configuration:
    """What is trained, and how. What is not said is as in the dashboard's own example."""

    dataset: Literal["mnist", "digits"] = "mnist"
    """digits: 1,797 handwritten digits of 8 x 8 pixels. mnist: where its files are here, and else digits, which is said."""
    model: Literal["cnn", "mlp", "logistic"] = "cnn"
    rounds: int = attrs.field(default=20, validator=_between(1, 100))
    clients_per_round: int = attrs.field(default=3)
    """Clients drawn for a round."""
    local_epochs: int = attrs.field(default=5, validator=_between(1, 100))
    """How often a client goes through its own pictures in a round."""
    learning_rate: float = attrs.field(default=0.01, validator=_between(0, 10))
    """The step of plain gradient descent; with 0 nothing is learned."""
    batch_size: int = attrs.field(default=32, validator=_between(1, 1024))
    clients: int = attrs.field(validator=_between(1, MOST_CLIENTS))
    """Clients in all; 5, or as many as a round needs."""
    seed: int = attrs.field(default=0, validator=_between(0, 2**53))
    """The same seed trains the same net."""
    partition: Literal["iid", "label_skew"] = "iid"
    """iid: each client has pictures of all digits. label_skew: of two or so, as who writes the same things every day."""
    shuffle_labels: bool = False
    """Whether the training pictures' labels are dealt out anew at random: then there is nothing to be learned."""

    @clients.default
    def _enough(self) -> int:
        return max(5, self.clients_per_round)

    @clients_per_round.validator
    def _some_of_them(self, _: Any, value: int) -> None:
        if value <= 0:
            raise Bad("value_error", "Must be greater than 0")
        if value > MOST_CLIENTS:
            raise Bad("value_error", f"Must be at most {MOST_CLIENTS}")
        clients = getattr(self, "clients", value)
        if value > clients:
            raise Bad("value_error", f"Must be at most the number of clients, which is {clients}")


@attrs.frozen(kw_only=True)
class NetworkSettings:
    """The network between server and clients, which is simulated: it says how long a round lasts and who drops out of it."""

    bandwidth_limit: str = attrs.field(default="10Mbps")
    """Of the server's line, in each direction; the clients of a round share it."""
    latency: str = attrs.field(default="50ms")
    """One way."""
    packet_loss: float = attrs.field(default=0.0, validator=_between(0, 1))
    """How likely a client is to drop out of a round."""

    @bandwidth_limit.validator
    def _a_rate(self, _: Any, text: str) -> None:
        bits_per_s(text)

    @latency.validator
    def _a_time(self, _: Any, text: str) -> None:
        seconds(text)


@attrs.frozen(kw_only=True)
class Plan:
    """An experiment's parameters, as far as they say what is to be trained."""

    configuration: Configuration = attrs.field(factory=Configuration)
    network_settings: NetworkSettings = attrs.field(factory=NetworkSettings)
    policies: tuple[str, ...] = attrs.field(default=(), validator=known_policies)
    """Names out of POLICIES."""


def plan_of(params: Mapping[str, Any], path: tuple[str | int, ...] = ()) -> Plan:
    """What is to be trained, of the parameters of an experiment; others than these three are not looked at. Raises Invalid."""
    return structure(Plan, {name: params[name] for name in _PARTS if params.get(name) is not None}, path=path)


_PARTS = tuple(field.name for field in attrs.fields(Plan))
