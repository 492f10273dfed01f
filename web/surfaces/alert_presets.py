"""Presets of alerts, under `/api/oracle/alert-presets`: rules that are useful to many, and making one of them one's own."""

from __future__ import annotations

from typing import Any

import attrs

from actors import Refused
from oracle.alerts import Rule
from oracle.alerts.preset import Preset, presets
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


def _wish() -> type:
    """Everything of a rule but its trigger, with what the preset says where it is left out."""
    fields: dict[str, Any] = {"parameters": attrs.field(type=dict[str, Any], factory=dict)}
    for one in attrs.fields(attrs.resolve_types(Rule)):
        if one.name in _OPTIONAL:
            said = None if one.validator is None else attrs.validators.optional(one.validator)
            fields[one.name] = attrs.field(type=one.type | None, default=None, validator=said)
        elif one.name != "trigger":
            fields[one.name] = attrs.field(type=one.type, default=one.default, validator=one.validator)
    wish = attrs.make_class("PresetWish", fields, frozen=True, kw_only=True)
    wish.__doc__ = (
        "Which alert to make of a preset: everything of an alert but its trigger; "
        f"{', '.join(_OPTIONAL)} are the preset's where they are left out."
    )
    return wish


_OPTIONAL = ("name", "description", "cooldown_seconds", "actions")
PresetWish = _wish()


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


_ALL = "/api/oracle/alert-presets"
ROUTES = (
    Route("GET", _ALL, listed, Auth.token, Scope.read, Family.error, answer=PresetList, tag="oracle", head=True),
    Route("POST", f"{_ALL}/{{name}}", make, Auth.token, Scope.operate, Family.error, body=PresetWish, answer=AlertConfig,
          refuses=(404, 409, 503, 504), tag="oracle"),
)  # fmt: skip
