"""What the parent tells the process that trains, and what that says: one JSON line each."""

from __future__ import annotations

from typing import Any

import msgspec

__all__ = ["Begin", "Checkpoint", "Client", "No", "Ready", "RoundDone", "Step", "Trained"]


class Client(msgspec.Struct, frozen=True):
    """A client after a round: `trained` in it, `dropped` out of it, or `idle`, not being drawn. Accuracy and loss are those on
    its own pictures after it trained last, in `last_round`; None and 0 where it never has. A loss that is no number is None."""

    id: str
    status: str = "idle"
    accuracy: float | None = None
    loss: float | None = None
    last_round: int = 0


class Checkpoint(msgspec.Struct, frozen=True):
    """All it takes to go on after `round`: the net's weights (float32, little endian), the clients, and how much more of a line
    than the best one each client needs, as far as that is known. What is drawn at random is drawn by seed, round and client."""

    round: int
    weights: bytes
    clients: list[Client]
    needs: dict[str, float]


class Begin(msgspec.Struct, tag=True, frozen=True):
    """A plan as plain data; `mnist_folder` empty for none; a checkpoint to go on from."""

    plan: dict[str, Any]
    mnist_folder: str
    checkpoint: Checkpoint | None = None


class Step(msgspec.Struct, tag=True, frozen=True):
    """The next piece of work: some of a client's training, or the end of the round. Answered Trained or RoundDone."""


class Ready(msgspec.Struct, tag=True, frozen=True):
    """Everything is loaded. `notes` say what a reader has to know; `drawn` are the clients of the next round; the net has so
    many `parameters`, and there are so many pictures."""

    notes: list[str]
    clients: list[Client]
    drawn: list[str]
    parameters: int
    training: int
    held_out: int


class Trained(msgspec.Struct, tag=True, frozen=True):
    """A client has got on, or is through; `share` of the round is done."""

    client: str
    share: float


class RoundDone(msgspec.Struct, tag=True, frozen=True):
    """A round: accuracy and loss (None: no number) of the new model on the pictures nobody trained on, and what it took.

    `bytes` went over the simulated network, both ways; `network_s` is simulated, `compute_s` measured, each of the slowest
    client, and `duration_s` their sum. `drawn` are the clients of the next round, none after the last."""

    round: int
    accuracy: float
    loss: float | None
    clients: list[Client]
    participants: int
    dropped: int
    bytes: int
    network_s: float
    compute_s: float
    duration_s: float
    drawn: list[str]
    checkpoint: Checkpoint


class No(msgspec.Struct, tag=True, frozen=True):
    """It can't be done."""

    reason: str
    code: str
