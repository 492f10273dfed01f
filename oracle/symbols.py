"""Names of things that trade: `BASE-QUOTE` for pairs (`BTC-USD`, `NKN-USDT`), plain for shares and funds (`AAPL`).

BTC-USDT is not BTC-USD: the quote asset is part of the name. Where a venue writes a pair in one word, the assets it
quotes in tell where to split.
"""

from __future__ import annotations

import functools
from typing import Literal

__all__ = ["AssetType", "asset_type", "base_asset", "is_symbol", "join_pair", "quote_asset", "split_pair", "symbol_of"]

AssetType = Literal["crypto", "etf", "equity"]

_LONGEST = 32  # characters

# The assets pairs are quoted in on spot venues. Longer names are tried first, so that BTCFDUSD is BTC-FDUSD.
_QUOTE_ASSETS = sorted((
    "USDT", "FDUSD", "USDC", "BUSD", "TUSD", "USDP", "USD1", "USDE", "USDS", "XUSD", "PAX", "DAI", "VAI", "UST",
    "AEUR", "EURI", "IDRT", "BIDR", "BVND", "BKRW", "GYEN", "BTC", "ETH", "BNB", "SOL", "XRP", "TRX", "DOGE", "DOT",
    "USD", "EUR", "GBP", "JPY", "AUD", "CHF", "CAD", "TRY", "BRL", "RUB", "UAH", "ZAR", "NGN", "PLN", "RON", "CZK",
    "ARS", "MXN", "COP", "IDR",
), key=len, reverse=True)  # fmt: skip
_COINS = frozenset((
    "BTC", "ETH", "SOL", "BNB", "XRP", "ADA", "DOGE", "DOT", "TRX", "LTC", "BCH", "LINK", "AVAX", "MATIC", "POL", "UNI", "ATOM",
    "XLM", "ETC", "FIL", "APT", "ARB", "OP", "NEAR", "ICP", "AAVE", "SUI", "SHIB", "TON", "USDT", "USDC", "DAI",
))  # fmt: skip
_FUNDS = frozenset({"SPY", "QQQ", "GLD", "TLT"})


def is_symbol(text: str) -> bool:
    """Whether `text` can be a symbol: upper case letters and digits, at most one dash between them."""
    parts = text.split("-")
    return len(text) <= _LONGEST and len(parts) <= 2 and all(map(_is_asset, parts))


def base_asset(symbol: str) -> str:
    """What is traded: `BTC` of `BTC-USD`, `AAPL` of `AAPL`."""
    return symbol.partition("-")[0]


def quote_asset(symbol: str) -> str:
    """What the price is in: `USDT` of `BTC-USDT`; plain symbols are in `USD`."""
    return symbol.partition("-")[2] or "USD"


def asset_type(symbol: str) -> AssetType:
    """Which kind of asset: pairs are crypto; known funds are etf; other plain symbols are equity."""
    if "-" in symbol:
        return "crypto"
    return "etf" if symbol in _FUNDS else "equity"


def join_pair(symbol: str) -> str:
    """The pair in one word: `BTC-USDT` -> `BTCUSDT`."""
    return symbol.replace("-", "")


@functools.lru_cache(maxsize=8192)
def split_pair(word: str) -> str | None:
    """The symbol of a pair written in one word: `NKNUSDT` -> `NKN-USDT`; None where no known quote asset ends it."""
    if len(word) > _LONGEST or not _is_asset(word):
        return None
    for asset in _QUOTE_ASSETS:
        if len(word) > len(asset) and word.endswith(asset):
            return f"{word[: -len(asset)]}-{asset}"
    return None


def symbol_of(text: str) -> str | None:
    """The symbol that people mean by `btc`, `BTC/USD`, `BTCUSDT` or `AAPL`: a well-known coin alone is its pair in USD, any other
    plain name a share or fund. None where it can be none."""
    name = text.strip().upper().replace("/", "-")
    if not is_symbol(name):
        return None
    if "-" in name:
        return name
    if name in _COINS:
        return f"{name}-USD"
    pair = split_pair(name)
    return pair if pair is not None and base_asset(pair) in _COINS else name


def _is_asset(text: str) -> bool:
    # Not only ASCII: venues list assets with names in other scripts. No colon or star can pass, so a topic stays whole.
    return text.isalnum() and text == text.upper()
