"""The clauses that are named answer for the value, and no fewer would."""

from __future__ import annotations

from itertools import chain, combinations
from random import Random

import pytest

from oracle.conditions import Clause, Windows, parse, why
from oracle.conditions.tree import Absent, Logic, Not, Truth
from oracle.conditions.why import decide, turning
from oracle.model import Event, Sample, Severity, Trade
from tests.soak import rounds

S = 1_000_000
T0 = 1_795_449_600 * S


def grown(random, leaves, depth, fresh):
    """A random condition; each leaf is a new one where `fresh`, else one of a few."""
    if depth == 0 or random.random() < 0.25:
        if random.random() < 0.05:
            return Truth(random.random() < 0.5)
        leaf = Absent(f"trade:{len(leaves) if fresh else random.randint(0, 4)}", S)
        leaves.add(leaf)
        return leaf
    if random.random() < 0.25:
        return Not(grown(random, leaves, depth - 1, fresh))
    parts = tuple(grown(random, leaves, depth - 1, fresh) for _ in range(random.randint(2, 3)))
    return Logic(random.choice(("and", "or")), parts)


def subsets(nodes):
    return chain.from_iterable(combinations(nodes, size) for size in range(len(nodes) + 1))


def turned(truths, nodes):
    return {**truths, **{node: not truths[node] for node in nodes}}


def ways(nodes):
    """Every way in which they may turn out."""
    return ({node: bool(bits >> place & 1) for place, node in enumerate(nodes)} for bits in range(2 ** len(nodes)))


@pytest.mark.parametrize("fresh", [True, False])
@pytest.mark.parametrize("seed", range(rounds(3, 100)))
def test_to_turn_all_of_them_turns_the_value_and_to_turn_fewer_does_not(seed, fresh):
    random = Random(seed)
    empty = 0
    for _ in range(1_000):
        leaves = set()
        root = grown(random, leaves, random.randint(1, 4), fresh)
        leaves = sorted(leaves, key=str)
        truths = {leaf: random.choice((True, False, True, False, None)) for leaf in leaves}
        value, chosen = decide(root, truths), turning(root, truths)
        assert chosen <= set(leaves)
        if value is None:
            assert chosen
            assert all(truths[leaf] is None for leaf in chosen)
            if len(chosen) <= 8:
                assert all(decide(root, {**truths, **way}) is not None for way in ways(chosen))
                if fresh:
                    for left in chosen:
                        assert any(decide(root, {**truths, **way}) is None for way in ways(chosen - {left}))
            continue
        assert all(truths[leaf] is not None for leaf in chosen)
        changes = decide(root, turned(truths, chosen)) is not value
        assert changes == bool(chosen)
        if None not in truths.values() and chosen:
            assert decide(root, turned(truths, chosen)) is (not value)
        if len(chosen) <= 10:
            fewer = [some for some in subsets(chosen) if len(some) < len(chosen)]
            assert not [some for some in fewer if decide(root, turned(truths, some)) is not value]
        if not chosen:
            empty += 1
            known = [leaf for leaf in leaves if truths[leaf] is not None]
            if len(known) <= 10:
                assert not [some for some in subsets(known) if decide(root, turned(truths, some)) is not value]
    assert empty < 300


@pytest.mark.parametrize("fresh", [True, False])
def test_they_are_the_fewest(fresh):
    random = Random(7)
    for _ in range(1_000):
        leaves = set()
        root = grown(random, leaves, 3, fresh)
        truths = {leaf: random.random() < 0.5 for leaf in sorted(leaves, key=str)}
        if len(truths) <= 9:
            value = decide(root, truths)
            sizes = [len(some) for some in subsets(list(truths)) if decide(root, turned(truths, some)) is not value]
            assert len(turning(root, truths)) == min(sizes, default=0)


def told(text, *messages, now_us=T0 + 60 * S):
    windows, expression = Windows(), parse(text)
    windows.want(expression, T0)
    for at_us, message in messages:
        windows.update(message, at_us)
    return why(expression, windows, now_us)


TRADE = (T0 + 10 * S, Trade("X", 105.0, 1.0, "", "", 0, "x"))
SAMPLE = (T0 + 20 * S, Sample("n", "s", 3.0, "", 0, "x"))


def test_a_conjunction_that_holds_falls_with_any_part():
    found = told('price("X") > 100 and sample("n", "s") < 5', TRADE, SAMPLE)
    assert (found.value, found.clauses) == (True, (Clause('price("X") > 100', True, 105.0, 100.0),))


def test_a_conjunction_that_does_not_hold_names_all_that_fails():
    found = told('price("X") > 200 and sample("n", "s") < 5 and not absent("trade:X", "30s")', TRADE, SAMPLE)
    assert found.value is False
    assert found.clauses == (
        Clause('price("X") > 200', False, 105.0, 200.0), Clause('absent("trade:X", "30s")', True, 50.0, 30.0))  # fmt: skip


def test_a_disjunction_that_holds_names_all_that_hold():
    found = told('price("X") > 100 or sample("n", "s") > 5 or count(event("k"), "1m") == 1', TRADE, SAMPLE,
                 (T0 + 59 * S, Event("e", "k", "s", "w", Severity.low, "", {}, 0)))  # fmt: skip
    assert [clause.text for clause in found.clauses] == ['price("X") > 100', 'count(event("k"), "1m") == 1']


def test_what_is_not_known_names_what_is_not_known():
    found = told('price("X") > 100 and sample("n", "s") < 5 and (price("Y") > 1 or absent("trade:Y", "1h"))', TRADE)
    assert found.value is None
    assert found.clauses == (
        Clause('sample("n", "s") < 5', None, None, 5.0), Clause('price("Y") > 1', None, None, 1.0),
        Clause('absent("trade:Y", "1h")', None, None, 3_600.0),
    )  # fmt: skip


def test_what_can_not_be_otherwise_has_no_clauses():
    assert told('price("X") > 100 or true', TRADE).clauses == ()
    assert told('price("X") > 100 or not price("X") > 100', TRADE).clauses == ()


def test_a_clause_that_is_written_twice_is_one():
    text = '(price("X") > 100 or true and sample("n", "s") > 5) and (price("X") > 100 or sample("n", "s") > 6)'
    found = told(text, TRADE, SAMPLE)
    assert [clause.text for clause in found.clauses] == ['price("X") > 100']


def test_many_clauses_twice_are_still_explained():
    text = " or ".join(f'(price("X") > {limit} and price("X") < 200)' for limit in range(200, 228))
    assert [clause.text for clause in told(text, TRADE).clauses] == ['price("X") > 200']
    text = " or ".join(f'(price("X") < {limit} and price("X") > 1)' for limit in range(200, 228))
    assert [clause.text for clause in told(text, TRADE).clauses] == ['price("X") > 1']
