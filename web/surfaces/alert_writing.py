"""What somebody needs who writes an alert, under `/api/oracle/alerts`: the words there are, and whether it would be taken."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import attrs

from oracle.alerts.actions import COMMANDS, When
from oracle.alerts.permit import is_allowed
from oracle.alerts.rule import NEED_NOTHING, DeliveryMethod, GroupKey
from oracle.alerts.terms import terms_of
from oracle.alerts.trigger import Direction, EventType, Trigger, TriggerType
from oracle.border import structure
from oracle.conditions.functions import FUNCTIONS
from oracle.model import Severity
from oracle.problems import Invalid, Problem
from web.alert_door import checked_rule
from web.errors import invalid
from web.routes import Auth, Call, Family, Route, Scope
from web.surfaces.fiml import watchdogs_now

__all__ = ["ROUTES"]


@attrs.frozen
class Word:
    """A word that may stand in a place, and what it means; empty where it says so itself."""

    name: str
    doc: str


@attrs.frozen
class Method:
    """A way to be told. `config` is the name of what it has to be told, empty where nothing; `filled`: the settings of the server
    say that where an alert does not."""

    name: str
    config: str
    filled: bool


@attrs.frozen
class CommandShown:
    """What an alert can call: `target` says on what (watchdog, rule, run; empty: there is only one). `allowed` by the settings;
    and what scope is needed of who writes it."""

    name: str
    target: str
    allowed: bool
    scope: str


@attrs.frozen
class AlertWords:
    """Every word that an alert may be made of on this server, as it is now."""

    triggers: list[str]
    event_types: list[str]
    severities: list[str]
    watchdogs: list[str]
    symbols: list[str]
    directions: list[str]
    methods: list[Method]
    group_keys: list[str]
    commands: list[CommandShown]
    occasions: list[str]
    functions: list[Word]


@attrs.frozen
class Draft:
    """An alert as it would be created, or would replace the one of `alert_id`."""

    rule: dict[str, Any]
    alert_id: str | None = None


@attrs.frozen
class Wrong:
    """One thing that is wrong: where (`trigger.condition`), of what `kind` (`missing`, ...), why, the word that was probably
    meant, and in a text the column, from 1."""

    field: str
    kind: str
    message: str
    suggestion: str | None
    column: int | None


@attrs.frozen
class Checked:
    """Whether it would be taken, and what is wrong; `met` and `over` are its condition in words of `docs/conditions.md`, where it
    has one."""

    ok: bool
    problems: list[Wrong]
    met: str
    over: str


async def words(call: Call) -> AlertWords:
    """The words that an alert may be made of here: kinds, severities, watchdogs, symbols, ways to be told, commands."""
    system = call.system
    settings = system.settings.alerts
    filled = {"email": bool(settings.smtp_host), "telegram": settings.telegram_bot_token is not None}
    methods = [Method(one.value, "" if one in NEED_NOTHING else f"{one.value}_config", filled.get(one.value, False))
               for one in DeliveryMethod]  # fmt: skip
    commands = [
        CommandShown(name, order.about.partition(":")[0] if order.key else "", is_allowed(name, settings.actions), order.scope)
        for name, order in COMMANDS.items()
    ]
    return AlertWords(
        list(TriggerType), list(EventType), [level.value for level in Severity], [one["name"] for one in watchdogs_now(system)],
        sorted(system.board.sources.symbols()), list(Direction), methods, list(GroupKey), commands, list(When),
        [Word(name, function.note) for name, function in FUNCTIONS.items()],
    )  # fmt: skip


async def check(call: Call) -> Checked:
    """Whether an alert would be taken, without storing anything: all that is wrong, each where it is. A masked secret is taken
    for the one that is kept."""
    draft = structure(Draft, call.body, path=("body",))
    problems = [*_id_problems(call, draft), *_rule_problems(call, draft.rule)]
    terms, wrong = None, []
    try:
        terms = terms_of(structure(Trigger, draft.rule.get("trigger"), extras="drop", path=("trigger",)))
    except Invalid as error:
        wrong = list(error.problems)
    shown: dict[tuple[str, str], Wrong] = {}
    for one in (*problems, *wrong):
        told = Wrong(".".join(map(str, one.path)), one.type, one.reason, one.suggestion or None, one.ctx.get("column"))
        shown.setdefault((told.field, told.message), told)
    return Checked(not shown, list(shown.values()), terms.on if terms else "", terms.off if terms else "")


def _id_problems(call: Call, draft: Draft) -> Iterator[Problem]:
    ident, board = draft.rule.get("alert_id"), call.system.board
    if draft.alert_id is None:
        if isinstance(ident, str) and board.get(f"rule:{ident}") is not None:
            yield Problem(("alert_id",), "exists", "there is an alert of this id already", ident)
    elif board.get(f"rule:{draft.alert_id}") is None:
        raise invalid("value_error", ["body", "alert_id"], "there is no alert of this id", draft.alert_id)
    elif ident != draft.alert_id:
        yield Problem(("alert_id",), "value_error", "the id of an alert stays what it is", ident)
    known = (state.ref.partition(":")[2] for state in board.kind("rule") if state.value is not None)
    yield from _unknown(draft.rule.get("inhibited_by"), {*known})


def _unknown(said: Any, known: set[str]) -> Iterator[Problem]:
    for number, one in enumerate(said if isinstance(said, list) else ()):
        if isinstance(one, str) and one not in known:
            yield Problem(("inhibited_by", number), "value_error", f"there is no alert '{one[:64]}'", one)


def _rule_problems(call: Call, body: dict[str, Any]) -> Iterable[Problem]:
    try:
        checked_rule(call.system, body)
    except Invalid as error:
        return [attrs.evolve(one, path=one.path[1:]) for one in error.problems]
    return ()


_READ = {"auth": Auth.token, "family": Family.error, "tag": "oracle"}
ROUTES = (
    Route("GET", "/api/oracle/alerts/words", words, scope=Scope.read, answer=AlertWords, head=True, **_READ),
    Route("POST", "/api/oracle/alerts/check", check, scope=Scope.operate, body=Draft, strict=True, answer=Checked, asks=True,
          refuses=(503,), **_READ),
)
