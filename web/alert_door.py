"""The one door by which rules come in, whoever writes them: checked field by field, then asked of their owner."""

from __future__ import annotations

from typing import Any, Literal

import attrs

from actors import Refused
from oracle.alerts import MASK, Rule
from oracle.alerts.defaults import completed
from oracle.alerts.terms import terms_of
from oracle.border import Invalid, structure
from oracle.model import Command, State
from oracle.receipts import part_of
from oracle.secret import SecretMissing
from oracle.system import System
from web.errors import invalid
from web.routes import Call

__all__ = ["ask_desk", "checked_rule"]


def checked_rule(system: System, body: Any, extras: Literal["refuse", "drop"] = "drop") -> Rule:
    """The rule that a client wrote, with what it leaves to the settings. Raises Invalid, with paths from `body` on; Refused."""
    rule = structure(Rule, body, extras=extras, path=("body",))
    try:
        terms_of(rule.trigger)
        return completed(rule, system.settings.alerts)
    except Invalid as error:
        raise Invalid(attrs.evolve(problem, path=("body", *problem.path)) for problem in error.problems) from None
    except SecretMissing as error:
        raise Refused(f"the settings name a secret that is not there: {error}", code="unavailable") from error


async def ask_desk(call: Call, verb: str, part: str = "", **args: Any) -> State:
    """The rule as it is after what was asked; `part` names one of several commands of the same call. Raises what an ask does;
    Invalid for what is wrong with a field, with paths from `body` on."""
    ident = part_of(call.command_id, part) if part else call.command_id
    try:
        state: State = await call.system.runtime.ask("alerts", Command(verb, args, call.who.name, ident))
    except Refused as no:
        match no.code:
            case "mismatch":
                why = f"Value error, {no.reason}"
                raise invalid("value_error", ["body", "alert_id"], why, args["rule"].alert_id) from no
            case "masked":
                place = no.details["place"].split(".", 2)
                raise invalid("value_error", ["body", *place], f"Value error, {no.reason}", MASK) from no
            case "circle":
                raise invalid("value_error", ["body", "inhibited_by"], f"Value error, {no.reason}") from no
            case _:
                raise
    return state
