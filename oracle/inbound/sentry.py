"""Sentry: `Sentry-Hook-Signature` is HMAC-SHA256 of the raw body in hex, keyed with the client secret of the integration,
`Sentry-Hook-Resource` what it is about (docs.sentry.io/integrations/integration-platform/webhooks)."""

from __future__ import annotations

from typing import Any

from oracle.inbound.incoming import Headers, Incoming, Provider, text_at
from oracle.inbound.signing import check, hex_of

__all__ = ["SENTRY"]

_SUBJECTS = ("issue", "event", "error", "metric_alert")


def _verify(secret: str, headers: Headers, body: bytes, now_us: int) -> bytes:
    check(headers.get("sentry-hook-signature", ""), hex_of(secret, body))
    return body


def _read(headers: Headers, payload: dict[str, Any], bot: str) -> Incoming:
    resource, action = headers.get("sentry-hook-resource", "")[:100] or "unknown", text_at(payload, "action")
    data = payload.get("data")
    data = data if isinstance(data, dict) else {}
    subject: Any = next((data[name] for name in _SUBJECTS if isinstance(data.get(name), dict)), {})
    title = text_at(subject, "title")
    issue = text_at(subject, "issue_id") or (text_at(subject, "id") if "issue" in data else "")
    actor = text_at(payload, "actor", "name")
    said = text_at(data, "comment") if resource == "comment" and action == "created" else ""
    text = said or (title if action in ("created", "triggered") else "")
    flow = issue or text_at(data, "issue_id")
    return Incoming(
        "sentry", f"{resource}.{action}" if action else resource, payload, text, title, actor,
        f"sentry:{flow}" if flow else "", text_at(subject, "web_url") or text_at(subject, "url"),
        bool(bot) and actor.lower() == bot.lower(), headers.get("request-id", "")[:100],
    )  # fmt: skip


SENTRY = Provider(_verify, _read)
