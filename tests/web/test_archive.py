"""What is kept is found by words, and taken away as a file that leaves nothing behind."""

import csv
import io

import msgspec
from running import open_house

from oracle.history import Commit, export
from oracle.history.database import parquet_rows
from oracle.model import Chunk, Event, Message, Sample, Severity
from oracle.moments import iso_text
from oracle.runs.run import Run, value_of

MINUTE_US = 60_000_000


async def filled(house):
    """One of each kind; the first instant."""
    runtime, at_us = house.system.runtime, house.system.runtime.now_us() - 100 * MINUTE_US
    talk = [Message(f"msg-{n}", "conv-1", "user", f"Needle number {n}, 100% _sure_", "task-1", {"n": n}, at_us + n * MINUTE_US)
            for n in range(3)]  # fmt: skip
    done = Run("task-1", "task", {"input": 'find the "NEEDLE" there'}, at_us, "completed", finished_us=at_us + 5, owner="olga",
               conversation="conv-1", result={"text": "nothing"})  # fmt: skip
    other = Run("exp_001", "experiment", {"scenario": "basic_fl"}, at_us, "failed", finished_us=at_us + 5,
                error="needles everywhere")  # fmt: skip
    await runtime.ask("history", Commit((*talk, done.row(), other.row())))
    live = Run("task-2", "task", {"input": "another needle"}, at_us + 50 * MINUTE_US, "running", name="Live one")
    house.system.board.put(live.ref, value_of(live), at_us)
    runtime.bus.publish(talk[0])  # committed, then published
    for n in range(1, 4):
        runtime.bus.publish(Chunk("task-1", n, "stderr" if n == 3 else "stdout", f"{'.' * 200}nEEdle {n},\n\"é\"", at_us + n))
    runtime.bus.publish(Sample("cost_usd", "run:task-1", 0.5, "usd", at_us, "runs"))
    runtime.bus.publish(Event("evt_x", "run_odd", "run:task-1", "runs", Severity.low, "odd", {"a": [1, 'x,"']}, at_us))
    await runtime.ask("history", Commit(()))
    return at_us


async def test_words_are_found_wherever_they_are(tmp_path):
    async with open_house(tmp_path) as house:
        at_us = await filled(house)

        async def found(query):
            reply = await house.get(f"/api/oracle/search?{query}")
            assert reply.status == 200, reply.json
            return reply.json["items"]

        hits = await found("q=needle")
        assert [(hit["where"], hit["run"] or hit["conversation"]) for hit in hits[:3]] == [
            ("tasks", "task-2"), ("messages", "task-1"), ("messages", "task-1")]  # fmt: skip
        assert {hit["where"] for hit in hits} == {"output", "messages", "tasks", "experiments"} and len(hits) == 9
        (first,) = await found("q=NEEDLE%201&in=output")
        assert first == {"where": "output", "run": "task-1", "conversation": None, "n": 1, "stream": "stdout", "role": None,
                         "ts": iso_text(at_us + 1), "excerpt": "." * 80 + 'nEEdle 1,\n"é"'}  # fmt: skip
        assert len(await found("q=needle&limit=2")) == 2
        assert len(await found(f"q=needle&from={at_us + 2 * MINUTE_US}&to={at_us + 99 * MINUTE_US}")) == 2
        for text, hits in (("%25", 3), ("_sure_", 3), ("%22needle%22", 1), ("basic_fl", 1), ("completed", 0), ("nothing", 1),
                           ("NEEDLE%5F", 0), ("%C3%A9", 3)):  # fmt: skip
            assert len(await found(f"q={text}")) == hits, text
        for query in ("", "q=", "q=x&in=secrets", "q=x&limit=0", f"q={'x' * 201}", "q=x&from=soon"):
            assert (await house.get(f"/api/oracle/search?{query}")).status == 422, query


async def test_rows_are_taken_away_as_a_file(tmp_path):
    async with open_house(tmp_path) as house:
        at_us = await filled(house)
        folder = house.system.store.exports

        async def taken(query):
            reply = await house.get(f"/api/oracle/export?{query}")
            assert reply.status == 200, reply.body
            assert int(reply.headers["content-length"]) == len(reply.body)
            assert list(folder.iterdir()) == []
            return reply

        reply = await taken("what=events&format=json&kind=run_odd")
        assert reply.json == [{"id": "evt_x", "kind": "run_odd", "subject": "run:task-1", "source": "runs", "severity": "low",
                               "summary": "odd", "ts": iso_text(at_us), "data": {"a": [1, 'x,"']}}]  # fmt: skip
        assert reply.headers["content-disposition"] == 'attachment; filename="events.json"'
        rows = list(csv.DictReader(io.StringIO((await taken("what=output&format=csv&run=task-1")).body.decode())))
        assert [(row["n"], row["stream"]) for row in rows] == [("1", "stdout"), ("2", "stdout"), ("3", "stderr")]
        assert rows[0]["text"].endswith('nEEdle 1,\n"é"') and rows[0]["ts"] == iso_text(at_us + 1)
        path = tmp_path / "runs.parquet"
        path.write_bytes((await taken("what=runs")).body)
        runs = {row["id"]: row for row in parquet_rows(path)}
        assert set(runs) == {"task-1", "exp_001"} and runs["exp_001"]["error"] == "needles everywhere"
        assert msgspec.json.decode(runs["task-1"]["params"]) == {"input": 'find the "NEEDLE" there'}
        assert [row["id"] for row in (await taken("what=messages&format=json")).json].count("msg-0") == 1
        (sample,) = (await taken("what=samples&format=json&kind=cost_usd&run=task-1")).json
        assert (sample["value"], sample["source"]) == (0.5, "runs")
        assert (await taken(f"what=output&format=json&to={at_us}")).json == []


async def test_what_was_said_in_a_conversation_that_is_gone_is_not_among_them(tmp_path):
    async with open_house(tmp_path) as house:
        for title in ("kept", "cleared", "deleted"):
            talk = (await house.post("/api/conversations", json={"title": title})).json["conversation_id"]
            await house.post(f"/api/conversations/{talk}/messages", json={"role": "user", "content": f"a {title} secret"})
            if title == "deleted":
                await house.ask("DELETE", f"/api/conversations/{talk}")
            elif title == "cleared":
                await house.post(f"/api/conversations/{talk}/clear")
                await house.post(f"/api/conversations/{talk}/messages", json={"role": "user", "content": "since then"})
        rows = (await house.get("/api/oracle/export?what=messages&format=json")).json
        assert [row["content"] for row in rows] == ["a kept secret", "since then"]


async def test_what_is_too_much_or_no_wish_is_refused_and_nothing_stays(tmp_path, monkeypatch):
    async with open_house(tmp_path) as house:
        await filled(house)
        for query in ("", "what=secrets", "what=runs&format=xls", "what=runs&run=" + "x" * 65, "what=runs&from=x"):
            assert (await house.get(f"/api/oracle/export?{query}")).status == 422, query
        assert (await house.get("/api/oracle/export?what=runs&format=json&kind='%20OR%201=1--")).json == []
        monkeypatch.setattr(export, "MOST_ROWS", 2)
        reply = await house.get("/api/oracle/export?what=output&format=csv")
        assert (reply.status, reply.json["error"]["code"], reply.json["error"]["details"]["rows"]) == (413, "too_large", 3)
        left = house.system.store.exports / "left.csv"
        left.write_text("from a process that was killed")
    async with open_house(tmp_path) as house:
        assert (await house.get("/api/oracle/export?what=runs&kind=task&format=csv")).body.count(b"\r\n") < 3
        assert list(house.system.store.exports.iterdir()) == []
