"""What a supervisor should do, said plainly: the reference its model test compares with. Starts and stops take no time."""

from dataclasses import dataclass
from math import inf


@dataclass
class Seat:
    """One child. `state` as the live tree says it; `due_s` is when a nap ends."""

    name: str
    kind: str
    state: str = "new"
    since_s: float = 0.0
    due_s: float = inf
    streak: int = 0
    restarts: int = 0


class Reference:
    """A supervisor with a window of 60 s. Times are given, nothing is read from a clock."""

    WINDOW_S = 60.0

    def __init__(self, strategy, exhausted, max_restarts, doomed_starts, charged_delay_s, expected_delay_s):
        self.strategy, self.exhausted, self.max_restarts = strategy, exhausted, max_restarts
        self.charged_delay_s, self.expected_delay_s = charged_delay_s, expected_delay_s
        self.doomed_starts, self.dooms = doomed_starts, {}
        self.seats, self.log, self.charges = {}, [], {}
        self.running = True
        self.resume_s = inf  # when a paused group starts again
        self.not_before_s = -inf

    # ---- what the test asks

    def copy_dooms(self):
        self.dooms = {name: list(kinds) for name, kinds in self.doomed_starts.items()}

    def knows(self, name):
        return name in self.seats

    def is_up(self, name):
        return name in self.seats and self.seats[name].state == "running"

    def view(self):
        return {s.name: (s.state, s.restarts) for s in self.seats.values()}

    # ---- what the test does

    def add(self, now_s, name, kind):
        self.seats[name] = Seat(name, kind)
        self._start(now_s, self.seats[name])
        self._mend(now_s)

    def crash(self, now_s, name, what):
        self._crashed(now_s, self.seats[name], what)
        self._mend(now_s)

    def kill(self, now_s, name):
        if self.is_up(name):
            self.crash(now_s, name, "kill")

    def finish(self, now_s, name):
        seat = self.seats[name]
        self.log.append(("stop", name))
        if seat.kind == "permanent":
            self.crash(now_s, name, "bug")
        else:
            self._drop(seat)

    def restart(self, now_s, name):
        seat = self.seats[name]
        if seat.state == "running":
            self.log.append(("stop", name))
            self._judge_health(now_s, seat)
        elif seat.state == "failed":
            seat.streak = 0
            self.charges.pop(name, None)
        elif seat.state == "waiting":
            return
        self._restart(now_s, seat)
        self._mend(now_s)

    def remove(self, name):
        if self.is_up(name):
            self.log.append(("stop", name))
        self._drop(self.seats[name])

    def advance(self, now_s):
        while self.running:
            due = [(s.due_s, s) for s in self.seats.values() if s.due_s <= now_s]
            first_s = min([d for d, _ in due], default=inf)
            if self.resume_s <= min(now_s, first_s):
                self._release(self.resume_s)
            elif due:
                seat = next(s for d, s in due if d == first_s)
                self._restart(first_s, seat)
                self._mend(first_s)
            else:
                return

    def end_all(self):
        for seat in reversed(list(self.seats.values())):
            self.remove(seat.name)
        self.running = False

    # ---- the rules

    def _start(self, now_s, seat):
        seat.state, seat.since_s, seat.due_s = "running", now_s, inf
        self.log.append(("start", seat.name))
        if self.dooms.get(seat.name):
            self._crashed(now_s, seat, self.dooms[seat.name].pop())

    def _restart(self, now_s, seat):
        seat.restarts += 1
        self._start(now_s, seat)

    def _judge_health(self, now_s, seat):
        if now_s - seat.since_s >= self.WINDOW_S:
            seat.streak = 0

    def _crashed(self, now_s, seat, what):
        self._judge_health(now_s, seat)
        if seat.kind == "temporary":
            return self._drop(seat)
        seat.streak += what != "kill"  # somebody wanted it: not charged
        if what == "outage":
            seat.state, seat.due_s = "backing_off", now_s + self.expected_delay_s(seat.streak)
            return None
        if what != "kill" and not self._charge(now_s, seat):
            seat.state = "failed"
            if self.exhausted == "escalate":
                self.end_all()
            return None
        delay_s = self.charged_delay_s(seat.streak)
        if self.strategy != "one_for_one":
            seat.state = "waiting"
            self.not_before_s = max(self.not_before_s, now_s + delay_s)
            self.torn = True
        elif delay_s:
            seat.state, seat.due_s = "backing_off", now_s + delay_s
        else:
            self._restart(now_s, seat)
        return None

    torn = False

    def _charge(self, now_s, seat):
        times = self.charges.setdefault(seat.name if self.exhausted == "park" else "", [])
        times.append(now_s)
        return sum(now_s - t <= self.WINDOW_S for t in times) <= self.max_restarts

    def _drop(self, seat):
        self.seats.pop(seat.name, None)
        self.charges.pop(seat.name, None)

    def _mend(self, now_s):
        """Bring the torn group to its gates, youngest first, and release it when its pause is over."""
        while self.torn and self.running:
            self.torn = False
            order = list(self.seats.values())
            waiting = [n for n, s in enumerate(order) if s.state == "waiting"]
            if not waiting:
                return
            for seat in reversed(order if self.strategy == "one_for_all" else order[waiting[0] :]):
                if seat.state == "running":
                    self._judge_health(now_s, seat)
                    self.log.append(("stop", seat.name))
                if seat.state == "failed":
                    continue
                if seat.kind == "temporary":
                    self._drop(seat)
                else:
                    seat.state, seat.due_s = "waiting", inf
            self.resume_s = self.not_before_s
            if self.resume_s <= now_s:
                self._release(now_s)

    def _release(self, now_s):
        self.resume_s = inf
        for seat in list(self.seats.values()):
            if self.torn or not self.running:
                break
            if seat.state == "waiting":
                self._restart(now_s, seat)
        self._mend(now_s)
