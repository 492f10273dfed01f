"""The simulated network of an experiment: how long a model is on its way, and who drops out. Nothing here waits.

The server has one line, which the clients of a round share; what a client makes of its share is between half and all of it,
drawn once by the seed, as lines differ. In a round each gets the model and sends one back.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

import attrs

from oracle.federated.plan import NetworkSettings, Plan, bits_per_s, seconds
from oracle.federated.policies import ADAPTIVE, PRIORITY

__all__ = ["Network", "Transfer"]

OTHERS = 0.3  # of the line, taken by other traffic
QUEUE = 0.5  # of the latency, spent behind other traffic


@attrs.frozen
class Transfer:
    """What a round was on the network: bytes both ways, seconds until the slowest was through, and how much more of a line than
    the best one each client turned out to need."""

    bytes: int
    network_s: float
    needs: dict[str, float]


class Network:
    """The network of one experiment."""

    def __init__(self, plan: Plan) -> None:
        settings: NetworkSettings = plan.network_settings
        first = PRIORITY in plan.policies
        self._rate = bits_per_s(settings.bandwidth_limit) * (1.0 if first else 1 - OTHERS)
        self._latency_s = seconds(settings.latency) * (1 - QUEUE if first else 1.0)
        self._loss = settings.packet_loss
        self._by_need = ADAPTIVE in plan.policies
        self._seed = plan.configuration.seed

    def drops(self, round_: int, client: str) -> bool:
        """Whether a client drops out of a round, which it does once it has the model."""
        return random.Random(f"{self._seed} {round_} {client} drops").random() < self._loss

    def quality(self, client: str) -> float:
        """What a client makes of its share of the line, 0.5 to 1."""
        return random.Random(f"{self._seed} {client} line").uniform(0.5, 1.0)

    def transfer(self, model_bytes: int, through: Sequence[str], dropped: Sequence[str], needs: Mapping[str, float]) -> Transfer:
        """A round with those that came through and those that dropped out; `needs` as earlier ones have shown them."""
        shares = self._shares([*through, *dropped], needs)
        lasted = [self._way_s(model_bytes, client, shares[client]) for client in dropped]
        lasted += [2 * self._way_s(model_bytes, client, shares[client]) for client in through]
        shown = {client: 1 / self.quality(client) for client in through}
        sent = model_bytes * (2 * len(through) + len(dropped))
        return Transfer(sent, max(lasted, default=0.0), {**needs, **shown})

    def _way_s(self, model_bytes: int, client: str, share: float) -> float:
        return self._latency_s + 8 * model_bytes / (self._rate * share * self.quality(client))

    def _shares(self, clients: Sequence[str], needs: Mapping[str, float]) -> dict[str, float]:
        known = [needs[client] for client in clients if client in needs]
        if not self._by_need or not known:
            return {client: 1 / len(clients) for client in clients}
        middling = sum(known) / len(known)
        wants = {client: needs.get(client, middling) for client in clients}
        return {client: want / sum(wants.values()) for client, want in wants.items()}
