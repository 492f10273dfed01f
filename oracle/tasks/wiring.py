"""How what people and webhooks say comes into the tree: the owners of conversations and webhooks, and the door of deliveries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors import Child
from oracle.tasks.conversations import Conversations
from oracle.tasks.inbound import Inbound
from oracle.tasks.webhooks import Webhooks

if TYPE_CHECKING:
    from oracle.system import System

__all__ = ["talking_children"]


def talking_children(system: System) -> tuple[Child, ...]:
    """Children for a tree that has `history` and `runs` before them, in the order to start them."""
    board, receipts = system.board, system.receipts
    return (
        Child("conversations", lambda: Conversations(board, receipts, system.talks)),
        Child("webhooks", lambda: Webhooks(board, receipts, system.hooks)),
        Child("inbound", lambda: Inbound(board, system.hooks, system.arrivals)),
    )
