"""How many sockets a client has that count: those on `/ws/dashboard` that have subscribed as FLOPY-NET's clients do."""

from __future__ import annotations

from collections import Counter

__all__ = ["SocketCount"]


class SocketCount:
    """At most `limit` for each client; what is not held is not remembered. `admit` and `release` go in pairs."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._open: Counter[str] = Counter()

    def admit(self, client: str) -> bool:
        """Count one more; False, and nothing is counted, where the client has as many as it may."""
        if self._open[client] >= self.limit:
            return False
        self._open[client] += 1
        return True

    def release(self, client: str) -> None:
        """One less. Raises KeyError where the client has none."""
        if self._open[client] < 1:
            del self._open[client]
            raise KeyError(client)
        self._open[client] -= 1
        if not self._open[client]:
            del self._open[client]

    def count(self, client: str) -> int:
        """How many a client has."""
        return self._open.get(client, 0)

    def __len__(self) -> int:
        """How many clients have any."""
        return sum(1 for count in self._open.values() if count)
