"""What all channels that speak HTTP do alike: one request, and what its answer means for the outbox."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import attrs
import msgspec

from oracle.alerts.rule import Rule, with_secrets
from oracle.alerts.sending import DeliveryFailed, Tools
from oracle.http import Answer, HttpFailed
from oracle.model import Delivery
from oracle.retry_after import retry_after_s

__all__ = ["Post", "json_of", "post", "recipient", "revealed", "said_in_body"]

TAKEN = (200, 201, 202, 204)
WORTH_A_RETRY = (408, 425, 429)
GONE = 410
ANSWER_LIMIT_BYTES = 65_536

C = TypeVar("C")


@attrs.frozen
class Post:
    """A request. Its URL may hold a secret, so nothing says it again."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


async def post(
    tools: Tools, wish: Post, timeout_s: float, waits: Callable[[Answer], float | None] = lambda answer: None
) -> int:
    """The status of an answer that means taken. Raises DeliveryFailed: 408, 425, 429, 5xx, silence and broken connections are
    worth a retry, after what Retry-After or `waits` says; any other answer, and whatever our own rules refuse to call, is
    final; 410 says that there will never be anybody."""
    try:
        answer = await tools.http.request(
            wish.method, wish.url, headers=wish.headers, body=wish.body, timeout_s=timeout_s, limit_bytes=ANSWER_LIMIT_BYTES)
    except HttpFailed as failed:
        if failed.kind != "too_big":
            raise DeliveryFailed(str(failed), final=failed.kind == "refused", status=failed.status) from failed
        answer = Answer(failed.status, {}, b"")  # who answers too much has still answered
    if answer.status in TAKEN:
        return answer.status
    asked = [s for s in (retry_after_s(answer.headers.get("retry-after", ""), tools.now_us()), waits(answer)) if s is not None]
    raise DeliveryFailed(
        f"the receiver answered {answer.status}", status=answer.status,
        final=answer.status < 500 and answer.status not in WORTH_A_RETRY,
        retry_after_s=max(asked, default=None), gone=answer.status == GONE,
    )  # fmt: skip


def revealed(rule: Rule, tools: Tools, method: str, kind: type[C]) -> C:
    """The rule's config for a method, its secrets in plain. Raises DeliveryFailed."""
    if rule.config(method) is None:
        raise DeliveryFailed(f"the rule has no {method}_config", final=True)
    only = attrs.evolve(rule, **{f"{other}_config": None for other in _CONFIGURED if other != method})
    try:
        config = with_secrets(only, lambda _, reference: tools.reveal(reference)).config(method)
    except KeyError as error:
        raise DeliveryFailed("a secret of the rule is no longer in the data folder; set it again", final=True) from error
    except ValueError as error:  # was stored by a version that took it
        raise DeliveryFailed("a secret of the rule is not what it should be; set it again", final=True) from error
    assert isinstance(config, kind)
    return config


def recipient(delivery: Delivery) -> str:
    """Whom a delivery is for. Raises DeliveryFailed where it says nobody."""
    to = delivery.payload.get("to")
    if not isinstance(to, str) or not to:
        raise DeliveryFailed("the delivery names no recipient", final=True)
    return to


def json_of(value: Any) -> bytes:
    """JSON; data of a stranger's watchdog may be anything, and written as the history writes it every try is the same."""
    return msgspec.json.encode(value, enc_hook=str)


def said_in_body(*path: str) -> Callable[[Answer], float | None]:
    """For `post`: the seconds to wait are a number at this place of the answer's JSON."""

    def waits(answer: Answer) -> float | None:
        try:
            value = msgspec.json.decode(answer.body)
        except (msgspec.MsgspecError, RecursionError):
            return None
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return float(min(max(value, 0), 1e9)) if is_number else None  # an integer may be too long for a float

    return waits


_CONFIGURED = tuple(
    field.name.removesuffix("_config") for field in attrs.fields(Rule) if field.name.endswith("_config"))
