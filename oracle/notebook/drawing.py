"""Pictures of the past as SVG, drawn without a library: lines over time, one panel above the other, and marks at what happened.

Words and lines have the colour of the page they stand on, so they can be read on dark and on light.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

import attrs

__all__ = ["Drawing", "Mark", "Panel", "drawn"]

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 760, 170, 64, 12, 22, 20
MOST_POINTS = 700  # of a line; of more, the least and the greatest of each stretch are drawn
MOST_MARKS = 500
COLOURS = {"low": "#4c78a8", "medium": "#e0a008", "high": "#e4572e", "critical": "#b5179e"}
LINE, FALL = "#4c78a8", "#e4572e"
_UNWRITABLE = re.compile("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\ud800-\\udfff\\ufffe\\uffff]")


@attrs.frozen
class Mark:
    """Something that happened at `ts_us`; where it has no `y` it stands on the line."""

    ts_us: int
    text: str
    severity: str = "low"
    y: float | None = None


@attrs.frozen
class Panel:
    """A line: (UTC microseconds, value), oldest first, with the unit in its title. `filled`: down from zero, as a loss is."""

    title: str
    points: Sequence[tuple[int, float]]
    marks: Sequence[Mark] = ()
    filled: bool = False


@attrs.frozen
class Drawing:
    """A picture, which a notebook shows."""

    svg: str

    def _repr_svg_(self) -> str:
        return self.svg

    def __repr__(self) -> str:
        return f"<a drawing, {len(self.svg)} bytes of SVG; save('plot.svg') writes it>"

    def save(self, file: str | Path) -> Path:
        """Write it into a file. Raises OSError."""
        path = Path(file).expanduser()
        path.write_text(self.svg, encoding="utf-8")
        return path


def drawn(panels: Sequence[Panel], label: str) -> Drawing:
    """Panels over the same time; `label` is said to those who can't see them."""
    times = [ts for panel in panels for ts, _ in panel.points] + [mark.ts_us for panel in panels for mark in panel.marks]
    first, last = (min(times), max(times)) if times else (0, 1)
    height = HEIGHT * len(panels)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="100%" role="img" '
        f'aria-label="{_said(label)}" font-family="system-ui, sans-serif" font-size="11" fill="currentColor">'
    ]
    for place, panel in enumerate(panels):
        parts += _panel(panel, place * HEIGHT, first, max(last, first + 1))
    return Drawing("".join([*parts, "</svg>"]))


@attrs.frozen
class _Scale:
    first: int
    last: int
    low: float
    high: float
    top: int

    def x(self, ts_us: int) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * (ts_us - self.first) / (self.last - self.first), 1)

    def y(self, value: float) -> float:
        room = HEIGHT - TOP - BOTTOM
        return round(self.top + TOP + room * (1 - (value - self.low) / (self.high - self.low)), 1)


def _panel(panel: Panel, top: int, first: int, last: int) -> Iterator[str]:
    points = [(ts, value) for ts, value in panel.points if math.isfinite(value)]
    marks = panel.marks[:MOST_MARKS]
    values = [value for _, value in points] + [mark.y for mark in marks if mark.y is not None]
    scale = _Scale(first, last, *_bounds(values, panel.filled), top)
    yield f'<text x="{LEFT}" y="{top + 14}" font-weight="600">{_said(panel.title)}</text>'
    yield from _grid(scale)
    if points:
        line = " ".join(f"{scale.x(ts)},{scale.y(value)}" for ts, value in _thinned(points, first, last))
        if panel.filled:
            ends = f"{scale.x(points[0][0])},{scale.y(0)} {line} {scale.x(points[-1][0])},{scale.y(0)}"
            yield f'<polygon points="{ends}" fill="{FALL}" fill-opacity="0.25" stroke="{FALL}"/>'
        else:
            yield f'<polyline points="{line}" fill="none" stroke="{LINE}" stroke-width="1.3"/>'
    elif not marks:
        middle = f'x="{WIDTH / 2}" y="{top + HEIGHT / 2}" text-anchor="middle"'
        yield f'<text {middle} opacity="0.7">nothing is stored of this time</text>'
    for mark in marks:
        yield _mark(mark, scale, points)


def _grid(scale: _Scale) -> Iterator[str]:
    for value in _ticks(scale.low, scale.high):
        y = scale.y(value)
        yield f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}" stroke="currentColor" opacity="0.15"/>'
        yield f'<text x="{LEFT - 6}" y="{y + 4}" text-anchor="end" opacity="0.8">{value:,.10g}</text>'
    span_s = (scale.last - scale.first) / 1e6
    form = "%Y-%m-%d" if span_s > 40 * 86_400 else "%m-%d %H:%M" if span_s > 86_400 else "%H:%M:%S" if span_s < 3600 else "%H:%M"
    for step in range(5):
        ts = scale.first + (scale.last - scale.first) * step // 4
        said = dt.datetime.fromtimestamp(ts / 1e6, dt.UTC).strftime(form)
        anchor = ("start", "middle", "middle", "middle", "end")[step]
        yield f'<text x="{scale.x(ts)}" y="{scale.top + HEIGHT - 5}" text-anchor="{anchor}" opacity="0.8">{said}</text>'


def _mark(mark: Mark, scale: _Scale, points: Sequence[tuple[int, float]]) -> str:
    value = mark.y if mark.y is not None else _at(points, mark.ts_us)
    y = scale.top + HEIGHT - BOTTOM if value is None else scale.y(value)
    said = dt.datetime.fromtimestamp(mark.ts_us / 1e6, dt.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    title = _said(f"{said}  {mark.severity}: {mark.text}")
    colour = COLOURS.get(mark.severity, LINE)
    return (f'<circle cx="{scale.x(mark.ts_us)}" cy="{y}" r="3.5" fill="{colour}" stroke="currentColor" stroke-width="0.5">'
            f"<title>{title}</title></circle>")  # fmt: skip


def _said(text: str) -> str:
    """As it may stand in XML, which has no way to write a control character."""
    return escape(_UNWRITABLE.sub(" ", text), quote=True)


def _at(points: Sequence[tuple[int, float]], ts_us: int) -> float | None:
    """The newest value by then."""
    low, high = 0, len(points)
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if points[middle][0] <= ts_us else (low, middle)
    return points[max(0, low - 1)][1] if points else None


def _bounds(values: Sequence[float], filled: bool) -> tuple[float, float]:
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    if filled:
        low, high = min(low, 0.0), max(high, 0.0)
    room = (high - low) * 0.06 or abs(high) * 0.01 or 1.0
    return low - room, high if filled and high == 0 else high + room


def _ticks(low: float, high: float) -> Iterator[float]:
    raw = (high - low) / 4
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * nice for nice in (1, 2, 2.5, 5, 10) if power * nice >= raw)
    for n in range(math.ceil(low / step), math.floor(high / step) + 1):
        yield round(n * step, 10)


def _thinned(points: Sequence[tuple[int, float]], first: int, last: int) -> Sequence[tuple[int, float]]:
    if len(points) <= MOST_POINTS:
        return points
    stretches: dict[int, list[tuple[int, float]]] = {}
    for point in points:
        stretches.setdefault((point[0] - first) * (MOST_POINTS // 2) // (last - first + 1), []).append(point)
    return [
        point for stretch in stretches.values()
        for point in sorted({min(stretch, key=lambda one: one[1]), max(stretch, key=lambda one: one[1])})
    ]  # fmt: skip
