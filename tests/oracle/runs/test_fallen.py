"""Runs that have left the board are found, listed, amended and counted like any other, over a restart too."""

from running import open_house

from oracle.model import Command
from oracle.runs import crew
from oracle.runs.records import RunFilter


async def test_a_run_that_has_left_the_board_is_as_good_as_any(tmp_path, monkeypatch):
    monkeypatch.setattr(crew, "KEPT", 1)
    async with open_house(tmp_path) as house:
        runtime, records = house.system.runtime, house.system.records
        for n in range(4):
            args = {"kind": "task", "params": {"n": n}, "id": f"t{n}", "owner": "olga", "agent": "brain"}
            await runtime.ask("runs", Command("start", args), 5.0)
        assert [run.id for run in (await records.page(("task",)))[0]] == ["t3", "t2", "t1", "t0"]
        for n in range(3):
            report = {"worker": "", "status": "cancelled" if n == 2 else "failed", "changes": {"cost_usd": float(n)}}
            claim = {"kind": "task", "agent": "brain", "worker": "w", "lease_s": 60.0}
            claimed = await runtime.ask("runs", Command("claim", claim), 5.0)
            await runtime.ask(claimed.ref, Command("report", report), 5.0)
        on_board = {state.value["id"] for state in house.system.board.kind("run") if state.value["kind"] == "task"}
        assert on_board == {"t2", "t3"}
        await _the_same(house)
        amended = await runtime.ask("runs", Command("amend", {"id": "t0", "changes": {"cost_usd": 9.0}, "facts": {"x": 1}}), 5.0)
        assert (amended.cost_usd, amended.facts) == (9.0, {"x": 1})
    async with open_house(tmp_path) as house:
        await _the_same(house)
        assert (await house.system.records.one("t0")).cost_usd == 9.0
        assert [run.id for run in (await house.system.records.page(("task",), sort="cost"))[0]] == ["t0", "t2", "t1", "t3"]


async def _the_same(house):
    records = house.system.records
    found, total = await records.page(("task",), RunFilter(owner="olga"))
    assert [(run.id, str(run.status)) for run in found] == [
        ("t3", "queued"), ("t2", "cancelled"), ("t1", "failed"), ("t0", "failed")]  # fmt: skip
    assert total == 4 and (await records.one("t1")).params == {"n": 1}
    assert (await records.page((), RunFilter(status="failed"), limit=1))[1] == 2
    again = await house.system.runtime.ask("runs", Command("start", {"kind": "task", "params": {"n": 0}, "id": "t0"}), 5.0)
    assert again.status == "failed", "an id is given once"
