"""Conversations: the bodies that begin them, and what is said in them."""

from __future__ import annotations

import itertools
from typing import Any

from oracle.border import structure
from web.surfaces.talk_shapes import NewConversation, NewMessage

__all__ = ["ConversationFactory"]


class ConversationFactory:
    """Numbers what it makes, so that no two are alike. Raises Invalid for what no conversation takes."""

    _numbers = itertools.count(1)

    @classmethod
    def create(cls, **different: Any) -> dict[str, Any]:
        """A body for POST /api/conversations."""
        body = {"title": f"Conversation {next(cls._numbers)}", "user_id": "default-user", "metadata": {}, **different}
        structure(NewConversation, body)
        return body

    @classmethod
    def for_flow(cls, flow_id: str, **different: Any) -> dict[str, Any]:
        """A body for the conversation about a flow."""
        return cls.create(flow_id=flow_id, source=flow_id.partition(":")[0], **different)

    @classmethod
    def message(cls, **different: Any) -> dict[str, Any]:
        """A body for POST /api/conversations/{id}/messages."""
        body = {"role": "user", "content": f"Message {next(cls._numbers)}", "metadata": {}, **different}
        structure(NewMessage, body)
        return body

    @classmethod
    def exchange(cls, turns: int = 1) -> list[dict[str, Any]]:
        """What a user and an assistant say in turn."""
        return [cls.message(role=role) for _ in range(turns) for role in ("user", "assistant")]
