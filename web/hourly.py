"""How much of `/api/v1` a client may ask for in an hour, as FLOPY-NET's clients are told in every answer.

A client is the subject of the token that was shown, or, without one, the address it comes from. Its hour begins with its
first request and is nobody else's; when it is over the next request begins another. `metrics/live` has a window of its own.
"""

from __future__ import annotations

from collections import OrderedDict

import attrs

from oracle.settings_runs import Experiments

__all__ = ["EXPOSED", "Hourly", "Hours", "Window"]

EXPOSED = "X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset"
HOUR_US = 3_600_000_000
SECOND_US = 1_000_000
MOST_CLIENTS = 10_000
V1 = "/api/v1"
LIVE = f"{V1}/metrics/live"


@attrs.frozen
class Window:
    """Where a client stands: `remaining` of `limit` requests until `reset_s` (seconds since 1970, a whole number: from that
    instant on a new hour may begin). `wait_s` is 0 for a request that may go on, else the whole seconds until then."""

    limit: int
    remaining: int
    reset_s: int
    wait_s: int = 0

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """As they are sent."""
        told = (("x-ratelimit-limit", self.limit), ("x-ratelimit-remaining", self.remaining), ("x-ratelimit-reset", self.reset_s))
        return tuple((name, str(value)) for name, value in told)


class Hourly:
    """`limit` requests an hour for each client. Past `most` clients the window that began first is forgotten (and counted in
    `forgotten`): that client begins a new one. `refused` counts the requests beyond a limit."""

    def __init__(self, limit: int, most: int = MOST_CLIENTS) -> None:
        self._limit = limit
        self._most = most
        self._windows: OrderedDict[str, tuple[int, int]] = OrderedDict()  # (end in seconds, used), the first to end first
        self.forgotten = 0
        self.refused = 0

    def __len__(self) -> int:
        return len(self._windows)

    def look(self, client: str, now_us: int) -> Window:
        """Where a client stands, without counting anything."""
        end_s, used = self._present(client, now_us)
        return Window(self._limit, self._limit - used, end_s)

    def take(self, client: str, now_us: int) -> Window:
        """Count a request, where there is still one to count."""
        end_s, used = self._present(client, now_us)
        if used >= self._limit:
            self.refused += 1
            return Window(self._limit, 0, end_s, -(-(end_s * SECOND_US - now_us) // SECOND_US))
        if not used:
            self._windows.pop(client, None)
            self._make_room(now_us)
        self._windows[client] = (end_s, used + 1)
        return Window(self._limit, self._limit - used - 1, end_s)

    def _present(self, client: str, now_us: int) -> tuple[int, int]:
        """The end of the client's window and what it has used of it; a new window where that is over. One that would end
        more than an hour from now was begun by a clock that has been set back, and is over too."""
        latest_s = -(-(now_us + HOUR_US) // SECOND_US)
        end_s, used = self._windows.get(client, (0, 0))
        if end_s * SECOND_US <= now_us or end_s > latest_s:
            return latest_s, 0
        return end_s, used

    def _make_room(self, now_us: int) -> None:
        while self._windows:
            first, (end_s, _) = next(iter(self._windows.items()))
            over = end_s * SECOND_US <= now_us
            if not over and len(self._windows) < self._most:
                return
            del self._windows[first]
            self.forgotten += not over


class Hours:
    """The two windows of each client."""

    def __init__(self, experiments: Experiments) -> None:
        self.ordinary = Hourly(experiments.requests_per_hour)
        self.live = Hourly(experiments.live_requests_per_hour)

    def of(self, path: str) -> Hourly | None:
        """The windows that count requests of a path; None where nothing counts them."""
        if path != V1 and not path.startswith(f"{V1}/"):
            return None
        return self.live if path == LIVE else self.ordinary
