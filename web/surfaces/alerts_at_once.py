"""Many alerts at once, under `/api/oracle/alerts`: all of them as one text, and what is done to several. Each is answered for by
itself: what one is refused for keeps no other from being done.

Sent again with the same `Idempotency-Key` after a 503 or 504, what was done already is not done again.
"""

from __future__ import annotations

import contextlib
import enum
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import attrs

from actors import Refused
from oracle.alerts import Rule, rule_of
from oracle.alerts.inhibitors import circle
from oracle.alerts.masks import unkept_among
from oracle.alerts.rulebook import entries, rulebook
from oracle.border import structure
from oracle.problems import Invalid
from oracle.receipts import part_of
from web.alert_door import ask_desk, checked_rule, commands_of, may_call, settled
from web.errors import invalid
from web.routes import Answer, Auth, Call, Family, Route, Scope

__all__ = ["ROUTES"]

MOST_IMPORTED = 200
MOST_NAMED = 1_000
_OF_THE_RULE = ("exists", "not_found", "mismatch", "invalid", "forbidden")  # codes; any other says nothing about the rule


class Mode(enum.StrEnum):
    """What becomes of an alert whose id there is already: refused, replaced or left as it is."""

    create = "create"
    replace = "replace"
    skip = "skip"


class Action(enum.StrEnum):
    """What may be done to many."""

    enable = "enable"
    disable = "disable"
    delete = "delete"


@attrs.frozen
class ImportWish:
    """The text of an export, or one like it; `dry_run` only says what would be done."""

    toml: str
    mode: Mode = Mode.create
    dry_run: bool = False


@attrs.frozen
class Fault:
    """What is wrong with a field of an alert; an empty field is all of it."""

    field: str
    type: str
    reason: str
    suggestion: str | None = None


@attrs.frozen
class Imported:
    """What became of one alert: created, replaced, skipped or refused."""

    alert_id: str | None
    status: str
    problems: list[Fault] = attrs.field(factory=list)


@attrs.frozen
class ImportDone:
    """How many alerts were created, replaced, skipped and refused, and what became of each, in the order of the text."""

    dry_run: bool
    created: int
    replaced: int
    skipped: int
    refused: int
    items: list[Imported]


@attrs.frozen
class Bulk:
    """What to do, and to which alerts: `alert_ids`, or `all` that there are."""

    shape: ClassVar = {"oneOf": [
        {"properties": {"alert_ids": {"type": "array"}, "all": {"const": False}}, "required": ["alert_ids"]},
        {"properties": {"alert_ids": {"type": "null"}, "all": {"const": True}}, "required": ["all"]},
    ]}  # fmt: skip
    action: Action
    alert_ids: tuple[str, ...] | None = None
    all: bool = False


@attrs.frozen
class Touched:
    """What became of one alert: enabled, disabled, deleted or refused, and why."""

    alert_id: str
    status: str
    code: str | None = None
    reason: str | None = None


@attrs.frozen
class BulkDone:
    """How many were done, how many refused, and what became of each."""

    action: str
    done: int
    refused: int
    items: list[Touched]


async def export(call: Call) -> Answer:
    """Every alert that this version understands as TOML, in the order they were created, with its secrets masked."""
    return Answer(rulebook(_rules(call)).encode(), content_type="text/plain; charset=utf-8")


async def import_(call: Call) -> ImportDone:
    """Take alerts out of TOML, each by itself: one that is refused keeps no other from being created.

    A masked secret keeps that of the alert with this id, if it is for the same far end; where there is none to keep, the alert is
    refused. An unknown key is refused too, as a word that was misspelled.
    """
    wish = structure(ImportWish, call.body, path=("body",))
    try:
        found = entries(wish.toml)
    except Invalid as wrong:
        raise Invalid(attrs.evolve(one, path=("body", *one.path)) for one in wrong.problems) from None
    if len(found) > MOST_IMPORTED:
        raise invalid("too_long", ["body", "toml"], f"at most {MOST_IMPORTED} alerts at once, this has {len(found)}")
    seen: dict[str, Rule] = {}
    items = [await _imported(call, wish, entry, seen) for entry in found]
    if not wish.dry_run:
        await settled(call)
    counts = [sum(item.status == status for item in items) for status in ("created", "replaced", "skipped", "refused")]
    return ImportDone(wish.dry_run, *counts, items)


async def bulk(call: Call) -> BulkDone:
    """Enable, disable or delete many alerts, each by itself; one that is not there keeps no other from being done."""
    wish = structure(Bulk, call.body, path=("body",))
    if (wish.alert_ids is not None) == wish.all:
        raise invalid("value_error", ["body", "alert_ids"], "give alert_ids or all, one of both")
    named = tuple(dict.fromkeys(wish.alert_ids or ()))
    if len(named) > MOST_NAMED:
        raise invalid("too_long", ["body", "alert_ids"], f"List should have at most {MOST_NAMED} items")
    idents = named if wish.alert_ids is not None else tuple(value["alert_id"] for value in _values(call))
    items = [await _touched(call, wish.action, ident) for ident in idents]
    await settled(call)
    refused = sum(item.status == "refused" for item in items)
    return BulkDone(str(wish.action), len(items) - refused, refused, items)


# ---- one of them


async def _imported(call: Call, wish: ImportWish, entry: Any, seen: dict[str, Rule]) -> Imported:
    ident = entry.get("alert_id") if isinstance(entry, dict) else None
    shown = ident[:128] if isinstance(ident, str) else None
    try:
        rule = checked_rule(call.system, entry, extras="refuse")
        if rule.alert_id in seen:
            return Imported(shown, "refused", [Fault("alert_id", "value_error", "it stands in the text before")])
        seen[rule.alert_id] = rule
        return Imported(shown, await _carried_out(call, wish, rule, seen))
    except Invalid as wrong:
        return Imported(shown, "refused", list(_faults(wrong)))
    except Refused as no:
        if no.code not in _OF_THE_RULE:
            raise
        return Imported(shown, "refused", [Fault("alert_id" if no.code == "exists" else "", no.code, str(no.reason))])


async def _carried_out(call: Call, wish: ImportWish, rule: Rule, seen: Mapping[str, Rule]) -> str:
    ident = rule.alert_id
    creating = f"create {ident}"
    value = call.system.board.get(rule.ref)
    if call.system.receipts.applied(part_of(call.command_id, creating)):
        value = None  # it was created by this very command, before it was sent again
    if value is not None and wish.mode is Mode.skip:
        return "skipped"
    if value is not None and wish.mode is Mode.create:
        raise Refused(f"Alert with ID '{ident}' already exists", code="exists")
    if wish.dry_run:
        may_call(call.who, commands_of(rule))
        for place, why in unkept_among(rule, None if value is None else rule_of(value)):
            raise invalid("value_error", ["body", *place.split(".", 2)], f"Value error, {why}")
        known = {one["alert_id"]: one.get("inhibited_by", ()) for one in _values(call)}
        if circle(ident, rule.inhibited_by, known | {name: one.inhibited_by for name, one in seen.items()}):
            raise invalid("value_error", ["body", "inhibited_by"], "Value error, it would inhibit itself")
    elif value is None:
        await ask_desk(call, "create", creating, rule=rule)
    else:
        await ask_desk(call, "replace", f"replace {ident}", alert_id=ident, rule=rule)
    return "created" if value is None else "replaced"


async def _touched(call: Call, action: Action, ident: str) -> Touched:
    try:
        await ask_desk(call, str(action), f"{action} {ident}", alert_id=ident)
    except Refused as no:
        if no.code not in _OF_THE_RULE:
            raise
        return Touched(ident, "refused", no.code, str(no.reason))
    return Touched(ident, f"{str(action).removesuffix('e')}ed")


def _rules(call: Call) -> list[Rule]:
    rules = []
    for value in _values(call):
        with contextlib.suppress(Invalid):
            rules.append(rule_of(value))
    return rules


def _values(call: Call) -> list[dict[str, Any]]:
    values = [state.value for state in call.system.board.kind("rule") if state.value is not None]
    return sorted(values, key=lambda value: value["created_us"])


def _faults(wrong: Invalid) -> Iterator[Fault]:
    for one in wrong.problems:
        yield Fault(".".join(map(str, one.path[1:])), one.type, one.reason, one.suggestion or None)


_ALL = "/api/oracle/alerts"
_DO = {"auth": Auth.token, "scope": Scope.operate, "family": Family.error, "tag": "oracle", "refuses": (503, 504)}
ROUTES = (
    Route("GET", f"{_ALL}/export", export, Auth.token, Scope.read, Family.error, answer="text/plain", tag="oracle", head=True),
    Route("POST", f"{_ALL}/import", import_, body=ImportWish, strict=True, answer=ImportDone, **_DO),
    Route("POST", f"{_ALL}/bulk", bulk, body=Bulk, strict=True, answer=BulkDone, **_DO),
)
