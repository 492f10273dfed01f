"""Federated averaging (McMahan et al., Communication-Efficient Learning of Deep Networks from Decentralized Data, 2017).

Each round some clients are drawn; each trains the common model on pictures of its own, which no other client and no server
sees, and sends the model back; the server makes one of them all, and judges it on pictures that nobody trained on.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from actors import Refused
from oracle.federated.nets import Array, Examples, mean_of, median_of, net_of, packed, unpacked
from oracle.federated.network import Network
from oracle.federated.pictures import dealt, loaded
from oracle.federated.plan import Plan
from oracle.federated.policies import DYNAMIC, ROBUST
from oracle.federated.wire import Checkpoint, Client, Ready, RoundDone, Trained

__all__ = ["Federation", "drawn"]

_FIRST, _ORDER, _LABELS = 1, 2, 3  # what is drawn by the seed


class Federation:
    """The server and the clients of one experiment, a piece of work at a time. Raises Refused `unavailable`, `failed`."""

    def __init__(self, plan: Plan, mnist_folder: Path | None, known: Checkpoint | None, cpu_s: Callable[[], float]) -> None:
        self._plan, self._cpu_s = plan, cpu_s
        what = plan.configuration
        data = loaded(what, mnist_folder)
        self._notes = list(data.notes)
        self._places = dealt(data.training.labels, what)
        self._net = net_of(what.model, data.training.height, data.training.width)
        examples = Examples.of(data.training)
        self._examples = examples.shuffled([_LABELS, what.seed]) if what.shuffle_labels else examples
        self._held_out = Examples.of(data.held_out)
        self._network = Network(plan)
        if known is None:
            names = [f"client_{number + 1:03}" for number in range(what.clients)]
            known = Checkpoint(0, packed(self._net.fresh([_FIRST, what.seed])), [Client(name) for name in names], {})
        self._known = known
        self._weights = unpacked(known.weights)
        if len(self._weights) != self._net.size:  # MNIST's files came or went meanwhile
            raise Refused("the checkpoint is of another net than this experiment would train here", "failed")
        self._begin()

    @property
    def ready(self) -> Ready:
        """How it stands before the next round."""
        pictures = len(self._examples.labels), len(self._held_out.labels)
        return Ready(self._notes, self._known.clients, self._drawn, self._net.size, *pictures)

    def step(self) -> Trained | RoundDone:
        """Do the next piece: some of a client's training, or the end of the round."""
        if not self._left:
            return self._round_done()
        began_s, place = self._cpu_s(), self._left[0]
        share = self._go_on(place)
        self._spent_s += self._cpu_s() - began_s
        if share == 1:
            self._left.pop(0)
            self._slowest_s, self._spent_s, share = max(self._slowest_s, self._spent_s), 0.0, 0.0
        through = len(self._drawn) - len(self._left) + share
        return Trained(self._clients[place].id, through / (len(self._drawn) + 1))

    def _begin(self) -> None:
        self._round = self._known.round + 1
        self._drawn = drawn(self._plan, self._round, self._known.clients)
        self._clients = [msgspec.structs.replace(client, status="idle") for client in self._known.clients]
        self._left = [place for place, client in enumerate(self._clients) if client.id in self._drawn]
        self._training: Iterator[tuple[float, Array]] | None = None  # of the first that is left
        self._models: list[tuple[Array, int]] = []
        self._spent_s = self._slowest_s = 0.0

    def _go_on(self, place: int) -> float:
        """Train a client for a while; the share of its work that is done now."""
        what, mine, name = self._plan.configuration, self._places[place], self._clients[place].id
        if self._training is None:
            if self._network.drops(self._round, name):
                self._clients[place] = msgspec.structs.replace(self._clients[place], status="dropped")
                return 1.0
            key, batch = [_ORDER, what.seed, self._round, place], what.batch_size
            self._training = self._net.training(
                self._weights, self._examples, mine, what.local_epochs, what.learning_rate, batch, key)  # fmt: skip
        share, model = next(self._training)
        if share == 1:
            self._training = None
            self._models.append((model, len(mine)))
            self._clients[place] = Client(name, "trained", *self._net.judged(model, self._examples, mine), self._round)
        return share

    def _round_done(self) -> RoundDone:
        began_s = self._cpu_s()
        if self._models:  # else all have dropped out, and the model stays as it is
            robust = ROBUST in self._plan.policies
            self._weights = median_of([model for model, _ in self._models]) if robust else mean_of(self._weights, self._models)
        accuracy, loss = self._net.judged(self._weights, self._held_out)
        through, out = (self._those(status) for status in ("trained", "dropped"))
        weights = packed(self._weights)
        way = self._network.transfer(len(weights), through, out, self._known.needs)
        self._known = Checkpoint(self._round, weights, self._clients, way.needs)
        compute_s = self._slowest_s + self._cpu_s() - began_s
        done, last = self._known, self._round >= self._plan.configuration.rounds
        self._begin()
        return RoundDone(
            done.round, accuracy, loss, done.clients, len(through), len(out), way.bytes, way.network_s, compute_s,
            way.network_s + compute_s, [] if last else self._drawn, done,
        )  # fmt: skip

    def _those(self, status: str) -> list[str]:
        return [client.id for client in self._clients if client.status == status]


def drawn(plan: Plan, round_: int, clients: Sequence[Client]) -> list[str]:
    """The ids of the clients of a round, in order; `clients` as the round before has left them."""
    what = plan.configuration
    draw, wanted = random.Random(f"{what.seed} {round_} drawn"), what.clients_per_round
    if DYNAMIC not in plan.policies:
        return sorted(client.id for client in draw.sample(clients, wanted))
    some = draw.sample(clients, min(len(clients), 2 * wanted))
    some.sort(key=lambda client: float("inf") if client.loss is None else client.loss, reverse=True)
    return sorted(client.id for client in some[:wanted])
