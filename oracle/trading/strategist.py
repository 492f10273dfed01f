"""The actor around a strategy: feeds it, tells its signals, and asks the desk for what they want."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import attrs
import trio

from actors import Actor, Refused, Reply
from oracle.border import structure
from oracle.commit import NOT_NOW, committed
from oracle.crash import crash_point
from oracle.log import logger
from oracle.model import Bar, Command, Event, Sample
from oracle.trading.ml.lesson import Lesson, Model
from oracle.trading.ml.worker import trained
from oracle.trading.signal import Signal, Strategy
from oracle.trading.strategy_course import StrategyCourse
from oracle.trading.strategy_dealer import Dealer, signal_event
from oracle.trading.strategy_past import DAY_US
from oracle.trading.strategy_plan import Plan, is_enabled

__all__ = ["Strategist"]

LOG = logger("strategist")
GATHER_S = 2.0  # from the first bar of a day to the round that decides it, so that the bars of a day are decided together
AFTER_MIDNIGHT_S = 90.0  # UTC days end at midnight, and the history has their last minute a little later
AGAIN_S = 30.0  # until what the desk did not answer is asked again
BESIDE = {
    "fundamentals": tuple(f"sample:fundamental_{name}:*" for name in ("pe_ratio", "pb_ratio", "ev_ebitda")),
    "insider_transactions": ("event:insider_trade:*",),
}


class Strategist(Actor):
    """`strategy:NAME`. Decides each closed daily bar of the universe once, in rounds; whatever it decides is committed with State
    `strategy:NAME` before anybody is told, so a restart says nothing twice and forgets nothing that the desk was to be asked.

    The state: enabled, unavailable (why it can't work; empty where it can), decided (of each symbol, when its last decided bar
    began), pending (signals the desk has not answered yet), verdicts, last_signal_us, model (of what it has learned).
    """

    def __init__(self, plan: Plan, strategy: Strategy, dealer: Dealer) -> None:
        self.plan = plan
        self.strategy = strategy
        self.dealer = dealer
        self.board = plan.board
        self.unavailable = strategy.unavailable()
        beside = [topic for need, topics in BESIDE.items() if need in strategy.required_data for topic in topics]
        self.listens = ("bar:1d:*", f"state:switch:strategy:{plan.name}", "state:position:*", "state:order:*", *beside)
        self._waiting: dict[int, dict[str, Bar]] = {}
        self._pending: list[Signal] = []
        self._early: list[Sample | Event] = []
        self._begun = self._again = self._training = self._rounds = False

    async def start(self) -> None:
        """Take up what it knew. Nobody waits for it to take in the past, which comes first of all that it does then."""
        known = self.board.get(self.name) or {}
        self.course = StrategyCourse(self.strategy, dict(known.get("decided", {})))
        self._pending = [_signal_of(row) for row in known.get("pending", ())]
        self._last_signal_us = known.get("last_signal_us")
        self.after(0.0, "begin")

    async def receive(self, message: Any) -> None:
        """A bar, what is said beside bars, or an own timer."""
        match message:
            case Bar():
                self._note(message)
            case Sample() | Event():
                (self.strategy.update if self._begun else self._early.append)(message)
            case Model():
                await self._adopt(message)
            case Command(verb="retrain"):
                self.helper(self._retrain, self.reply_later())
            case Command(verb=verb):
                raise Refused(f"a strategy can't be asked to {verb}", "unknown_verb", {"verb": verb})
            case "begin":
                await self._begin()
            case "round":
                self._rounds = False
                await self._round()
            case "midnight":
                await self._catch_up()
                self._arm_midnight()
            case "again":
                self._again = False
                await self._deal()
            case _ if self._begun:
                self._report()

    async def _begin(self) -> None:
        """Take in the past, decide what closed while nobody looked, and ask the desk for what it was not asked."""
        await self._recall_model()
        await self._learn_past()
        for said in self._early:
            self.strategy.update(said)
        self._early.clear()
        self._begun = True
        if self._waiting:
            await self._round()
        self._arm_midnight()

    def _note(self, bar: Bar) -> None:
        if not bar.closed or bar.symbol not in self.plan.symbols or bar.ts_us <= self.course.seen.get(bar.symbol, -1):
            return
        if bar.ts_us > self.now_us():  # a day that has not begun: taken in, it would hide those before it
            return
        self._waiting.setdefault(bar.ts_us, {})[bar.symbol] = bar
        if not self._rounds:
            self._rounds = True
            self.after(GATHER_S, "round")

    async def _learn_past(self) -> None:
        since_us = dict.fromkeys(self.plan.symbols, self.now_us() - self._reach_us())
        try:
            bars = await self.plan.past.bars(self.plan.symbols, since_us, self.now_us())
            beside = await self.plan.past.beside(self.strategy.required_data, self.plan.symbols, self.now_us())
        except NOT_NOW as no:
            LOG.warning("a strategy begins without its past", name=self.name, reason=str(no))
            bars, beside = [], []
        signals = self.course.learn(bars, beside, self.now_us(), self._own_positions)
        await self._act(signals)

    def _reach_us(self) -> int:
        """How far back it has to see: twice its warmup in days, as an exchange is closed on weekends and holidays."""
        return (2 * self.strategy.warmup_bars + 100) * DAY_US

    async def _catch_up(self) -> None:
        """Look for bars in the history that nobody told of."""
        since_us = {symbol: self.course.seen.get(symbol, self.now_us() - self._reach_us()) for symbol in self.plan.symbols}
        try:
            for bar in await self.plan.past.bars(self.plan.symbols, since_us, self.now_us()):
                self._waiting.setdefault(bar.ts_us, {})[bar.symbol] = bar
        except NOT_NOW as no:
            LOG.warning("a strategy can't look for bars", name=self.name, reason=str(no))
        await self._round()

    async def _round(self) -> None:
        if not self._begun:
            return
        waiting, self._waiting = sorted(self._waiting.items()), {}
        signals: list[Signal] = []
        for _, bars in waiting:
            signals += self.course.step(bars.values(), self.now_us(), self._own_positions())
        await self._act(signals)

    async def _act(self, signals: Iterable[Signal]) -> None:
        """Commit what was decided, tell it, and have it done."""
        self.dealer.forget()
        newest = {signal.symbol: signal for signal in signals} if self._works() else {}
        now_us = self.now_us()
        told = [signal_event(self.name, signal, now_us) for signal in newest.values()]
        if newest:
            self._last_signal_us = now_us
            self._pending = [one for one in self._pending if one.symbol not in newest] + list(newest.values())
        draft = self.board.draft(self.name, self._value(), now_us)
        if told or self.course.decided != (self.board.get(self.name) or {}).get("decided"):
            await committed(self, (draft, *told))
        crash_point("strategist:committed")
        self.board.apply(draft)
        for event in told:
            self.publish(event)
        await self._deal()
        self._tell_drift()
        self._begin_training()

    async def _deal(self) -> None:
        """Ask the desk for what is pending; what it can't say now is asked again."""
        left = []
        for signal in self._pending:
            if not self._works() or self.now_us() - signal.ts_us > 3 * DAY_US:
                self.dealer.note(signal.symbol, "Exec Block: too late, or switched off")
            elif not await self.dealer.deal(self, signal):
                left.append(signal)
        self._pending = left
        self._report()
        if left and not self._again:
            self._again = True
            self.after(AGAIN_S, "again")

    def _works(self) -> bool:
        return not self.unavailable and self.plan.trading.live_strategies and is_enabled(self.board, self.plan.name)

    def _own_positions(self) -> dict[str, Any]:
        return self.dealer.own_positions()

    def _report(self) -> None:
        value = self._value()
        if value != self.board.get(self.name):
            self.board.put(self.name, value, self.now_us())

    def _value(self) -> dict[str, Any]:
        return {
            "name": self.plan.name, "enabled": is_enabled(self.board, self.plan.name), "unavailable": self.unavailable,
            "decided": dict(self.course.decided),
            "pending": [{**attrs.asdict(one), "direction": one.direction.value} for one in self._pending],
            "verdicts": {symbol: self._verdict(symbol) for symbol in self.plan.symbols},
            "last_signal_us": self._last_signal_us, "model": self.dealer.model,
        }  # fmt: skip

    def _verdict(self, symbol: str) -> dict[str, Any]:
        said = self.strategy.verdict(symbol)
        why, candidate = said.reason, said.candidate
        if self.unavailable:
            why, candidate = self.unavailable, False
        elif not self.plan.trading.live_strategies or not is_enabled(self.board, self.plan.name):
            why, candidate = "Inactive (strategy is switched off)", False
        elif noted := self.dealer.noted(symbol):
            why, candidate = noted, False
        elif symbol in self.course.late:
            why, candidate = f"{why}; its bar came too late to act upon", False
        return {"reason": why, "candidate": candidate, "direction": said.direction.value}

    def _arm_midnight(self) -> None:
        rest_us = DAY_US - self.now_us() % DAY_US
        self.after(rest_us / 1e6 + AFTER_MIDNIGHT_S, "midnight")

    # ---- what learns

    async def _recall_model(self) -> None:
        if self.plan.model_file is not None and not self.unavailable:
            model = await trio.to_thread.run_sync(self.plan.model_file.get)
            if model is not None:
                await self._adopt(model, report=False)

    async def _adopt(self, model: Model, report: bool = True) -> None:
        self._training = False
        await trio.to_thread.run_sync(self.strategy.adopt, model)  # type: ignore[attr-defined]  # imports what takes a second
        self.dealer.model = {"trained_us": model.trained_us, "rows": model.rows, "accuracy": model.accuracy,
                             "majority": model.majority, "proven": model.proven}  # fmt: skip
        if report:
            self._report()

    def _begin_training(self) -> None:
        if self.plan.model_file is None or self.unavailable or self._training:
            return
        lesson = self.strategy.lesson()  # type: ignore[attr-defined]
        if lesson is not None:
            self._training = True
            self.helper(self._train, lesson)

    async def _retrain(self, reply: Reply) -> None:
        """Train anew, and answer with what came of it. Refused: `unavailable`."""
        no = self.unavailable or ("" if self.plan.model_file else "it is no strategy that learns")
        lesson = None if no else self.strategy.lesson_now()  # type: ignore[attr-defined]
        if lesson is None:
            reply.fail(Refused(no or "there are too few bars to learn from", "unavailable"))
            return
        try:
            model = await trained(lesson)
        except Refused as refused:
            reply.fail(refused)
            return
        if model is None or self.plan.model_file is None:
            reply.fail(Refused("there is too little to learn from", "unavailable"))
            return
        await trio.to_thread.run_sync(self.plan.model_file.put, model)
        self.tell(self.name, model)
        reply.answer({"rows": model.rows, "accuracy": model.accuracy, "majority": model.majority, "proven": model.proven})

    async def _train(self, lesson: Lesson) -> None:
        try:
            model = await trained(lesson)
        except Refused as no:
            LOG.warning("a model was not trained", name=self.name, reason=no.reason)
            self._training = False
            return
        if model is not None and self.plan.model_file is not None:
            await trio.to_thread.run_sync(self.plan.model_file.put, model)
            self.tell(self.name, model)

    def _tell_drift(self) -> None:
        if self.plan.model_file is None:
            return
        for finding in self.strategy.drift():  # type: ignore[attr-defined]
            self.publish(self.plan.drift_event(finding))


def _signal_of(row: dict[str, Any]) -> Signal:
    return structure(Signal, row)

