"""The life of an alert as one table: in which phase it is, and where what happens leads. Values only.

    inactive --wait--> pending --met--> firing        (its condition has to hold for a while; without that, at once)
                         '--lapse--> inactive
    firing --acknowledge--> acknowledged --unacknowledge--> firing
      |--escalate--> escalated                        (nobody acknowledged in time)
      '--mute------> muted                            (tells nobody until it is over)
    any of these four --over--> inactive

What is not in the table can't happen: somebody who wishes it is refused, and told what is allowed.
"""

from __future__ import annotations

import enum

from actors import Refused

__all__ = ["TABLE", "Input", "Phase", "allowed", "moved"]


class Phase(enum.StrEnum):
    """How an alert stands."""

    inactive = "inactive"
    pending = "pending"
    firing = "firing"
    acknowledged = "acknowledged"
    muted = "muted"
    escalated = "escalated"


class Input(enum.StrEnum):
    """What moves it: its condition begins to hold, ceases to before it is met, is met, is over; a deadline has passed; somebody
    wishes it."""

    wait = "wait"
    lapse = "lapse"
    met = "met"
    over = "over"
    acknowledge = "acknowledge"
    unacknowledge = "unacknowledge"
    mute = "mute"
    escalate = "escalate"


_P, _I = Phase, Input
TABLE: dict[tuple[Phase, Input], Phase] = {
    (_P.inactive, _I.wait): _P.pending,
    (_P.pending, _I.lapse): _P.inactive,
    (_P.inactive, _I.met): _P.firing,
    (_P.pending, _I.met): _P.firing,
    (_P.firing, _I.met): _P.firing,
    (_P.acknowledged, _I.met): _P.acknowledged,
    (_P.muted, _I.met): _P.muted,
    (_P.escalated, _I.met): _P.escalated,
    (_P.firing, _I.over): _P.inactive,
    (_P.acknowledged, _I.over): _P.inactive,
    (_P.muted, _I.over): _P.inactive,
    (_P.escalated, _I.over): _P.inactive,
    (_P.firing, _I.acknowledge): _P.acknowledged,
    (_P.escalated, _I.acknowledge): _P.acknowledged,
    (_P.acknowledged, _I.unacknowledge): _P.firing,
    (_P.muted, _I.unacknowledge): _P.firing,
    (_P.firing, _I.mute): _P.muted,
    (_P.acknowledged, _I.mute): _P.muted,
    (_P.escalated, _I.mute): _P.muted,
    (_P.firing, _I.escalate): _P.escalated,
}
"""Every edge there is."""

_BY_HAND = {_I.acknowledge: "acknowledge", _I.unacknowledge: "unacknowledge", _I.mute: "mute", _I.over: "resolve"}


def allowed(phase: Phase) -> list[str]:
    """What somebody may wish of an alert in this phase."""
    return [word for step, word in _BY_HAND.items() if (phase, step) in TABLE]


def moved(phase: Phase, step: Input) -> Phase:
    """The phase after a step. Raises Refused `illegal` for one that is not in the table."""
    after = TABLE.get((phase, step))
    if after is None:
        can = allowed(phase)
        word = _BY_HAND.get(step, str(step))
        raise Refused(
            f"an alert that is {phase} can't {word}; allowed: {', '.join(can) or 'nothing'}", "illegal",
            {"phase": str(phase), "allowed": can})  # fmt: skip
    return after
