"""A rule: what somebody wants to be told about, how, and how often. Values only: no clock, no network.

A secret of a stored rule is shown as MASK; sent back, that means: keep the one you have.

Fields are spelled as FIML's clients spell them, since a rule is their AlertConfig without its bookkeeping.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from typing import Any

import attrs
import msgspec
from attrs.validators import and_, ge, le, matches_re, max_len, optional

from oracle.alerts.trigger import Trigger
from oracle.border import Url, structure, unstructure
from oracle.exchange import HttpFailed, Target, sendable
from oracle.problems import Bad
from oracle.secret import MASK, sounds_secret

__all__ = [
    "MASK", "DeliveryMethod", "EmailConfig", "Rule", "TelegramConfig", "WebhookConfig", "far_ends", "rule_of", "with_secrets",
]  # fmt: skip

METHODS = ("POST", "PUT", "PATCH")
LONGEST_COOLDOWN_S = 366 * 86_400
# No slash, star or control character: the id is a name in the tree, a topic and a part of a URL.
_ID = r"(?!\.{1,2}$)[^\x00-\x1f\x7f/*]+"


class DeliveryMethod(enum.StrEnum):
    """How somebody wants to be told."""

    email = "email"
    telegram = "telegram"
    webhook = "webhook"


@attrs.frozen
class EmailConfig:
    """Where mail goes out and to whom."""

    smtp_host: str
    smtp_user: str
    smtp_password: str
    from_email: str
    to_emails: tuple[str, ...]
    smtp_port: int = attrs.field(default=587, validator=and_(ge(1), le(65535)))
    use_tls: bool = True


@attrs.frozen
class TelegramConfig:
    """Which bot writes into which chats."""

    bot_token: str
    chat_ids: tuple[str, ...]


def _reachable(_: Any, __: Any, url: Any) -> None:
    try:
        Target.parse(url)
    except HttpFailed as error:
        raise Bad("url_parsing", f"Input should be a valid URL, {error.message}") from None


def _writes(_: Any, __: Any, method: str) -> None:
    if method.upper() not in METHODS:
        expected = "'POST', 'PUT' or 'PATCH'"
        raise Bad("enum", f"Input should be {expected}", ctx={"expected": expected})


def _sendable(_: Any, __: Any, headers: Mapping[str, str]) -> None:
    for name, value in headers.items():
        if not sendable(name, value):
            raise Bad("value_error", f"header {name[:64]!r} can't be sent as HTTP", secret=True)


def _bears(_: Any, __: Any, token: str) -> None:
    _sendable(_, __, {"Authorization": token})


@attrs.frozen
class WebhookConfig:
    """Where a request goes. Headers whose names speak of keys, tokens or passwords are kept as secrets."""

    url: Url = attrs.field(validator=_reachable)
    method: str = attrs.field(default="POST", validator=_writes)
    headers: dict[str, str] = attrs.field(factory=dict, validator=_sendable)
    auth_token: str | None = attrs.field(default=None, validator=optional(_bears))


@attrs.frozen(kw_only=True)
class Rule:
    """What its owner said; secrets are in plain, masked, or references, depending on where the rule stands."""

    alert_id: str = attrs.field(validator=and_(matches_re(_ID), max_len(128)))
    name: str
    description: str
    enabled: bool = True
    trigger: Trigger
    delivery_methods: tuple[DeliveryMethod, ...]
    email_config: EmailConfig | None = None
    telegram_config: TelegramConfig | None = None
    webhook_config: WebhookConfig | None = None
    cooldown_seconds: int = attrs.field(default=60, validator=and_(ge(0), le(LONGEST_COOLDOWN_S)))
    """At least so long between two firings; 0: every event fires."""

    @property
    def ref(self) -> str:
        """Its name: `rule:ID`."""
        return f"rule:{self.alert_id}"

    def config(self, method: str) -> EmailConfig | TelegramConfig | WebhookConfig | None:
        """What the owner said about a delivery method; None where nothing."""
        found: EmailConfig | TelegramConfig | WebhookConfig | None = getattr(self, f"{method}_config", None)
        return found

    def value(self, created_us: int, updated_us: int) -> dict[str, Any]:
        """The value of its State."""
        plain: dict[str, Any] = msgspec.to_builtins(unstructure(self), enc_hook=str)  # no enums, no Url: it travels
        return plain | {"created_us": created_us, "updated_us": updated_us}


def rule_of(value: Mapping[str, Any]) -> Rule:
    """The rule in the value of its State."""
    return structure(Rule, value, extras="drop")


def with_secrets(rule: Rule, change: Callable[[str, str], str]) -> Rule:
    """The same rule with each secret replaced by `change(place, secret)`; the place is the path of its field."""
    email, telegram, webhook = rule.email_config, rule.telegram_config, rule.webhook_config
    if email is not None and email.smtp_password:
        email = attrs.evolve(email, smtp_password=change("email_config.smtp_password", email.smtp_password))
    if telegram is not None and telegram.bot_token:
        telegram = attrs.evolve(telegram, bot_token=change("telegram_config.bot_token", telegram.bot_token))
    if webhook is not None:
        token, headers = webhook.auth_token, dict[str, str]()
        for name, value in webhook.headers.items():
            secret = value and sounds_secret(name)
            headers[name] = change(f"webhook_config.headers.{name}", value) if secret else value
        token = change("webhook_config.auth_token", token) if token else token
        webhook = attrs.evolve(webhook, auth_token=token, headers=headers)
    return attrs.evolve(rule, email_config=email, telegram_config=telegram, webhook_config=webhook)


def far_ends(rule: Rule) -> dict[str, str]:
    """Who is told the secrets of a config, by its name: the webhook's scheme, host and port; the mail server's host."""
    ends = {}
    if rule.webhook_config is not None:
        ends["webhook_config"] = Target.parse(rule.webhook_config.url).origin
    if rule.email_config is not None:
        ends["email_config"] = rule.email_config.smtp_host.strip().lower()
    return ends
