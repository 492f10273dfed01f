"""What the person before `oracle top` wants to see: a decision for each key. Values only."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

__all__ = ["PANES", "SORTS", "Choice"]

PANES = ("actors", "feeds", "alerts", "events")
SORTS = ("tree", "rate", "depth", "restarts", "name")
PAGE = 10
_STEPS = {"up": -1, "k": -1, "down": 1, "j": 1, "pageup": -PAGE, "pagedown": PAGE, "home": -(10**6), "end": 10**6}


@attrs.frozen
class Choice:
    """`sort` of the actors; `kinds` of them, none for all; `folded`: only those right below the root and those that aren't well.
    `pane` has the keyboard, `tops` says how many rows of each pane are above what is seen. `word`: only rows with it; it is still
    being `typed`."""

    sort: str = "tree"
    kinds: tuple[str, ...] = ()
    folded: bool = False
    pane: int = 0
    tops: tuple[int, ...] = (0,) * len(PANES)
    word: str = ""
    typed: bool = False
    over: bool = False

    def pressed(self, key: str, most: Sequence[int]) -> Choice:
        """After a key: a character, or the name of what isn't one. `most` rows of each pane can be above what is seen."""
        if self.typed:
            return self._typing(key)
        match key:
            case "q" | "eof":
                return attrs.evolve(self, over=True)
            case "tab" | "right":
                return self._to(self.pane + 1)
            case "backtab" | "left":
                return self._to(self.pane - 1)
            case "s":
                return attrs.evolve(self, sort=SORTS[(SORTS.index(self.sort) + 1) % len(SORTS)])
            case "f":
                return attrs.evolve(self, folded=not self.folded)
            case "/":
                return attrs.evolve(self, typed=True, word="")
            case "escape":
                return attrs.evolve(self, word="")
        return self._scrolled(_STEPS[key], most) if key in _STEPS else self

    def _typing(self, key: str) -> Choice:
        match key:
            case "enter" | "tab" | "eof":
                return attrs.evolve(self, typed=False, over=key == "eof")
            case "escape":
                return attrs.evolve(self, typed=False, word="")
            case "backspace":
                return attrs.evolve(self, word=self.word[:-1])
        return attrs.evolve(self, word=self.word + key) if len(key) == 1 else self

    def _to(self, pane: int) -> Choice:
        return attrs.evolve(self, pane=pane % len(PANES))

    def _scrolled(self, by: int, most: Sequence[int]) -> Choice:
        top = max(0, min(self.tops[self.pane] + by, most[self.pane]))
        return attrs.evolve(self, tops=(*self.tops[: self.pane], top, *self.tops[self.pane + 1 :]))
