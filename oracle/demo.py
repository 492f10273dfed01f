"""The demonstration rule: on the simulated market it shows the whole line, from a tick to a delivered webhook.

It is made once. Who deletes it does not get it back; who keeps it has its webhook follow the server's address. Where the
demonstration is not wanted it is disabled, so that a real market's events don't go to an inbox that nobody reads.
"""

from __future__ import annotations

from typing import Any

import attrs

from oracle.alerts import MASK, Rule, rule_of, with_secrets
from oracle.border import Url, structure
from oracle.exchange import Target
from oracle.history import Commit
from oracle.listen import Listen
from oracle.log import logger
from oracle.model import Command, State
from oracle.settings import Settings
from oracle.system import System

__all__ = ["INBOX", "RULE_ID", "settle", "wanted"]

LOG = logger("demo")
RULE_ID = "demo_price_spike"
INBOX = "api/oracle/inbox"  # where this server takes its own webhook
PLANTED = "demo:rule"


def wanted(settings: Settings) -> bool:
    """Whether the simulated market is all that runs, and nobody needs a token to deliver to it."""
    return settings.demo.enabled and not settings.feeds and settings.auth.mode != "token"


async def settle(system: System, url: str) -> None:
    """Where it is wanted, have the rule, delivering to the server at `url` (which ends with a slash); elsewhere disable it.
    Raises Refused where that can't be stored."""
    state = system.board.state(f"rule:{RULE_ID}")
    if not wanted(system.settings):
        await _rest(system, state)
    elif state is not None and state.value is not None:
        await _wake(system, state.value)
        await _readdress(system, url + INBOX)
    elif system.board.get(PLANTED) is None:
        await _ask(system, "create", rule=structure(Rule, _rule(url + INBOX)))
        await _note(system, planted=True)


async def _rest(system: System, state: State | None) -> None:
    if state is None or state.value is None or not state.value["enabled"] or not _delivers_here(rule_of(state.value)):
        return
    disabled = await _ask(system, "disable", alert_id=RULE_ID)
    # Remembered by the time of the change: whoever changes the rule after us has decided about it.
    await _note(system, planted=True, rested_us=disabled.value["updated_us"] if disabled.value else 0)
    LOG.info("the demonstration's rule is disabled: this is not the demonstration's market", rule=RULE_ID)


async def _wake(system: System, rule: dict[str, Any]) -> None:
    rested_us = (system.board.get(PLANTED) or {}).get("rested_us")
    if rested_us is None:
        return
    if rule["updated_us"] == rested_us:
        await _ask(system, "enable", alert_id=RULE_ID)
        LOG.info("the demonstration's rule is enabled again", rule=RULE_ID)
    await _note(system, planted=True)


async def _readdress(system: System, target: str) -> None:
    rule = rule_of(system.board.get(f"rule:{RULE_ID}") or {})
    config = rule.webhook_config
    # One that was given secrets has become somebody's own.
    if config is None or config.url == target or not _delivers_here(rule) or with_secrets(rule, lambda *_: MASK) != rule:
        return
    moved = attrs.evolve(rule, webhook_config=attrs.evolve(config, url=Url(target)))
    await _ask(system, "replace", alert_id=RULE_ID, rule=moved)


def _delivers_here(rule: Rule) -> bool:
    """Whether it goes to the inbox of a server on this machine, as the demonstration's own does."""
    if rule.webhook_config is None:
        return False
    target = Target.parse(rule.webhook_config.url)
    return target.path == f"/{INBOX}" and Listen(target.host, target.port).loopback


async def _note(system: System, **value: Any) -> None:
    draft = system.board.draft(PLANTED, value, system.runtime.now_us())
    await system.runtime.ask("history", Commit((draft,)))
    system.board.apply(draft)


async def _ask(system: System, verb: str, **args: Any) -> State:
    state: State = await system.runtime.ask("alerts", Command(verb, args, by="demo"))
    return state


def _rule(target: str) -> dict[str, Any]:
    return {
        "alert_id": RULE_ID,
        "name": "Demo: a price moved fast",
        "description": "A jump of a price on the simulated market, carried by a webhook to this server's own inbox.",
        "trigger": {"type": "watchdog_event", "event_filter": {"event_types": ["price_anomaly", "flash_crash"]}},
        "delivery_methods": ["webhook"],
        "webhook_config": {"url": target},
        "cooldown_seconds": 60,
    }
