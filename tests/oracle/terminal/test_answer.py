"""What a MetaTrader 5 terminal answers, in either spelling; what is refused; and the package, with objects of its field names."""

from collections import namedtuple
from types import SimpleNamespace

import pytest

from oracle.problems import Invalid
from oracle.secret import Secret
from oracle.settings_trading import Mt5
from oracle.terminal.answer import answer_of
from oracle.terminal.bridge import Unanswered
from oracle.terminal.package import answered

ACCOUNT = {"login": 7, "balance": 10_000.0, "equity": 10_050.5, "profit": 50.5, "currency": "USD", "leverage": 100, "margin": 1.0}
POSITION = {"ticket": 12, "time": 1, "type": 1, "symbol": "XAUUSDm", "volume": 0.1, "price_open": 2345.5, "sl": 2360.0, "tp": 0.0,
            "price_current": 2350.0, "profit": -4.5, "magic": 3}  # fmt: skip
KNOWN = {"balance": 10_000.0, "equity": 10_050.5, "profit": 50.5, "currency": "USD", "leverage": 100, "day_pl": None}
HELD = {"ticket": 12, "symbol": "XAUUSDm", "type": 1, "direction": "SELL", "volume": 0.1, "entry_price": 2345.5,
        "price_current": 2350.0, "sl_price": 2360.0, "tp_price": 0.0, "profit": -4.5}  # fmt: skip


def test_its_own_words_and_ours_are_understood_wrapped_or_not():
    assert answer_of(ACCOUNT, [POSITION]) == (KNOWN, [HELD])
    assert answer_of(KNOWN, [HELD]) == (KNOWN, [HELD])
    assert answer_of({"account": ACCOUNT}, {"positions": [POSITION]}) == (KNOWN, [HELD])
    assert answer_of({**ACCOUNT, "day_pl": 3}, [])[0]["day_pl"] == 3.0
    assert answer_of(KNOWN, [{**HELD, "type": None, "direction": "buy"}])[1][0]["type"] == 0


def test_what_is_not_said_is_not_known():
    (account, (position,)) = answer_of({"balance": 1, "equity": 2},
                                       [{"ticket": 1, "symbol": "A", "type": 0, "volume": 1, "price_open": 5}])  # fmt: skip
    assert account == {"balance": 1.0, "equity": 2.0, **dict.fromkeys(("profit", "currency", "leverage", "day_pl"))}
    assert [position[name] for name in ("price_current", "sl_price", "tp_price", "profit")] == [None] * 4


@pytest.mark.parametrize(("account", "positions", "where"), [
    ([], [], "account"), (None, [], "account"), ({}, [], "account.balance"), 
    ({**ACCOUNT, "equity": "much"}, [], "account.equity"),
    ({**ACCOUNT, "balance": 1e300}, [], "account.balance"), ({**ACCOUNT, "leverage": 10**30}, [], "account.leverage"),
    (ACCOUNT, {}, "positions"), (ACCOUNT, None, "positions"), (ACCOUNT, [3], "positions[0]"),
    (ACCOUNT, [{**POSITION, "type": 2}], "positions[0].type"),
    (ACCOUNT, [{**POSITION, "direction": "BUY"}], "positions[0].type"),
    (ACCOUNT, [POSITION, {**POSITION, "volume": 0}], "positions[1].volume"),
    (ACCOUNT, [{**POSITION, "ticket": 2**63}], "positions[0].ticket"),
    (ACCOUNT, [{**POSITION, "symbol": "x" * 65}], "positions[0].symbol"), (ACCOUNT, [POSITION] * 1_001, "body[1].positions"),
])  # fmt: skip
def test_what_makes_no_sense_is_refused_whole(account, positions, where):
    with pytest.raises(Invalid) as caught:
        answer_of(account, positions)
    assert caught.value.problems[0].where == where


class Terminal:
    """Stands where the package MetaTrader5 stands, and knows one account once it is logged in."""

    def __init__(self, password="s3cret", running=True):
        self.password, self.running, self.login = password, running, None

    def initialize(self, *path, login, password="", server=""):
        if self.running and password == self.password:
            self.login = (path, login, server)
        return self.login is not None

    def last_error(self):
        return -6, "Authorization failed"

    def account_info(self):
        return namedtuple("AccountInfo", ACCOUNT)(**ACCOUNT) if self.login else None

    def positions_get(self):
        return (namedtuple("TradePosition", POSITION)(**POSITION),) if self.login else None


def test_the_package_is_logged_in_to_as_the_settings_say(monkeypatch, tmp_path):
    monkeypatch.setenv("MT5_PASSWORD", "s3cret")
    mt5 = Mt5(login=7, password=Secret("env", "MT5_PASSWORD"), server="Demo", path=tmp_path)
    package = Terminal()
    for _ in range(2):
        assert answer_of(*answered(package, mt5)) == (KNOWN, [HELD])
    assert package.login == ((str(tmp_path),), 7, "Demo")


def test_a_package_that_says_nothing_says_why_and_never_the_password(monkeypatch):
    monkeypatch.setenv("MT5_PASSWORD", "wrong-one")
    mt5 = Mt5(login=7, password=Secret("env", "MT5_PASSWORD"))
    for package in (Terminal(), SimpleNamespace(**{name: getattr(Terminal(), name) for name in (
            "account_info", "positions_get", "last_error")}, initialize=lambda **given: True)):  # fmt: skip
        with pytest.raises(Unanswered, match="Authorization failed") as caught:
            answered(package, mt5)
        assert "wrong-one" not in str(caught.value)
    monkeypatch.delenv("MT5_PASSWORD")
    with pytest.raises(Unanswered, match=r"mt5\.password: env:MT5_PASSWORD"):
        answered(Terminal(), mt5)
