"""Presets of alerts, under `/api/oracle/alert-presets`: rules that are useful to many, and making one of them one's own."""

from __future__ import annotations

from typing import Any

import attrs

from actors import Refused
from oracle.alerts.actions import AlertAction
from oracle.alerts.configs import DiscordConfig, EmailConfig, SlackConfig, SmsConfig, TelegramConfig, WebhookConfig
from oracle.alerts.preset import Preset, presets
from oracle.alerts.rule import DeliveryMethod
from oracle.alerts.template import Templates
from oracle.problems import Invalid
from web.alert_door import ask_desk, checked_rule
from web.errors import invalid
from web.routes import Auth, Call, Family, Route, Scope
from web.surfaces.fiml_alerts import AlertConfig, alert_config

__all__ = ["ROUTES"]


@attrs.frozen
class PresetList:
    """All presets. `{symbol}` in a `rule` is where a parameter goes; a parameter that is not said is its default."""

    items: list[Preset]


@attrs.frozen(kw_only=True)
class PresetWish:
    """Which alert to make of a preset: everything of an alert but its trigger; name, description, cooldown and actions are the
    preset's where they are left out."""

    alert_id: str
    parameters: dict[str, Any] = attrs.field(factory=dict)
    delivery_methods: tuple[DeliveryMethod, ...]
    name: str | None = None
    description: str | None = None
    enabled: bool = True
    cooldown_seconds: int | None = None
    email_config: EmailConfig | None = None
    telegram_config: TelegramConfig | None = None
    webhook_config: WebhookConfig | None = None
    slack_config: SlackConfig | None = None
    discord_config: DiscordConfig | None = None
    sms_config: SmsConfig | None = None
    templates: Templates | None = None
    actions: tuple[AlertAction, ...] | None = None


async def listed(call: Call) -> PresetList:
    """Every preset: its parameters with units, defaults and bounds, and the rule it makes."""
    return PresetList(list(presets().values()))


async def make(call: Call) -> AlertConfig:
    """Make an alert of a preset; checked and answered like `POST /api/alerts`."""
    name = call.args["name"]
    preset = presets().get(name)
    if preset is None:
        raise Refused(f"no preset is called '{name}'", code="not_found")
    if not isinstance(call.body, dict):
        raise invalid("dict_type", ["body"], "Input should be a valid dictionary")
    said = {key: value for key, value in call.body.items() if key != "parameters" and (key not in _OPTIONAL or value is not None)}
    if "trigger" in said:
        raise invalid("extra_forbidden", ["body", "trigger"], "the preset says what sets it off; its parameters change that")
    given = call.body.get("parameters", {})
    if not isinstance(given, dict):
        raise invalid("dict_type", ["body", "parameters"], "Input should be a valid dictionary")
    try:
        made = preset.made(given)
    except Invalid as wrong:
        raise Invalid(attrs.evolve(one, path=("body", *one.path)) for one in wrong.problems) from None
    rule = checked_rule(call.system, {**made, **said})
    return alert_config(call.system, await ask_desk(call, "create", rule=rule))


_OPTIONAL = ("name", "description", "cooldown_seconds", "actions")
_ALL = "/api/oracle/alert-presets"
ROUTES = (
    Route("GET", _ALL, listed, Auth.token, Scope.read, Family.error, answer=PresetList, tag="oracle", head=True),
    Route("POST", f"{_ALL}/{{name}}", make, Auth.token, Scope.operate, Family.error, body=PresetWish, answer=AlertConfig,
          refuses=(404, 409, 503, 504), tag="oracle"),
)  # fmt: skip
