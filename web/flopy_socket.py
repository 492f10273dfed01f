"""A client of `/ws/dashboard`, which FLOPY-NET's and agent-bot's pages both open: told all of it until it says what it wants.

It subscribes with `{"action": "subscribe", "topics": [...], "experiment_ids": [...]}`: what is left out or empty means all, and a
further one takes the place of the one before. Only a client that has subscribed counts against the sockets that each may have.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import attrs
import trio
from attrs.validators import max_len

from actors import Refused
from oracle.border import structure
from oracle.experiments.limits import named
from oracle.problems import Bad, Invalid, one_of
from oracle.services import config_of
from web.body import decode
from web.dialects import to_json
from web.errors import answer_invalid, answer_refusal
from web.flopy_frames import METRICS, TOPICS, Dashboard
from web.hub import Attach
from web.listener import Listener
from web.replay import Replay
from web.resume import Place
from web.routes import Answer, Family
from web.sockets_limit import SocketCount
from web.visitor import BUSY, HUB, POLICY, TRY_LATER, Visitor

__all__ = ["FlopySocket", "Latest", "Seat"]

MOST_IDS = 100
AT_ONCE_S = 0.5

Live = Callable[[Any], dict[str, Any]]


class Latest:
    """How the services are: looked at once for all sockets that are told within half a second, and never when none is."""

    def __init__(self) -> None:
        self._made_s = -AT_ONCE_S
        self._frame = b""

    def frame(self, system: Any, live: Live) -> bytes:
        """`metrics_update`; `live` says what stands in it."""
        now_s = trio.current_time()
        if now_s - self._made_s >= min(AT_ONCE_S, config_of(system.board).dashboard.refresh_interval / 2_000):
            self._made_s = now_s
            self._frame = to_json({"type": "metrics_update", "data": live(system)})
        return self._frame


class Seat:
    """A client's place among the sockets that count."""

    def __init__(self, sockets: SocketCount, client: str) -> None:
        self._sockets = sockets
        self._client = client
        self._taken = False

    def take(self) -> None:
        """Count from now on. Raises Refused `rate_limited` where the client has as many as it may."""
        if not self._taken:
            self._taken = self._sockets.admit(self._client)
        if not self._taken:
            raise Refused(f"a client may have {self._sockets.limit} sockets here that have subscribed", "rate_limited")

    def leave(self) -> None:
        """Count no more."""
        if self._taken:
            self._taken = False
            self._sockets.release(self._client)


def _topics(_instance: Any, _field: Any, topics: tuple[str, ...]) -> None:
    for topic in topics:
        if topic not in TOPICS:
            raise Bad("enum", f"Input should be a list of {one_of(TOPICS)}")


@attrs.frozen
class _Subscribe:
    action: Literal["subscribe"]
    topics: tuple[str, ...] = attrs.field(default=(), validator=_topics)
    experiment_ids: tuple[str, ...] = attrs.field(default=(), validator=[max_len(MOST_IDS), named])
    ack: bool = False


@attrs.frozen
class _TellMetrics:
    """Time to tell how the services are."""


class FlopySocket(Listener):
    """`since` None: from now on, without places; "" from now on with places; else what was missed first. `metrics` gives the
    frame that says how the services are."""

    def __init__(self, system: Any, visitor: Visitor, seat: Seat, since: str | None, metrics: Callable[[], bytes]) -> None:
        super().__init__(system, visitor)
        self._seat = seat
        self._since = since
        self._metrics = metrics
        placed = since is not None
        self._dialect = Dashboard(system.board, placed=placed, epoch=system.runtime.epoch if placed else "")
        self._catching_up = False
        self._due = False  # metrics will be told

    async def start(self) -> None:
        """Nothing is told before something happens. Raises AskTimeout, MailboxFull, NobodyOwns."""
        self.outlet.dialect = self._dialect
        place = Place.parse(self._since or "")
        if place is not None:
            self._catching_up = True
            self.helper(self._replay, place)
        else:
            ready = {**self._dialect.words("ready"), "offset": self.runtime.bus.offset}
            await self._attach((to_json(ready),) if self._dialect.placed else ())
        self._wait()
        self.listen()

    def about(self) -> dict[str, Any]:
        """Who it is, what it wants, and what it was told."""
        wanted = {"topics": sorted(self._dialect.topics), "experiments": sorted(self._dialect.experiments)}
        return {**super().about(), **wanted}

    async def receive(self, message: object) -> None:
        """Tell metrics when it is time; hear the client."""
        if isinstance(message, _TellMetrics):
            self._due = False
            self._tell_metrics()
            self._wait()
            return
        await super().receive(message)

    async def heard(self, said: str | bytes | None) -> None:
        """Narrow to what the client wants, or tell it what is wrong with that. Who has spoken is not agent-bot's page."""
        try:
            wish = structure(_Subscribe, decode(said.encode() if isinstance(said, str) else said or b""), extras="drop",
                             path=("body",))  # fmt: skip
            self._seat.take()
        except Invalid as error:
            self._refuse(answer_invalid(error, Family.v1))
            await self._narrow(attrs.evolve(self._dialect, passive=False), ())
        except Refused as no:
            self._refuse(answer_refusal(no, Family.v1))
            if no.code == "rate_limited":
                await self.visitor.close(POLICY, "too many sockets")
        else:
            wanted = attrs.evolve(self._dialect, topics=frozenset(wish.topics or TOPICS), passive=False,
                                  experiments=frozenset(wish.experiment_ids))  # fmt: skip
            said_back = {"type": "subscribed", "topics": sorted(wanted.topics), "experiment_ids": sorted(wanted.experiments)}
            await self._narrow(wanted, (to_json(said_back),) if wish.ack else ())

    async def _narrow(self, dialect: Dashboard, words: tuple[bytes, ...]) -> None:
        """Tell this from here on."""
        changed, self._dialect = dialect != self._dialect, dialect
        self._wait()
        try:
            if changed and not self._catching_up:
                await self._attach(words)
            else:
                for word in words:
                    self.outlet.say(word)
        except BUSY:
            await self.visitor.close(TRY_LATER, "the server is too busy")

    async def _attach(self, words: tuple[bytes, ...]) -> None:
        dialect = self._dialect
        await self.ask(HUB, Attach(self.outlet, dialect.patterns, dialect, self.runtime.bus.offset, (), (), words))

    async def _replay(self, since: Place) -> None:
        dialect = self._dialect
        try:
            await Replay(self.system, self.outlet, dialect.patterns, dialect, self.ask).run(since)
            self._catching_up = False
            if self._dialect != dialect:  # it has said what it wants meanwhile
                await self._attach(())
        except BUSY:
            await self.visitor.close(TRY_LATER, "the server is too busy")

    def _wait(self) -> None:
        if METRICS in self._dialect.topics and not self._due:
            self._due = True
            self.after(config_of(self.system.board).dashboard.refresh_interval / 1_000, _TellMetrics())

    def _tell_metrics(self) -> None:
        if METRICS in self._dialect.topics and config_of(self.system.board).features.real_time_metrics:
            self.outlet.say(self._metrics(), key="metrics")

    def _refuse(self, answer: Answer) -> None:
        self.outlet.say(to_json({"type": "error", **answer.body}))
