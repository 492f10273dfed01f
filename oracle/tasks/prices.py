"""What tokens cost, by model."""

from __future__ import annotations

from oracle.settings_runs import Price, Tasks

__all__ = ["cost_usd", "price_of"]

MILLION = 1_000_000


def price_of(tasks: Tasks, model: str) -> Price | None:
    """The price whose name is the longest part of the model's; else the default one, None where that has no price either."""
    low = model.lower()
    fits = [name for name in tasks.prices if name.lower() in low]
    return tasks.prices.get(max(fits, key=len, default=tasks.default_price))


def cost_usd(tasks: Tasks, model: str, input_tokens: int | None, output_tokens: int | None) -> float | None:
    """US dollars for these tokens of a model; None where nobody said any tokens, or they have no price."""
    price = price_of(tasks, model)
    if price is None or (input_tokens is None and output_tokens is None):
        return None
    spent = (input_tokens or 0) * price.input_usd + (output_tokens or 0) * price.output_usd
    return round(spent / MILLION, 9)
