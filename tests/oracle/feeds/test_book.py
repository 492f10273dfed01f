"""The order book: beside a plain one of dicts, with what it says of depth, and the checksum of the venue's own example."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle.feeds.book import Book

# The venue's worked example (Kraken, book checksum of version 1): every size is 0.00000500.
ASKS = ("0.05005", "0.05010", "0.05015", "0.05020", "0.05025", "0.05030", "0.05035", "0.05040", "0.05045", "0.05050")
BIDS = ("0.05000", "0.04995", "0.04990", "0.04980", "0.04975", "0.04970", "0.04965", "0.04960", "0.04955", "0.04950")
EXAMPLE = 974947235


def level(price, size="0.00000500"):
    return float(price), float(size), "".join(text.replace(".", "").lstrip("0") for text in (price, size))


def book_of(bids, asks, levels=1000, refilled=True):
    book = Book(levels, refilled=refilled)
    book.replace(bids, asks)
    return book


def test_the_venue_s_own_example_has_its_checksum():
    book = book_of([level(p) for p in reversed(BIDS)], [level(p) for p in reversed(ASKS)])
    assert book.checksum() == EXAMPLE
    book.change([level("0.04940")], [level("0.05120"), level("0.05275")])  # behind the ten that count
    assert book.checksum() == EXAMPLE
    book.change([level("0.05000", "0.00000304")], [])
    assert book.checksum() != EXAMPLE
    book.change([level("0.05000")], [])
    assert book.checksum() == EXAMPLE


def test_spread_mid_and_depth_are_in_the_quote_currency():
    book = book_of([(99.0, 2.0, ""), (98.0, 1.0, ""), (90.0, 5.0, "")], [(101.0, 3.0, ""), (102.0, 1.0, "")])
    assert (book.mid, book.spread, book.best) == (100.0, 2.0, (99.0, 2.0, 101.0, 3.0))
    assert book.depth(99) == (0.0, 0.0)
    assert book.depth(100) == (198.0, 303.0)  # the edge counts
    assert book.depth(200) == (198.0 + 98.0, 303.0 + 102.0)
    assert book.depth(5000) == (198.0 + 98.0 + 450.0, 303.0 + 102.0)


def test_half_a_book_has_no_best():
    book = book_of([(99.0, 2.0, "")], [])
    assert (book.best, book.mid, book.spread, book.depth(50), book.crossed) == (None, None, None, None, False)


@pytest.mark.parametrize(("bid", "crossed"), [(100.9, False), (101.0, True), (102.0, True)])
def test_a_bid_as_high_as_an_ask_crosses(bid, crossed):
    assert book_of([(bid, 1.0, "")], [(101.0, 1.0, "")]).crossed is crossed


def test_what_a_venue_tells_anew_comes_back_into_a_cut_book():
    book = book_of([], [(float(p), 1.0, "") for p in range(1, 4)], levels=3)
    assert book.change([], [(0.5, 1.0, "")])[1] == ((0.5, 1.0), (3.0, 0.0))
    assert book.change([], [(0.5, 0.0, ""), (3.0, 7.0, "")])[1] == ((0.5, 0.0), (3.0, 7.0))
    assert book.asks == ((1.0, 1.0), (2.0, 1.0), (3.0, 7.0))
    assert not book.worn


def test_behind_a_cut_that_is_not_filled_again_nothing_is_believed_and_it_wears():
    book = book_of([], [(float(p), 1.0, "") for p in range(1, 9)], levels=4, refilled=False)
    assert book.asks[-1] == (4.0, 1.0)
    assert book.change([], [(6.0, 5.0, "")]) == ((), ())
    assert book.change([], [(1.0, 0.0, ""), (2.0, 0.0, "")])[1] == ((1.0, 0.0), (2.0, 0.0))
    assert not book.worn
    book.change([], [(3.0, 0.0, "")])
    assert book.worn
    book.replace([], [(1.0, 1.0, "")])
    assert not book.worn


PRICES = st.integers(1, 30).map(float)
SIZES = st.sampled_from([0.0, 0.0, 1.0, 2.5])
CHANGES = st.lists(st.tuples(PRICES, SIZES, st.just("")), max_size=6)


@given(CHANGES, CHANGES, st.lists(st.tuples(CHANGES, CHANGES), max_size=8), st.integers(1, 6), st.booleans())
def test_it_is_what_a_plain_book_is_and_what_it_tells_rebuilds_it(bids, asks, changes, levels, refilled):
    book = book_of(bids, asks, levels, refilled)
    plain = [best(side, {}, levels, sign, math.inf, whole=not refilled) for side, sign in ((bids, -1), (asks, 1))]
    rebuilt = [dict(book.bids), dict(book.asks)]
    for step in [None, *changes]:
        if step is not None:
            for mine, told in zip(rebuilt, book.change(*step), strict=True):
                mine.update(told)
            edges = [edge if not refilled else math.inf for _, edge in plain]
            plain = [best(step[i], plain[i][0], levels, (-1, 1)[i], edges[i]) for i in (0, 1)]
        for side, sign, (known, _), mine in zip((book.bids, book.asks), (-1, 1), plain, rebuilt, strict=True):
            assert dict(side) == known == {p: s for p, s in mine.items() if s}
            assert [sign * p for p, _ in side] == sorted(sign * p for p in known)
            assert len(side) <= levels


def best(told, known, levels, sign, edge, whole=False):
    """A side by hand: what is known, and the key behind which nothing is."""
    known = dict(known)
    for price, size, _ in told:
        if size == 0:
            known.pop(price, None)
        elif sign * price <= edge:
            known[price] = size
    kept = sorted(known, key=lambda price: sign * price)
    if len(kept) > levels or (whole and len(kept) == levels):  # who gives as many as were asked for may have more
        edge = sign * kept[levels - 1]
    return {price: known[price] for price in kept[:levels]}, edge
