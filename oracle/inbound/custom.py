"""Anybody else, signed in one of three ways:

- `webhook-id`, `webhook-timestamp`, `webhook-signature`, as Standard Webhooks says (github.com/standard-webhooks), which is also
  how our own alerts are signed; the secret is `whsec_...` then, or several behind each other while they change;
- `X-Webhook-Signature` with `X-Webhook-Timestamp` (Unix seconds): HMAC-SHA256 of `TIME.BODY`;
- `X-Webhook-Signature` alone: HMAC-SHA256 of the raw body. The same body again is then the same delivery again.

The signature is 64 hex digits, with or without `sha256=` before it. `X-Webhook-Event` names the event, else the body's `event`
or `type` does; `X-Webhook-Id` names the delivery. Of the body's other fields `text` (or `message`), `title`, `sender`, `flow_id`
and `url` are understood.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

from oracle.alerts.configs import signing_keys
from oracle.inbound.incoming import Headers, Incoming, Provider, text_at
from oracle.inbound.signing import check, fresh, hex_of, unauthorized

__all__ = ["CUSTOM"]


def _verify(secret: str, headers: Headers, body: bytes, now_us: int) -> bytes:
    if "webhook-signature" in headers:
        return _standard(secret, headers, body, now_us)
    given = headers.get("x-webhook-signature", "").removeprefix("sha256=").lower()
    signed = body
    if "x-webhook-timestamp" in headers:
        fresh(headers["x-webhook-timestamp"], now_us)
        signed = headers["x-webhook-timestamp"].encode() + b"." + body
    check(given, hex_of(secret, signed))
    return signed


def _standard(secret: str, headers: Headers, body: bytes, now_us: int) -> bytes:
    fresh(headers.get("webhook-timestamp", ""), now_us)
    if not headers.get("webhook-id"):
        raise unauthorized("the delivery has no webhook-id")
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    try:
        keys = signing_keys(secret)
    except ValueError:
        raise unauthorized("the secret of this webhook is none that Standard Webhooks signs with") from None
    expected = ["v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode() for key in keys]
    given = headers["webhook-signature"].split()
    fitting = [one for one in given[:10] for key in expected if hmac.compare_digest(one.encode(), key.encode())]
    check(fitting[0] if fitting else headers["webhook-signature"], *expected)
    return signed


def _read(headers: Headers, payload: dict[str, Any], bot: str) -> Incoming:
    event = headers.get("x-webhook-event", "") or text_at(payload, "event") or text_at(payload, "type")
    sender = text_at(payload, "sender") or text_at(payload, "sender", "login") or text_at(payload, "user")
    return Incoming(
        "custom", event[:100] or "custom", payload, text_at(payload, "text") or text_at(payload, "message"),
        text_at(payload, "title"), sender, text_at(payload, "flow_id")[:200], text_at(payload, "url"),
        bool(bot) and sender.lower() == bot.lower(), (headers.get("webhook-id") or headers.get("x-webhook-id", ""))[:100],
    )  # fmt: skip


CUSTOM = Provider(_verify, _read)
