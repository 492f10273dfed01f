"""Alpha-oracle's risk routes, as far as there is something behind them: the kill switch."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Literal

import attrs

from actors import Refused
from oracle.border import structure
from oracle.history.page import decode_cursor
from oracle.model import Command
from oracle.receipts import UNDONE
from oracle.trading import SWITCH, tripped
from web.errors import invalid
from web.params import CURSOR
from web.routes import Auth, Call, Param, Route, Scope
from web.wire import iso

__all__ = ["ROUTES"]

LONGEST_REASON = 2_000
ACTIVATED = "Kill switch activated. All trading halted."
DEACTIVATED = "Kill switch deactivated. Trading may go on."
_short = attrs.validators.optional(attrs.validators.max_len(LONGEST_REASON))
_CONFIRMATION = {"activate": "KILL", "deactivate": "RESUME"}
_ACTION = {"trip": "activate", "resume": "deactivate"}
_OUTCOME = {"kill_switch_tripped": "done", "kill_switch_resumed": "done", "kill_switch_unchanged": "unchanged", UNDONE: "undone"}


@attrs.frozen
class KillSwitchStatus:
    """Whether trading must not go on, why (empty while it may), and since when."""

    active: bool
    reason: str
    activated_at: datetime | None


@attrs.frozen(kw_only=True)
class KillSwitchWish:
    """What to do with the kill switch; `confirmation` is the typed word, KILL to activate, RESUME to deactivate."""

    shape: ClassVar = {"oneOf": [
        {"properties": {"action": {"const": "activate"}, "confirmation": {"const": "KILL"}}},
        {"properties": {"action": {"const": "deactivate"}, "confirmation": {"const": "RESUME"}}},
    ]}  # fmt: skip
    action: Literal["activate", "deactivate"]
    confirmation: str
    reason: str | None = attrs.field(default=None, validator=_short)


@attrs.frozen
class KillSwitchDone:
    """How the kill switch is now: `status` activated or deactivated."""

    status: str
    message: str


@attrs.frozen
class KillSwitchAct:
    """Who asked for what, when and why. `outcome`: done, unchanged (it was so already), or undone (nobody knew whether a resume
    was stored, so it was taken back)."""

    at: datetime
    action: str
    by: str
    reason: str
    outcome: str


@attrs.frozen
class KillSwitchHistory:
    """Acts, newest first; `next` asks for the rest, None at the end."""

    items: list[KillSwitchAct]
    next: str | None


async def status(call: Call) -> KillSwitchStatus:
    """Whether trading may go on.

    While it is active the desk places no order, and bots outside can go by the same word. On the stream it is
    `state:switch:kill`, and `event:kill_switch_tripped:*` tells of each time it is activated.
    """
    now = tripped(call.system.board)
    return KillSwitchStatus(now is not None, now.reason if now else "", iso(now.since_us) if now else None)


async def switch(call: Call) -> KillSwitchDone:
    """Say that trading must not go on, or that it may again; answers when that is on disk.

    When it is activated the desk cancels every open order and refuses all others, exits too; positions stay. To activate takes
    the scope operate, to deactivate admin, and not before the cooldown `risk.kill_switch_cooldown_s` is over (409, which says
    when). One that is active already keeps its reason and its cooldown; what is so already is answered as if it were new.
    """
    wish = structure(KillSwitchWish, call.body, extras="drop", path=("body",))
    word = _CONFIRMATION[wish.action]
    if wish.confirmation != word:
        raise invalid("literal_error", ["body", "confirmation"], f"Input should be '{word}'", wish.confirmation)
    if wish.action == "activate":
        await _ask(call, "trip", wish)
        return KillSwitchDone("activated", ACTIVATED)
    if not call.who.scope.includes(Scope.admin):
        raise Refused(f"scope {Scope.admin} is needed to resume, this token has {call.who.scope}", code="forbidden")
    await _ask(call, "resume", wish)
    return KillSwitchDone("deactivated", DEACTIVATED)


async def history(call: Call) -> KillSwitchHistory:
    """Who activated and deactivated the kill switch, when and why, newest first."""
    page = await call.system.queries.events(
        kind=_OUTCOME, subject=SWITCH, limit=call.args["limit"], cursor=call.args["cursor"])
    return KillSwitchHistory([_act(row) for row in page.items], page.next)


async def _ask(call: Call, verb: str, wish: KillSwitchWish) -> None:
    await call.system.runtime.ask("kill_switch", Command(verb, {"reason": wish.reason}, call.who.name, call.command_id))


def _act(row: dict[str, Any]) -> KillSwitchAct:
    data = row["data"]
    return KillSwitchAct(iso(row["ts_us"]), _ACTION[data["action"]], data["by"], data["reason"], _OUTCOME[row["kind"]])


_LIMIT = Param("limit", "int", default=100, ge=1, le=1_000, doc="most acts")
_CURSOR = Param("cursor", check=lambda text: decode_cursor(text, 2), shape=CURSOR, doc="`next` of the page before")
_ONE = "/api/risk/kill-switch"
_TAG = "risk"
ROUTES = (
    Route("GET", _ONE, status, Auth.token, answer=KillSwitchStatus, tag=_TAG),
    Route("POST", _ONE, switch, Auth.token, Scope.operate, body=KillSwitchWish, answer=KillSwitchDone, refuses=(409, 503, 504),
          tag=_TAG),
    Route("GET", f"{_ONE}/history", history, Auth.token, params=(_LIMIT, _CURSOR), answer=KillSwitchHistory, refuses=(503, 504),
          tag=_TAG),
)  # fmt: skip
