"""Which of a broker's books are told: those that changed and stayed, and the same ones once a minute."""

from hypothesis import given
from hypothesis import strategies as st

from oracle.trading.brokers.calm_books import CalmBooks
from oracle.trading.reports import Reported

S_US = 1_000_000


def books(cash, at_s):
    return Reported(cash, None, (), at_s * S_US)


def test_what_changed_is_told_when_it_was_seen_twice_and_the_same_a_minute_later():
    calm = CalmBooks()
    assert calm.news(books(1.0, 0)) is None
    assert calm.news(books(1.0, 5)) == books(1.0, 5)
    assert [calm.news(books(1.0, at_s)) for at_s in range(10, 65, 5)] == [None] * 11
    assert calm.news(books(1.0, 65)) == books(1.0, 65)
    assert calm.news(books(2.0, 70)) is None and calm.news(books(3.0, 75)) is None
    assert calm.news(books(3.0, 80)) == books(3.0, 80)


@given(st.lists(st.sampled_from([1.0, 2.0, 3.0]), max_size=40))
def test_nothing_is_told_that_was_not_seen_twice_in_a_row(cash):
    calm, before = CalmBooks(), None
    for at, amount in enumerate(cash):
        told = calm.news(books(amount, 5 * at))
        assert told is None or (told.cash == amount == before)
        before = amount
