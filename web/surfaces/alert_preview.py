"""A rule tried on the past before anybody is woken by it."""

from __future__ import annotations

from typing import Any

import attrs
import msgspec

from actors import Refused
from oracle.alerts import MASK, Rule, rule_of, with_secrets
from oracle.alerts.preview import Preview, checked_preview
from oracle.border import structure, unstructure
from oracle.problems import Invalid, Problem
from web.errors import invalid
from web.routes import Answer, Auth, Call, Route, Scope
from web.surfaces.runs import DAY_US, RunShown, ask_runs, moment_of, shown

__all__ = ["ROUTES"]


async def preview(call: Call) -> Answer:
    """Try a rule on stored history: when it would have fired, how often a day, and what it would have sent; answers at once, the
    run goes on by itself.

    `rule` is an alert as it would be created, or `alert_id` names one there is; `from` and `to` are ISO times or UTC microseconds
    (the last day, if neither is given). The run's `result` counts; its rows are at the run's `url`/events, `live` where the rule
    fired then too.
    """
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
    return Answer(shown(run), 202)


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


ROUTES = (
    Route(
        "POST", "/api/alerts/preview", preview, Auth.token, Scope.operate, body=dict, answer=RunShown, done=202,
        refuses=(404, 503, 504), tag="alerts",
    ),
)  # fmt: skip
