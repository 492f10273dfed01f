"""The demonstration rule: on the simulated market it shows the whole line, from a tick to a delivered webhook.

It is made once. Who deletes it does not get it back; who keeps it has its webhook follow the server's address.
"""

from __future__ import annotations

from typing import Any

from oracle.alerts import Rule, rule_of
from oracle.border import structure, unstructure
from oracle.history import Commit
from oracle.model import Command
from oracle.settings import Settings
from oracle.system import System

__all__ = ["INBOX", "RULE_ID", "plant", "wanted"]

RULE_ID = "demo_price_spike"
INBOX = "api/oracle/inbox"  # where this server takes its own webhook
PLANTED = "demo:rule"


def wanted(settings: Settings) -> bool:
    """Whether the simulated market is all that runs, and nobody needs a token to deliver to it."""
    return settings.demo.enabled and not settings.feeds and settings.auth.mode == "open"


async def plant(system: System, url: str) -> None:
    """Make the rule, delivering to the server at `url` (which ends with a slash); or correct its address."""
    target = url + INBOX
    value = system.board.get(f"rule:{RULE_ID}")
    if value is not None:
        rule = unstructure(rule_of(value))
        if not str(rule["webhook_config"]["url"]).endswith(INBOX) or rule["webhook_config"]["url"] == target:
            return
        rule["webhook_config"]["url"] = target
        await _ask(system, "replace", alert_id=RULE_ID, rule=structure(Rule, rule))
    elif system.board.get(PLANTED) is None:
        await _ask(system, "create", rule=structure(Rule, _rule(target)))
        draft = system.board.draft(PLANTED, {"planted": True}, system.runtime.now_us())
        await system.runtime.ask("history", Commit((draft,)))
        system.board.apply(draft)


async def _ask(system: System, verb: str, **args: Any) -> None:
    await system.runtime.ask("alerts", Command(verb, args, by="demo"))


def _rule(target: str) -> dict[str, Any]:
    return {
        "alert_id": RULE_ID,
        "name": "Demo: a price moved fast",
        "description": "A watchdog's event on the simulated market, carried by a webhook to this server's own inbox.",
        "trigger": {"type": "watchdog_event", "event_filter": {"severities": ["high", "critical"]}},
        "delivery_methods": ["webhook"],
        "webhook_config": {"url": target},
        "cooldown_seconds": 60,
    }
