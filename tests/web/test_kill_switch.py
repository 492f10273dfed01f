"""The kill switch over HTTP: the typed word, the scopes, the cooldown, the record, and a SIGKILL in between."""

import json
import signal
from pathlib import Path

import pytest
from running import open_house
from serving import clean_env

from oracle.settings import Auth, Data, Risk, Settings
from tests.forked import run_beside
from web.routes import Scope

ONE = "/api/risk/kill-switch"
KILL = {"action": "activate", "confirmation": "KILL", "reason": "Manual stop: market crash"}
RESUME = {"action": "deactivate", "confirmation": "RESUME"}
CHILD = Path(__file__).with_name("once_child.py")


def settings(folder, cooldown_s=0.0, auth="open"):
    return Settings(auth=Auth(mode=auth), data=Data(folder=folder), risk=Risk(kill_switch_cooldown_s=cooldown_s))


async def test_it_is_activated_and_deactivated_as_the_seed_says(tmp_path):
    async with open_house(tmp_path, settings=settings(tmp_path)) as house:
        off = {"active": False, "reason": "", "activated_at": None}
        assert (await house.get(ONE)).json == off
        done = await house.post(ONE, json=KILL)
        assert (done.status, done.json) == (200, {"status": "activated", "message": "Kill switch activated. All trading halted."})
        now = (await house.get(ONE)).json
        assert (now["active"], now["reason"]) == (True, "Manual stop: market crash") and now["activated_at"].endswith("Z")
        assert b"\noracle_kill_switch_tripped 1.0\n" in (await house.get("/metrics")).body
        assert (await house.post(ONE, json={**KILL, "reason": None})).json["status"] == "activated"
        assert (await house.get(ONE)).json == now
        board = (await house.get("/api/oracle/board?kind=switch")).json["items"]
        assert [one["value"]["on"] for one in board if one["ref"] == "switch:kill"] == [True]
        done = await house.post(ONE, json=RESUME)
        assert (done.status, done.json["status"]) == (200, "deactivated")
        assert (await house.get(ONE)).json == off
        first = (await house.get(ONE + "/history?limit=2")).json
        rest = (await house.get(f"{ONE}/history?cursor={first['next']}")).json
        told = [(one["action"], one["by"], one["reason"], one["outcome"]) for one in first["items"] + rest["items"]]
        assert told == [("deactivate", "local", "", "done"), ("activate", "local", "", "unchanged"),
                        ("activate", "local", "Manual stop: market crash", "done")]
        assert rest["items"][0]["at"] == now["activated_at"] and rest["next"] is None


async def test_without_the_typed_word_nothing_happens(tmp_path):
    said = [{"action": "activate"}, {**KILL, "confirmation": "kill"}, {**KILL, "confirmation": "RESUME"},
            {**RESUME, "confirmation": "KILL"}, {**RESUME, "confirmation": None}]  # fmt: skip
    async with open_house(tmp_path, settings=settings(tmp_path)) as house:
        for wish in said:
            no = await house.post(ONE, json=wish)
            assert (no.status, [one["loc"] for one in no.json["detail"]]) == (422, [["body", "confirmation"]]), wish
        assert (await house.get(ONE + "/history")).json == {"items": [], "next": None}


async def test_other_words_are_refused_by_their_name(tmp_path):
    async with open_house(tmp_path, settings=settings(tmp_path)) as house:
        no = await house.post(ONE, json={"action": "toggle", "confirmation": "KILL", "reason": "x" * 2001})
        assert {tuple(one["loc"]) for one in no.json["detail"]} == {("body", "action"), ("body", "reason")}
        assert (await house.post(ONE, json=[])).status == 422
        assert (await house.get(ONE + "/history?cursor=x")).status == 422


async def test_before_the_cooldown_is_over_a_resume_is_refused_with_the_instant(tmp_path):
    async with open_house(tmp_path, settings=settings(tmp_path, 300.0)) as house:
        await house.post(ONE, json=KILL)
        no = await house.post(ONE, json=RESUME)
        due = (await house.get("/api/oracle/board?kind=switch")).json["items"][-1]["value"]["not_before"]
        assert (no.status, no.json["detail"]) == (409, f"the kill switch can be resumed at {due} at the earliest")
        assert (await house.get(ONE)).json["active"] is True


async def test_who_may_operate_may_stop_and_only_an_admin_may_resume(tmp_path):
    async with open_house(tmp_path, settings=settings(tmp_path, auth="token")) as house:
        async def ask(scope, wish):
            token = await house.doorman.tokens.mint(scope, house.system.runtime.now_us(), name=str(scope))
            return (await house.post(ONE, json=wish, headers={"authorization": f"Bearer {token}"})).status

        assert (await house.get(ONE)).status == 401
        assert await ask(Scope.read, KILL) == 403
        assert await ask(Scope.operate, KILL) == 200
        assert await ask(Scope.operate, RESUME) == 403
        assert await ask(Scope.admin, RESUME) == 200


@pytest.mark.parametrize(("point", "before"), [("history:before-commit:1", False), ("kill_switch:committed", True)])
async def test_it_is_tripped_once_wherever_the_process_was_killed(tmp_path, point, before):
    assert await run_child(tmp_path, point) == (-signal.SIGKILL, [])
    async with open_house(tmp_path, settings=settings(tmp_path)) as house:
        assert (await house.get(ONE)).json["active"] is before
    code, answers = await run_child(tmp_path)
    assert code == 0 and {(status, json.loads(body)["status"]) for status, _, body in answers} == {(200, "activated")}
    async with open_house(tmp_path, settings=settings(tmp_path)) as house:
        assert (await house.get(ONE)).json["active"] is True
        acts = (await house.get(ONE + "/history")).json["items"]
        assert [one["outcome"] for one in acts] == ["done"]


async def run_child(folder, crash_at=""):
    """The exit code and the answers."""
    command = ("POST", ONE, "k-1", json.dumps(KILL))
    done = await run_beside(CHILD, folder, crash_at, *command, timeout_s=60, env=clean_env())
    said = [line for line in done.stdout.splitlines() if line.startswith("answer ")]
    return done.returncode, [json.loads(line.removeprefix("answer ")) for line in said]
