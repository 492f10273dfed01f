"""What is to be seen of a stream now: the newest of each topic, numbers over the last while, or the newest lines. Pure, and
bounded: what is not kept is counted.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from oracle.bookmark import Frame, Hole, Ready, Told
from oracle.problems import Invalid, Problem, one_of

__all__ = ["KINDS", "LINES", "POINTS", "SERIES", "TOPICS", "Picture", "kind_for"]

KINDS = ("chart", "table", "log")
TOPICS = 200  # rows of a table
LINES = 200  # of a log
SERIES = 8  # of a chart
POINTS = 600  # of a series
LONGEST = 200  # characters of a text
_VALUES = ("price", "value", "close", "last", "equity")
_LINES = ("event", "life", "dead", "gap", "output", "message")


def kind_for(topics: Sequence[str]) -> str:
    """The kind that fits topics for which none was said: a log of what happens, a table of what a wildcard stands for, else a
    chart."""
    if any(topic.partition(":")[0] in _LINES for topic in topics):
        return "log"
    return "table" if any(topic.endswith("*") for topic in topics) else "chart"


class Picture:
    """Of one watch; `field` is the number that a chart draws, empty for what there is. Raises Invalid for an unknown kind."""

    def __init__(self, topics: Sequence[str], kind: str = "", field: str = "") -> None:
        if not topics:
            raise Invalid([Problem(("topics",), "missing", "say what is to be looked at, such as 'quote:BTC-USD'")])
        if kind and kind not in KINDS:
            raise Invalid([Problem(("kind",), "enum", f"Input should be {one_of(KINDS)}", kind)])
        self.topics = tuple(topics)
        self.kind = kind or kind_for(topics)
        self.state, self.reason = "connecting", ""
        self.skipped = 0  # messages that were told to nobody
        self.left_out = 0  # topics beyond the bounds
        self.simulated = False
        self._field = field
        self._rows: dict[str, list[str]] = {}
        self._lines: deque[list[str]] = deque(maxlen=LINES)
        self._series: dict[str, deque[tuple[float, float]]] = {}
        self._beyond: set[str] = set()

    def stands(self, state: str, reason: str = "") -> None:
        """What became of the stream: live, reconnecting, ended."""
        self.state, self.reason = state, reason

    def take(self, told: Told) -> None:
        """Something was told."""
        match told:
            case Frame():
                self.stands("live")
                self._frame(told)
            case Hole(count=count):
                self.skipped += count or 0
                self.reason = "" if count else f"messages are missing: {told.reason}"
            case Ready():
                self.stands("live")

    def said(self) -> dict[str, Any]:
        """All of it but the past of a chart, as the view takes it."""
        said = {
            "kind": self.kind, "topics": list(self.topics), "state": self.state, "reason": self.reason, "skipped": self.skipped,
            "left_out": self.left_out, "simulated": self.simulated,
        }  # fmt: skip
        match self.kind:
            case "chart":
                return said | {"newest": {name: list(points[-1]) for name, points in self._series.items()}}
            case "table":
                return said | {"rows": [[name, *row] for name, row in sorted(self._rows.items())]}
        return said | {"lines": list(self._lines)[::-1]}

    def past(self) -> dict[str, list[list[float]]]:
        """The points of a chart so far: milliseconds since 1970 and values, oldest first, by topic."""
        return {name: [list(point) for point in points] for name, points in self._series.items()}

    def text(self) -> str:
        """For who can't be shown anything else."""
        head = f"{', '.join(self.topics)}: {self.state}" + (f" ({self.reason})" if self.reason else "")
        head += (f", skipped {self.skipped}" if self.skipped else "") + (" [simulated]" if self.simulated else "")
        match self.kind:
            case "chart":
                rows = [f"  {name}  {points[-1][1]:.10g}  ({len(points)} points)" for name, points in self._series.items()]
            case "table":
                rows = [f"  {name}  {'  '.join(row)}" for name, row in sorted(self._rows.items())]
            case _:
                rows = [f"  {'  '.join(filter(None, line))}" for line in self._lines]
        return "\n".join([head, *(rows or ["  nothing yet"])])

    def _frame(self, frame: Frame) -> None:
        data = frame.data if isinstance(frame.data, Mapping) else {"data": frame.data}
        self.simulated = self.simulated or bool(data.get("simulated"))
        match self.kind:
            case "chart":
                self._draw(frame.topic, str(data.get("ts") or frame.ts), data)
            case "table" if self._room(frame.topic, self._rows, TOPICS):
                self._rows[frame.topic] = [_clock(frame.ts), _number(_value(data, self._field)), _facts(data)]
            case "log" if not frame.snapshot:
                text = str(data.get("summary") or data.get("text") or _facts(data))[:LONGEST]
                self._lines.append([_clock(frame.ts), frame.topic, str(data.get("severity") or ""), text])

    def _draw(self, topic: str, ts: str, data: Mapping[str, Any]) -> None:
        value = _value(data, self._field)
        if value is None or not self._room(topic, self._series, SERIES):
            return
        points = self._series.setdefault(topic, deque(maxlen=POINTS))
        points.append((datetime.fromisoformat(ts).timestamp() * 1_000, value))

    def _room(self, topic: str, held: Mapping[str, Any], most: int) -> bool:
        if topic in held or len(held) < most:
            return True
        if len(self._beyond) < 10 * TOPICS:
            self._beyond.add(topic)
        self.left_out = len(self._beyond)
        return False


def _value(data: Mapping[str, Any], field: str) -> float | None:
    """The number that a message is about."""
    if not field and _is_number(data.get("bid")) and _is_number(data.get("ask")):
        return (float(data["bid"]) + float(data["ask"])) / 2
    inner = data.get("value")
    whole = {**inner, **data} if isinstance(inner, Mapping) else data  # of a state
    found = next((whole[name] for name in ((field,) if field else _VALUES) if _is_number(whole.get(name))), None)
    return None if found is None else float(found)


def _clock(ts: str) -> str:
    return ts[11:23].removesuffix("Z")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.10g}"


def _facts(data: Mapping[str, Any]) -> str:
    shown = (f"{name}={value if isinstance(value, str) else json.dumps(value, default=str)}" for name, value in data.items()
             if name not in ("ts", "symbol", "simulated", "source") and value not in (None, "", {}, []))  # fmt: skip
    return " ".join(shown)[:LONGEST]
