"""The shapes of conversations: what is asked for, and what is shown."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import attrs
from attrs.validators import and_, in_, matches_re, max_len, min_len, optional

__all__ = [
    "ROLES", "Conversation", "ConversationChange", "ConversationWhole", "Line", "MessageShown", "Metrics", "NewConversation",
    "NewMessage", "Result",
]  # fmt: skip

LONGEST_TEXT = 200_000
_ID = matches_re(r"[A-Za-z0-9_.-]{1,64}")
ROLES = ("user", "assistant", "system")
"""Who may say something."""


@attrs.frozen
class Conversation:
    """A conversation. Completed and failed tasks count in its totals, whose durations are seconds of work; `started_at` is when
    the first of them began, `completed_at` when the last one ended."""

    conversation_id: str
    user_id: str
    title: str
    flow_id: str | None
    created_at: datetime
    updated_at: datetime
    is_archived: bool
    metadata: dict[str, Any]
    message_count: int
    total_cost_usd: float
    total_tasks: int
    total_duration_seconds: float
    started_at: datetime | None
    completed_at: datetime | None


@attrs.frozen
class MessageShown:
    """Something that was said; `task_id` is the task it belongs to, if any."""

    message_id: str
    conversation_id: str
    role: str
    content: str
    task_id: str | None
    created_at: datetime
    metadata: dict[str, Any]


@attrs.frozen
class ConversationWhole(Conversation):
    """A conversation, with its first 500 messages; where they were not asked for it has none of that name."""

    messages: list[MessageShown] = attrs.field(factory=list)


@attrs.frozen
class Metrics:
    """What a conversation came to. `task_breakdown` counts its tasks by status, also those that are not over."""

    conversation_id: str
    message_count: int
    total_cost_usd: float
    total_tasks: int
    total_duration_seconds: float
    started_at: datetime | None
    completed_at: datetime | None
    task_breakdown: dict[str, int]


@attrs.frozen
class Line:
    """A message as a model is given it."""

    role: str
    content: str
    created_at: datetime


@attrs.frozen
class Result:
    """What became of a wish."""

    success: bool
    message: str
    data: dict[str, Any] | None = None
    error: str | None = None


@attrs.frozen
class NewConversation:
    """`flow_id` says what it is about: a flow has one conversation, so the one it has is answered where it has one."""

    title: str = attrs.field(validator=and_(min_len(1), max_len(500)))
    user_id: str = attrs.field(default="default-user", validator=and_(min_len(1), max_len(200)))
    metadata: dict[str, Any] = attrs.field(factory=dict)
    flow_id: str | None = attrs.field(default=None, validator=optional(max_len(200)))
    source: str | None = attrs.field(default=None, validator=optional(max_len(64)))


@attrs.frozen
class ConversationChange:
    """What is not given stays as it is; `metadata` takes the place of all that was there."""

    title: str | None = attrs.field(default=None, validator=optional(and_(min_len(1), max_len(500))))
    is_archived: bool | None = None
    metadata: dict[str, Any] | None = None


@attrs.frozen
class NewMessage:
    """`message_id` is the client's own id, by which the message is said once however often it is sent."""

    role: str = attrs.field(validator=in_(ROLES))
    content: str = attrs.field(validator=max_len(LONGEST_TEXT))
    task_id: str | None = attrs.field(default=None, validator=optional(_ID))
    metadata: dict[str, Any] = attrs.field(factory=dict)
    message_id: str | None = attrs.field(default=None, validator=optional(_ID))
