"""Names of what trades."""

import pytest

from oracle.symbols import asset_type, base_asset, is_symbol, join_pair, quote_asset, split_pair


@pytest.mark.parametrize(("word", "symbol"), [
    ("NKNUSDT", "NKN-USDT"), ("BLZETH", "BLZ-ETH"), ("RUNEEUR", "RUNE-EUR"), ("LRCBTC", "LRC-BTC"),
    ("BTCUSDT", "BTC-USDT"), ("BTCFDUSD", "BTC-FDUSD"), ("ETHBTC", "ETH-BTC"), ("USDTTRY", "USDT-TRY"),
    ("TUSDUSDT", "TUSD-USDT"), ("BTCUSD", "BTC-USD"), ("1INCHUSDT", "1INCH-USDT"),
    ("USDT", None), ("XYZ", None), ("", None), ("btcusdt", None), ("BTC_USDT", None), ("BTC:USDT", None), ("A" * 99, None),
])  # fmt: skip
def test_a_pair_in_one_word_is_split_by_the_asset_it_is_quoted_in(word, symbol):
    assert split_pair(word) == symbol
    if symbol:
        assert join_pair(symbol) == word


@pytest.mark.parametrize("symbol", ["AAPL", "BTC-USD", "1INCH-USDT", "币安-USDT"])
def test_symbols(symbol):
    assert is_symbol(symbol)


@pytest.mark.parametrize("text", ["", "-", "BTC-", "-USD", "btc-usd", "A-B-C", "A B", "A:B", "*", "A" * 33])
def test_what_is_no_symbol(text):
    assert not is_symbol(text)


def test_base_quote_and_kind():
    assert [base_asset("BTC-USDT"), base_asset("AAPL")] == ["BTC", "AAPL"]
    assert [quote_asset("BTC-USDT"), quote_asset("AAPL")] == ["USDT", "USD"]
    assert [asset_type(s) for s in ("BTC-USD", "SPY", "AAPL")] == ["crypto", "etf", "equity"]
