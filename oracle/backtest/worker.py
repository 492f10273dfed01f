"""The process that goes through stored messages with deciders: lines in on standard input, lines out on standard output.

It ends when its input does, so it never outlives who started it. A decider that crashes ends the life that is gone through.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from functools import partial
from operator import itemgetter
from typing import Any

import attrs
import msgspec

from oracle import cells
from oracle.alerts.conditions import Conditions
from oracle.alerts.trigger import CONDITIONS
from oracle.backtest.wire import Begin, Cut, Done, Found, Order, Piece, Told, actor_of, decode_piece
from oracle.border import structure
from oracle.watchdogs import watchdog_class
from oracle.watchdogs.actor import finding_event
from oracle.watchdogs.decider import Course, Memory

__all__ = ["Replay", "main"]

NICE = 10  # the server goes first
MOST_FRAMES = 10  # of a traceback


@attrs.define(eq=False)
class Replay:
    """Deciders on the clock of the messages; `say` is told what they find."""

    order: Order
    say: Callable[[Any], None]
    cpu_s: Callable[[], float]
    messages: dict[str, int] = attrs.field(factory=dict)
    unreadable: int = 0
    busy_s: float = 0.0
    crashed: dict[str, str] = attrs.field(factory=dict)
    crashed_at: dict[str, list[tuple[str, int, str, int]]] = attrs.field(factory=dict)
    _courses: dict[str, Course] = attrs.field(factory=dict)
    _waiting: dict[tuple[str, ...], list[tuple[int, int, Any]]] = attrs.field(factory=dict)

    def take(self, line: Begin | Piece | Cut) -> None:
        """One line of the parent."""
        match line:
            case Begin():
                self._begin(line)
            case Piece():
                rows, bad = decode_piece(line.kind, line.rows)
                self.unreadable += bad
                self._waiting.setdefault(tuple(line.names), []).extend(rows)
            case Cut():
                self._go(line)

    def _begin(self, life: Begin) -> None:
        kind, table = self.order.watchdogs[life.name]
        cls = Conditions if life.name == CONDITIONS else watchdog_class(kind)
        course = Course(structure(cls, table, path=("watchdogs", life.name)))
        rows = [row for kind, text in life.memory for row in decode_piece(kind, text)[0]]
        lessons = sorted([*life.bars, *life.means], key=lambda one: one.ts_us)
        self._courses[life.name] = course
        memory = Memory(lessons, [row[1:] for row in rows], life.watched_us)
        self._guarded(life.name, lambda: course.begin(memory, life.at_us))

    def _go(self, cut: Cut) -> None:
        began_s = self.cpu_s()
        by_name: dict[str, list[list[tuple[int, int, Any]]]] = {}
        for names, rows in self._waiting.items():
            for name in names:
                by_name.setdefault(name, []).append(rows)
        self._waiting.clear()
        for name, parts in by_name.items():
            rows = parts[0] if len(parts) == 1 else [row for part in parts for row in part]
            rows.sort(key=itemgetter(0))
            self._run(name, rows)
        for name, ended_us in cut.ended.items():
            course = self._courses.pop(name, None)
            if course is not None:
                until_us = min(ended_us, self.order.to_us - 1)
                self._guarded(name, partial(self._end, name, course, until_us))
        self.busy_s += self.cpu_s() - began_s
        self.say(Told(cut.done, sum(self.messages.values())))

    def _end(self, name: str, course: Course, until_us: int) -> None:
        self._tell(name, course, course.pass_time(until_us))

    def _run(self, name: str, rows: list[tuple[int, int, Any]]) -> None:
        course = self._courses.get(name)
        if course is None:
            return
        self.messages[name] = self.messages.get(name, 0) + len(rows)
        take, tell = course.take, self._tell

        def go() -> None:
            for _, time_us, message in rows:
                for finding in take(message, time_us):
                    tell(name, course, (finding,))

        self._guarded(name, go)

    def _guarded(self, name: str, work: Callable[[], None]) -> None:
        """Do what may call a stranger's code; where that crashes its life is over, as it was or would be live."""
        try:
            work()
        except Exception as error:
            self._courses.pop(name, None)
            self.crashed[name] = f"{type(error).__name__}: {error}"[:300]
            trace = [(frame.f_code, line) for frame, line in traceback.walk_tb(error.__traceback__)][-MOST_FRAMES:]
            self.crashed_at[name] = [(code.co_filename, line, code.co_name, code.co_firstlineno) for code, line in trace]

    def _tell(self, name: str, course: Course, findings: Any) -> None:
        for finding in findings:
            if self.order.from_us <= finding.ts_us < self.order.to_us:
                self.say(Found(finding_event(actor_of(name), finding, course.provider)))


def main() -> None:
    """Run until the input ends."""
    os.nice(NICE)
    source, out = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a stranger's decider prints is no word of ours
    lines = msgspec.json.Decoder(Order | Begin | Piece | Cut)
    encode = msgspec.json.Encoder(enc_hook=str).encode

    def say(what: Any) -> None:
        out.write(encode(what) + b"\n")
        out.flush()

    replay: Replay | None = None
    for text in source:
        line = lines.decode(text)
        if isinstance(line, Order):
            cells.unpack(line.classes)
            replay = Replay(line, say, cpu_seconds)
        elif replay is not None:
            replay.take(line)
    if replay is not None:
        say(Done(replay.messages, replay.unreadable, replay.busy_s, replay.crashed, replay.crashed_at))


def cpu_seconds() -> float:
    """CPU time of this process so far."""
    times = os.times()
    return times.user + times.system


if __name__ == "__main__":
    main()
