"""Jira: `X-Hub-Signature` is `sha256=` and HMAC-SHA256 of the raw body in hex, as WebSub has it, `X-Atlassian-Webhook-Identifier`
the id of a delivery over its retries (developer.atlassian.com/cloud/jira/platform/webhooks, "Secure admin webhooks")."""

from __future__ import annotations

from typing import Any

from oracle.inbound.incoming import Headers, Incoming, Provider, text_at
from oracle.inbound.signing import check, hex_of

__all__ = ["JIRA"]

_NAMES = ("name", "displayName", "accountId", "emailAddress")


def _verify(secret: str, headers: Headers, body: bytes, now_us: int) -> bytes:
    check(headers.get("x-hub-signature", ""), f"sha256={hex_of(secret, body)}")
    return body


def _read(headers: Headers, payload: dict[str, Any], bot: str) -> Incoming:
    event_type = text_at(payload, "webhookEvent")[:100] or "unknown"
    who: tuple[str, ...]
    title, key = text_at(payload, "issue", "fields", "summary"), text_at(payload, "issue", "key")
    match event_type.removeprefix("jira:"):
        case "comment_created":
            text, who = text_at(payload, "comment", "body"), ("comment", "author")
        case "issue_created":
            text, who = "\n".join(filter(None, (title, text_at(payload, "issue", "fields", "description")))), ("user",)
        case _:
            text, who = "", ("comment", "author") if "comment" in event_type else ("user",)
    names = [text_at(payload, *who, name) for name in _NAMES]
    return Incoming(
        "jira", event_type, payload, text, title, next(filter(None, names[1:]), names[0]), f"jira:{key}" if key else "",
        text_at(payload, "issue", "self"), bool(bot) and bot.lower() in map(str.lower, names),
        headers.get("x-atlassian-webhook-identifier", "")[:100],
    )  # fmt: skip


JIRA = Provider(_verify, _read)
