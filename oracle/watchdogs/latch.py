"""Who has said what: a watchdog says a thing once, and again when it gets worse or has been over in between."""

from __future__ import annotations

from oracle.model import Severity

__all__ = ["Latches", "Seen"]

_MOST = 10_000  # keys at once; the one that spoke first goes for a new one, and may then speak again


class Latches:
    """What was last said of each key, until it rests."""

    def __init__(self) -> None:
        self._said: dict[str, tuple[int, str]] = {}

    def speaks(self, key: str, severity: Severity, sense: str = "") -> bool:
        """Whether this is news: nothing was said of the key since it rested, or less severe, or in another sense."""
        said = self._said.get(key)
        if said is not None and said[1] == sense and said[0] >= severity.rank:
            return False
        if said is None and len(self._said) >= _MOST:
            del self._said[next(iter(self._said))]
        self._said[key] = severity.rank, sense
        return True

    def rest(self, key: str) -> None:
        """It is over: the next time is news."""
        self._said.pop(key, None)

    def is_on(self, key: str) -> bool:
        """Whether something was said of the key since it last rested."""
        return key in self._said


class Seen:
    """What was there before: the newest 10,000 keys."""

    def __init__(self) -> None:
        self._keys: dict[str, None] = {}

    def first(self, key: str) -> bool:
        """Whether the key comes for the first time; from now on it does not."""
        if key in self._keys:
            return False
        if len(self._keys) >= _MOST:
            del self._keys[next(iter(self._keys))]
        self._keys[key] = None
        return True
