"""The history asked in SQL over HTTP: three forms, limits that are said, and a server that goes on meanwhile."""

import io
import json

import pytest
import trio
from running import open_house, open_served, said

from oracle.client import Client, Frame
from oracle.history import Commit
from oracle.history import answers as questions
from oracle.history.database import parquet_rows
from oracle.model import Sample, Trade
from oracle.settings import Auth, Data, Demo, Scheduler, Settings
from oracle.settings import History as Kept
from web.routes import Scope

HERE = "/api/oracle/sql"
JSON = {"Accept": "application/json"}


async def asked(house, sql, accept="application/json", **more):
    return await house.post(HERE, json={"sql": sql, **more}, headers={"Accept": accept})


async def filled(house, count=100):
    """So many trades, on disk."""
    runtime, at_us = house.system.runtime, house.system.runtime.now_us() - 1_000_000
    for n in range(count):
        runtime.publish(Trade("BTC-USD", 100.0 + n, 1.0, "buy", str(n), at_us + n, "test"))
    await runtime.ask("history", Commit(()))


async def test_rows_come_as_json_parquet_or_arrow(tmp_path):
    async with open_house(tmp_path) as house:
        await filled(house)
        sql = "SELECT trade_id, price FROM trades WHERE price >= ? ORDER BY price"
        reply = await asked(house, sql, parameters=[195])
        shown = reply.json
        assert shown["columns"] == [{"name": "trade_id", "type": "VARCHAR"}, {"name": "price", "type": "DOUBLE"}]
        assert shown["rows"] == [[str(n), 100.0 + n] for n in range(95, 100)]
        assert (shown["truncated"], shown["waited_s"] >= 0, shown["took_s"] >= 0) == (False, True, True)
        file = await asked(house, sql, "*/*", parameters=[195])
        path = tmp_path / "rows.parquet"
        path.write_bytes(file.body)
        assert file.headers["content-type"] == "application/vnd.apache.parquet"
        assert [list(row.values()) for row in parquet_rows(path)] == shown["rows"]
        ipc = pytest.importorskip("pyarrow.ipc")
        arrow = await asked(house, sql, "application/vnd.apache.arrow.stream", parameters=[195])
        assert ipc.open_stream(io.BytesIO(arrow.body)).read_all().column("price").to_pylist() == [row[1] for row in shown["rows"]]
        for answer in (file, arrow):
            assert (answer.headers["x-rows"], answer.headers["x-truncated"]) == ("5", "false")
            assert int(answer.headers["content-length"]) == len(answer.body)
            assert answer.headers["server-timing"].startswith("wait;dur=")
        assert (await asked(house, sql, "text/html", parameters=[1])).status == 406
        assert list(house.system.store.exports.iterdir()) == []


async def test_more_rows_than_wanted_are_said_to_be_left_out(tmp_path):
    async with open_house(tmp_path) as house:
        await filled(house)
        sql = "SELECT price FROM trades ORDER BY price DESC"
        shown = (await asked(house, sql, limit=3)).json
        assert (shown["rows"], shown["truncated"]) == ([[199.0], [198.0], [197.0]], True)
        for accept in ("*/*", "application/vnd.apache.arrow.stream"):
            reply = await asked(house, sql, accept, limit=3)
            assert (reply.headers["x-rows"], reply.headers["x-truncated"]) == ("3", "true"), accept
        path = tmp_path / "rows.parquet"
        path.write_bytes((await asked(house, sql, "*/*", limit=3)).body)
        assert [row["price"] for row in parquet_rows(path)] == [199.0, 198.0, 197.0]
        assert (await asked(house, sql, limit=100)).json["truncated"] is False
        assert list(house.system.store.exports.iterdir()) == []


async def test_what_is_no_question_is_refused_where_it_is_wrong(tmp_path):
    async with open_house(tmp_path) as house:
        for body, place in (({}, "sql"), ({"sql": 3}, "sql"), ({"sql": "SELECT 1", "limit": 0}, "limit"),
                            ({"sql": "SELECT 1", "limit": 10_001}, "limit"), ({"sql": "SELECT 1", "also": 1}, "also"),
                            ({"sql": "SELECT ?", "parameters": [[1]]}, "parameters"), ({"sql": "x" * 20_001}, "sql"),
                            ({"sql": "SELECT ?", "parameters": [2**63]}, "parameters")):  # fmt: skip
            reply = await house.post(HERE, json=body, headers=JSON)
            assert reply.status == 422 and place in str(reply.json["error"]["details"]), body
        for sql, status, word in (("SELECT x FROM bars", 400, "LINE 2"), ("SELECT 'a'::INTEGER", 400, "Conversion"),
                                  ("SELECT ?", 400, "parameter"), ("FROM read_text('/etc/passwd')", 422, "no table here"),
                                  ("DROP TABLE meta", 422, "only SELECT"), ("FROM meta", 422, "no 'meta' here")):  # fmt: skip
            reply = await asked(house, sql)
            assert (reply.status, word in reply.json["error"]["message"]) == (status, True), (sql, reply.json)
        assert (await house.get(f"{HERE}/schema")).json["views"][0]["name"] == "bars"


async def test_whoever_may_read_may_ask_and_nobody_else(tmp_path):
    async with open_house(tmp_path, auth="token") as house:
        assert (await asked(house, "SELECT 1")).status == 401
        reader = await house.doorman.tokens.mint(Scope.read, house.system.runtime.now_us())
        reply = await house.post(HERE, json={"sql": "SELECT 1"}, headers={**JSON, "Authorization": f"Bearer {reader}"})
        assert reply.json["rows"] == [[1]]


async def test_nothing_outside_can_be_reached_even_past_the_parser(tmp_path):
    """The second fence: what a question runs on sees no file, no table by its bare name, and no setting can be changed."""
    async with open_house(tmp_path) as house:
        with house.system.store.reading() as at:
            questions._prepare(at, (), house.system.store.months)
            for sql in ("SELECT * FROM read_text('/etc/passwd')", "COPY (SELECT 1) TO '/tmp/x.csv'", "ATTACH '/tmp/x.db'",
                        "SELECT * FROM meta", "SET enable_external_access = true", "SET allowed_directories = ['/']",
                        "INSTALL httpfs", "LOAD httpfs"):  # fmt: skip
                with pytest.raises(Exception, match=r"disabled|does not exist|Cannot|cannot|not found"):
                    at.execute(sql)


async def test_answers_that_grow_too_large_are_stopped_and_leave_nothing(tmp_path, monkeypatch):
    async with open_house(tmp_path) as house:
        await filled(house)
        monkeypatch.setattr(questions, "MOST_BYTES", 50_000)
        wide = "SELECT a.n * b.n, md5((a.n + b.n)::VARCHAR) FROM range(10000000) a(n), range(1000) b(n)"
        reply = await asked(house, wide, "*/*", limit=1_000_000)
        assert (reply.status, reply.json["error"]["code"]) == (413, "too_large")
        reply = await asked(house, "SELECT list(a.n) FROM range(100000000) a(n), range(100) b(n)")
        assert (reply.status, reply.json["error"]["code"]) == (413, "too_large"), reply.json
        monkeypatch.setattr(questions, "MOST_BYTES_SHOWN", 100)
        shown = (await asked(house, "SELECT price FROM trades")).json
        assert shown["truncated"] and 0 < len(shown["rows"]) < 100
        assert list(house.system.store.exports.iterdir()) == []


async def test_a_heavy_question_is_ended_in_time_while_the_stream_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr(questions, "WAITING", 0)
    settings = Settings(auth=Auth(mode="open"), data=Data(folder=tmp_path), demo=Demo(enabled=False),
                        scheduler=Scheduler(enabled=False), history=Kept(query_deadline_s=2.0))  # fmt: skip
    told = []

    async def hear(url, begun):
        async with Client(url) as oracle, oracle.stream("sample:*") as stream:
            async for one in stream:
                begun.set()
                if isinstance(one, Frame) and one.data["name"] == "beat":
                    told.append(one.data["value"])

    async with open_served(tmp_path, settings=settings) as house, trio.open_nursery() as nursery:
        begun = trio.Event()
        nursery.start_soon(hear, f"http://127.0.0.1:{house.port}", begun)
        await begun.wait()

        async def beat():
            for n in range(10_000):
                house.system.runtime.publish(Sample("beat", "x", float(n), "", house.system.runtime.now_us(), "test"))
                await trio.sleep(0.01)

        nursery.start_soon(beat)
        heavy = "SELECT count(*) FROM range(1000000) a, range(1000000) b, range(1000000) c WHERE a.range + b.range = c.range + 7"
        replies = []

        async def ask():
            replies.append(await asked(house, heavy))

        async with trio.open_nursery() as asking:
            for _ in range(3):
                asking.start_soon(ask)
            before = len(told)
            await said(house.system.runtime, "sample:beat:x")
        statuses = sorted(reply.status for reply in replies)
        assert statuses == [503, 504, 504], "two at a time, and none may wait here"
        assert len(told) - before > 10
        assert (await asked(house, "SELECT 1")).json["rows"] == [[1]]
        assert (await asked(house, "SELECT count(*) > 0 FROM samples WHERE name = 'beat'")).json["rows"] == [[True]]
        nursery.cancel_scope.cancel()


async def test_a_question_is_no_command(tmp_path):
    """It takes no id, and is asked as often as it is sent."""
    async with open_house(tmp_path) as house:
        for _ in range(2):
            reply = await house.post(HERE, data=json.dumps({"sql": "SELECT 1"}), headers={
                **JSON, "Content-Type": "application/json", "Idempotency-Key": "one"})  # fmt: skip
            assert reply.json["rows"] == [[1]] and "idempotent-replayed" not in reply.headers
        assert (await house.post(HERE, data="SELECT 1", headers={"Content-Type": "text/plain"})).status == 415
