"""The board: versions, what is gone, and that it is the bus that everybody hears it over."""

from actors import open_runtime, trio_clock
from actors.testing import probe
from oracle.board import Board
from oracle.model import Quote, State, Trade

T0_US = 1_700_000_000_000_000


async def test_versions_grow_and_gone_is_none(autojump_clock):
    async with open_runtime(clock=trio_clock(T0_US)) as rt:
        board, seen = Board(rt.bus), probe(rt, "state:*")
        board.put("rule:a", {"n": 1}, rt.now_us())
        board.put("rule:b", {"n": 2}, rt.now_us())
        board.put("rule:a", None, rt.now_us())
        assert board.get("rule:a") is None
        assert [s.ref for s in board.kind("rule")] == ["rule:b"]
        assert [(s.ref, s.version) for s in seen.took()] == [("rule:a", 1), ("rule:b", 1), ("rule:a", 2)]
        assert board.draft("rule:a", {"n": 3}, 0).version == 3


async def test_the_states_of_a_kind_are_in_the_order_they_were_first_seen(autojump_clock):
    async with open_runtime(clock=trio_clock(T0_US)) as rt:
        board = Board(rt.bus)
        for ref in ("run:b", "rule:x", "run:a", "runs:z", "run:a:b"):
            board.put(ref, {"n": 1}, 0)
        board.put("run:b", {"n": 2}, 0)
        assert [s.ref for s in board.kind("run")] == ["run:b", "run:a", "run:a:b"]
        board.put("run:b", None, 0)
        board.put("run:b", {"n": 3}, 0)
        assert [(s.ref, s.value["n"]) for s in board.kind("run")] == [("run:a", 1), ("run:a:b", 1), ("run:b", 3)]
        assert board.kind("strategy") == []


async def test_what_is_gone_takes_no_room_and_its_versions_go_on(autojump_clock, monkeypatch):
    monkeypatch.setattr("oracle.board.GONE", 2)
    async with open_runtime(clock=trio_clock(T0_US)) as rt:
        board = Board(rt.bus)
        for ident in "abc":
            board.put(f"rule:{ident}", {"n": 1}, 0)
            board.put(f"rule:{ident}", None, 0)
            assert board.state(f"rule:{ident}") is None
        assert [board.draft(f"rule:{ident}", {}, 0).version for ident in "abc"] == [1, 3, 3]
        board.put("rule:b", {"n": 2}, 0)
        board.load([State("rule:c", {"n": 0}, 1, 0)])
        assert [(one.ref, one.version) for one in board.kind("rule")] == [("rule:b", 3)]


async def test_a_draft_is_not_in_force_until_applied(autojump_clock):
    async with open_runtime(clock=trio_clock(T0_US)) as rt:
        board, seen = Board(rt.bus), probe(rt, "state:*")
        draft = board.draft("rule:a", {"n": 1}, 5)
        assert board.get("rule:a") is None
        assert seen.took() == []
        board.apply(draft)
        assert board.get("rule:a") == {"n": 1}
        assert board.state("rule:a") == State("rule:a", {"n": 1}, 1, 5)


async def test_loading_never_goes_back(autojump_clock):
    async with open_runtime(clock=trio_clock(T0_US)) as rt:
        board = Board(rt.bus)
        board.load([State("a:1", {"n": 3}, 3, 0), State("b:1", None, 2, 0)])
        board.load([State("a:1", {"n": 2}, 2, 0)])
        assert board.get("a:1") == {"n": 3}
        assert board.kind("b") == []


async def test_price_is_the_newest_of_trade_and_mid_quote(autojump_clock):
    async with open_runtime(clock=trio_clock(T0_US)) as rt:
        board = Board(rt.bus)
        assert board.price("AAPL") is None
        rt.publish(Quote("AAPL", 99, 1, 101, 1, 10, "x"))
        assert board.price("AAPL") == (100, 10, "x")
        rt.publish(Trade("AAPL", 102, 1, "buy", "t", 11, "y"))
        assert board.price("AAPL") == (102, 11, "y")
        rt.publish(Quote("AAPL", 103, 1, 105, 1, 12, "x"))
        assert board.price("AAPL") == (104, 12, "x")
