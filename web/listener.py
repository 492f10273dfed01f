"""A client of a live stream that is heard: what it sends, at a bounded pace, until it goes."""

from __future__ import annotations

from typing import Any

import attrs
import trio

from actors import Actor
from web.dialects import to_json
from web.visitor import POLICY, Visitor

__all__ = ["Listener", "error_word"]

MESSAGES_BURST = 100
MESSAGES_PER_S = 20.0


def error_word(code: str, message: str) -> bytes:
    """What a client is told that was not understood, or can't be served now."""
    return to_json({"type": "error", "error": {"code": code, "message": message, "details": {}}})


@attrs.frozen
class _Heard:
    """What a client sent."""

    message: str | bytes | None


@attrs.frozen
class _Flooded:
    """It sends too much."""


class Listener(Actor):
    """What all kinds of client share: being heard at a bounded pace."""

    def __init__(self, system: Any, visitor: Visitor) -> None:
        self.system = system
        self.visitor = visitor
        self.outlet = visitor.outlet
        self._tokens = float(MESSAGES_BURST)
        self._counted_s = trio.current_time()
        self._flooded = False

    def about(self) -> dict[str, Any]:
        """Who it is, and what it was told."""
        return self.visitor.about()

    async def receive(self, message: object) -> None:
        """Handle what the client sent; too many messages end it."""
        match message:
            case _Heard(said):
                await self.heard(said)
            case _Flooded():
                self.outlet.say(error_word("rate_limited", f"more than {MESSAGES_PER_S:g} messages a second"))
                await self.visitor.close(POLICY, "too many messages")

    async def heard(self, said: str | bytes | None) -> None:
        """Handle one message of the client; the default ignores it."""

    def listen(self) -> None:
        """Have what the client sends put into the mailbox from now on, and end when it goes."""
        self.visitor.inbox.divert(self._take)
        self.visitor.inbox.when_gone(self.finish)

    def _take(self, event: Any) -> None:
        if self._flooded or event["type"] != "websocket.receive":
            return
        self._flooded = not self._in_pace()
        text = event.get("text")
        if not self.tell(self.name, _Flooded() if self._flooded else _Heard(event.get("bytes") if text is None else text)):
            self.outlet.link.cut_off()

    def _in_pace(self) -> bool:
        now_s = trio.current_time()
        self._tokens = min(MESSAGES_BURST, self._tokens + (now_s - self._counted_s) * MESSAGES_PER_S) - 1
        self._counted_s = now_s
        return self._tokens >= 0
