"""Budgets: counted by who spent, used up once a day, and as they were after a restart."""

import pytest
from running import open_house

from actors import Refused
from actors.testing import probe
from oracle.model import Command
from oracle.runs.run import Run
from oracle.settings import Auth, Data, Demo, Scheduler, Settings
from oracle.settings_runs import Budget, Tasks
from oracle.tasks.budgets import Budgets

DAY_US = 86_400_000_000
NOON_US = 20_000 * DAY_US + DAY_US // 2


def task(owner="olga", agent="brain", kind="task"):
    return Run("t", kind, {}, NOON_US, owner=owner, agent=agent)


class Clock:
    """A time that a test moves."""

    def __init__(self):
        self.now_us = NOON_US

    def __call__(self):
        return self.now_us


def names(events):
    return [(event.subject, event.data["owner"]) for event in events]


def test_a_budget_is_of_each_owner_or_of_one_of_all_agents_or_of_one():
    budgets = Budgets({
        "each": Budget(limit_usd=1.0), "olga": Budget(limit_usd=0.5, owner="olga"),
        "brain": Budget(limit_usd=0.25, agent="brain", action="pause"),
    }, Clock())  # fmt: skip
    assert budgets.spend(task(agent="hand"), 0.3) == []
    assert names(budgets.spend(task(owner="ivan"), 0.3)) == [("budget:brain", "ivan")]
    assert not budgets.begins(task(owner="ivan")) and budgets.begins(task(owner="ivan", agent="hand"))
    budgets.admit(task(owner="ivan"))
    assert names(budgets.spend(task(), 0.2)) == [("budget:olga", "olga")]
    with pytest.raises(Refused) as no:
        budgets.admit(task(agent="hand"))
    assert no.value.code == "budget"
    assert no.value.details == {"budget": "olga", "limit_usd": 0.5, "spent_usd": 0.5, "retry_after_s": 43_200}
    assert budgets.spend(task(kind="experiment"), 99.0) == [] and budgets.spent_usd("each", "olga") == 0.5
    budgets.admit(task(kind="experiment"))


def test_somebody_hears_of_it_once_a_day_and_a_new_day_begins_at_nothing():
    clock = Clock()
    budgets = Budgets({"all": Budget(limit_usd=1.0)}, clock)
    (event,) = budgets.spend(task(), 1.5)
    assert (event.kind, str(event.severity), event.data["spent_usd"]) == ("budget_exceeded", "high", 1.5)
    assert budgets.spend(task(), 1.0) == budgets.spend(task(), -2.0) == budgets.spend(task(), 2.0) == []
    clock.now_us += DAY_US // 2
    budgets.admit(task())
    assert budgets.spent_usd("all", "olga") == 0.0
    (next_day,) = budgets.spend(task(), 1.0)
    assert next_day.id != event.id


def test_what_was_spent_before_a_start_counts_and_what_was_told_is_not_told_again():
    known = {"all": Budget(limit_usd=1.0)}
    spent = [("olga", "brain", 0.75), ("olga", "hand", 0.25), ("ivan", "", 0.5)]
    (event,) = Budgets(known, Clock(), spent).spend(task(), 0.0)
    budgets = Budgets(known, Clock(), spent, {event.id})
    assert budgets.spend(task(), 0.5) == []
    with pytest.raises(Refused):
        budgets.admit(task())
    budgets.admit(task(owner="ivan"))


def test_a_budget_of_nothing_lets_nobody_begin():
    with pytest.raises(Refused):
        Budgets({"none": Budget(limit_usd=0.0)}, Clock()).admit(task())


async def test_a_desk_heeds_budgets_over_a_restart(tmp_path):
    tasks = Tasks(budgets={"daily": Budget(limit_usd=1.0), "slow": Budget(limit_usd=0.5, agent="slow", action="pause"),
                           "none": Budget(limit_usd=0.0, agent="none")})  # fmt: skip
    settings = Settings(auth=Auth(mode="open"), data=Data(folder=tmp_path), scheduler=Scheduler(enabled=False),
                        demo=Demo(enabled=False), tasks=tasks)  # fmt: skip

    async def ask(house, verb, **args):
        return await house.system.runtime.ask("runs", Command(verb, args), 5.0)

    async def start(house, ident, **args):
        return await ask(house, "start", kind="task", params={}, id=ident, **args)

    async def claim(house, agent=""):
        return await ask(house, "claim", kind="task", agent=agent, worker="w", lease_s=60.0)

    async with open_house(tmp_path, settings=settings) as house:
        heard = probe(house.system.runtime, "event:budget_exceeded:*")
        raised = probe(house.system.runtime, "state:incident:*")
        assert (await house.post("/api/chat?session_id=s&agent=none", json={"message": "hello"})).status == 429
        assert (await house.get("/api/conversations")).json == [], "none is begun for nothing"
        await start(house, "t1", owner="olga", agent="slow")
        await start(house, "t2", owner="olga", agent="slow")
        assert (await claim(house, "slow")).id == "t1"
        report = Command("report", {"worker": "w", "status": "completed", "changes": {"cost_usd": 0.6}})
        assert (await house.system.runtime.ask("run:t1", report, 5.0)).cost_usd == 0.6
        assert (await heard.next()).subject == "budget:slow"
        assert await claim(house, "slow") is None, "it waits"
        await start(house, "t3", owner="ivan", agent="slow")
        assert (await claim(house)).id == "t3", "whose budget is not used up goes on"
        await start(house, "t4", owner="olga", agent="fast")
        assert (await claim(house)).id == "t4"
        await house.system.runtime.ask("run:t4", Command("report", {"worker": "w", "changes": {"cost_usd": 0.4}}), 5.0)
        assert (await heard.next()).subject == "budget:daily"
        with pytest.raises(Refused) as no:
            await start(house, "t5", owner="olga")
        assert no.value.code == "budget"
        shown = {one["name"]: one for one in (await house.get("/api/oracle/budgets")).json}
        assert shown["daily"]["spent"] == [{"owner": "olga", "spent_usd": 1.0, "used_up": True}]
        assert (shown["slow"]["agent"], shown["slow"]["owner"], shown["slow"]["spent"][0]["spent_usd"]) == ("slow", None, 0.6)
        assert shown["slow"]["resets_at"].endswith("T00:00:00Z")
        assert {(await raised.next()).value["title"] for _ in range(2)} == {"Budget Exceeded"}
    async with open_house(tmp_path, settings=settings) as house:
        heard = probe(house.system.runtime, "event:budget_exceeded:*")
        with pytest.raises(Refused):
            await start(house, "t5", owner="olga")
        assert await claim(house) is None
        await house.system.runtime.ask("run:t4", Command("report", {"worker": "w", "changes": {"cost_usd": 0.5}}), 5.0)
        assert heard.took() == [], "it was told already"
