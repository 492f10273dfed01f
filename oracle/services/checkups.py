"""The actor that asks the services of the configuration how they are."""

from __future__ import annotations

from typing import Any

import trio

from actors import Actor
from oracle.board import Board
from oracle.http import Http, HttpFailed
from oracle.model import Sample, ref
from oracle.services.config import CONFIG, Config, config_of
from oracle.services.vitals import Check, Vitals

__all__ = ["Checkups"]

SLOW_MS = 1_000.0
TIMEOUT_S = 5.0
LIMIT_BYTES = 1_048_576
NOWHERE = "no URL is configured"


class Checkups(Actor):
    """`checkups`: asks each URL of the configuration every `every_s` seconds, each for itself, and says how its service is as
    State `integration:NAME` {service, url, status, issues, expected, since_us} when that changes; how long each answer took is a
    Sample `response_ms`. A service is `expected` to be there if somebody set its URL, or it has answered before.

    Any answer below 500 within a second is healthy, a slower one or one from 500 on degraded, none at all down. What may not be
    reached is not asked, and costs nothing: addresses that are not public need to be in `http.allow`.
    """

    listens = (f"state:{CONFIG}",)

    def __init__(self, board: Board, http: Http, vitals: Vitals, every_s: float) -> None:
        self._board = board
        self._http = http
        self._vitals = vitals
        self._every_s = every_s
        self._asked: dict[str, tuple[str, trio.CancelScope]] = {}

    async def start(self) -> None:
        """Begin to ask."""
        self._begin()

    def receive(self, message: Any) -> None:
        """The configuration has changed: ask those that it names now."""
        self._begin()

    def _begin(self) -> None:
        for name, url in config_of(self._board).integration.urls.items():
            before, scope = self._asked.get(name, (None, trio.CancelScope()))
            if url == before:
                continue
            scope.cancel()
            refusal = self._http.refusal(url) if url else NOWHERE
            scope = trio.CancelScope()
            self._asked[name] = url, scope
            if refusal is not None:
                self._note(name, Check(url, "not_checked", (refusal,)))
            else:
                self.helper(self._ask_on, name, url, scope)

    async def _ask_on(self, name: str, url: str, scope: trio.CancelScope) -> None:
        with scope:
            due_s = trio.current_time()
            while True:
                await self._ask(name, url)
                due_s = max(due_s + self._every_s, trio.current_time())
                await trio.sleep_until(due_s)

    async def _ask(self, name: str, url: str) -> None:
        began_s = trio.current_time()
        try:
            answer = await self._http.request("GET", url, timeout_s=TIMEOUT_S, limit_bytes=LIMIT_BYTES)
        except HttpFailed as failed:
            status = "not_checked" if failed.kind == "refused" else "down"
            self._note(name, Check(url, status, (failed.message,), at_us=self.now_us()))
            return
        took_ms = (trio.current_time() - began_s) * 1000
        issues = [f"Answers with HTTP {answer.status}"] if answer.status >= 500 else []
        if took_ms > SLOW_MS:
            issues.append(f"Slow response: {took_ms:.0f}ms")
        self._note(name, Check(url, "degraded" if issues else "healthy", tuple(issues), took_ms, self.now_us()))
        self.publish(Sample("response_ms", ref("service", name), round(took_ms, 1), "ms", self.now_us(), "checkups"))

    def _note(self, name: str, check: Check) -> None:
        self._vitals.checks[name] = check
        known, now_us = self._board.get(ref("integration", name)), self.now_us()
        if known is None and check.status == "not_checked":
            return
        if known is not None and (known["url"], known["status"]) == (check.url, check.status):
            return
        was_there = known is not None and known["url"] == check.url and known["expected"]
        expected = was_there or check.status in ("healthy", "degraded") or check.url != _DEFAULT[name]
        value = {"service": name, "url": check.url, "status": check.status, "issues": list(check.issues), "expected": expected,
                 "since_us": now_us}  # fmt: skip
        self._board.put(ref("integration", name), value, now_us)


_DEFAULT = Config().integration.urls  # where nothing needs to be
