"""What somebody needs who writes an alert, under `/api/oracle/alerts`: the words there are, and whether it would be taken."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import attrs

from oracle.alerts.actions import COMMANDS, When
from oracle.alerts.explain import event_of
from oracle.alerts.message import html_of, subject_of, text_of
from oracle.alerts.payload import PLACES, delivery_body, rehearsal
from oracle.alerts.permit import is_allowed
from oracle.alerts.rule import NEED_NOTHING, DeliveryMethod, GroupKey, Rule
from oracle.alerts.template import FILTERS
from oracle.alerts.terms import terms_of
from oracle.alerts.trigger import Direction, EventFilter, EventType, Trigger, TriggerType
from oracle.border import structure
from oracle.conditions.functions import FUNCTIONS
from oracle.model import Event, Severity
from oracle.problems import Invalid, Problem
from oracle.system import System
from web.alert_door import checked_rule
from web.errors import invalid
from web.routes import Auth, Call, Family, Route, Scope
from web.surfaces.fiml import watchdogs_now

__all__ = ["ROUTES"]

LOOKED_AT = 100  # of the newest events, for one to show a template with


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
    """Every word that an alert may be made of on this server, as it is now; `names` and `filters` are those of templates."""

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
    names: list[Word]
    filters: list[Word]


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
class AlertMessage:
    """What is said to people, by the templates where there are any: of the stored event `about`, or of a test where that is
    empty."""

    subject: str
    text: str
    html: str
    about: str


@attrs.frozen
class Checked:
    """Whether it would be taken, and what is wrong; `met` and `over` are its condition in words of `docs/conditions.md`, where it
    has one. `message` is what people would be told, null as long as the rule can't be read."""

    ok: bool
    problems: list[Wrong]
    met: str
    over: str
    message: AlertMessage | None


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
        [Word(name, note) for name, note in PLACES.items()], [Word(name, one.note) for name, one in FILTERS.items()],
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
    message = await _message(call.system, draft.rule)
    return Checked(not shown, list(shown.values()), terms.on if terms else "", terms.off if terms else "", message)


async def _message(system: System, body: dict[str, Any]) -> AlertMessage | None:
    """What people would be told by a rule as far as it is written: a way to be told that lacks something changes no words."""
    words = {name: body.get(name) for name in ("trigger", "templates")}
    said = {name: one if isinstance(one := body.get(name), str) else "" for name in ("name", "description")}
    try:
        rule = structure(Rule, {"alert_id": "draft", **said, **words, "delivery_methods": []}, extras="drop")
    except Invalid:
        return None
    now_us, event = system.runtime.now_us(), await _newest(system, rule)
    about = event or rehearsal(rule, "evt_draft", now_us)
    payload = delivery_body(rule, about, "dlv_draft", now_us) | ({} if event else {"test": True})
    return AlertMessage(subject_of(rule, payload), text_of(rule, payload), html_of(rule, payload), event.id if event else "")


async def _newest(system: System, rule: Rule) -> Event | None:
    """The newest of the last events that would set the rule off, so that a template is shown with what such events say."""
    if rule.trigger.type is not TriggerType.watchdog_event:
        return None
    wanted = rule.trigger.event_filter or EventFilter()
    kinds = [str(kind) for kind in wanted.event_types or ()]
    page = await system.queries.events(kind=kinds or None, source_prefix="watchdog:", limit=LOOKED_AT)
    events = map(event_of, page.items)
    return next((one for one in events if rule.trigger.fires_on(one, rule.alert_id)), None)


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
