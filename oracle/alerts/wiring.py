"""The part of the tree that tells people: channels, rules, and the desk that owns the rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path

import attrs
import trio

from actors import Child, Runtime, Supervisor
from oracle.alerts.channel import ChannelActor
from oracle.alerts.channels import CHANNELS
from oracle.alerts.conditions import conditions_now
from oracle.alerts.courier import Courier
from oracle.alerts.desk import Desk
from oracle.alerts.ledger import Ledger, rule_child
from oracle.alerts.outbox import Outbox, Patience
from oracle.alerts.readings import Readings
from oracle.alerts.sending import Channel, Tools
from oracle.alerts.silences import Silences, SilencesMemory
from oracle.alerts.trigger import CONDITIONS
from oracle.alerts.unheard import Unheard
from oracle.alerts.vault import RunSync, Vault
from oracle.board import Board
from oracle.http import Http
from oracle.model import Attempt, Delivery, split_ref
from oracle.receipts import Receipts
from oracle.settings import Alerts
from oracle.watchdogs.actor import watchdog_child
from oracle.watchdogs.past import Past

__all__ = ["alert_children"]

PATIENCE_S = 0.01  # what comes within it is looked at in one go
GRACE_S = 0.5  # for sends that are on their way when everything stops; the whole end stays below two seconds


def alert_children(
    *, settings: Alerts, folder: Path, board: Board, http: Http, now_us: Callable[[], int], pending: Iterable[Delivery] = (),
    last_attempts: Mapping[str, Attempt] | None = None, run_sync: RunSync = trio.to_thread.run_sync,
    parts: Mapping[str, Channel] | None = None, receipts: Receipts | None = None, past: Past | None = None,
    runtime: Runtime | None = None, unheard: Unheard | None = None,
) -> tuple[Child, ...]:
    """Children for a tree that has `history` before them, in the order to start them: channels, rules, conditions, alerts,
    silences, courier.

    `pending` and `last_attempts` are what the history says is still owed; the board has its states already. `parts` are the
    channels by name, those of CHANNELS unless given; `receipts` know which commands were applied. Raises VaultBroken.
    """
    vault = Vault(folder, run_sync)
    tools = Tools(http, vault.reveal, now_us)
    patience = Patience(settings.attempts, settings.first_retry_s, settings.longest_retry_s)
    carriers: Mapping[str, Channel] = parts or _carriers(settings)
    owed = list(pending)
    outboxes = {name: Outbox((one for one in owed if one.channel == name), last_attempts) for name in carriers}
    known = receipts or Receipts(now_us)
    readings = Readings(board)
    ledger, silences = Ledger(outboxes=outboxes, receipts=known, unheard=unheard), SilencesMemory()

    channels = [
        Child(f"channel:{name}", partial(ChannelActor, carrier, outboxes[name], tools, board, patience), grace_s=GRACE_S,
              capacity=10_000, when_full="refuse") for name, carrier in carriers.items()
    ]  # fmt: skip

    def rules() -> Supervisor:
        enabled = [split_ref(state.ref)[1] for state in board.kind("rule") if state.value and state.value["enabled"]]
        return Supervisor([rule_child(ident, board, ledger) for ident in enabled], exhausted="park")

    conditions = [_conditions(board, readings, past, runtime)] if runtime else []
    return (
        Child("channels", lambda: Supervisor(channels, exhausted="park")),
        Child("rules", rules),
        Child("conditions", lambda: Supervisor(conditions, exhausted="park")),
        Child("alerts", lambda: Desk(board, readings, vault, ledger)),
        Child("silences", lambda: Silences(board, known, silences)),
        Child("courier", lambda: Courier(board, outboxes, known)),
    )


def _conditions(board: Board, readings: Readings, past: Past | None, runtime: Runtime) -> Child:
    kind, _, name = CONDITIONS.partition(":")
    return watchdog_child(name, lambda: conditions_now(board, readings), board, past, runtime, PATIENCE_S, kind)


def _carriers(settings: Alerts) -> dict[str, Channel]:
    """A channel of each kind; its own fields are filled from the settings of alerts."""
    urls = {"telegram": settings.telegram_url, "sms": settings.twilio_url}
    made = {}
    for name, cls in CHANNELS.items():
        said = {"timeout_s": settings.timeout_s, "url": urls.get(name), "allow": settings.actions}
        made[name] = cls(**{field.name: said[field.name] for field in attrs.fields(cls)})
    return made
