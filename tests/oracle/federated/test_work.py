"""An experiment as a run: what it records, in which order, and that no end of the process loses or repeats a round."""

import base64
from contextlib import asynccontextmanager
from pathlib import Path

import attrs
import pytest
import trio

from actors import Child, Refused, open_runtime
from actors.testing import probe
from oracle.board import Board
from oracle.federated.checkpoints import checkpoint_name, keep, kept
from oracle.federated.pictures import FALLBACK
from oracle.federated.work import federated_work, why_not
from oracle.history import History, Queries, Store, inline
from oracle.model import Command
from oracle.receipts import Receipts
from oracle.runs import Kind, Pace, Run, Status
from oracle.runs.shelf import Shelf
from oracle.settings_runs import Experiments
from tests.crews import crew_children

NOW_US = 1_700_000_000_000_000
PARAMS = {"scenario": "basic_fl", "description": "", "policies": ["adaptive_qos"], "network_settings": {"packet_loss": 0.4},
          "configuration": {"dataset": "mnist", "model": "logistic", "rounds": 4, "local_epochs": 1, "seed": 3}}  # fmt: skip
FIRST = Run("exp_001", "experiment", PARAMS, NOW_US, "running", facts={"rounds": 0, "clients": [], "history": []})
MEASURED = {"compute_s", "duration_s", "wall_s", "ts_us"}


class Cut(Exception):
    """The process has ended."""


class Recorded(Pace):
    """Keeps what is recorded as the run would; the process ends `before` the record of that number is acknowledged."""

    def __init__(self, run=FIRST, before=99):
        super().__init__()
        self.run, self.before, self.said = run, before, []

    async def record(self, event, summary, data=None, *, samples=(), facts=None, **changes):
        await trio.lowlevel.checkpoint()
        if len(self.said) == self.before:
            raise Cut
        self.run = attrs.evolve(self.run, facts={**self.run.facts, **facts}, **changes)
        self.said.append((event, summary, data, self.run.progress, samples))


def work(shelf, pace, params=PARAMS, **settings):
    return federated_work(shelf, Experiments(**settings), lambda: NOW_US)(params, pace)


def lasting(rows):
    """Without what is measured, which is never the same."""
    return [{name: value for name, value in row.items() if name not in MEASURED} for row in rows]


@pytest.fixture
def shelf(tmp_path):
    return Shelf(tmp_path)


async def test_a_run_knows_what_its_rounds_came_to(shelf):
    pace = Recorded()
    result, rows = await work(shelf, pace)
    events = [one[0] for one in pace.said]
    assert events == ["prepared", "round", "round", "round", "round"]
    assert FALLBACK in pace.said[0][1] and pace.said[0][2]["notes"] == [FALLBACK] == pace.run.facts["notes"] == result["notes"]
    assert [one[3] for one in pace.said[1:]] == [0.25, 0.5, 0.75, 1.0]
    facts, last = pace.run.facts, rows[3]
    assert (facts["rounds"], facts["rounds_total"], facts["accuracy"], facts["loss"]) == (4, 4, last["accuracy"], last["loss"])
    assert facts["history"] == rows[:4] and [row["round"] for row in rows[:4]] == [1, 2, 3, 4]
    assert result["bytes"] == sum(row["bytes"] for row in rows[:4]) == 650 * 4 * sum(
        2 * row["clients"] + row["dropped"] for row in rows[:4])
    assert 0 < result["network_s"] < result["duration_s"]
    samples = {one.name: (one.value, one.unit, one.subject) for one in pace.said[-1][4]}
    assert samples["accuracy"] == (last["accuracy"], "1", "run:exp_001")
    assert samples["bytes"] == (last["bytes"], "B", "run:exp_001")
    assert set(samples) == {"accuracy", "loss", "round_duration", "bytes"}
    assert len(base64.b64decode(rows[4]["weights"])) == 4 * 650 and rows[4]["model"] == "logistic"
    assert kept(shelf, pace.run) is None, "its training is over"


async def test_clients_are_at_work_until_they_were_heard(shelf):
    pace = Recorded(before=2)
    with pytest.raises(Cut):
        await work(shelf, pace)
    clients = pace.run.facts["clients"]
    assert [one["id"] for one in clients] == [f"client_00{number}" for number in range(1, 6)]
    assert sum(one["status"] == "training" for one in clients) == 3
    for one in clients:
        heard = one["accuracy"] is not None
        assert (one["last_update_us"] == NOW_US) == (one["loss"] is not None) == heard
    took_part = [one for one in pace.said[1][2]["clients"] if one["status"] == "trained"]
    assert len(took_part) == len(pace.said[1][2]["clients"]) - pace.run.facts["history"][0]["dropped"]


@pytest.mark.parametrize("before", [0, 2, 4])
async def test_a_run_that_was_cut_off_goes_on_where_it_was(shelf, before, whole):
    first = Recorded(before=before)
    with pytest.raises(Cut):
        await work(shelf, first)
    second = Recorded(first.run)
    result, rows = await work(shelf, second)
    recorded = [one[2]["round"] for one in first.said + second.said if one[0] == "round"]
    assert recorded == [1, 2, 3, 4], "each once"
    assert lasting(rows) == lasting(whole[1]) and result["bytes"] == whole[0]["bytes"]
    assert [one[0] for one in first.said + second.said].count("prepared") == 1


async def test_without_its_checkpoint_it_computes_again_what_is_known_and_says_it_once(shelf, whole):
    first = Recorded(before=3)
    with pytest.raises(Cut):
        await work(shelf, first)
    shelf.drop(checkpoint_name("exp_001"))
    second = Recorded(first.run)
    _, rows = await work(shelf, second)
    assert [one[2]["round"] for one in second.said] == [3, 4] and lasting(rows) == lasting(whole[1])


async def test_a_checkpoint_of_another_run_of_that_name_is_none_of_this_one(shelf):
    first = Recorded(before=2)
    with pytest.raises(Cut):
        await work(shelf, first)
    done = kept(shelf, first.run)
    assert done is not None and done.round == 2
    assert kept(shelf, attrs.evolve(first.run, created_us=NOW_US + 1)) is None
    assert kept(shelf, FIRST) is None, "two rounds are more than it can have lost"
    keep(shelf, FIRST, done)
    assert kept(shelf, first.run) == done


async def test_what_is_kept_of_a_run_goes_with_its_result(shelf):
    first = Recorded(before=2)
    with pytest.raises(Cut):
        await work(shelf, first)
    shelf.drop("exp_00")
    assert kept(shelf, first.run) is not None
    shelf.drop("exp_001")
    assert kept(shelf, first.run) is None


@asynccontextmanager
async def open_desk(folder):
    """The desk of runs, whose kind `experiment` trains on a real clock."""
    store, made = Store(folder), []
    store.open()

    def children(runtime):
        board, receipts = Board(runtime.bus), Receipts(runtime.now_us)
        board.load(store.states())
        receipts.load(store.receipts(0, 1_000, 1_000_000)[1])
        made.append((runtime, board))
        trains = federated_work(Shelf(folder / "runs"), Experiments(), runtime.now_us)
        kind = Kind(lambda run: trains, "one", Status.queued, again=True)
        return [Child("history", lambda: History(store, threaded=False), capacity=1_000),
                *crew_children(board, receipts, folder, store, runtime, experiment=kind)]

    try:
        async with open_runtime(children) as runtime:
            yield runtime, made[0][1], store
    finally:
        store.close()


def children_of_this_process():
    return {child for task in Path("/proc/self/task").glob("*/children") for child in task.read_text().split()}


async def test_its_desk_holds_it_between_clients_and_ends_its_process_at_once(tmp_path):
    before = children_of_this_process()
    async with open_desk(tmp_path) as (runtime, board, store):
        heard = probe(runtime, "event:run_round:*")
        asked = {"kind": "experiment", "params": {"configuration": {"rounds": 100, "model": "logistic", "local_epochs": 1}}}
        await runtime.ask("runs", Command("start", {**asked, "id": "exp_001"}, "ada"))
        await heard.next()
        assert (await runtime.ask("run:exp_001", Command("pause", {}, "ada"))).status is Status.paused
        rounds = board.get("run:exp_001")["facts"]["rounds"]
        (child,) = children_of_this_process() - before
        ticks = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[11:13]
        for _ in range(50):
            await trio.lowlevel.checkpoint()
        assert Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[11:13] == ticks
        assert board.get("run:exp_001")["facts"]["rounds"] == rounds
        await runtime.ask("run:exp_001", Command("resume", {}, "ada"))
        while (await heard.next()).data["round"] <= rounds:
            pass
        stopped = await runtime.ask("run:exp_001", Command("stop", {}, "ada"))
        assert stopped.status is Status.stopped and not children_of_this_process() - before
        assert stopped.facts["rounds"] == len(stopped.facts["history"]) > rounds
        page = await Queries(store, inline).events(kind="run_round", subject="run:exp_001", newest_first=False)
        assert [row["data"]["round"] for row in page.items] == list(range(1, stopped.facts["rounds"] + 1))


async def test_what_can_not_be_trained_is_refused(shelf, tmp_path, monkeypatch):
    with pytest.raises(Refused, match=r"configuration\.rounds"):
        await work(shelf, Recorded(), {**PARAMS, "configuration": {"rounds": 0}})
    with pytest.raises(Refused, match="idx3-ubyte") as caught:
        await work(shelf, Recorded(), mnist_folder=tmp_path)
    assert caught.value.code == "unavailable"
    monkeypatch.setattr("oracle.federated.pictures._PACKAGE", "no_such_package")
    assert "oracle-runtime[experiments]" in why_not(PARAMS, Experiments())
    with pytest.raises(Refused, match="extra `experiments`") as caught:
        await work(shelf, Recorded())
    assert caught.value.code == "unavailable"


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """What comes of a run that nobody cuts off."""

    async def go():
        return await work(Shelf(tmp_path_factory.mktemp("whole")), Recorded())

    return trio.run(go)
