"""A rule: what somebody wants to be told about, how, and how often. Values only: no clock, no network.

A secret of a stored rule is shown as MASK; sent back, that means: keep the one you have.

Fields are spelled as FIML's clients spell them, since a rule is their AlertConfig without its bookkeeping.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import attrs
import msgspec
from attrs.validators import and_, deep_iterable, ge, le, matches_re, max_len, optional

from oracle.alerts.actions import COMMAND, MOST, AlertAction, When
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
from oracle.alerts.quiet import QuietHours
from oracle.alerts.template import Templates
from oracle.alerts.trigger import Trigger
from oracle.border import structure, unstructure
from oracle.secret import MASK
from oracle.validators import new_at_most

__all__ = ["MASK", "NEED_NOTHING", "DeliveryMethod", "GroupKey", "Rule", "far_ends", "references_of", "rule_of", "with_secrets"]

LONGEST_NAME = 200  # characters
LONGEST_DESCRIPTION = 5_000
LONGEST_COOLDOWN_S = 366 * 86_400
# No slash, star or control character: the id is a name in the tree, a topic and a part of a URL.
_ID = r"(?!\.{1,2}$)[^\x00-\x1f\x7f/*]+"

_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")


class GroupKey(enum.StrEnum):
    """By what events are told apart."""

    asset = "asset"
    kind = "kind"
    severity = "severity"
    watchdog = "watchdog"


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


NEED_NOTHING: frozenset[str] = frozenset({DeliveryMethod.browser, DeliveryMethod.log, COMMAND})
"""Channels that have nothing to be told."""


@attrs.frozen(kw_only=True)
class Rule:
    """What its owner said; secrets are in plain, masked, or references, depending on where the rule stands."""

    alert_id: str = attrs.field(validator=and_(matches_re(_ID), max_len(128)))
    name: str = attrs.field(validator=new_at_most(LONGEST_NAME))
    description: str = attrs.field(validator=new_at_most(LONGEST_DESCRIPTION))
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
    notify_resolved: bool = False
    """Whoever was told that it fired is told when it is over."""
    escalate_after_s: int | None = attrs.field(default=None, validator=optional(and_(ge(1), le(LONGEST_COOLDOWN_S))))
    """If nobody has acknowledged it so long after it was told, it escalates."""
    escalate_methods: tuple[DeliveryMethod, ...] = attrs.field(factory=tuple)
    """By which that is told; the same as ever where there are none."""
    quiet_hours: QuietHours | None = None
    max_per_hour: int | None = attrs.field(default=None, validator=optional(and_(ge(1), le(1_000))))
    """At most so many firings within any hour."""
    resolve_after_s: int | None = attrs.field(default=None, validator=optional(and_(ge(1), le(LONGEST_COOLDOWN_S))))
    """An alert on events, which last no time, is over when nothing more came for so long."""
    inhibited_by: tuple[str, ...] = attrs.field(factory=tuple, validator=and_(max_len(20), deep_iterable(max_len(128))))
    """Ids of alerts; while one of them is firing, acknowledged, escalated or muted, this one tells nobody."""
    group_by: tuple[GroupKey, ...] = attrs.field(factory=tuple)
    """The cooldown is of each group for itself; without any, of the rule."""
    group_wait_s: int | None = attrs.field(default=None, validator=optional(and_(ge(1), le(3_600))))
    """What comes within so long after the first of its group is told in one notice with it."""
    actions: tuple[AlertAction, ...] = attrs.field(factory=tuple, validator=max_len(MOST))
    """What it does, beside telling somebody."""

    @property
    def called(self) -> str:
        """Its name (or its id) as it may stand in a sentence: without what would turn the direction of the rest of it around."""
        return _TURNING.sub("", self.name).strip() or self.alert_id

    @property
    def all_methods(self) -> tuple[DeliveryMethod, ...]:
        """Every method it may ever tell somebody by."""
        return (*self.delivery_methods, *self.escalate_methods)

    @property
    def speaks_later(self) -> bool:
        """Whether anything may be told or done of an alert after it fired."""
        later = any(action.on is not When.fired for action in self.actions)
        return self.notify_resolved or self.escalate_after_s is not None or later

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
        """The value of its State."""
        plain: dict[str, Any] = msgspec.to_builtins(unstructure(self), enc_hook=str)  # no enums, no Url: it travels
        return plain | {"created_us": created_us, "updated_us": updated_us}


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


def references_of(rule: Rule) -> dict[str, str]:
    """The references of a stored rule, by place."""
    found: dict[str, str] = {}
    with_secrets(rule, lambda place, reference: found.setdefault(place, reference))
    return found


def far_ends(rule: Rule) -> dict[str, str]:
    """Who is told the secrets of a config, by its name: the webhook's scheme, host and port; the mail server's host."""
    return {name: config.far_end for name, config in _configs(rule) if config.far_end}


def _configs(rule: Rule) -> Iterator[tuple[str, Config]]:
    for method in DeliveryMethod:
        config = rule.config(method)
        if config is not None:
            yield f"{method}_config", config
