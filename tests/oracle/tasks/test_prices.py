"""What tokens cost."""

import attrs

from oracle.settings_runs import Price, Tasks
from oracle.tasks.prices import cost_usd, price_of


def test_the_longest_name_that_fits_is_the_price():
    tasks = Tasks(prices={"opus": Price(input_usd=1.0, output_usd=2.0), "opus-4": Price(input_usd=15.0, output_usd=75.0),
                          "sonnet-4": Price(input_usd=3.0, output_usd=15.0)})  # fmt: skip
    assert price_of(tasks, "claude-OPUS-4-20250514") == tasks.prices["opus-4"]
    assert price_of(tasks, "claude-opus-3") == tasks.prices["opus"]
    assert price_of(tasks, "") == price_of(tasks, "unheard-of") == tasks.prices["sonnet-4"]


def test_a_million_tokens_cost_what_the_table_says():
    tasks = Tasks()
    assert cost_usd(tasks, "opus-4", 1_000_000, 1_000_000) == 90.0
    assert cost_usd(tasks, "sonnet-4", 1_500, None) == 0.0045
    assert cost_usd(tasks, "sonnet-4", None, 0) == 0.0
    assert cost_usd(tasks, "sonnet-4", None, None) is None
    assert cost_usd(attrs.evolve(tasks, prices={}), "opus-4", 1, 1) is None
    dearer = attrs.evolve(tasks, prices={"opus-4": Price(input_usd=30.0, output_usd=0.0)})
    assert cost_usd(dearer, "opus-4", 1_000_000, 1_000_000) == 30.0
