"""`oracle alert backtest`: a rule tried on stored history, by the running server, or, where none runs, by this process."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import msgspec
import trio

from actors import Refused, wall_clock
from oracle.alerts import CHANNELS, MASK, Rule, rule_of, with_secrets
from oracle.alerts.preview import Preview, checked_preview, preview_work
from oracle.border import structure, unstructure
from oracle.history import Queries, Store, Tape
from oracle.history.lines import Lines
from oracle.problems import Invalid, Problem
from oracle.settings import Settings
from web.commands.backtest import Bench, followed, show_events, wish_of

__all__ = ["Here", "alert_backtest", "alert_wish"]


def alert_wish(which: str, from_: str | None, to: str | None) -> dict[str, Any]:
    """The body of the request: `which` is a JSON file with an alert, or the id of one there is. Raises Invalid."""
    times = {name: value for name, value in wish_of(from_, to, (), ()).items() if name in ("from", "to")}
    path = Path(which)
    if path.suffix != ".json":
        return {"alert_id": which, **times}
    try:
        return {"rule": json.loads(path.read_text("utf-8")), **times}
    except (OSError, ValueError) as error:
        raise Invalid([Problem(("alert",), "value_error", f"{which} can't be read as JSON: {error}", which)]) from None


@attrs.frozen
class Here:
    """In this process, on a data folder that nobody else has open."""

    settings: Settings

    async def run(self, wish: dict[str, Any], report: Callable[[float], None]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Open the history for it. Raises Refused `locked` where another process has it, `not_found`, Invalid."""
        store = Store(self.settings.data.folder, memory_limit_mb=self.settings.history.memory_limit_mb)
        await trio.to_thread.run_sync(store.open)
        try:
            rule = with_secrets(_rule(store, wish), lambda _, __: MASK)
            value = msgspec.to_builtins(unstructure(rule), enc_hook=str)
            ask = Preview(rule=value, from_us=wish["from"], to_us=wish["to"])
            checked_preview(ask, wall_clock())
            work = preview_work(Queries(store), Tape(store), Lines(store), CHANNELS, wall_clock)
            summary, rows = await work(attrs.asdict(ask), report)
            return summary, list(rows)
        finally:
            store.close()


async def alert_backtest(bench: Bench, wish: dict[str, Any], *, as_json: bool) -> None:
    """Run it, with a bar on a terminal, and print when the rule would have fired. Raises Refused, Invalid, RemoteFailed."""
    summary, events = await followed(bench, wish)
    if as_json:
        print(json.dumps({"summary": summary, "events": events}))
        return
    show_events(events)
    print(f"{summary['firings']} firings, {summary['per_day']} a day, {summary['suppressed']} more within the cooldown; "
          f"live there were {summary['live']}, both: {summary['both']}")  # fmt: skip


def _rule(store: Store, wish: dict[str, Any]) -> Rule:
    if "rule" in wish:
        return structure(Rule, wish["rule"], extras="drop", path=("alert",))
    for state in store.states():
        if state.ref == f"rule:{wish['alert_id']}" and state.value is not None:
            return rule_of(state.value)
    raise Refused(f"Alert '{wish['alert_id']}' not found", code="not_found")
