"""`oracle alert`: a rule tried on stored history, by the running server, or, where none runs, by this process; and all rules
written to a file, or read from one."""

from __future__ import annotations

import json
import sys
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
from oracle.remote import Remote, RemoteFailed
from oracle.runs import Pace, Status
from oracle.settings import Settings
from web.commands.backtest import Bench, Report, followed, show_events, wish_of
from web.terminal import show_table

__all__ = ["Here", "alert_backtest", "alert_export", "alert_import", "alert_wish"]

ANSWER_S = 60.0  # for a whole book of alerts


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

    async def run(self, wish: dict[str, Any], report: Report) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Open the history for it. Raises Refused `locked` where another process has it, `not_found`, Invalid."""
        store = Store(self.settings.data.folder, memory_limit_mb=self.settings.history.memory_limit_mb)
        await trio.to_thread.run_sync(store.open)
        try:
            rule = with_secrets(_rule(store, wish), lambda _, __: MASK)
            value = msgspec.to_builtins(unstructure(rule), enc_hook=str)
            ask = Preview(rule=value, from_us=wish["from"], to_us=wish["to"])
            checked_preview(ask, wall_clock())
            work = preview_work(Queries(store), Tape(store), Lines(store), CHANNELS, wall_clock)
            summary, rows = await work(attrs.asdict(ask), Pace(lambda done: report(done, Status.running)))
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
    print(f"{summary['firings']} firings, {summary['per_day']} a day, {summary['suppressed']} more held back; "
          f"live there were {summary['live']}, both: {summary['both']}")  # fmt: skip
    if bars := summary.get("from_bars"):
        print(f"until {bars['until']} no ticks are stored: tried on {bars['bars']} 1-minute bars there")


async def alert_export(remote: Remote, book: Path) -> None:
    """Write the alerts of the server into a file, or to standard output. Raises RemoteFailed, Invalid."""
    answer = await remote.ask("GET", "/api/oracle/alerts/export", timeout_s=ANSWER_S)
    if answer.status != 200:
        raise RemoteFailed.of(f"{remote.url}api/oracle/alerts/export", answer)
    if book == Path("-"):
        sys.stdout.write(answer.body.decode())
        return
    try:
        book.write_bytes(answer.body)
    except OSError as error:
        raise Invalid([Problem(("file",), "value_error", f"{book} can't be written: {error.strerror}", str(book))]) from None


async def alert_import(remote: Remote, book: Path, *, mode: str, dry_run: bool, as_json: bool) -> bool:
    """Give the server the alerts of a file, and print what became of each; whether none was refused. Raises RemoteFailed,
    Invalid."""
    try:
        text = sys.stdin.read() if book == Path("-") else book.read_text("utf-8")
    except (OSError, ValueError) as error:
        raise Invalid([Problem(("file",), "value_error", f"{book} can't be read: {error}", str(book))]) from None
    wish = {"toml": text, "mode": mode, "dry_run": dry_run}
    done = await remote.tell("POST", "/api/oracle/alerts/import", body=json.dumps(wish).encode(), timeout_s=ANSWER_S)
    if as_json:
        print(json.dumps(done))
    else:
        rows = []
        for item in done["items"]:
            why = "; ".join(f"{one['field'] or 'alert'}: {one['reason']}" for one in item["problems"])
            rows.append((item["status"], item["alert_id"] or "(no id)", why))
        show_table(("", "alert", ""), rows)
        counts = ", ".join(f"{done[name]} {name}" for name in ("created", "replaced", "skipped", "refused"))
        print(f"{counts}{' (nothing was changed)' if dry_run else ''}")
    return not done["refused"]


def _rule(store: Store, wish: dict[str, Any]) -> Rule:
    if "rule" in wish:
        return structure(Rule, wish["rule"], extras="drop", path=("alert",))
    for state in store.states():
        if state.ref == f"rule:{wish['alert_id']}" and state.value is not None:
            return rule_of(state.value)
    raise Refused(f"Alert '{wish['alert_id']}' not found", code="not_found")
