"""What a terminal of some size shows of the panes: each line has exactly its width, and there are never more than fit."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.live import Live
from rich.text import Text

from web.terminal import Paper
from web.top.choice import PANES, Choice
from web.top.panes import Cell, Column, Pane

__all__ = ["Screen", "full_screen", "screen", "whole"]

WIDE = 130  # columns from which there is room beside the actors
SHARE = 0.5  # of them, for the actors
LEAST = 12  # columns for what may be cut
SMALL = 3  # rows that the feeds and the alerts have at most where all stand one below the other
KEYS = "q quit  tab next pane  arrows scroll  s sort  f fold  / filter"

Screen = tuple[Text, tuple[int, ...]]
"""What is shown, and how many rows of each pane could be above that."""


def screen(head: tuple[Sequence[Cell], Sequence[Cell]], panes: Sequence[Pane], choice: Choice, width: int, height: int) -> Screen:
    """All of it, cut to size."""
    room = max(height - len(head) - 1, 2 * len(panes))
    drawn, most = [], []
    for place, pane in enumerate(panes):
        across, high = _size(place, panes, width, room)
        most.append(max(0, len(pane.rows) - (high - 1)))
        drawn.append(_drawn(pane, across, high, min(choice.tops[place], most[place]), choice.pane == place))
    body = [line for lines in drawn for line in lines]
    if width >= WIDE:
        right = [line for lines in drawn[1:] for line in lines]
        body = [Text.assemble(one, (" ", ""), other) for one, other in zip(drawn[0], right, strict=True)]
    foot = f"filter: {choice.word}{'_' if choice.typed else ''}  " if choice.typed or choice.word else ""
    lines = [*(_line(cells, width) for cells in head), *body, _cut(f"{foot}sort: {choice.sort}  {KEYS}", width, "reverse")]
    return Text("\n").join(lines[:height]), tuple(most)


def whole(head: tuple[Sequence[Cell], Sequence[Cell]], panes: Sequence[Pane], width: int) -> None:
    """Print all rows of all panes, once; without colours where standard output is no terminal."""
    lines = [_line(cells, width) for cells in head]
    for pane in panes:
        lines += [Text(), *_drawn(pane, width, max(1, len(pane.rows)) + 1, 0, False)]
    console = Paper(soft_wrap=True, highlight=False)
    for line in lines:
        line.rstrip()
        console.print(line)


class _Full:
    """A terminal that is ours for a while."""

    def __init__(self, console: Console, live: Live) -> None:
        self._console = console
        self._live = live

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows, right now."""
        return self._console.size.width, self._console.size.height

    def show(self, text: Text) -> None:
        """Show this instead of what is shown."""
        self._live.update(text, refresh=True)


@contextmanager
def full_screen() -> Iterator[_Full]:
    """Within, the terminal shows what it is told, and what was there before when that is over."""
    console = Console(highlight=False, color_system=None if os.environ.get("NO_COLOR") else "auto")
    with Live(console=console, screen=True, auto_refresh=False, vertical_overflow="crop") as live:
        yield _Full(console, live)


def _size(place: int, panes: Sequence[Pane], width: int, room: int) -> tuple[int, int]:
    """Columns and rows of a pane, its title among them."""
    actors, feeds, alerts, _ = range(len(PANES))
    beside = width >= WIDE
    left = int(width * SHARE)
    few = SMALL if not beside else max(SMALL, room // 4)
    small = {one: 1 + min(max(1, len(panes[one].rows)), few) for one in (feeds, alerts)}
    rest = room - sum(small.values())
    if place in small:
        return (width - left - 1 if beside else width), small[place]
    if beside:
        return (left, room) if place == actors else (width - left - 1, rest)
    return width, rest - rest * 2 // 5 if place == actors else rest * 2 // 5


def _drawn(pane: Pane, width: int, height: int, top: int, focused: bool) -> list[Text]:
    title = Text("", style="bold reverse" if focused else "bold")
    widths = _widths(pane, width)
    for column, across in widths:
        title.append(_fitted(column.name, across, column.right))
    lines = [title]
    for row in pane.rows[top : top + height - 1]:
        line = Text()
        for cell, (column, across) in zip(row, widths, strict=True):
            line.append(_fitted(cell.text, across, column.right), style=cell.ink)
        lines.append(line)
    if not pane.rows and height > 1:
        lines.append(_cut(f"  {pane.empty}", width, "dim"))
    return lines + [Text(" " * width)] * (height - len(lines))


def _widths(pane: Pane, width: int) -> list[tuple[Column, int]]:
    """What each column has: the first one what it needs, as far as the last one keeps something; that takes the rest."""
    columns = pane.columns
    first = max((cell_len(row[0].text) for row in pane.rows), default=0) + 1
    first = min(max(first, columns[0].width), max(LEAST, width - LEAST - sum(column.width for column in columns[1:])))
    used, found = 0, []
    for place, column in enumerate(columns):
        across = max(0, min(column.width if place else first, width - used)) if place < len(columns) - 1 else width - used
        found.append((column, across))
        used += across
    return found


def _line(cells: Sequence[Cell], width: int) -> Text:
    line = Text()
    for cell in cells:
        line.append(("  " if line else "") + cell.text, style=cell.ink)
    line.truncate(width, overflow="ellipsis", pad=True)
    return line


def _cut(text: str, width: int, ink: str) -> Text:
    return Text(_fitted(text, width, False), style=ink)


def _fitted(text: str, width: int, right: bool) -> str:
    """Exactly so wide, and a space between it and its neighbour."""
    text = "".join(one if one.isprintable() else " " for one in text)
    short = set_cell_size(text, width - 1).rstrip()
    if width > 1 and len(short) < len(text.rstrip()):
        short = set_cell_size(text, width - 2) + "…"
    if width < 1:
        return ""
    return set_cell_size(short.rjust(width - 1) if right else short, width - 1) + " "
