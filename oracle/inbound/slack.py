"""Slack: `X-Slack-Signature` is `v0=` and HMAC-SHA256 of `v0:TIME:BODY` in hex, `X-Slack-Request-Timestamp` that time, which must
be within five minutes (docs.slack.dev/authentication/verifying-requests-from-slack). `event_id` stays the same over retries.

A new endpoint is asked to say a challenge back (`url_verification`). A mention of our account, `<@U...>`, is read as `@` and what
it is called here, so that commands are called with the same words everywhere.
"""

from __future__ import annotations

from typing import Any

from oracle.inbound.incoming import Headers, Incoming, Provider, text_at
from oracle.inbound.signing import check, fresh, hex_of

__all__ = ["SLACK"]

_SILENT = frozenset({"message_changed", "message_deleted"})


def _verify(secret: str, headers: Headers, body: bytes, now_us: int) -> bytes:
    seconds = headers.get("x-slack-request-timestamp", "")
    fresh(seconds, now_us)
    check(headers.get("x-slack-signature", ""), f"v0={hex_of(secret, b'v0:', seconds.encode(), b':', body)}")
    return body  # a retry is signed anew


def _read(headers: Headers, payload: dict[str, Any], bot: str) -> Incoming:
    if payload.get("type") == "url_verification":
        return Incoming("slack", "url_verification", payload, challenge=text_at(payload, "challenge"))
    event = payload.get("event")
    return _event(payload, event, bot) if isinstance(event, dict) else _command(payload)


def _event(payload: dict[str, Any], event: dict[str, Any], bot: str) -> Incoming:
    channel, thread = text_at(event, "channel"), text_at(event, "thread_ts") or text_at(event, "ts")
    ours = _our_users(payload)
    text = "" if text_at(event, "subtype") in _SILENT else text_at(event, "text")
    for user in ours:
        text = text.replace(f"<@{user}>", f"@{bot}")
    own = bool(text_at(event, "bot_id")) or text_at(event, "subtype") == "bot_message" or text_at(event, "user") in ours
    return Incoming(
        "slack", text_at(event, "type")[:100] or "unknown", payload, text, "", text_at(event, "user"),
        f"slack:{channel}:{thread}" if channel and thread else "", own=own, delivery=text_at(payload, "event_id")[:100],
    )  # fmt: skip


def _command(payload: dict[str, Any]) -> Incoming:
    """A slash command, or a button that was pressed."""
    said = text_at(payload, "command")
    kind = "command" if said else text_at(payload, "type")[:100] or "unknown"
    text = f"{said} {text_at(payload, 'text')}".strip()
    channel = text_at(payload, "channel_id") or text_at(payload, "channel", "id")
    trigger = text_at(payload, "trigger_id")
    flow = f"slack:{channel}:{trigger}" if channel and trigger else ""
    sender = text_at(payload, "user_id") or text_at(payload, "user", "id")
    return Incoming("slack", kind, payload, text, "", sender, flow)


def _our_users(payload: dict[str, Any]) -> list[str]:
    """The users that our application is in the workspaces it is installed in."""
    known = payload.get("authorizations")
    rows = [one for one in known if isinstance(one, dict) and one.get("is_bot")] if isinstance(known, list) else []
    return [user for one in rows if (user := text_at(one, "user_id"))]


SLACK = Provider(_verify, _read)
