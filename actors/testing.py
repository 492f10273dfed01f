"""What tests of actors need: a probe that listens."""

from __future__ import annotations

from typing import Any

from actors.bus import Published
from actors.mailbox import Mailbox
from actors.runtime import Runtime

__all__ = ["Probe", "probe"]


class Probe:
    """Hears a pattern from the moment it is made; bounded at 100,000 messages, beyond which the oldest go."""

    def __init__(self, runtime: Runtime, pattern: str) -> None:
        self._mailbox = Mailbox(100_000, "drop_oldest")
        self._subscription = runtime.listen(pattern, self._mailbox.put)

    def took(self) -> list[Any]:
        """The messages heard since the last call."""
        return [p.message for p in self.envelopes()]

    def envelopes(self) -> list[Published]:
        """The same with their offsets and times."""
        queue = self._mailbox.queue
        return [queue.popleft() for _ in range(len(queue))]

    async def next(self) -> Any:
        """The next message, waiting for it; put it under a deadline of the test's own."""
        while not self._mailbox.queue:
            await self._mailbox.wait()
        return self._mailbox.queue.popleft().message

    def close(self) -> None:
        """Hear nothing more."""
        self._subscription.cancel()


def probe(runtime: Runtime, pattern: str) -> Probe:
    """A listener that keeps what it hears."""
    return Probe(runtime, pattern)
