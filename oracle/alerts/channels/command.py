"""Asks the owner of a thing to do what an action of the rule says."""

from __future__ import annotations

import attrs
from attrs.validators import gt

from actors import ActorCrashed, AskTimeout, MailboxFull, NobodyOwns, Refused
from oracle.alerts.actions import COMMANDS, AlertAction
from oracle.alerts.message import one_line
from oracle.alerts.permit import is_allowed
from oracle.alerts.rule import Rule, rule_of
from oracle.alerts.sending import DeliveryFailed, Tools
from oracle.commit import NOT_NOW
from oracle.model import Command, Delivery
from oracle.settings import Alerts

__all__ = ["Deed"]

LONGEST = 500
_PASSING = ("unavailable", "full")


@attrs.frozen
class Deed:
    """Carries the command of one action, by the rule and with the delivery's id, so that its owner applies it once however often
    it is sent. A test only looks whether that could be: the target is there and its owner is at work.

    Whatever the rule and the settings no longer allow, and what the owner refuses, is final; an owner that is not there, does
    not answer, or can't store it now is worth a retry.
    """

    allow: tuple[str, ...] = Alerts().actions
    """Patterns of the commands that alerts may call."""
    timeout_s: float = attrs.field(default=10.0, validator=gt(0))
    """The owner may take this long to answer."""

    async def send(self, delivery: Delivery, rule: Rule, tools: Tools) -> int:
        """See `oracle.alerts.sending.Channel`."""
        await tools.settled()  # owners may start after the channels
        action = self._permitted(delivery, rule, tools)
        order = COMMANDS[action.command]
        if delivery.payload.get("test"):
            _look(action, tools)
            return 0
        event = delivery.payload.get("event") or {}
        reason = action.reason or one_line(f"{rule.name}: {event.get('description', '')}", LONGEST)
        command = Command(order.verb, order.args(action.target, reason), rule.ref, delivery.id)
        try:
            await tools.ask(order.actor, command, self.timeout_s)
        except NOT_NOW as no:
            final = isinstance(no, Refused) and no.code not in _PASSING
            raise DeliveryFailed(_said(no, order.actor), final=final) from no
        return 0

    def _permitted(self, delivery: Delivery, rule: Rule, tools: Tools) -> AlertAction:
        """The action, if it may be called now. Raises DeliveryFailed."""
        said = delivery.payload.get("action") or {}
        wanted = [said.get("command"), said.get("target"), said.get("on")]
        action = next((one for one in rule.actions if [one.command, one.target, str(one.on)] == wanted), None)
        if action is None:
            raise DeliveryFailed("the rule has no such action any more", final=True)
        if not is_allowed(action.command, self.allow):
            raise DeliveryFailed(f"alerts may not call {action.command}: see alerts.actions in the settings", final=True)
        if action.command == "alert.enable":
            _may_let_loose(action, tools)
        return action


def _may_let_loose(action: AlertAction, tools: Tools) -> None:
    """An alert enables none whose actions ask for more than its own did: it would call them by proxy. Raises DeliveryFailed."""
    value, scope = tools.look(f"rule:{action.target}"), COMMANDS[action.command].scope
    more = [one.command for one in rule_of(value).actions if COMMANDS[one.command].scope != scope] if value else []
    if more:
        raise DeliveryFailed(f"only a person may enable {action.target}, since that calls {more[0]}", final=True)


def _look(action: AlertAction, tools: Tools) -> None:
    """Whether it could be done. Raises DeliveryFailed."""
    order = COMMANDS[action.command]
    if not tools.alive(order.actor):
        raise DeliveryFailed(_said(NobodyOwns(), order.actor), final=True)
    if tools.look(order.ref(action.target)) is None:
        raise DeliveryFailed(f"not_found: there is no {order.ref(action.target)}", final=True)


def _said(no: Exception, actor: str) -> str:
    match no:
        case Refused():
            return f"{no.code}: {no.reason}"
        case NobodyOwns():
            return f"unavailable: {actor} is not running"
        case MailboxFull():
            return f"unavailable: {actor} has too much to do"
        case AskTimeout():
            return f"timeout: {actor} gave no answer in time"
        case ActorCrashed():
            return f"unavailable: {actor} crashed; it has been restarted"
    raise no
