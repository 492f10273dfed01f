"""Carries deliveries over HTTP, in the shape FIML's receivers know, signed as Standard Webhooks says."""

from __future__ import annotations

import base64
import hashlib
import hmac

import attrs
from attrs.validators import gt

from oracle.alerts.configs import WebhookConfig, signing_keys
from oracle.alerts.posting import Post, json_of, post, revealed
from oracle.alerts.rule import Rule
from oracle.alerts.sending import DeliveryFailed, Tools
from oracle.model import Delivery

__all__ = ["Webhook"]


@attrs.frozen
class Webhook:
    """Sends the payload as JSON with the header `webhook-id`, the delivery's id, by which receivers know repetitions. With a
    signing secret `webhook-timestamp` (seconds, of this try) and `webhook-signature` say that it is from us, and when.

    200, 201, 202 and 204 mean taken. 408, 425, 429, 5xx, silence and broken connections are worth a retry; any other
    answer, and whatever our own rules refuse to call, is final. 410 disables the rule.
    """

    timeout_s: float = attrs.field(default=10.0, validator=gt(0))
    """One try may take this long, connect and redirects included."""

    async def send(self, delivery: Delivery, rule: Rule, tools: Tools) -> int:
        """See `oracle.alerts.sending.Channel`."""
        config = revealed(rule, tools, "webhook", WebhookConfig)
        body = json_of(delivery.payload)
        try:
            headers = _headers(config, delivery.id, body, tools.now_us() // 1_000_000)
        except ValueError as error:  # looked like a reference where it was checked
            raise DeliveryFailed("the signing secret of the rule is none; set it again", final=True) from error
        return await post(tools, Post(config.method, config.url, headers, body), self.timeout_s)


def _headers(config: WebhookConfig, ident: str, body: bytes, now_s: int) -> dict[str, str]:
    ours = {"Content-Type": "application/json", "webhook-id": ident}
    if config.auth_token:
        ours["Authorization"] = f"Bearer {config.auth_token}"
    if config.signing_secret:
        ours["webhook-timestamp"] = str(now_s)
        ours["webhook-signature"] = _signatures(config.signing_secret, ident, now_s, body)
    taken = {name.lower() for name in ours}
    return {name: value for name, value in config.headers.items() if name.lower() not in taken} | ours


def _signatures(secret: str, ident: str, now_s: int, body: bytes) -> str:
    signed = f"{ident}.{now_s}.".encode() + body
    digests = [hmac.digest(key, signed, hashlib.sha256) for key in signing_keys(secret)]
    return " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests)
