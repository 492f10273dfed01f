"""What is understood of each rule, read once for each version of it."""

from __future__ import annotations

import attrs

from oracle.alerts.inhibitors import in_order
from oracle.alerts.rule import Rule, references_of, rule_of
from oracle.alerts.terms import Terms, terms_of, why_not
from oracle.board import Board
from oracle.model import State
from oracle.problems import Invalid

__all__ = ["Reading", "Readings"]


@attrs.frozen(eq=False)
class Reading:
    """One version of a rule. `rule` is None where it is not understood, `terms` where there are none or they are not; `fault`
    says why, where it is not looked at."""

    state: State
    rule: Rule | None = None
    terms: Terms | None = None
    references: frozenset[str] = frozenset()  # of its secrets
    fault: str | None = None

    @property
    def is_enabled(self) -> bool:
        """Whether the rule is at work."""
        return bool(self.state.value and self.state.value["enabled"])


class Readings:
    """Of the rules that are on the board: as many are kept as there are rules."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._known: dict[str, Reading] = {}

    def of(self, state: State) -> Reading:
        """A rule as it stands now. Who reads each when it is stored has not to read a thousand at once."""
        known = self._known.get(state.ref)
        # The very state, not its version: what is gone for long begins with the first one again.
        if known is None or known.state is not state:
            known = self._known[state.ref] = _read(state)
        return known

    def every(self) -> list[Reading]:
        """All rules as they stand now, in the order in which they were first seen."""
        self._known = {state.ref: self.of(state) for state in self._board.kind("rule")}
        return list(self._known.values())

    def terms(self) -> dict[str, Terms]:
        """By id, of those that are enabled, have a condition and are understood: whoever inhibits another comes before it, where
        one price is met by both."""
        found: dict[str, Terms] = {}
        inhibited: dict[str, tuple[str, ...]] = {}
        for one in self.every():
            if one.is_enabled and one.rule is not None and one.terms is not None:
                found[one.rule.alert_id], inhibited[one.rule.alert_id] = one.terms, one.rule.inhibited_by
        return {ident: found[ident] for ident in in_order(inhibited)}


def _read(state: State) -> Reading:
    rule = terms = fault = None
    try:
        rule = rule_of(state.value or {})
        terms = terms_of(rule.trigger)
        if terms is not None:
            terms.expressions()  # which it keeps, for each life of the conditions
    except Invalid as wrong:
        fault = why_not(wrong)
    references = frozenset(references_of(rule).values()) if rule is not None else frozenset()
    return Reading(state, rule, terms, references, fault)
