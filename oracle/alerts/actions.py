"""What a rule may do beside telling somebody: the commands that an alert can call, one line each. Values only.

A command is asked of the actor that owns the thing, like everybody else's, so what may be done to it is decided there. What is
not in the table no alert can call. `kill_switch.resume` is left out on purpose: what an alert has stopped goes on only when a
person who has looked at it says so, and two rules, of which one stops and the other resumes, would go round and round.
"""

from __future__ import annotations

import enum

import attrs
from attrs.validators import in_, max_len

from oracle.model import Delivery

__all__ = ["COMMAND", "COMMANDS", "LEAST_COOLDOWN_S", "MOST", "AlertAction", "Order", "When", "subject_of_action"]

COMMAND = "command"
"""The channel that carries actions; no rule names it as a delivery method."""
MOST = 10
LEAST_COOLDOWN_S = 10
"""Of a rule with actions: rules that set each other off through what they do turn no faster."""


@attrs.frozen
class Order:
    """How a command is asked: `verb` of `actor`, with the target as the argument `key`. `about` is the ref of what it is done to.
    Where the actor has only one thing there is no key, and it is told a reason. `scope` is what a person needs to let an alert
    call it."""

    actor: str
    verb: str
    about: str
    key: str = ""
    scope: str = "operate"

    def ref(self, target: str) -> str:
        """The name of what it is done to."""
        return self.about.replace("{target}", target)

    def args(self, target: str, reason: str) -> dict[str, str]:
        """What the owner is told."""
        return {self.key: target} if self.key else {"reason": reason}


COMMANDS: dict[str, Order] = {
    "watchdog.disable": Order("switchboard", "disable", "watchdog:{target}", "name"),
    "watchdog.enable": Order("switchboard", "enable", "watchdog:{target}", "name"),
    "watchdog.restart": Order("switchboard", "restart", "watchdog:{target}", "name"),
    "alert.disable": Order("alerts", "disable", "rule:{target}", "alert_id"),
    "alert.enable": Order("alerts", "enable", "rule:{target}", "alert_id"),
    "run.cancel": Order("runs", "cancel", "run:{target}", "id"),
    "run.pause": Order("runs", "pause", "run:{target}", "id"),
    "run.resume": Order("runs", "resume", "run:{target}", "id"),
    "kill_switch.trip": Order("kill_switch", "trip", "switch:kill", scope="admin"),
}


class When(enum.StrEnum):
    """When an action is due: at each firing that is told, when the alert is over, or when it escalates."""

    fired = "fired"
    resolved = "resolved"
    escalated = "escalated"


@attrs.frozen
class AlertAction:
    """A command that the alert calls, and on what: a watchdog by its name, an alert or a run by its id."""

    command: str = attrs.field(validator=in_(tuple(COMMANDS)))
    target: str = attrs.field(default="", validator=max_len(128))
    on: When = When.fired
    reason: str = attrs.field(default="", validator=max_len(500))
    """Why, for a command that has no target; empty for what has happened."""


def subject_of_action(delivery: Delivery) -> str:
    """The name of what a delivery does something to; empty for one that only tells."""
    if delivery.channel != COMMAND:
        return ""
    action = delivery.payload["action"]
    order = COMMANDS.get(action["command"])
    return order.ref(action["target"]) if order else str(action["target"])
