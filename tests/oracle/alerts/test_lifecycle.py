"""The table of an alert's life, and random walks over it through the decider: no illegal phase, none told too much."""

from __future__ import annotations

import attrs
import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from actors import Refused
from oracle.alerts.decider import WISHES, Decider, Edge, Firing, Held, Record, deadlines
from oracle.alerts.lifecycle import TABLE, Input, Phase, allowed, moved
from oracle.alerts.rule import Rule
from oracle.alerts.silence import Matchers, Silence
from oracle.alerts.trigger import CONDITIONS, LAPSED, MET, OVER, PENDING
from oracle.border import structure
from oracle.model import Command, Event, Severity

S, HOUR = 1_000_000, 3_600_000_000
T0 = 1_700_000_000 * S
BODY = {
    "alert_id": "a", "name": "Big moves", "description": "d", "trigger": {"type": "watchdog_event"}, "cooldown_seconds": 60,
    "delivery_methods": ["webhook"], "webhook_config": {"url": "https://hooks.test/x"},
}  # fmt: skip


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("step", Input)
def test_every_pair_leads_somewhere_or_is_refused(phase, step):
    if (phase, step) in TABLE:
        assert moved(phase, step) is TABLE[phase, step]
        return
    with pytest.raises(Refused) as no:
        moved(phase, step)
    assert (no.value.code, no.value.details) == ("illegal", {"phase": str(phase), "allowed": allowed(phase)})


def test_the_table_is_whole():
    assert {phase for phase, step in TABLE if step is Input.met} == set(Phase), "whatever happens, an event is taken"
    assert {after for (_, step), after in TABLE.items() if step is Input.over} == {Phase.inactive}
    assert {phase for phase, step in TABLE if step is Input.over} == set(Phase) - {Phase.inactive, Phase.pending}
    assert {step for phase, step in TABLE if phase is Phase.pending} == {Input.met, Input.lapse}
    reached = {Phase.inactive}
    while more := {after for (before, _), after in TABLE.items() if before in reached} - reached:
        reached |= more
    assert reached == set(Phase)
    assert allowed(Phase.inactive) == []
    assert allowed(Phase.firing) == ["acknowledge", "mute", "resolve"]


def test_a_record_goes_through_its_state_and_back_with_all_it_holds():
    event = {"kind": "k", "data": {"n": 1}}
    record = Record(
        trigger_count=3, last_triggered_us=5, suppressed=2, last_event_id="e", on_since_us=4, suppressed_by={"cooldown": 2},
        mark="x", phase="muted", since_us=7, began_us=6, by="me", comment="why", met_us=8, told_us=5, recent_us=(5,), last=event,
        held={"event": event, "until_us": 9}, groups={"asset=BTC": 5}, gathered={"": {"since_us": 1, "count": 2}}, edges=9,
        handled=("e", 4),
    )  # fmt: skip
    assert {field.name for field in attrs.fields(Record) if getattr(record, field.name) == field.default} == set()
    assert Record.of(record.value()) == record
    assert type(record.value()["phase"]) is str


def test_a_record_of_before_there_were_phases_is_firing_while_its_condition_is_met():
    old = {"trigger_count": 1, "last_triggered_us": 5, "suppressed": 0, "last_event_id": "e", "on_since_us": 5}
    assert (Record.of(old).phase, Record.of(old).since_us, Record.of(old).told_us) == (Phase.firing, 5, 5)
    assert Record.of(old | {"on_since_us": None}).phase is Phase.inactive


OPTIONS = st.fixed_dictionaries({}, optional={
    "cooldown_seconds": st.sampled_from([0, 60]), "notify_resolved": st.booleans(),
    "escalate_after_s": st.sampled_from([30, 600]),
    "max_per_hour": st.sampled_from([1, 3]), "resolve_after_s": st.sampled_from([20, 900]),
    "quiet_hours": st.just({"from": "22:00", "to": "23:00", "min_severity": "high"}),
})  # fmt: skip


class Walk(RuleBasedStateMachine):
    """An alert, what people say to it, and time; beside it a model that knows nothing but the table."""

    @initialize(options=OPTIONS)
    def begin(self, options):
        self.rule = structure(Rule, {**BODY, **options})
        self.silences = {}
        self.decider = Decider(self.rule, Record(), {"webhook"}, self.silences)
        self.now, self.number = T0, 0
        self.phase = Phase.inactive
        self.fired, self.sent = [], set()

    @rule(severity=st.sampled_from(Severity))
    def event(self, severity):
        self.number += 1
        one = Event(f"evt_{self.number}", "price_anomaly", "BTC-USD", "watchdog:price_anomaly", severity, "rose", {}, self.now)
        before = self.decider.record
        done = self.decider.update(one, self.now)
        cooling = before.last_triggered_us is not None and self.now - before.last_triggered_us < self.rule.cooldown_seconds * S
        loud = severity.rank >= Severity.high.rank
        quiet = self.rule.quiet_hours is not None and (self.now // HOUR) % 24 == 22 and not loud
        many = self.rule.max_per_hour is not None and len(self.recent()) >= self.rule.max_per_hour
        if cooling or self.phase is Phase.muted or self.silences or quiet or many:
            assert done is None or isinstance(done, Held)
            assert self.decider.record.suppressed == before.suppressed + 1
        else:
            assert isinstance(done, Firing)
            self.fired.append(self.now)
            self.told(done)
        self.phase = moved(self.phase, Input.met)

    @rule(verb=st.sampled_from(sorted(WISHES)), comment=st.sampled_from(["", "on it"]))
    def wish(self, verb, comment):
        before, command = self.decider.record, Command(verb, {"comment": comment}, "me")
        if (self.phase, WISHES[verb]) not in TABLE:
            with pytest.raises(Refused):
                self.decider.wish(command, self.now)
            assert self.decider.record == before
            return
        self.edge(self.decider.wish(command, self.now), WISHES[verb])
        record = self.decider.record
        assert (record.by, record.comment, record.since_us) == ("me", comment, self.now)

    @rule(seconds=st.sampled_from([0, 1, 15, 45, 300, 2000, 40_000]))
    def time(self, seconds):
        self.now += seconds * S
        while due := min(deadlines(self.rule, self.decider.record, 0), default=None):
            if due[0] > self.now:
                break
            self.edge(self.decider.on_time(self.now), due[1])
        assert self.decider.on_time(self.now) is None

    @rule()
    def silence(self):
        matchers = Matchers(alert_id="a")
        self.silences["s"] = Silence(id="s", matchers=matchers, from_us=self.now, until_us=self.now + 10**15, by="me")

    @rule()
    def unsilence(self):
        self.silences.clear()

    @rule()
    def another_start(self):
        self.decider = Decider(self.rule, Record.of(self.decider.record.value()), {"webhook"}, self.silences)

    @invariant()
    def the_record_is_what_the_table_says(self):
        record = self.decider.record
        assert record.phase is self.phase
        assert record.suppressed == sum(record.suppressed_by.values())
        assert record.trigger_count == len(self.fired)
        if self.phase is Phase.inactive:
            assert record.told_us is None and self.decider.next_deadline is None
        if self.rule.max_per_hour is not None:
            assert len(self.recent()) <= self.rule.max_per_hour

    def recent(self):
        return [at for at in self.fired if self.now - at < HOUR]

    def edge(self, done, step):
        assert isinstance(done, Edge)
        assert (done.alert.data["from"], done.alert.data["to"]) == (self.phase, TABLE[self.phase, step])
        assert not (self.silences and done.deliveries)
        self.phase = TABLE[self.phase, step]
        self.told(done)

    def told(self, done):
        ids = {one.id for one in done.deliveries}
        assert done.alert.id not in self.sent and not ids & self.sent, "whatever happens has its own ids"
        self.sent |= ids | {done.alert.id}


TestWalk = Walk.TestCase
TestWalk.settings = settings(max_examples=60, stateful_step_count=40, suppress_health_check=list(HealthCheck))


def test_decided_once_more_a_step_is_the_same():
    one = Decider(structure(Rule, {**BODY, "escalate_after_s": 60}), Record(), {"webhook"})
    one.update(Event("evt_1", "price_anomaly", "BTC-USD", "watchdog:x", Severity.high, "rose", {}, T0), T0)
    again = Decider(one.rule, one.record, {"webhook"})
    first, second = one.on_time(T0 + 60 * S), again.on_time(T0 + 90 * S)
    assert first.alert.id == second.alert.id
    assert [each.id for each in first.deliveries] == [each.id for each in second.deliveries]
    assert attrs.evolve(one.record, since_us=0) == attrs.evolve(again.record, since_us=0)


ABOVE = {"type": "price_threshold", "symbol": "BTC", "price_threshold": 1, "direction": "above", "for_s": 5}


class Holding(RuleBasedStateMachine):
    """A condition that comes and goes, and all that may hold its alert back: whoever should be told is, and once."""

    @initialize(options=OPTIONS, wait=st.sampled_from([None, 10]))
    def begin(self, options, wait):
        more = {} if wait is None else {"group_wait_s": wait}
        self.rule = structure(Rule, {**BODY, "trigger": ABOVE, **options, **more, "inhibited_by": ["root"]})
        self.silences, self.active = {}, set()
        self.decider = Decider(self.rule, Record(), {"webhook"}, self.silences, 0, self.active)
        self.now, self.number, self.stands = T0, 0, "off"
        self.told, self.owed = 0, False

    @rule(to=st.sampled_from(["off", "waits", "on"]))
    def condition(self, to):
        kinds = {("off", "waits"): PENDING, ("waits", "off"): LAPSED, ("waits", "on"): MET, ("off", "on"): MET,
                 ("on", "off"): OVER}  # fmt: skip
        kind = kinds.get((self.stands, to))
        if kind is None:
            return
        self.stands, self.number = to, self.number + 1
        event = Event(f"evt_{self.number}", kind, "a", CONDITIONS, Severity.medium, "over 1", {}, self.now)
        if kind == MET:
            self.told = 0
        self.take(self.decider.update(event, self.now))

    @rule(seconds=st.sampled_from([1, 15, 45, 3000, 40_000]))
    def time(self, seconds):
        until = self.now + seconds * S
        while (due := self.decider.next_deadline) is not None and due <= until:
            self.now = max(self.now, due)
            self.take(self.decider.on_time(self.now))
        self.now = until

    @rule()
    def silence(self):
        until_us = self.now + 60 * S
        self.silences["s"] = Silence(id="s", matchers=Matchers(alert_id="a"), from_us=self.now, until_us=until_us, by="me")

    @rule()
    def unsilence(self):
        self.silences.clear()
        self.take(self.decider.look(self.now))

    @rule()
    def inhibit(self):
        self.active ^= {"root"}
        self.take(self.decider.look(self.now))

    @rule()
    def another_start(self):
        record = Record.of(msgspec.json.decode(msgspec.json.encode(self.decider.record.value())))
        self.decider = Decider(self.rule, record, {"webhook"}, self.silences, 0, self.active)

    @invariant()
    def it_is_told_once_unless_something_holds_it_back(self):
        record = self.decider.record
        phases = {"off": {Phase.inactive}, "waits": {Phase.pending}, "on": {Phase.firing, Phase.escalated}}
        assert record.phase in phases[self.stands]
        assert self.told <= 1 and (record.held is None or self.told == 0)
        assert not (self.stands != "on" and (record.held or record.gathered))
        if self.stands == "on" and not self.told:
            assert record.held or record.gathered, "it is owed"
            free = not self.silences and not self.active and self.rule.quiet_hours is None and self.rule.max_per_hour is None
            waits = [at for at, step in deadlines(self.rule, record, 0) if step is Input.met]
            assert waits or not free, "and it is known when it is told"

    def take(self, done):
        if isinstance(done, Firing):
            assert self.stands == "on" and not self.active
            assert not any(one.holds(self.rule, done.event, self.now) for one in self.silences.values())
            self.told += 1


TestHolding = Holding.TestCase
TestHolding.settings = settings(max_examples=80, stateful_step_count=40, suppress_health_check=list(HealthCheck))
