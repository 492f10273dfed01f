"""The actor that watches over the desk: marks the book, trips and resets breakers, and keeps how much autonomy there is."""

from __future__ import annotations

import contextlib
from typing import Any

import attrs
import trio

from actors import Actor, Published, Refused, Timer
from oracle.board import Board
from oracle.commit import NOT_NOW
from oracle.history import Commit, Queries
from oracle.history.bars import interval_us
from oracle.model import Bar, Command, Event, Sample, Severity, State, event_id
from oracle.receipts import Receipts, undone
from oracle.settings import Risk
from oracle.sources import is_pushed
from oracle.trading.kill_switch import tripped
from oracle.trading.risk.autonomy import LADDER, changed
from oracle.trading.risk.breakers import AGED, HALTING, Breaker, Inputs, breakers
from oracle.trading.risk.day_trades import DayTrades, past_trades
from oracle.trading.risk.marks import mark, near_stop
from oracle.trading.risk.view import account_of, autonomy_of, positions_of, prices_of

__all__ = ["AUTONOMY", "EQUITY", "HEARTBEAT", "RiskMemory", "RiskWatch"]

EQUITY, AUTONOMY, HEARTBEAT = "equity:desk", "autonomy:desk", "heartbeat:operator"
SOURCE, SETTINGS = "risk", "settings"
LOOK_S = 2.0
TELL_US = 60_000_000  # what only grows older, and the equity's curve, are told this often
COMMIT_TIMEOUT_S = 4.0  # less than the asker waits
WAIT_S = 5.0


@attrs.define
class RiskMemory:
    """What outlives the actor's lives: whether the process's start has been counted as a heartbeat, and when the newest bar
    came. Bars are heard by a listener of the bus (`hear`): a mailbox full of them would drop what it is asked."""

    begun: bool = False
    newest_us: int | None = None

    def hear(self, published: Published) -> None:
        """Note that a bar came. A pushed one is not newer than its end."""
        bar, at_us = published.message, published.time_us
        if isinstance(bar, Bar):
            if is_pushed(bar.source):
                with contextlib.suppress(Refused):  # an interval of somebody's own
                    at_us = min(at_us, bar.ts_us + interval_us(bar.interval))
            self.newest_us = max(self.newest_us or 0, at_us)


class RiskWatch(Actor):
    """`risk`. Marks the book to market (State `equity:desk`) and judges the breakers (States `breaker:NAME`) every 2 s, and at
    once when the account or the reconciliation changes. Tells of both by the Events `breaker_tripped`, `breaker_reset` and
    `risk_breach`, and by a Sample `equity` of `desk` each minute. A drawdown, a day's loss or books that drift apart trip the
    kill switch, once each time they come about.

    Asked `Command("heartbeat")` (an operator is there; State `heartbeat:operator`) or `Command("autonomy", {"mode",
    "confirmation", "may_raise"})` (State `autonomy:desk`); answers with the state's value once it is committed. Refused:
    `invalid`, `conflict` (more than one step up), `forbidden` (up, and `may_raise` is false), `unavailable` (can't be stored
    now; less autonomy is in force all the same). A Command with an id is carried out once. A start of the process counts as a
    heartbeat.
    """

    listens = ("sample:vix:*", "state:account:desk", "state:reconciliation:desk")

    def __init__(
        self, board: Board, risk: Risk, receipts: Receipts, queries: Queries, day_trades: DayTrades, memory: RiskMemory,
    ) -> None:
        self._board = board
        self._risk = risk
        self._receipts = receipts
        self._queries = queries
        self._day_trades = day_trades
        self._memory = memory
        self._vix: float | None = None
        self._next: Timer | None = None
        self._sampled_us = 0
        self._tell_us = min(TELL_US, round(risk.breakers.stale_data_s * 1e6 / 4))  # whoever goes by an age is not far off

    async def start(self) -> None:
        """Take over what was so, and look for the first time."""
        now_us = self.now_us()
        if not self._memory.begun:
            self._board.put(HEARTBEAT, {"at_us": now_us, "by": "start"}, now_us)
            self._memory.begun = True
        known = self._board.get(AUTONOMY)
        if known is None or (known["by"] == SETTINGS and known["mode"] != self._risk.autonomy):
            self._board.put(AUTONOMY, {"mode": self._risk.autonomy, "since_us": now_us, "by": SETTINGS}, now_us)
        self._vix = (self._board.get("breaker:vix") or {}).get("value")
        known_us = (self._board.get("breaker:stale_data") or {}).get("newest_us")
        self._memory.newest_us = self._memory.newest_us or known_us
        for published in self.runtime.bus.retained("sample:vix:*"):
            self._vix = published.message.value
        self.helper(self._count_day_trades)
        await self._look()
        self._look_again()

    async def receive(self, message: Any) -> dict[str, Any] | None:
        """A tick of the watch, news, or a command."""
        match message:
            case Sample(value=value):
                self._vix = value
                await self._look()
            case State():
                await self._look()
            case "look":
                await self._look()
                self._look_again()
            case Command(verb="heartbeat"):
                return await self._heartbeat(message)
            case Command(verb="autonomy"):
                return await self._set_autonomy(message)
            case Command(verb=verb):
                raise Refused(f"risk can't be asked to {verb}", "unknown_verb", {"verb": verb})
        return None

    # ---- watching

    def _look_again(self) -> None:
        if self._next is not None:
            self._next.cancel()
        self._next = self.after(LOOK_S, "look")

    async def _look(self) -> None:
        now_us = self.now_us()
        marked = self._mark(now_us)
        drift = (self._board.get("reconciliation:desk") or {}).get("drift_pct")
        heard = [one for one in (self._memory.newest_us, self._board.sources.newest_us) if one is not None]
        inputs = Inputs(
            now_us=now_us, vix=self._vix, newest_data_us=max(heard, default=None), drift_pct=drift,
            drawdown_pct=marked and marked["drawdown_pct"], daily_pnl_pct=marked and marked["daily_pnl_pct"],
            heartbeat_us=(self._board.get(HEARTBEAT) or {}).get("at_us"),
        )  # fmt: skip
        on = {state.ref.partition(":")[2] for state in self._board.kind("breaker") if state.value and state.value["on"]}
        for breaker in breakers(inputs, self._risk, on):
            if self._next is None and breaker.name == "stale_data" and breaker.name not in on:
                breaker = attrs.evolve(breaker, on=False, reason="")  # feeds have until the next look to begin
            self._say(breaker, inputs)
            await self._halt(breaker)

    def _mark(self, now_us: int) -> dict[str, Any] | None:
        """The book as it is worth now; None while there is none."""
        account = account_of(self._board)
        if account is None:
            return None
        before, positions = self._board.get(EQUITY) or {}, positions_of(self._board)
        marked = mark(before, account, positions, prices_of(self._board, positions), now_us)
        near = near_stop(positions, marked["prices"], self._risk.limits.stop_loss_pct)
        for symbol in near.keys() - before.get("at_risk", ()):
            self._warn(symbol, near[symbol], now_us)
        marked["at_risk"] = sorted(near)
        if {**marked, "ts_us": 0} != {**before, "ts_us": 0}:
            self._board.put(EQUITY, marked, now_us)
        if now_us - self._sampled_us >= TELL_US:
            self._sampled_us = now_us
            self.publish(Sample("equity", "desk", marked["equity"], account.currency, now_us, SOURCE))
        return marked

    def _warn(self, symbol: str, loss: float, now_us: int) -> None:
        stop = self._risk.limits.stop_loss_pct
        reason = f"{symbol} has lost {loss:.2f} %, and its stop is at {stop:g} %"
        self._breach("position_at_risk", Severity.high if loss >= stop else Severity.medium, reason, symbol, loss, stop, now_us)

    def _say(self, breaker: Breaker, inputs: Inputs) -> None:
        """Have a breaker on the board, and tell when it trips and when it resets."""
        now_us, state = inputs.now_us, self._board.state(f"breaker:{breaker.name}")
        before = (state.value if state else None) or {}
        turned = breaker.on != before.get("on", False)
        value = {
            "on": breaker.on, "reason": breaker.reason, "value": breaker.value, "limit": breaker.limit,
            "since_us": now_us if turned or not before else before["since_us"],
            "halted": not turned and before.get("halted", False),
        }  # fmt: skip
        if breaker.name == "stale_data":
            value["newest_us"] = inputs.newest_data_us
        if state is None or turned or now_us - state.ts_us >= self._tell_us or _is_news(breaker, before):
            self._board.put(f"breaker:{breaker.name}", value, now_us)
        if turned:
            self._tell(breaker, now_us)

    def _tell(self, breaker: Breaker, now_us: int) -> None:
        name = breaker.name
        kind = "breaker_tripped" if breaker.on else "breaker_reset"
        severity = (Severity.critical if name in HALTING else Severity.high) if breaker.on else Severity.low
        summary = f"Circuit breaker {name}: {breaker.reason}" if breaker.on else f"Circuit breaker {name} is reset"
        data = {"breaker": name, "reason": breaker.reason, "value": breaker.value, "limit": breaker.limit}
        self.publish(Event(event_id(kind, name, SOURCE, now_us), kind, name, SOURCE, severity, summary, data, now_us))
        if breaker.on:
            self._breach(name, severity, breaker.reason, "", breaker.value, breaker.limit, now_us)

    def _breach(
        self, kind: str, severity: Severity, reason: str, symbol: str, current: float | None, limit: float, now_us: int,
    ) -> None:
        subject = symbol or kind
        data = {"type": kind, "severity": severity.value, "reason": reason, "symbol": symbol, "current_value": current,
                "limit_value": limit}  # fmt: skip
        ident = event_id("risk_breach", subject, SOURCE, now_us, kind)
        self.publish(Event(ident, "risk_breach", subject, SOURCE, severity, reason, data, now_us))

    async def _halt(self, breaker: Breaker) -> None:
        """Trip the kill switch for a breaker that has come about, and remember that: after a resume it does not do so again."""
        ref = f"breaker:{breaker.name}"
        value = self._board.get(ref)
        if breaker.name not in HALTING or not value or not value["on"] or value["halted"]:
            return
        if tripped(self._board) is None:
            cause = event_id("breaker_tripped", breaker.name, SOURCE, value["since_us"])
            reason = f"circuit breaker {breaker.name}: {breaker.reason}"
            try:
                await self.ask("kill_switch", Command("trip", {"reason": reason}, SOURCE, cause))
            except NOT_NOW:
                return  # the next look tries again
        self._board.put(ref, {**value, "halted": True}, self.now_us())

    async def _count_day_trades(self) -> None:
        """Count what the history knows; until that is done nobody may make a day trade that could be one too many."""
        while not self._day_trades.known:
            try:
                self._day_trades.load(await past_trades(self._queries, self.now_us(), self._risk.pdt.rolling_window_days))
            except Refused:
                await trio.sleep(WAIT_S)

    # ---- commands

    async def _heartbeat(self, command: Command) -> dict[str, Any]:
        if not self._receipts.applied(command.id):
            now_us = self.now_us()
            value = {"at_us": now_us, "by": command.by}
            told = self._told(command, "heartbeat", HEARTBEAT, f"{command.by} is there", value, now_us)
            draft = self._board.draft(HEARTBEAT, value, now_us)
            try:
                await self.ask("history", Commit((draft, told)), COMMIT_TIMEOUT_S)
            except NOT_NOW as no:
                raise Refused(f"a heartbeat can't be stored now: {no}", "unavailable") from no
            self._put_in_force(draft, told)
            await self._look()
        return dict(self._board.get(HEARTBEAT) or {})

    async def _set_autonomy(self, command: Command) -> dict[str, Any]:
        now = autonomy_of(self._board)
        if not self._receipts.applied(command.id):
            to = changed(now, str(command.args.get("mode", "")), str(command.args.get("confirmation") or ""))
            if LADDER.index(to) > LADDER.index(now) and not command.args.get("may_raise", True):
                raise Refused(f"who may operate may lower the autonomy, to raise it from {now} takes admin", "forbidden")
            now_us = self.now_us()
            value = {"mode": to.value, "since_us": now_us, "by": command.by}
            told = self._told(command, "autonomy_changed", AUTONOMY, f"Autonomy: {now} -> {to} by {command.by}",
                              {"from": now.value, "to": to.value, "by": command.by}, now_us)  # fmt: skip
            draft = self._board.draft(AUTONOMY, value, now_us)
            try:
                await self.ask("history", Commit((draft, told)), COMMIT_TIMEOUT_S)
            except NOT_NOW as no:
                raise self._unstored(draft, told, down=LADDER.index(to) <= LADDER.index(now)) from no
            self._put_in_force(draft, told)
        return dict(self._board.get(AUTONOMY) or {})

    def _unstored(self, draft: State, told: Event, *, down: bool) -> Refused:
        """What to do about a change of which nobody knows whether it was stored: less autonomy is in force at once, and more
        is taken back. The history hears of either as soon as it can write."""
        if down:
            self._put_in_force(draft, told)
            return Refused("it is in force, and can't be stored now", "unavailable")
        before = State(AUTONOMY, self._board.get(AUTONOMY), draft.version, draft.ts_us)
        self._board.apply(before)
        self.publish(undone(told))
        return Refused("it can't be stored now, and stays as it was", "unavailable")

    def _put_in_force(self, draft: State, told: Event) -> None:
        self._receipts.note_applied(told.cause)
        self._board.apply(draft)
        self.publish(told)

    def _told(self, command: Command, kind: str, ref: str, summary: str, data: dict[str, Any], now_us: int) -> Event:
        version = self._board.draft(ref, None, now_us).version
        salt = (0, command.id) if command.id else (now_us, version)
        severity = Severity.low if kind == "heartbeat" else Severity.high
        return Event(event_id(kind, ref, SOURCE, *salt), kind, ref, SOURCE, severity, summary, data, now_us, command.id)


def _is_news(breaker: Breaker, before: dict[str, Any]) -> bool:
    if breaker.name in AGED:
        return breaker.limit != before["limit"]
    then, now = before["value"], breaker.value
    return breaker.limit != before["limit"] or (then is None) != (now is None) or round(then or 0, 2) != round(now or 0, 2)
