"""Starting and stopping a runtime in a process, with and without others who find it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request

import attrs
import pytest

import oracle
from actors import Actor, NobodyOwns, Refused
from oracle.client import Closed, RemoteFailed
from oracle.model import Event, Severity
from oracle.problems import Invalid
from tests.forked import Forked
from tests.forked import run as run_forked
from tests.live import upgrade
from tests.serving import clean_env
from web.routes import WS
from web.table import routes

QUIET = {"demo": {"enabled": False}, "scheduler": {"enabled": False}}
LAB = "import oracle\nQUIET = " + repr(QUIET) + "\n"


@pytest.fixture(scope="module")
def rt(tmp_path_factory):
    """One that nobody else finds."""
    with oracle.start(data=tmp_path_factory.mktemp("hidden"), **QUIET) as rt:
        yield rt


@attrs.define
class Odd:
    """A decider that never finds anything."""

    limit: float = 1.0
    interval_s: float = 30.0
    listens = ("trade:*",)
    memory_s = 0.0

    def update(self, trade, now):
        return ()


class Echo(Actor):
    """Says what it hears."""

    def __init__(self, prefix=""):
        self.prefix = prefix
        self.heard = []

    def receive(self, message):
        if message == "all":
            return self.heard
        self.heard.append(message)
        return f"{self.prefix}{message}"


def run(folder, code):
    """A program of its own to its end, whose data folder is `folder`."""
    (folder / "program.py").write_text(LAB + code)
    return run_forked(folder / "program.py", timeout_s=60, env=clean_env(ORACLE__DATA__FOLDER=str(folder)))


def test_the_words_cost_nothing_until_one_is_said():
    code = "import sys, oracle; print({'trio', 'duckdb', 'numpy', 'web'} & set(sys.modules), dir(oracle)[-2:])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "set() ['connect', 'start']\n"


def test_started_again_it_is_the_same_and_other_words_are_refused(rt):
    folder = rt.folder
    assert oracle.start(data=folder, **QUIET) is rt
    with pytest.raises(Refused, match=r"with another sources and serve: rt\.stop\(\) ends it"):
        oracle.start(data=folder, serve=True, sources={"stale_after_s": 5.0}, **QUIET)


@pytest.mark.parametrize(("words", "said"), [
    ({"fedes": {}}, "fedes: unknown key; did you mean 'feeds'"),
    ({"demo": {"enable": True}}, "demo.enable: unknown key; did you mean 'enabled'"),
    ({"feeds": 3}, "feeds: .*given 3"),
])  # fmt: skip
def test_what_is_unknown_is_refused_with_the_word_that_was_meant(tmp_path, words, said):
    with pytest.raises(Invalid, match=said) as refused:
        oracle.start(data=tmp_path, **words)
    assert refused.value.__context__ is None, "IPython shows nothing that hangs on an exception group"


def test_a_folder_that_cannot_be_is_said_to_be_the_reason(tmp_path):
    (tmp_path / "file").write_text("")
    done = run(tmp_path, f"oracle.start(data={str(tmp_path / 'file' / 'x')!r})")
    assert "/file/x can't be used: " in done.stderr and "Refused" in done.stderr and done.returncode == 1


def test_a_feed_that_there_is_not_is_refused_before_the_folder_is_touched(tmp_path):
    done = run(tmp_path, "oracle.start(feeds={'binanse': {}})")
    assert "did you mean 'binance'" in done.stderr and done.returncode == 1
    assert not (tmp_path / "oracle.duckdb").exists() and not (tmp_path / "lock").exists()


def test_a_runtime_that_serves_nobody_answers_nobody_but_its_owner(rt):
    asked = [route.path for route in routes() if route.method == "GET" and "{" not in route.path]
    assert len(asked) > 50
    answers = set()
    for path in asked:
        with pytest.raises(urllib.error.HTTPError) as no:
            urllib.request.urlopen(rt.url.rstrip("/") + path, timeout=30)
        answers.add(no.value.code)
        no.value.close()
    for path in [route.path for route in routes() if route.method == WS and "{" not in route.path]:
        with socket.create_connection(("127.0.0.1", int(rt.url.rstrip("/").rpartition(":")[2])), timeout=30) as line:
            line.sendall(upgrade(path))
            answers.add(int(line.recv(64).split()[1]))
    assert answers == {401}
    assert rt.get("health")["status"]


def test_nobody_finds_it_through_the_folder(rt):
    assert not (rt.folder / "server.json").exists()
    done = run(rt.folder, "oracle.start(**QUIET)")
    assert f"is in use by process {os.getpid()}, which serves nobody" in done.stderr.splitlines()[-1]


def test_parts_are_added_replaced_and_taken_out(rt):
    assert (rt.add(Odd).state, rt.add(Odd(limit=3.0)).replaced) == ("running", True)
    assert "odd" in [one.name for one in rt.watchdogs.list()]
    rt.remove("odd")
    assert "odd" not in [one.name for one in rt.watchdogs.list()]
    assert rt.get("api/oracle/board", kind="watchdog")["items"][-1]["ref"] != "watchdog:odd"
    with pytest.raises(Refused, match="nothing called 'odd' was added here"):
        rt.remove("odd")


def test_a_part_of_another_kind_takes_the_place_too(rt):
    rt.add(Odd, "one")
    assert rt.add(Echo, "one").replaced
    assert "one" not in [one.name for one in rt.watchdogs.list()]
    assert rt.add(Odd, "one").replaced
    with pytest.raises(NobodyOwns):
        rt.ask("one", 1)
    rt.remove("one")


def test_each_life_of_an_actor_is_a_new_one(rt):
    rt.add(Echo("given "), "echo")
    assert rt.ask("echo", 1) == "given 1"
    rt.command("POST", "api/oracle/actors/echo/restart")
    assert rt.ask("echo", "all") == []
    assert rt.add(Echo, "echo", prefix="word ").replaced
    assert rt.ask("echo", 2) == "word 2"
    rt.tell("echo", 3)
    assert rt.ask("echo", "all") == [2, 3]
    rt.remove("echo")


@pytest.mark.parametrize(("part", "name", "said"), [
    (3, "", "int is no part"),
    (type("Plain", (), {"update": print}), "", "Plain is no attrs class"),
    (attrs.define(type("Bare", (), {"update": print})), "", "Bare lacks listens and interval_s and memory_s"),
    (Odd, "price_anomaly", "a watchdog 'price_anomaly' already"),
    (Echo, "history", "an actor of the house is called 'history'"),
])  # fmt: skip
def test_what_is_no_part_is_refused_with_the_reason(rt, part, name, said):
    before = rt.get("api/oracle/tree")
    with pytest.raises(Refused, match=said):
        rt.add(part, name)
    after = rt.get("api/oracle/tree")
    assert [one["name"] for one in after["children"]] == [one["name"] for one in before["children"]] or "cells" in str(after)


def test_bad_settings_leave_the_one_before_at_work(rt):
    rt.add(Odd)
    with pytest.raises(Invalid, match=r"watchdogs\.odd\.limt: unknown key; did you mean 'limit'"):
        rt.add(Odd, limt=2)
    with pytest.raises(Invalid, match="a name has letters"):
        rt.add(Odd, "a name")
    assert [one.running for one in rt.watchdogs.list() if one.name == "odd"] == [True]
    rt.remove("odd")


def test_a_rule_is_stored_replaced_and_deleted(rt):
    assert not rt.rule("high", when='price("X-USD") > 10').replaced
    assert rt.add({"alert_id": "high", "trigger": {"type": "custom_condition", "condition": 'price("X-USD") > 20'}}).replaced
    assert rt.alerts.get("high").trigger["condition"] == 'price("X-USD") > 20'
    rt.remove("rule:high")
    assert [one.id for one in rt.alerts.list()] == []


def test_what_is_published_is_heard(rt):
    rt.add(type("Ear", (Echo,), {"listens": ("event:note:*",)}), "ear")
    event = Event("evt_1", "note", "X", "test", Severity.low, "a note", {}, 1, "")
    assert rt.publish(event) > 0
    assert rt.ask("ear", "all") == [event]
    rt.remove("ear")


def test_it_is_awaited_on_asyncio(rt):
    async def main():
        added = await rt.aio.add(Echo, "echo")
        return added.state, await rt.aio.ask("echo", 5), (await rt.aio.watchdogs.list())[0].running

    assert asyncio.run(main()) == ("running", "5", True)
    rt.remove("echo")


def test_served_it_is_found_and_what_is_here_does_not_travel(tmp_path):
    (tmp_path / "other.py").write_text(LAB + """
import signal
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
rt = oracle.start(serve=True, server={"listen": ["127.0.0.1:0"]}, **QUIET)
print(rt.url, flush=True)
signal.sigwait({signal.SIGUSR1})
""")
    with Forked(tmp_path / "other.py", env=clean_env(ORACLE__DATA__FOLDER=str(tmp_path))) as other:
        url = other.stdout.readline().strip()
        with oracle.connect(url) as by_url, oracle.connect(data=tmp_path) as by_folder:
            assert by_url.get("health")["status"] == by_folder.get("health")["status"]
            assert by_folder.url == by_url.url == url and "running" in repr(by_url)
            for act in (lambda: by_url.add(Odd), lambda: by_url.ask("web", 0), lambda: by_url.publish(1),
                        lambda: by_url.backtest(Odd), lambda: by_url.remove("odd")):  # fmt: skip
                with pytest.raises(Refused, match=r"objects of this one do not travel there; oracle\.start\(\) runs one here"):
                    act()
            assert by_url.rule("x_high", when='price("X-USD") > 10').state == "enabled"
        second = run(tmp_path, "rt = oracle.start(log={'level': 'error'}); print(rt.url, rt.embedded)")
        assert second.stdout.split() == [url, "False"]
        assert f"process {other.pid} serves {tmp_path} already" in second.stderr and "not in force there" in second.stderr
        other.send_signal(signal.SIGUSR1)
        assert other.wait(60) == 0, "the end of the process ends it in order"
    assert not (tmp_path / "server.json").exists()


def test_a_crash_is_told_on_standard_error_where_there_are_no_cells(tmp_path):
    done = run(tmp_path, """
from actors import Actor

class Breaks(Actor):
    def receive(self, message):
        raise LookupError("not there")

with oracle.start(**QUIET) as rt:
    rt.add(Breaks)
    with rt.stream("event:actor_crashed:breaks") as news:
        rt.tell("breaks", "x")
        next(one for one in news if getattr(one, "type", "") == "event")
""")
    assert "breaks has crashed, and begins anew" in done.stderr and "LookupError: not there" in done.stderr, done
    assert "LookupError: not there" in (tmp_path / "notebook.log").read_text()


def test_a_stream_has_begun_when_its_block_begins(rt):
    for n in range(5):
        with rt.stream("event:note:*") as told:
            rt.publish(Event(f"evt_begun{n}", "note", "X", "test", Severity.low, "a note", {}, 1, ""))
            assert type(next(told)).__name__ == "Ready"
            assert next(told).data["id"] == f"evt_begun{n}"
    with pytest.raises(RemoteFailed, match="answered 401"):
        oracle.connect(rt.url)


def test_a_runtime_that_crashes_says_so_and_makes_room_for_another(tmp_path):
    done = run(tmp_path, """
import threading
from actors import Actor, Child

class Bad(Actor):
    async def start(self):
        raise ValueError("always")

rt = oracle.start(**QUIET)
over = threading.Event()
rt._resident.when_ended(lambda error: over.set())

async def add():
    rt._resident.system().runtime.add(Child("bad", Bad))  # among the house's own, whose crashes nobody parks

rt._portal.start(add).wait()
over.wait()
print(rt)
try:
    rt.watchdogs.list()
except Exception as error:
    print(repr(error))
print(oracle.start(**QUIET) is not rt)
""")
    shown, raised, again = done.stdout.splitlines()
    assert "crashed (root: more than 5 crashes in 60 s" in shown
    assert raised.startswith("Refused(") and "this runtime has crashed" in raised and again == "True"
    assert "the runtime has crashed; oracle.start() begins another" in done.stderr and "ValueError: always" in done.stderr


def test_a_child_of_a_fork_has_only_a_picture_of_it(rt):
    seen, say = os.pipe()
    child = os.fork()
    if child == 0:
        with os.fdopen(say, "w") as out:
            try:
                rt.ask("web", 0)
            except Refused as no:
                out.write(no.code)
        os._exit(0)
    os.close(say)
    with os.fdopen(seen) as told:
        assert told.read() == "elsewhere"
    assert os.waitpid(child, 0)[1] == 0
    assert rt.ask("web", 0) is not None


def test_stopped_it_is_gone_with_its_threads(rt):
    rt.stop()
    rt.stop()
    assert "stopped" in repr(rt)
    with pytest.raises(Closed):
        rt.watchdogs.list()
    before = set(threading.enumerate())
    again = oracle.start(data=rt.folder, **QUIET)
    assert again is not rt and again.watchdogs.list()
    again.stop()
    left = {one.name for one in set(threading.enumerate()) - before}
    assert {name for name in left if not name.startswith("Trio thread")} == set(), "those of trio's cache end when they are idle"


def test_what_holds_the_loop_is_named(tmp_path):
    rt = oracle.start(data=tmp_path, **QUIET)
    held, go = threading.Event(), threading.Event()

    class Blocks(Actor):
        def receive(self, message):
            held.set()
            go.wait()

    rt.add(Blocks)
    rt.tell("blocks", "x")
    held.wait()
    assert repr(rt).endswith("does not answer>")
    with pytest.raises(Refused, match=r"the runtime does not end: its thread is at\n(.|\n)*in receive\n +go\.wait"):
        rt.stop(timeout_s=0.1)
    go.set()
    rt.stop()
    assert "stopped" in repr(rt)
