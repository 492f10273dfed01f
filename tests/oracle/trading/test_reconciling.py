"""Books of others: adopted once, compared ever after."""

import pytest
import trio
from desks import T0_US, open_room

from actors import Refused
from oracle.trading.ledger import Account, Position
from oracle.trading.rebuilt import Rebuilt
from oracle.trading.reconciling import drift_report, with_stored
from oracle.trading.reports import Filled, Held, Reported


def test_drift_is_percent_of_what_is_held_and_whole_where_one_side_has_none():
    report = drift_report({"A": 100.0, "B": 0.5, "C": 7.0, "E": 0.1 + 0.2}, {"A": 99.0, "B": 0.4, "D": 1.0, "E": 0.3}, 2.5, T0_US)
    assert {one["symbol"]: one["drift_pct"] for one in report["differences"]} == {
        "A": pytest.approx(1.0), "B": pytest.approx(10.0), "C": 100.0, "D": 100.0}
    assert (report["drift_pct"], report["checked_us"], report["cash_difference"]) == (100.0, T0_US, 2.5)
    assert drift_report({}, {}, 0.0, T0_US)["drift_pct"] == 0.0


def test_books_that_stored_fills_do_not_explain_drift():
    account = Account(initial_cash=100.0, cash=90.0)
    position = Position(symbol="A", quantity=1.0, avg_entry_price=10.0, opened_us=1, added_us=1)
    report = with_stored(account, {"A": position}, Rebuilt(account=Account(initial_cash=100.0, cash=100.0)), T0_US)
    assert (report["drift_pct"], report["cash_difference"]) == (100.0, -10.0)


async def test_the_first_report_is_adopted_and_later_ones_are_compared(tmp_path, autojump_clock):
    held = (Held("AAPL", 100.0, 90.0), Held("BTC-USD", -2.0, 40_000.0))
    async with open_room(tmp_path, opening=None) as room:
        with pytest.raises(Refused) as no:
            await room.submit()
        assert no.value.code == "unavailable" and room.books.account is None
        with pytest.raises(Refused, match="reported"):
            await room.ask("reconcile")
        await room.told(Reported(50_000.0, 60_000.0, held, T0_US))
        assert (room.books.account.cash, room.books.account.initial_cash) == (50_000.0, 60_000.0)
        assert {one.symbol: one.quantity for one in room.books.positions().values()} == {"AAPL": 100.0, "BTC-USD": -2.0}
        assert room.board.get("reconciliation:desk")["drift_pct"] == 0.0
        (opened,) = await room.events("account_opened")
        assert opened["data"]["by"] == "the broker" and len(opened["data"]["positions"]) == 2
        await room.fill(await room.submit(quantity=10), 10, 95.0)
        await room.told(Reported(50_000.0, None, (Held("AAPL", 99.0, 90.0),), T0_US))
        report = room.board.get("reconciliation:desk")
        assert [(one["symbol"], one["ours"], one["theirs"]) for one in report["differences"]] == [
            ("AAPL", 110.0, 99.0), ("BTC-USD", -2.0, 0.0)]
        assert report["cash_difference"] == pytest.approx(-950.0) and room.books.position("AAPL").quantity == 110.0
    async with open_room(tmp_path, opening=None) as room:
        await room.told(*map(Filled, room.market.fills), Reported(0.0, None, (), T0_US))
        assert room.books.account.cash == 50_000.0 - 950.0, "adopted once"


async def test_the_desks_own_books_are_compared_with_the_stored_fills_from_time_to_time(tmp_path, autojump_clock):
    async with open_room(tmp_path) as room:
        await room.fill(await room.submit(quantity=10), 10)
        await trio.sleep(301)
        report = room.board.get("reconciliation:desk")
        assert (report["drift_pct"], report["cash_difference"], report["differences"]) == (0.0, 0.0, [])
        position = room.board.get("position:AAPL")
        room.board.put("position:AAPL", {**position, "quantity": 20.0}, room.runtime.now_us())
        await trio.sleep(300)
        report = room.board.get("reconciliation:desk")
        assert (report["drift_pct"], report["differences"][0]["theirs"]) == (50.0, 10.0)
    async with open_room(tmp_path) as room:
        assert room.board.get("reconciliation:desk")["drift_pct"] == 50.0, "at the start, and not only when it is due"
