"""What a rule leaves to the settings: who carries its mail and its messages, and who gets them."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from oracle.alerts.configs import EmailConfig, TelegramConfig
from oracle.alerts.rule import NEED_NOTHING, Rule
from oracle.problems import Invalid, Problem
from oracle.secret import Secret
from oracle.settings import Alerts

__all__ = ["completed"]


def completed(rule: Rule, settings: Alerts) -> Rule:
    """The rule with a config for every method it asks for: where it has none for email or telegram, that of the settings; where
    that has no recipients, those of the settings. Raises Invalid, which names what is still missing; SecretMissing."""
    rule = attrs.evolve(
        rule, email_config=_email(rule, settings) if "email" in rule.all_methods else rule.email_config,
        telegram_config=_telegram(rule, settings) if "telegram" in rule.all_methods else rule.telegram_config,
    )  # fmt: skip
    problems = list(_lacking(rule))
    if problems:
        raise Invalid(problems)
    return rule


def _email(rule: Rule, settings: Alerts) -> EmailConfig | None:
    config = rule.email_config
    if config is None and settings.smtp_host:
        config = EmailConfig(
            smtp_host=settings.smtp_host, smtp_port=settings.smtp_port, smtp_user=settings.smtp_user,
            smtp_password=_revealed(settings.smtp_password), from_email=settings.smtp_from_email or settings.smtp_user,
            to_emails=(),
        )  # fmt: skip
    return attrs.evolve(config, to_emails=config.to_emails or settings.default_emails) if config else None


def _telegram(rule: Rule, settings: Alerts) -> TelegramConfig | None:
    config = rule.telegram_config
    if config is None and settings.telegram_bot_token:
        config = TelegramConfig(bot_token=_revealed(settings.telegram_bot_token), chat_ids=())
    return attrs.evolve(config, chat_ids=config.chat_ids or settings.default_chat_ids) if config else None


def _lacking(rule: Rule) -> Iterator[Problem]:
    for method in dict.fromkeys(rule.all_methods):
        config, name = rule.config(method), f"{method}_config"
        recipients, where, who = _NAMED.get(method, ("", "", ""))
        if config is None and method not in NEED_NOTHING | _LATER:
            yield Problem((name,), "missing", f"Field required{where}")
        elif config is not None and not any(config.recipients) and recipients:
            ctx = {"min_length": 1, "actual_length": 0}
            yield Problem((name, recipients), "too_short", f"List should have at least 1 item{who}", None, ctx=ctx)


def _revealed(secret: Secret | None) -> str:
    return secret.reveal() if secret else ""


_LATER = frozenset({"webhook"})  # FIML takes one without its config; what it then owes is recorded as failed
_NAMED = {
    "email": ("to_emails", ", or alerts.smtp_host in the settings", ", or alerts.default_emails in the settings"),
    "telegram": ("chat_ids", ", or alerts.telegram_bot_token in the settings", ", or alerts.default_chat_ids in the settings"),
    "sms": ("to_numbers", "", ""),
}
"""By method: the field that names its recipients, and which settings would say the config, and them."""
