"""A bot's reports over REST: checked, taken by the push broker, refused by any other."""

import attrs

from oracle.settings import Auth, Data, Settings
from oracle.settings_trading import Broker
from tests.running import open_house

PATH = "/api/oracle/broker/report"


def test_a_broker_that_executes_itself_takes_no_reports(house):
    answer = house.post(PATH, json={})
    assert answer.status == 409 and "paper" in answer.json["error"]["message"]


def test_a_report_that_makes_no_sense_says_where(house):
    answer = house.post(PATH, json={"orders": [{"order_id": "o1", "status": "melted"}]})
    (detail,) = answer.json["error"]["details"]
    assert answer.status == 422 and detail["field"] == "orders.0.status"


async def test_a_report_says_that_the_bot_is_there(tmp_path):
    settings = Settings(auth=Auth(mode="open"), data=Data(folder=tmp_path), broker=attrs.evolve(Broker(), provider="push"))
    async with open_house(tmp_path, settings=settings) as house:
        board = house.system.board
        assert not board.get("broker:push")["connected"]
        answer = await house.post(PATH, json={"orders": [{"order_id": "o1", "status": "cancelled"}]})
        assert (answer.status, answer.json) == (200, {"taken": 0, "unknown": ["o1"]})
        assert board.get("broker:push")["connected"] and board.get("broker:push")["reported_us"]
