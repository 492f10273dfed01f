"""The one door by which rules come in, whoever writes them: checked field by field, then asked of their owner.

An alert may call what the settings allow. Whoever writes or enables one with actions must be allowed to give each of its commands
themselves: an alert lends nobody a scope.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Literal

import attrs

from actors import Refused
from oracle.alerts import MASK, Rule, rule_of
from oracle.alerts.actions import COMMANDS
from oracle.alerts.bounds import oversized, pointless
from oracle.alerts.defaults import completed
from oracle.alerts.permit import action_problems
from oracle.alerts.terms import terms_of
from oracle.alerts.wishes import OneOfMany, Settle
from oracle.border import Invalid, structure
from oracle.model import Command, State
from oracle.receipts import part_of
from oracle.secret import SecretMissing
from oracle.system import System
from web.errors import invalid
from web.routes import Call, Identity, Scope

__all__ = ["ask_desk", "checked_rule", "commands_of", "may_call", "settled"]


def checked_rule(system: System, body: Any, extras: Literal["refuse", "drop"] = "drop") -> Rule:
    """The rule that a client wrote, with what it leaves to the settings. Raises Invalid, with paths from `body` on; Refused."""
    rule = structure(Rule, body, extras=extras, path=("body",))
    settings = system.settings.alerts
    try:
        if problems := [*oversized(rule), *pointless(rule)]:
            raise Invalid(problems)
        terms_of(rule.trigger)
        rule = completed(rule, settings)
        if problems := list(action_problems(rule, settings.actions)):
            raise Invalid(problems)
        return rule
    except Invalid as error:
        raise Invalid(attrs.evolve(problem, path=("body", *problem.path)) for problem in error.problems) from None
    except SecretMissing as error:
        raise Refused(f"the settings name a secret that is not there: {error}", code="unavailable") from error


def commands_of(rule: Rule) -> Iterator[str]:
    """The commands of its actions."""
    return (action.command for action in rule.actions)


def may_call(who: Identity, commands: Iterable[str]) -> None:
    """Raises Refused `forbidden` for the first command that needs more than they may do."""
    for command in commands:
        order = COMMANDS.get(command)
        if order is not None and not who.scope.includes(Scope(order.scope)):
            why = f"scope {order.scope} is needed for the action {command}, this token has {who.scope}"
            raise Refused(why, "forbidden", {"command": command, "scope": order.scope})


async def ask_desk(call: Call, verb: str, part: str = "", **args: Any) -> State:
    """The rule as it is after what was asked; `part` names one of several commands of the same call, after the last of which
    comes `settled`. Raises what an ask does; Refused `forbidden` for actions that are not theirs to call; Invalid for a field
    that is wrong, with paths from `body` on."""
    if verb == "enable" and (value := call.system.board.get(f"rule:{args['alert_id']}")) is not None:
        may_call(call.who, commands_of(rule_of(value)))
    elif verb in ("create", "replace"):
        may_call(call.who, commands_of(args["rule"]))
    command = Command(verb, args, call.who.name, part_of(call.command_id, part) if part else call.command_id)
    try:
        state: State = await call.system.runtime.ask("alerts", OneOfMany(command) if part else command)
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


async def settled(call: Call) -> None:
    """Wait until everything that was asked of the desk is at work. Raises what an ask does."""
    await call.system.runtime.ask("alerts", Settle())
