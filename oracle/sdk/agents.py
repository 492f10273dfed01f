"""What agents talk about, what calls them, and what they cost (`/api/conversations`, `/api/webhooks`, `/api/analytics`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import attrs

from oracle.sdk.pages import Pages, by_headers
from oracle.sdk.room import Asked, Paged, Room
from oracle.sdk.thing import Thing, at, given

__all__ = ["Analytics", "Conversation", "Conversations", "Costs", "Message", "Webhook", "WebhookEvent", "Webhooks"]

K = TypeVar("K")
CONVERSATIONS, WEBHOOKS, ANALYTICS = "api/conversations", "api/webhooks", "api/analytics"


@attrs.frozen(kw_only=True)
class Conversation(Thing):
    """Messages that belong together, and what the tasks among them came to."""

    conversation_id: str = ""
    user_id: str | None = None
    title: str = ""
    flow_id: str | None = None
    created_at: str | None = None
    updated_at: str | None = None
    is_archived: bool = False
    metadata: dict[str, Any] = attrs.field(factory=dict)
    message_count: int | None = None
    total_cost_usd: float | None = None
    total_tasks: int | None = None
    total_duration_seconds: float | None = None

    @property
    def id(self) -> str:
        """Its `conversation_id`."""
        return self.conversation_id


@attrs.frozen(kw_only=True)
class Message(Thing):
    """What somebody said: `role` is user, assistant or system."""

    message_id: str = ""
    conversation_id: str = ""
    role: str = ""
    content: str = ""
    task_id: str | None = None
    created_at: str | None = None
    metadata: dict[str, Any] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class Webhook(Thing):
    """Where somebody else's system calls; its secret is never told."""

    webhook_id: str | None = None
    name: str = ""
    provider: str = ""
    endpoint: str = ""
    enabled: bool = True
    is_builtin: bool = False
    has_secret: bool | None = None
    created_at: str | None = None

    @property
    def id(self) -> str:
        """Its `webhook_id`, or its name."""
        return self.webhook_id or self.name


@attrs.frozen(kw_only=True)
class WebhookEvent(Thing):
    """A call that came, and the task that was made of it."""

    event_id: str = ""
    webhook_id: str | None = None
    provider: str = ""
    event_type: str = ""
    task_id: str | None = None
    matched_command: str | None = None
    response_sent: bool | None = None
    created_at: str | None = None


@attrs.frozen(kw_only=True)
class Costs(Thing):
    """Columns of equal length, a place for each hour or day in which there were tasks; latencies are milliseconds."""

    dates: tuple[str, ...] = attrs.field(default=(), converter=tuple)
    costs: tuple[float, ...] = attrs.field(default=(), converter=tuple)
    task_counts: tuple[int, ...] = attrs.field(default=(), converter=tuple)
    tokens: tuple[int, ...] = attrs.field(default=(), converter=tuple)
    avg_latency: tuple[float, ...] = attrs.field(default=(), converter=tuple)
    error_counts: tuple[int, ...] = attrs.field(default=(), converter=tuple)


class Conversations(Room[K]):
    """Conversations and their messages."""

    @Paged
    def list(self, *, user_id: str | None = None, include_archived: bool = False, page_size: int = 50,
             offset: int = 0) -> Pages[Conversation]:  # fmt: skip
        """Those of a user, or all; the ones that changed last first."""
        query = {"user_id": user_id, "include_archived": str(include_archived).lower(), "limit": page_size, "offset": offset}
        return Pages(self._oracle, CONVERSATIONS, query, by_headers, Conversation.of)

    @Asked
    async def create(self, title: str, *, user_id: str | None = None, metadata: Mapping[str, Any] | None = None,
                     flow_id: str | None = None, source: str | None = None, command_id: str = "") -> Conversation:  # fmt: skip
        """A new one. Sent again with its `command_id` it is the same one."""
        body = given(title=title, user_id=user_id, metadata=metadata, flow_id=flow_id, source=source)
        return Conversation.of(await self._oracle.command("POST", CONVERSATIONS, body, id=command_id))

    @Asked
    async def get(self, conversation_id: str) -> Conversation:
        """One; its messages are in `conversation["messages"]`."""
        return Conversation.of(await self._oracle.get(at(CONVERSATIONS, conversation_id)))

    @Asked
    async def by_flow(self, flow_id: str) -> Conversation:
        """The one of a flow, such as `jira:PROJ-1`."""
        return Conversation.of(await self._oracle.get(at(f"{CONVERSATIONS}/by-flow", flow_id)))

    @Asked
    async def change(self, /, conversation_id: str, **fields: Any) -> Any:
        """Say another title or metadata, or `is_archived`."""
        return await self._oracle.command("PUT", at(CONVERSATIONS, conversation_id), fields)

    @Asked
    async def clear(self, conversation_id: str) -> Any:
        """Have its messages forgotten."""
        return await self._oracle.command("POST", at(CONVERSATIONS, conversation_id, "clear"))

    @Asked
    async def delete(self, conversation_id: str) -> Any:
        """Have it gone."""
        return await self._oracle.command("DELETE", at(CONVERSATIONS, conversation_id))

    @Paged
    def messages(self, conversation_id: str, *, page_size: int = 100, offset: int = 0) -> Pages[Message]:
        """What was said, the oldest first."""
        query = {"limit": page_size, "offset": offset}
        return Pages(self._oracle, at(CONVERSATIONS, conversation_id, "messages"), query, by_headers, Message.of)

    @Asked
    async def say(self, conversation_id: str, role: str, content: str, *, task_id: str | None = None,
                  metadata: Mapping[str, Any] | None = None, command_id: str = "") -> Message:  # fmt: skip
        """A further message."""
        body = given(role=role, content=content, task_id=task_id, metadata=metadata)
        return Message.of(await self._oracle.command("POST", at(CONVERSATIONS, conversation_id, "messages"), body, id=command_id))

    @Asked
    async def context(self, conversation_id: str, *, max_messages: int = 20, roles: str | None = None) -> Any:
        """The last messages, as an agent is told of them; `roles` with commas between."""
        return await self._oracle.get(at(CONVERSATIONS, conversation_id, "context"), max_messages=max_messages, roles=roles)

    @Asked
    async def metrics(self, conversation_id: str) -> Any:
        """What its tasks came to."""
        return await self._oracle.get(at(CONVERSATIONS, conversation_id, "metrics"))


class Webhooks(Room[K]):
    """Where other systems call, and what came."""

    @Paged
    def list(self) -> Pages[Webhook]:
        """All of them."""
        return Pages(self._oracle, WEBHOOKS, {}, by_headers, Webhook.of)

    @Asked
    async def create(self, name: str, provider: str, *, enabled: bool = True, secret: str | None = None,
                     commands: tuple[Mapping[str, Any], ...] = (), command_id: str = "") -> Webhook:  # fmt: skip
        """A new one, with where it is called; provider is github, jira, slack, sentry or custom."""
        body = given(name=name, provider=provider, enabled=enabled, secret=secret, commands=[*commands])
        return Webhook.of((await self._oracle.command("POST", WEBHOOKS, body, id=command_id))["data"])

    @Asked
    async def get(self, webhook_id: str) -> Webhook:
        """One, with its commands."""
        return Webhook.of(await self._oracle.get(at(WEBHOOKS, webhook_id)))

    @Asked
    async def change(self, /, webhook_id: str, **fields: Any) -> Any:
        """Say another name or secret, or `enabled`."""
        return await self._oracle.command("PUT", at(WEBHOOKS, webhook_id), fields)

    @Asked
    async def delete(self, webhook_id: str) -> Any:
        """Have it gone."""
        return await self._oracle.command("DELETE", at(WEBHOOKS, webhook_id))

    @Asked
    async def enable(self, webhook_id: str) -> Any:
        """Let it be called."""
        return await self._oracle.command("POST", at(WEBHOOKS, webhook_id, "enable"))

    @Asked
    async def disable(self, webhook_id: str) -> Any:
        """Let it not be called."""
        return await self._oracle.command("POST", at(WEBHOOKS, webhook_id, "disable"))

    @Asked
    async def commands(self, webhook_id: str) -> Any:
        """What its calls may lead to."""
        return await self._oracle.get(at(WEBHOOKS, webhook_id, "commands"))

    @Asked
    async def add_command(self, webhook_id: str, command: Mapping[str, Any], *, command_id: str = "") -> Any:
        """One more thing they may lead to."""
        return await self._oracle.command("POST", at(WEBHOOKS, webhook_id, "commands"), command, id=command_id)

    @Asked
    async def events(self, *, webhook_id: str | None = None, limit: int = 50) -> tuple[WebhookEvent, ...]:
        """The newest calls, to one or to all."""
        rows = await self._oracle.get(f"{WEBHOOKS}/events", webhook_id=webhook_id, limit=limit)
        return tuple(map(WebhookEvent.of, rows))

    @Asked
    async def event(self, event_id: str) -> WebhookEvent:
        """One call, whose content is `event["payload"]`."""
        return WebhookEvent.of(await self._oracle.get(at(f"{WEBHOOKS}/events", event_id)))

    @Asked
    async def stats(self) -> Any:
        """How many there are, and how often each was called."""
        return await self._oracle.get(f"{WEBHOOKS}/stats")


class Analytics(Room[K]):
    """What tasks cost, and how they went."""

    @Asked
    async def summary(self) -> Any:
        """Cost and count of today (from 00:00 UTC) and of all times."""
        return await self._oracle.get(f"{ANALYTICS}/summary")

    @Asked
    async def costs(self, *, days: int = 30, granularity: str = "day") -> Costs:
        """By `hour` or `day`."""
        return Costs.of(await self._oracle.get(f"{ANALYTICS}/costs/histogram", days=days, granularity=granularity))

    @Asked
    async def by_subagent(self, *, days: int = 30) -> Any:
        """By agent."""
        return await self._oracle.get(f"{ANALYTICS}/costs/by-subagent", days=days)

    @Asked
    async def performance(self, /, **query: Any) -> Any:
        """Rate of success, duration, tokens and cost of a task, by agent and by model."""
        return await self._oracle.get(f"{ANALYTICS}/performance", **query)

    @Asked
    async def conversations(self, /, **query: Any) -> Any:
        """By conversation."""
        return await self._oracle.get(f"{ANALYTICS}/conversations", **query)
