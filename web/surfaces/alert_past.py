"""A rule and the past: what it would have done there, and why it did what it did."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import attrs
import msgspec

from actors import Refused
from oracle.alerts import MASK, Rule, rule_of, with_secrets
from oracle.alerts.explain import Explained, Past, explain
from oracle.alerts.preview import Preview, checked_preview
from oracle.border import structure, unstructure
from oracle.history import Commit
from oracle.history.lines import Lines
from oracle.problems import Invalid, Problem
from web.errors import invalid
from web.routes import Answer, Auth, Call, Param, Route, Scope
from web.surfaces.runs import DAY_US, RunShown, ask_runs, moment_of, shown
from web.wire import iso

__all__ = ["ROUTES"]


async def preview(call: Call) -> Answer:
    """Try a rule on stored history: when it would have fired, how often a day, and what it would have sent; answers at once, the
    run goes on by itself.

    `rule` is an alert as it would be created, or `alert_id` names one there is; `from` and `to` are ISO times or UTC microseconds
    (the last day, if neither is given). The run's `result` counts; its rows are at the run's `url`/events, `live` where the rule
    fired then too.
    """
    if not isinstance(call.body, dict):
        raise invalid("dict_type", ["body"], "Input should be an object")
    now_us, table = call.system.runtime.now_us(), dict(call.body)
    for name in sorted(table.keys() - {"rule", "alert_id", "from", "to"}):
        raise invalid("extra_forbidden", ["body", name], "there are rule, alert_id, from and to", table[name])
    to_us = moment_of(table, "to", now_us)
    from_us = moment_of(table, "from", to_us - DAY_US)
    safe = with_secrets(_rule(call, table), lambda _, __: MASK)
    value: dict[str, Any] = msgspec.to_builtins(unstructure(safe), enc_hook=str)
    wish = Preview(rule=value, from_us=from_us, to_us=to_us)
    try:
        checked_preview(wish, now_us)
    except Invalid as wrong:
        raise Invalid([_placed(one) for one in wrong.problems]) from None
    run = await ask_runs(call, "start", kind="alert_preview", params=attrs.asdict(wish))
    return Answer(shown(run, call.system.runtime.now_us()), 202)


@attrs.frozen
class WhyNot:
    """Why an alert was set off at `at`, or not: `met` (null: not known) with a smallest set of clauses that answer for it, and
    what kept it from firing. `summary` says it in a sentence."""

    alert_id: str
    at: datetime
    met: bool | None
    clauses: list[dict[str, Any]]
    event_id: str | None
    fired: bool
    suppressed_by: list[str]
    cooldown_until: datetime | None
    summary: str


async def explained(call: Call) -> WhyNot:
    """Why an alert fired, or why not: at an instant (`at`, now), for an alert with a condition; of the newest event of a watchdog
    until then, for one of events.

    Were all `clauses` otherwise, `met` would be too; with any fewer of them it would not.
    """
    system, ident = call.system, call.args["alert_id"]
    value = system.board.get(f"rule:{ident}")
    if value is None:
        raise Refused(f"Alert '{ident}' not found", code="not_found")
    now_us = system.runtime.now_us()
    at_us = min(call.args["at_us"] or now_us, now_us)
    await system.runtime.ask("history", Commit(()))
    found = await explain(Past(system.queries, system.tape, Lines(system.store)), rule_of(value), at_us)
    until = None if found.cooldown_until_us is None else iso(found.cooldown_until_us)
    clauses = [attrs.asdict(clause) for clause in found.clauses]
    event_id = found.event.id if found.event else None
    return WhyNot(ident, iso(at_us), found.met, clauses, event_id, found.fired, list(found.suppressed_by), until,
                  _sentence(found))  # fmt: skip


def _sentence(found: Explained) -> str:
    if found.met is None:
        return "It is not known whether it was met: " + (", ".join(found.suppressed_by) or "too little was heard by then")
    word = "It was met" if found.met else "It was not met"
    said = "; ".join(f"{clause.text} was {'true' if clause.truth else 'false'}" for clause in found.clauses)
    kept = f"; it did not fire because of: {', '.join(found.suppressed_by)}" if found.met and found.suppressed_by else ""
    return f"{word}{': ' + said if said else ''}{kept}"


def _rule(call: Call, table: dict[str, Any]) -> Rule:
    if ("rule" in table) == ("alert_id" in table):
        raise invalid("missing", ["body", "rule"], "give rule or alert_id, one of both")
    if "rule" in table:
        return structure(Rule, table["rule"], extras="drop", path=("body", "rule"))
    value = call.system.board.get(f"rule:{table['alert_id']}")
    if value is None:
        raise Refused(f"Alert '{table['alert_id']}' not found", code="not_found")
    return rule_of(value)


def _placed(problem: Problem) -> Problem:
    return problem if problem.path[0] == "body" else attrs.evolve(problem, path=("body", "rule", *problem.path))


_AT = Param("at", "time", doc="the instant; now")
ROUTES = (
    Route(
        "POST", "/api/alerts/preview", preview, Auth.token, Scope.operate, body=dict, answer=RunShown, done=202,
        refuses=(404, 503, 504), tag="alerts",
    ),
    Route(
        "GET", "/api/alerts/{alert_id}/explain", explained, Auth.token, params=(_AT,), answer=WhyNot, refuses=(404, 503, 504),
        tag="alerts",
    ),
)  # fmt: skip
