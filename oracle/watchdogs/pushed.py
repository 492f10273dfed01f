"""Whether a pushed row counts: not where a feed says the same thing."""

from __future__ import annotations

from oracle.sources import is_pushed

__all__ = ["OfFeeds"]

MOST_SUBJECTS = 10_000  # the one heard first goes for a new one


class OfFeeds:
    """What feeds speak of: a subject that a feed was heard of within `stale_after_s` is the feeds', and a pushed row about it
    does not count. Where no feed is heard, pushed rows do."""

    def __init__(self, stale_after_s: float) -> None:
        self._stale_us = round(stale_after_s * 1e6)
        self._heard_us: dict[str, int] = {}

    def counts(self, subject: str, source: str, now: int) -> bool:
        """Whether a row of `source`, published at `now` (UTC microseconds), counts; a feed's does, and is remembered."""
        heard_us = self._heard_us.get(subject)
        if is_pushed(source):
            return heard_us is None or now - heard_us > self._stale_us
        if heard_us is None and len(self._heard_us) >= MOST_SUBJECTS:
            del self._heard_us[next(iter(self._heard_us))]
        self._heard_us[subject] = now
        return True
