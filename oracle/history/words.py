"""Texts that repeat in every row (epoch, source, side) are stored as numbers; here is what the numbers mean.

It halves what a row of ticks costs to write. A word is committed on its own before any row that uses it, so it can be
learned by any thread and no failure leaves a number without a meaning.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from typing import Any

from oracle.history.columns import Unfit

__all__ = ["Words"]


class Words:
    """Text to number and back; only ever grows."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._texts: list[str] = []
        self._lock = threading.Lock()
        self._connection: Any = None

    def load(self, connection: Any) -> None:
        """Take what the file knows; `connection` is kept for new words and for nothing else."""
        with self._lock:
            self._connection = connection
            rows = connection.execute("SELECT text FROM words ORDER BY number").fetchall()
            self._texts = [text for (text,) in rows]
            self._numbers = {text: number for number, text in enumerate(self._texts)}

    def numbers(self, texts: Sequence[str]) -> list[int]:
        """The number of each text; new ones are committed first. Raises Unfit for what is no text."""
        known = self._numbers
        try:
            if len(different := set(texts)) == 1:  # mostly: one source at a time
                return [known[different.pop()]] * len(texts)
            return list(map(known.__getitem__, texts))
        except (KeyError, TypeError):
            self._learn(texts)
            return list(map(self._numbers.__getitem__, texts))

    def number(self, text: str) -> int:
        """The number of one text, -1 where it was never stored."""
        return self._numbers.get(text, -1)

    def text(self, number: int) -> str:
        """The text of a stored number; empty for -1, as which the epoch of what was before all runs is stored."""
        return self._texts[number] if number >= 0 else ""

    def texts(self) -> list[str]:
        """All texts by number."""
        return self._texts

    def _learn(self, texts: Iterable[str]) -> None:
        with self._lock:
            for text in dict.fromkeys(t if isinstance(t, str) else _no_text(t) for t in texts):
                if text not in self._numbers:
                    self._connection.execute("INSERT INTO words VALUES (?, ?)", [len(self._texts), text])
                    self._texts.append(text)
                    self._numbers[text] = len(self._texts) - 1


def _no_text(value: object) -> str:
    raise Unfit(f"{value!r} is no text")
