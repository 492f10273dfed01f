"""A rule: what somebody wants to be told about, how, and how often. Values only: no clock, no network.

A secret of a stored rule is shown as MASK; sent back, that means: keep the one you have.

Fields are spelled as FIML's clients spell them, since a rule is their AlertConfig without its bookkeeping.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import attrs
import msgspec
from attrs.validators import and_, ge, le, matches_re, max_len

from oracle.alerts.configs import (
    Config,
    DiscordConfig,
    EmailConfig,
    SlackConfig,
    SmsConfig,
    TelegramConfig,
    WebhookConfig,
    config_secrets,
)
from oracle.alerts.template import Templates
from oracle.border import structure, unstructure
from oracle.model import Event, Severity
from oracle.secret import MASK
from oracle.symbols import base_asset, join_pair

__all__ = [
    "MASK", "NEED_NOTHING", "DeliveryMethod", "EventFilter", "EventType", "Rule", "Trigger", "TriggerType", "far_ends",
    "is_about_asset", "rule_of", "with_secrets",
]  # fmt: skip

LONGEST_COOLDOWN_S = 366 * 86_400
# No slash, star or control character: the id is a name in the tree, a topic and a part of a URL.
_ID = r"(?!\.{1,2}$)[^\x00-\x1f\x7f/*]+"


class EventType(enum.StrEnum):
    """What FIML's watchdogs see, and the last two what further ones of ours do."""

    earnings_anomaly = "earnings_anomaly"
    unusual_volume = "unusual_volume"
    whale_movement = "whale_movement"
    funding_spike = "funding_spike"
    liquidity_drop = "liquidity_drop"
    correlation_break = "correlation_break"
    exchange_outage = "exchange_outage"
    price_anomaly = "price_anomaly"
    flash_crash = "flash_crash"
    arbitrage_opportunity = "arbitrage_opportunity"
    metric_anomaly = "metric_anomaly"
    absence = "absence"


class TriggerType(enum.StrEnum):
    """What may set off a rule. Only `watchdog_event` is evaluated; the others are kept for their owner."""

    watchdog_event = "watchdog_event"
    price_threshold = "price_threshold"
    volume_threshold = "volume_threshold"
    custom_condition = "custom_condition"


class DeliveryMethod(enum.StrEnum):
    """How somebody wants to be told."""

    email = "email"
    telegram = "telegram"
    webhook = "webhook"
    slack = "slack"
    discord = "discord"
    sms = "sms"
    browser = "browser"
    log = "log"


NEED_NOTHING = frozenset({DeliveryMethod.browser, DeliveryMethod.log})
"""Methods that have nothing to be told."""


@attrs.frozen
class EventFilter:
    """Which events count: every list must agree (any of its items will do); a null or empty list asks for nothing."""

    event_types: tuple[EventType, ...] | None = None
    severities: tuple[Severity, ...] | None = None
    assets: tuple[str, ...] | None = None
    """Symbols in any case: `BTC` means every pair of it, `BTC-USD`, `BTC/USD` and `BTCUSD` that one."""
    watchdogs: tuple[str, ...] | None = None
    """Names of watchdogs."""

    def passes(self, event: Event) -> bool:
        """Whether the event counts. One that is about no asset passes only where no asset is named."""
        return (
            (not self.event_types or event.kind in self.event_types)
            and (not self.severities or event.severity in self.severities)
            and (not self.watchdogs or event.source.removeprefix("watchdog:") in self.watchdogs)
            and (not self.assets or not _spellings(event).isdisjoint(name.strip().upper() for name in self.assets))
        )


@attrs.frozen
class Trigger:
    """What sets off a rule; the fields after `event_filter` belong to the types that are not evaluated yet."""

    type: TriggerType
    event_filter: EventFilter | None = None
    price_threshold: float | None = None  # in the quote currency of `symbol`
    volume_threshold: float | None = None  # base units of `symbol`
    symbol: str | None = None
    condition: str | None = None

    @property
    def evaluated(self) -> bool:
        """Whether this version looks at it at all."""
        return self.type is TriggerType.watchdog_event

    def fires_on(self, event: Event) -> bool:
        """Whether this event sets it off. Only what a watchdog says does, so no rule can set off another."""
        if not self.evaluated or not event.source.startswith("watchdog:"):
            return False
        return self.event_filter is None or self.event_filter.passes(event)


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
    slack_config: SlackConfig | None = None
    discord_config: DiscordConfig | None = None
    sms_config: SmsConfig | None = None
    templates: Templates | None = None
    cooldown_seconds: int = attrs.field(default=60, validator=and_(ge(0), le(LONGEST_COOLDOWN_S)))
    """At least so long between two firings; 0: every event fires."""

    @property
    def ref(self) -> str:
        """Its name: `rule:ID`."""
        return f"rule:{self.alert_id}"

    def config(self, method: str) -> Config | None:
        """What the owner said about a delivery method; None where nothing."""
        found: Config | None = getattr(self, f"{method}_config", None)
        return found

    def recipients(self, method: str) -> tuple[str, ...]:
        """Whom a delivery method tells, each once; an empty text stands for the one place of a method that names nobody."""
        if method in NEED_NOTHING:
            return ("",)
        config = self.config(method)
        return tuple(dict.fromkeys(config.recipients)) if config else ()

    def value(self, created_us: int, updated_us: int) -> dict[str, Any]:
        """The value of its State; `evaluated` says whether this version looks at its trigger."""
        plain: dict[str, Any] = msgspec.to_builtins(unstructure(self), enc_hook=str)  # no enums, no Url: it travels
        return plain | {"created_us": created_us, "updated_us": updated_us, "evaluated": self.trigger.evaluated}


def rule_of(value: Mapping[str, Any]) -> Rule:
    """The rule in the value of its State."""
    return structure(Rule, value, extras="drop")


def with_secrets(rule: Rule, change: Callable[[str, str], str]) -> Rule:
    """The same rule with each secret replaced by `change(place, secret)`; the place is the path of its field."""
    changed = {}
    for name, config in _configs(rule):
        changed[name] = config
        for place, secret, replace in config_secrets(config):
            changed[name] = replace(changed[name], change(f"{name}.{place}", secret))
    return attrs.evolve(rule, **changed)


def far_ends(rule: Rule) -> dict[str, str]:
    """Who is told the secrets of a config, by its name: the webhook's scheme, host and port; the mail server's host."""
    return {name: config.far_end for name, config in _configs(rule) if config.far_end}


def _configs(rule: Rule) -> Iterator[tuple[str, Config]]:
    for method in DeliveryMethod:
        config = rule.config(method)
        if config is not None:
            yield f"{method}_config", config


def is_about_asset(event: Event) -> bool:
    """Whether the event's subject is something that trades; an outage is about a venue."""
    return bool(event.subject) and event.kind != EventType.exchange_outage and ":" not in event.subject


def _spellings(event: Event) -> set[str]:
    if not is_about_asset(event):
        return set()
    symbol = event.subject
    return {symbol, base_asset(symbol), join_pair(symbol), symbol.replace("-", "/")}
