"""The client that a session speaks through, on trio: it may have the runtime in its own process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from actors import AskTimeout, Refused
from oracle.client import Client
from oracle.notebook.backtest import Report, rule_backtest, strategy_backtest, watchdog_backtest
from oracle.notebook.outline import Outline
from oracle.notebook.part import Added, rule_of
from oracle.notebook.parts import Parts
from oracle.notebook.resident import Resident
from oracle.notebook.results import Events, Performance
from oracle.notebook.telling import Crashes
from oracle.remote import Remote, RemoteFailed
from oracle.sdk.thing import at

__all__ = ["Caller"]


class Caller(Client):
    """A client of the runtime that is `resident` here, or of a server elsewhere, given as a client is."""

    def __init__(self, url: str | None = None, token: str = "", certificate: str = "", *, resident: Resident | None = None,
                 crashes: Crashes | None = None, **how: Any) -> None:  # fmt: skip
        """Raises as `Client` does."""
        super().__init__(url, token, certificate, **how)
        self.resident = resident
        if resident is None or crashes is None:
            return
        self._parts = Parts(resident, crashes)
        find = self._find

        def found() -> Remote:
            if resident.here and not resident.alive:
                raise resident.epitaph()
            return find()

        self._find = found

    @property
    def found_at(self) -> str:
        """Where the server is now. Raises RemoteFailed where there is none."""
        return self._find().url

    async def outline(self) -> Outline:
        """How it is, in a few words. Raises RemoteFailed, Refused."""
        return Outline.of(await self.get("api/oracle/tree"), () if self.resident is None else self._parts.names)

    async def ask_actor(self, name: str, message: object, timeout_s: float = 5.0) -> Any:
        """The answer of an actor. Raises Refused, AskTimeout, ActorCrashed (caused by what it crashed of), NobodyOwns,
        MailboxFull; Refused `elsewhere` where the runtime is in another process."""
        runtime = self._inside("ask an actor").system().runtime
        try:
            return await runtime.ask(name, message, timeout_s)
        except AskTimeout as late:
            state = runtime.node(name).state if runtime.alive(name) else "ended"
            raise AskTimeout(f"{name} gave no answer within {timeout_s:g} s; it is {state}") from late

    async def tell_actor(self, name: str, message: object) -> None:
        """Put a message into an actor's mailbox. Raises Refused `unheard` where nobody took it, and `elsewhere`."""
        if not self._inside("tell an actor something").system().runtime.tell(name, message):
            raise Refused(f"nobody called {name!r} took it; it is among the dead letters", "unheard")

    async def publish(self, message: Any) -> int:
        """Publish a message of `oracle.model`, or anything that has a topic; its offset. Raises Refused `elsewhere`."""
        return self._inside("publish an object").system().runtime.publish(message)

    async def push(self, rows: Sequence[Mapping[str, Any]], source: str = "notebook", *, command_id: str = "") -> Any:
        """Rows of `POST /api/oracle/push`, stored when this comes back; sent again with its `command_id` they are taken once.
        Raises RemoteFailed."""
        return await self.command("POST", "api/oracle/push", {"source": source, "rows": list(rows)}, id=command_id)

    async def add(self, part: Any, name: str = "", /, **settings: Any) -> Added:
        """Put something into the running tree, in the place of what was added under its name before: a watchdog (a class with
        `update`, or one of those), an actor (of `actors.Actor`) or a rule (a dict with a `trigger`, as `rule` takes it). It is
        called `name`, or by its class; further words are its settings.

        Raises Refused, which says what it lacks: `no_part`, `no_watchdog`, `taken`, `elsewhere`; Invalid; RemoteFailed.
        """
        if isinstance(part, Mapping):
            return await self.rule(name, **{**part, **settings})
        self._inside("send code there")
        return await self._parts.add(part, name, settings)

    async def rule(self, alert_id: str = "", /, when: str = "", **fields: Any) -> Added:
        """Store a rule that tells people (`POST /api/alerts`), in the place of one with that id; it stays, also over restarts.
        `when` is a condition (docs/conditions.md), for a whole `trigger`. Raises RemoteFailed, which says what is wrong."""
        rule = rule_of(alert_id, when, fields)
        try:
            await self.command("PUT", at("api/alerts", rule["alert_id"]), rule)
            replaced = True
        except RemoteFailed as no:
            if no.status != 404:
                raise
            await self.command("POST", "api/alerts", rule)
            replaced = False
        return Added("rule", rule["alert_id"], "enabled" if rule.get("enabled", True) else "disabled", replaced)

    async def remove(self, name: str) -> None:
        """Take out what was added under a name; a rule is `rule:ID`, whoever made it. Raises Refused `not_found`, `elsewhere`;
        RemoteFailed."""
        if name.startswith("rule:"):
            await self.command("DELETE", at("api/alerts", name.removeprefix("rule:")))
            return
        self._inside("take out code there")
        await self._parts.remove(name)

    async def backtest(self, watchdog: Any = None, /, *, rule: str | Mapping[str, Any] = "", when: str = "", strategy: str = "",
                       from_: Any = None, to: Any = None, start: Any = None, end: Any = None, symbols: Sequence[str] = (),
                       report: Report = lambda done, status: None, **settings: Any) -> Events | Performance:  # fmt: skip
        """Try something on what was stored: a watchdog (its name with other settings, or a class, also one of a cell, as it is
        now), a `rule` (an id, or a dict as `rule` takes it), `when` a condition is met, or a `strategy` (over the days `start` to
        `end`).

        `from_` and `to` are ISO texts, datetimes or UTC microseconds, by default the last day; `symbols` those whose prices the
        picture is to have. Further words are settings of the watchdog, or fields of the strategy's backtest.

        Raises RemoteFailed, BacktestCrashed (with the traceback in the worker), Refused: `no_watchdog`, `elsewhere`, or
        `stays_here` for code that can't be sent to a worker process.
        """
        if strategy:
            extra = {"symbols": list(symbols)} if symbols else {}
            return await strategy_backtest(self, strategy, start or from_, end or to, {**settings, **extra}, report)
        if rule or when:
            tried = rule if isinstance(rule, str) and rule else rule_of("", when, {"alert_id": "tried", **dict(rule or {})})
            return await rule_backtest(self, tried, (from_, to), symbols, report)
        if watchdog is None:
            raise Refused("say what: rt.backtest('price_anomaly'), a class, rule=... or strategy=...", "no_watchdog")
        if isinstance(watchdog, str) and (self.resident is None or not self._parts.ours(watchdog)):
            return await watchdog_backtest(self, watchdog, (from_, to), settings, symbols, report)
        self._inside("have code from here run there; its name will do for what the server has")
        with self._parts.draft(watchdog, settings) as draft:
            return await watchdog_backtest(self, draft.name, (from_, to), {}, symbols, report, draft)

    def _inside(self, what: str) -> Resident:
        if self.resident is None:
            why = "this is a connection to a server in another process, and objects of this one do not travel there"
            raise Refused(f"can't {what}: {why}; oracle.start() runs one here", "elsewhere")
        return self.resident
