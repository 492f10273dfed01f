"""What a rule owes to whom for one event: notices, actions, and the tries at them that can't succeed. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from oracle.alerts.actions import COMMAND, When
from oracle.alerts.payload import delivery_body
from oracle.alerts.rule import NEED_NOTHING, Rule
from oracle.model import Attempt, Delivery, Event
from oracle.receipts import CARRIED

__all__ = ["actions_for", "again", "deliveries_for", "hopeless_among", "notices_for", "siblings_id"]


def deliveries_for(
    rule: Rule, event: Event, now_us: int, methods: Iterable[str] | None = None, **more: Any
) -> tuple[Delivery, ...]:
    """The notices by `methods`, by default those the rule asks for, and the actions that are due on what `status` in `more` says,
    or on a firing."""
    notices = notices_for(rule, event, now_us, rule.delivery_methods if methods is None else methods, **more)
    return (*notices, *actions_for(rule, event, now_us, (more.get("status", When.fired),), **more))


def notices_for(rule: Rule, event: Event, now_us: int, methods: Iterable[str], **more: Any) -> tuple[Delivery, ...]:
    """One delivery for each recipient of each method; `more` goes into every payload.

    So what one recipient took is never sent again because another did not, over any crash: each has its own tries, and its
    own id, which names its siblings (`dlv_x-1`, `dlv_x-2`). The payload of those that name somebody says it as `to`.
    """
    made = []
    for method in dict.fromkeys(map(str, methods)):
        shared = _delivery_id(rule.alert_id, event.id, method)
        recipients = rule.recipients(method) or ("",)  # nobody is told nothing, and that is recorded
        for number, recipient in enumerate(recipients, 1):
            ident = shared if len(recipients) == 1 else f"{shared}-{number}"
            body = delivery_body(rule, event, ident, now_us) | ({"to": recipient} if recipient else {}) | more
            made.append(Delivery(ident, rule.alert_id, event.id, method, body, now_us))
    return tuple(made)


def actions_for(rule: Rule, event: Event, now_us: int, on: Collection[str], **more: Any) -> tuple[Delivery, ...]:
    """One delivery for each action that is due on any of `on`, which its payload says as `action`."""
    made = []
    for number, action in enumerate(rule.actions):
        if action.on in on:
            ident = _delivery_id(rule.alert_id, event.id, COMMAND, str(number), action.command, action.target)
            said = {"command": action.command, "target": action.target, "on": str(action.on)}
            body = delivery_body(rule, event, ident, now_us) | more | {"action": said}
            made.append(Delivery(ident, rule.alert_id, event.id, COMMAND, body, now_us))
    return tuple(made)


def again(row: Mapping[str, Any], why_id: str, now_us: int) -> Delivery:
    """A new delivery of what an earlier one carried, which it names as `resend_of`; `why_id` is the event that asked for it."""
    ident = _delivery_id(str(row["id"]), why_id)
    payload = {**row["payload"], "delivery_id": ident, "resend_of": row["id"]}
    return Delivery(ident, row["rule_id"], row["event_id"], row["channel"], payload, now_us)


def hopeless_among(
    deliveries: Iterable[Delivery], rule: Rule, channels: Collection[str], now_us: int
) -> tuple[Attempt, ...]:
    """The failed first tries at deliveries that nobody can carry."""
    return tuple(
        Attempt(delivery.id, 1, "failed", 0, why, 0.0, now_us)
        for delivery in deliveries if (why := _why_not(rule, delivery.channel, channels)))  # fmt: skip


def siblings_id(delivery_id: str) -> str:
    """What the deliveries of one method for one event have in common."""
    return delivery_id.partition("-")[0]


def _why_not(rule: Rule, channel: str, channels: Collection[str]) -> str:
    if channel not in channels:
        return f"no channel: {channel} is not available in this version"
    if channel not in NEED_NOTHING and rule.config(channel) is None:
        return f"the rule has no {channel}_config"
    return "" if rule.recipients(channel) else f"the rule's {channel}_config names no recipient"


def _delivery_id(*parts: str) -> str:
    text = "\x1f".join(parts)
    return CARRIED + hashlib.blake2b(text.encode(), digest_size=12).hexdigest()
