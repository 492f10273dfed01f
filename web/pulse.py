"""The deadlines of one connection: request head, body, keep-alive; then the heartbeat of a live stream, and its pace."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Protocol

import trio

from actors import Timer, Timers
from web.desk import Bounds
from web.outlet import Outlet
from web.streams import Http11, Upgrade
from web.wire import SSE_BEAT, ping_frame

__all__ = ["Pulse"]


class Heart(Protocol):
    """What it watches over."""

    bounds: Bounds
    outlet: Outlet
    protocol: Http11
    closing: bool  # nothing more is read or written
    over: bool  # nothing of it runs any more
    idle: bool  # between two requests
    partial: bool  # part of a request head is here
    heard_s: float  # when the client last gave a sign of life

    @property
    def clear(self) -> bool:
        """Whether nothing is half sent."""

    async def close(self) -> None:
        """End in order."""

    def cut_off(self) -> None:
        """End now."""


class Pulse:
    """Watches over whichever deadline holds, with one timer of the runtime's and no task of its own."""

    def __init__(self, heart: Heart, timers: Timers, spawn: Callable[..., object]) -> None:
        self._heart = heart
        self._timers = timers
        self._spawn = spawn
        self._due_s = self._timer_s = math.inf
        self._timer: Timer | None = None
        self._expected = 0  # how often something was
        self._frames, self._frames_until_s = 0, 0.0

    def expect(self, within_s: float) -> None:
        """What the client owes us next must come in time; `inf` where it owes nothing."""
        self._due_s = trio.current_time() + within_s
        self._expected += 1
        if self._due_s < self._timer_s:  # else the timer looks again when it fires
            self.end()
            self._arm()

    async def pace(self) -> None:
        """Count a frame; a client that sends too many of them is read more slowly."""
        now_s = trio.current_time()
        if now_s >= self._frames_until_s:
            self._frames, self._frames_until_s = 0, now_s + 1
        self._frames += 1
        if self._frames > self._heart.bounds.frames_per_s:
            await trio.sleep_until(self._frames_until_s)

    def end(self) -> None:
        """Watch no longer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer, self._timer_s = None, math.inf

    def _arm(self) -> None:
        self._timer_s = self._due_s
        self._timer = self._timers.after(self._due_s - trio.current_time(), self._look)

    def _look(self) -> None:
        """The timer has fired: the deadline was missed, or has moved."""
        heart = self._heart
        self._timer, self._timer_s = None, math.inf
        if heart.closing or heart.over or self._due_s == math.inf:
            return
        if self._due_s > trio.current_time():
            self._arm()
            return
        self._due_s = math.inf
        self._spawn(self._missed, self._expected)

    async def _missed(self, expected: int) -> None:
        if expected != self._expected:
            return  # what was owed came in this very moment
        heart, stream = self._heart, self._heart.protocol.stream
        if isinstance(stream, Upgrade):
            await self._beat(stream)
        elif stream is not None and stream.connected:
            self._murmur()
        elif heart.idle and not heart.partial:
            await heart.close()
        else:
            await heart.protocol.refuse(408, "")

    async def _beat(self, stream: Upgrade) -> None:
        """Ping a silent client, close one that stays silent."""
        heart, every_s = self._heart, self._heart.bounds.heartbeat_s
        silent_s = trio.current_time() - heart.heard_s
        if stream.connected and not stream.open:
            await heart.close()
        elif stream.connected and silent_s >= 2 * every_s:
            if heart.clear:
                await stream.shut(1001, "no answer to a ping")
            heart.cut_off()
        elif stream.connected and silent_s >= every_s:
            heart.outlet.control(ping_frame())
            self.expect(2 * every_s - silent_s)
        else:
            self.expect(every_s - silent_s if silent_s < every_s else every_s)

    def _murmur(self) -> None:
        """Keep a stream of events alive; its client owes us nothing but to take what it is sent."""
        heart, every_s = self._heart, self._heart.bounds.heartbeat_s
        if heart.outlet.held_bytes and trio.current_time() - heart.heard_s >= 2 * every_s:
            heart.cut_off()
            return
        heart.outlet.control(SSE_BEAT)
        self.expect(every_s)
