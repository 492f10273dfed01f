"""The actor that says on the log what happens to actors, feeds and alerts, and makes crashes events of their own."""

from __future__ import annotations

from typing import Any

from actors import Actor, Lifecycle
from oracle.facts import FACTS
from oracle.log import logger, said_in_detail
from oracle.model import Attempt, Event, Severity, event_id
from oracle.watchdogs.actor import BEGAN

__all__ = ["Reporter"]


class Reporter(Actor):
    """`log`: one line a happening. A crash becomes the event `actor_crashed`, so that history and page show it."""

    listens = ("life:*", "event:*", "attempt:*")

    def receive(self, message: Any) -> None:
        """Say one thing."""
        match message:
            case Lifecycle(what="crashed" | "failed"):
                self._crash(message)
            case Lifecycle(what="lost"):
                _of(message.name).warning("lost", error=message.error, restarts=message.restarts)
            case Lifecycle() if said_in_detail():
                _of(message.name).debug(message.what, restarts=message.restarts)
            case Lifecycle() | Event(kind="actor_crashed"):
                pass  # the latter was said already
            case Event(kind=kind) if kind in FACTS or kind == BEGAN:
                if said_in_detail():
                    logger(message.source).debug(message.summary, kind=kind, id=message.id)
            case Event():
                say = logger(message.source).warning if message.severity.rank >= 2 else logger(message.source).info
                error = message.data.get("error")
                say(message.summary, kind=message.kind, id=message.id, **({"error": error} if error else {}))
            case Attempt(outcome="delivered"):
                logger("alerts").info("delivered", delivery=message.delivery_id, status=message.status)
            case Attempt():
                logger("alerts").warning(message.outcome, delivery=message.delivery_id, error=message.error)

    def gap(self, from_us: int, to_us: int, dropped: int) -> None:
        """The log fell behind."""
        logger("log").warning("too much to say", dropped=dropped)

    def _crash(self, life: Lifecycle) -> None:
        failed = life.what == "failed"
        _of(life.name).error("failed for good" if failed else "crashed", restarts=life.restarts,
                                exc_info=life.exception)
        now_us = self.now_us()
        kind = f"actor_{life.what}"
        severity = Severity.critical if failed else Severity.medium
        summary = f"{life.name} {'failed for good' if failed else 'crashed'}: {life.error}"
        data = {"error": life.error, "restarts": life.restarts}
        ident = event_id(kind, life.name, "log", now_us, life.restarts)
        self.publish(Event(ident, kind, life.name, "log", severity, summary, data, now_us))


def _of(name: str) -> Any:
    """The logger of an actor. Loggers stay for ever, and sockets do not: they share one."""
    return logger("socket").bind(socket=name) if name.startswith("socket:") else logger(name)
