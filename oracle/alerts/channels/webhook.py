"""Carries deliveries over HTTP, in the shape FIML's receivers know."""

from __future__ import annotations

import datetime as dt
from email.utils import parsedate_to_datetime

import attrs
import msgspec
from attrs.validators import gt

from oracle.alerts.rule import Rule, WebhookConfig, with_secrets
from oracle.alerts.sending import DeliveryFailed, Tools
from oracle.http import Answer, HttpFailed
from oracle.model import Delivery

__all__ = ["Webhook"]

TAKEN = (200, 201, 202, 204)
WORTH_A_RETRY = (408, 425, 429)
ANSWER_LIMIT_BYTES = 65_536

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@attrs.frozen
class Webhook:
    """Sends the payload as JSON with the header `webhook-id`, the delivery's id, by which receivers know repetitions.

    200, 201, 202 and 204 mean taken. 408, 425, 429, 5xx, silence and broken connections are worth a retry; any other
    answer, and whatever our own rules refuse to call, is final.
    """

    timeout_s: float = attrs.field(default=10.0, validator=gt(0))
    """One try may take this long, connect and redirects included."""

    async def send(self, delivery: Delivery, rule: Rule, tools: Tools) -> int:
        """See `oracle.alerts.sending.Channel`."""
        config = _revealed(rule, tools)
        try:
            answer = await tools.http.request(
                config.method, config.url, headers=_headers(config, delivery), body=_json(delivery), timeout_s=self.timeout_s,
                limit_bytes=ANSWER_LIMIT_BYTES,
            )
        except HttpFailed as failed:
            if failed.kind != "too_big":
                raise DeliveryFailed(str(failed), final=failed.kind == "refused", status=failed.status) from failed
            answer = Answer(failed.status, {}, b"")  # who answers too much has still answered
        if answer.status in TAKEN:
            return answer.status
        raise DeliveryFailed(
            f"the receiver answered {answer.status}", status=answer.status,
            final=answer.status < 500 and answer.status not in WORTH_A_RETRY,
            retry_after_s=_retry_after_s(answer, tools.now_us()),
        )


def _revealed(rule: Rule, tools: Tools) -> WebhookConfig:
    try:
        config = with_secrets(rule, lambda _, reference: tools.reveal(reference)).webhook_config
    except KeyError as error:
        raise DeliveryFailed("a secret of the rule is no longer in the data folder; set it again", final=True) from error
    if config is None:
        raise DeliveryFailed("the rule has no webhook_config", final=True)
    return config


def _json(delivery: Delivery) -> bytes:
    # Data of a stranger's watchdog may be anything; written as the history writes it, every try is the same.
    return msgspec.json.encode(delivery.payload, enc_hook=str)


def _headers(config: WebhookConfig, delivery: Delivery) -> dict[str, str]:
    ours = {"Content-Type": "application/json", "webhook-id": delivery.id}
    if config.auth_token:
        ours["Authorization"] = f"Bearer {config.auth_token}"
    taken = {name.lower() for name in ours}
    return {name: value for name, value in config.headers.items() if name.lower() not in taken} | ours


def _retry_after_s(answer: Answer, now_us: int) -> float | None:
    text = answer.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdecimal():
        return float(text[:9])
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    aware = until if until.tzinfo else until.replace(tzinfo=dt.UTC)
    return max(0.0, (aware - _EPOCH).total_seconds() - now_us / 1e6)
