"""What the desk's lives hand on to each other, and the spec of the actors it keeps."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from actors import Child
from oracle.alerts.actor import RuleActor
from oracle.alerts.memory import Memory
from oracle.alerts.outbox import Outbox
from oracle.alerts.terms import Terms
from oracle.alerts.unheard import Unheard
from oracle.board import Board
from oracle.model import Event, State, ref
from oracle.receipts import Receipts

__all__ = ["Ledger", "rule_child"]

MAILBOX = 10_000  # events: a rule that waits for a disk that is full must not lose any


@attrs.define
class Ledger:
    """What outlives the desk's lives."""

    memories: dict[str, Memory] = attrs.field(factory=dict)
    """By rule."""
    undo: tuple[State | Event, ...] = ()
    """What was before a change of which nobody knows yet whether it was stored, and the event that takes it back."""
    outboxes: Mapping[str, Outbox] = attrs.field(factory=dict)
    """By channel."""
    conditions: Mapping[str, Terms] | None = None
    """By rule, those that are looked at; None before the desk's first life."""
    faults: Mapping[str, str] = attrs.field(factory=dict)
    """By rule, why it is not looked at, as far as that was said."""
    receipts: Receipts = attrs.field(kw_only=True)
    unheard: Unheard | None = None
    """What the process before this one has stored and not handled."""


def rule_child(ident: str, board: Board, ledger: Ledger) -> Child:
    """The spec of `rule:ID`."""
    memory = ledger.memories.setdefault(ident, Memory())
    return Child(
        ref("rule", ident), lambda: RuleActor(ident, board, memory, ledger.outboxes, ledger.receipts, ledger.unheard),
        capacity=MAILBOX, when_full="drop_oldest",
    )  # fmt: skip
