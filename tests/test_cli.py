"""The command line, as a user meets it: real processes, their words and their exit codes."""

from __future__ import annotations

import json
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import urllib.error
import urllib.request

import pytest
from websockets.sync.client import connect

from tests.forked import Forked
from tests.serving import ORACLE, REPO, clean_env, oracle, serving, simulated_past
from tests.shells import completed


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("cli") / "data") as running:
        yield running


def get(url: str) -> object:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)


def test_help_names_every_command_and_exit_code():
    shown = oracle("--help")
    assert shown.returncode == 0
    for word in ("serve", "tail", "tree", "doctor", "config", "replay", "Exit codes:", "130"):
        assert word in shown.stdout


def test_the_help_costs_nothing_that_only_a_command_needs(tmp_path):
    asked = tmp_path / "help.py"
    asked.write_text("import sys\nfrom web.cli import main\nsys.argv = ['oracle', '--help']\ntry:\n    main()\nfinally:\n"
                     "    print('imported', *{'trio', 'attrs', 'rich', 'duckdb', 'quart'} & set(sys.modules))\n")
    env = clean_env(PYTHONPATH=str(REPO))
    done = subprocess.run([sys.executable, asked], capture_output=True, text=True, env=env, check=True)
    assert done.stdout.splitlines()[-1] == "imported"


def test_the_installed_command_serves_and_each_other_one_finds_it(tmp_path):
    """With nothing imported before: each command brings all that it needs."""
    where, env = ("--data", tmp_path), clean_env(PYTHONPATH=str(REPO))
    serve = [ORACLE, "serve", *where, "--listen", "127.0.0.1:0", "--no-demo"]
    with subprocess.Popen(serve, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=env) as process:
        try:
            assert process.stdout.readline().startswith("oracle ready http://127.0.0.1:")
            for command in (("tree",), ("tail", "state:*", "--count", "1"), ("alert", "export", "-"), ("backtest",)):
                done = subprocess.run([ORACLE, *command, *where], capture_output=True, text=True, env=env, check=False)
                assert (done.returncode, done.stderr) == (0, ""), command
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
        finally:
            process.kill()


def test_ready_means_that_it_answers(server):
    assert server.ready == f"oracle ready {server.url}/"
    assert get(f"{server.url}/healthz") == {"status": "ok"}


def test_the_server_is_found_through_its_data_folder(server):
    card = server.data / "server.json"
    assert stat.S_IMODE(card.stat().st_mode) == 0o600
    kept = server.data / "commands.token"  # in mode local /api/v1 and the tokens want one
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert json.loads(card.read_text()) == {"url": f"{server.url}/", "pid": server.process.pid, "token": f"file:{kept}",
                                           "certificate": ""}
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in server.data.iterdir()}
    assert "history.duckdb.wal" in modes and not any(mode & 0o077 for mode in modes.values()), modes
    tree = oracle("tree", "--data", server.data, "--json")
    assert tree.returncode == 0
    node = json.loads(tree.stdout)
    assert node["name"] == "root"
    assert {"history", "feeds", "watchdogs", "hub", "sockets", "web"} <= {child["name"] for child in node["children"]}


def test_tree_is_shown_to_people(server):
    shown = oracle("tree", "--data", server.data)
    assert "root running" in shown.stdout and "history running" in shown.stdout and "feed:simulated" in shown.stdout


def test_tail_prints_what_happens_and_ends_after_count(server):
    tail = oracle("tail", "quote:*", "--count", 3, "--json", "--data", server.data)
    frames = [json.loads(line) for line in tail.stdout.splitlines()]
    assert tail.returncode == 0, tail.stderr
    assert len(frames) == 3 and all(frame["topic"].startswith("quote:") for frame in frames)
    shown = oracle("tail", "quote:*", "--count", 1, "--data", server.data)
    assert "quote:" in shown.stdout and "bid=" in shown.stdout


def test_tail_prints_only_what_is_asked_for(server):
    severe = oracle("tail", "event:*,quote:*", "--severity", "medium", "--count", 1, "--json", "--data", server.data)
    assert json.loads(severe.stdout)["data"]["severity"] in ("medium", "high", "critical"), severe.stderr
    found = oracle("tail", "quote:*", "--grep", "bid.*ask_SIZE=", "--count", 2, "--data", server.data)
    assert len(found.stdout.splitlines()) == 2 and found.stdout.count("ask_size=") == 2 and "\x1b" not in found.stdout
    assert "(simulated)" in found.stdout
    wrong = oracle("tail", "--grep", "(", "--data", server.data)
    assert wrong.returncode == 2 and "no regular expression" in wrong.stderr


def test_tail_ends_quietly_when_its_reader_goes(server):
    with Forked("oracle", "tail", "quote:*", "--data", server.data, env=clean_env()) as tail:
        try:
            assert "quote:" in tail.stdout.readline()
            tail.stdout.close()
            assert (tail.wait(20), tail.errors()) == (0, "")
        finally:
            tail.kill()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_completes_commands_options_and_what_the_server_knows(shell, server):
    """By its path: it is not in the PATH of most who have it in a folder of its own."""
    if not shutil.which(shell):
        pytest.skip(f"this machine has no {shell}")
    here = f"--data {server.data}"
    typed = {f"{ORACLE} ta": "tail", f"{ORACLE} tail {here} quote:B": "quote:BTC-USD", f"{ORACLE} serve --auth=o": "--auth=open",
             f"{ORACLE} replay {server.data}/commands.t": f"{server.data}/commands.token"}  # fmt: skip
    if shell == "bash":
        typed = {line: re.split("[:=]", word)[-1] for line, word in typed.items() if " replay " not in line}
        typed |= {f"{ORACLE} tail --sev": "--severity", f"{ORACLE} tail {here} 'quote:B": "quote:BTC-USD",
                  f"{ORACLE} alert backtest {here} d": "demo_price_spike", f"{ORACLE} top {here}/none --kind w": ""}  # fmt: skip
    found = {}
    for _ in range(5):  # on a busy machine the server may not answer soon enough for a person
        left = [line for line, word in typed.items() if found.get(line) != word]
        found |= dict(zip(left, completed(shell, left), strict=True))
        if found == typed:
            break
    assert found == typed


def test_a_shell_gets_a_script_of_its_own():
    """Each wants its own first or last line, to be found and bound where it keeps them."""
    assert oracle("completion", "bash").stdout.endswith("complete -o nosort -F _oracle_completion oracle\n")
    assert oracle("completion", "zsh").stdout.startswith("#compdef oracle\n")
    assert "complete --no-files --command oracle" in oracle("completion", "fish").stdout
    assert oracle("completion", "csh").returncode == 2


def test_a_server_at_an_ipv6_address_is_heard_too(tmp_path):
    if not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    with serving(tmp_path / "data", "--no-demo", listen=("[::1]:0",)) as running:
        tail = oracle("tail", "state:watchdog:*", "--count", 1, "--data", running.data)
        assert (tail.returncode, tail.stderr) == (0, "")
        assert "state:watchdog:" in tail.stdout
        assert oracle("tree", "--url", running.url).returncode == 0


def test_doctor_finds_nothing_wrong(server):
    checked = oracle("doctor", "--data", server.data, "--json")
    found = json.loads(checked.stdout)
    named = {check["name"] for check in found["checks"]}
    assert {"python", "libraries", "page", "settings", "data folder", "server", "history"} <= named
    # The page may be missing where a machine has neither npm nor network; all else must be good.
    wrong = [check for check in found["checks"] if not check["ok"] and check["name"] != "page"]
    assert not wrong
    assert checked.returncode == (0 if found["ok"] else 5)


def test_a_folder_in_use_is_a_clear_error(server):
    second = oracle("serve", "--data", server.data, "--listen", "127.0.0.1:0")
    assert second.returncode == 3
    assert f"is in use by process {server.process.pid} at {server.url}/" in second.stderr
    assert "Traceback" not in second.stderr


def test_a_taken_port_is_a_clear_error(server, tmp_path):
    second = oracle("serve", "--data", tmp_path / "d", "--listen", f"127.0.0.1:{server.port}")
    assert (second.returncode, second.stdout) == (3, "")
    assert f"127.0.0.1:{server.port}: Address already in use" in second.stderr


def test_nobody_there_is_exit_code_4(tmp_path):
    for command in (("tail", "*"), ("tree",)):
        asked = oracle(*command, "--data", tmp_path)
        assert asked.returncode == 4 and "no server runs on the data folder" in asked.stderr
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        asked = oracle("tree", "--url", f"http://127.0.0.1:{closed.getsockname()[1]}")
    assert asked.returncode == 4 and "does not answer" in asked.stderr


@pytest.mark.parametrize(("args", "said"), [
    (("serve", "--listen", "8000"), "server.listen[0]: an address is HOST:PORT"),
    (("serve", "--listen", "https://127.0.0.1:0"), "server.tls_certificate: https://127.0.0.1:0 needs a certificate"),
    (("serve", "--listen", "ftp://127.0.0.1:0"), "server.listen[0]: an address begins with https:// or without a scheme"),
    (("serve", "--listen", "0.0.0.0:0"), "0.0.0.0:0 can be reached from outside: set auth.mode to token"),
    (("serve", "--feed", "simulated", "--feed", "simulated:BTC-USD"), "feeds.simulated: --feed simulated and --feed simulated:B"),
    (("serve", "--feed", "binanec"), "did you mean 'binance'"),
    (("serve", "--settings", "/nowhere.toml"), "settings file /nowhere.toml: No such file or directory"),
    (("serve", "--auth", "tokens"), "Invalid value for '--auth'"),
    (("serv",), "No such command"),
    (("tree", "--url", "http://127.0.0.1:1/", "--token", "very-secret"), "'--token': a secret is given as env:NAME or file:PATH"),
    (("tree", "--url", "garbage"), "'--url': the URL's scheme is missing, not http or https"),
    (("tail", "--url", "http:///x"), "'--url': the URL names no host"),
    (("tail", "--url", "http://127.0.0.1:1/?token=very-secret"), "its token goes into --token"),
])
def test_wrong_usage_is_exit_code_2_and_starts_nothing(tmp_path, args, said):
    refused = oracle(*args, *(("--data", tmp_path / "d") if args[0] == "serve" else ()))
    assert (refused.returncode, refused.stdout) == (2, "")
    assert said in " ".join(refused.stderr.split()) and "Traceback" not in refused.stderr
    assert "very-secret" not in refused.stderr
    assert not (tmp_path / "d").exists()


def test_config_check_says_what_is_in_force(tmp_path):
    (tmp_path / "s.toml").write_text("[history]\nmemory_limit_mb = 200\n")
    checked = oracle("config", "check", "--settings", tmp_path / "s.toml", "--json", REDIS_URL="redis://:pw@x",
                     ORACLE__SERVER__BURST="7")
    found = json.loads(checked.stdout)
    assert checked.returncode == 0
    assert (found["settings"]["history"]["memory_limit_mb"], found["settings"]["server"]["burst"]) == (200, 7)
    assert found["notes"][0].startswith("REDIS_URL is set and not used") and "pw" not in checked.stdout
    assert "history.memory_limit_mb = 200" in oracle("config", "check", "--settings", tmp_path / "s.toml").stdout


@pytest.mark.parametrize(("reference", "why"), [("env:NOPE", "is empty or not set"), ("file:nowhere", "FileNotFoundError")])
def test_config_check_looks_for_the_secrets(tmp_path, reference, why):
    (tmp_path / "s.toml").write_text(f'[auth]\ntoken = "{reference}"\n')
    refused = oracle("config", "check", "--settings", tmp_path / "s.toml")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert f"auth.token: {reference}" in refused.stderr and why in refused.stderr
    checked = oracle("doctor", "--data", tmp_path, "--settings", tmp_path / "s.toml")
    assert checked.returncode == 5 and "auth.token" in checked.stdout
    good = oracle("config", "check", "--settings", tmp_path / "s.toml", NOPE="hunter2")
    assert (good.returncode == 0) == (reference == "env:NOPE") and "hunter2" not in good.stdout


def test_config_check_refuses_by_path(tmp_path):
    (tmp_path / "s.toml").write_text("[watchdogs.price_anomaly]\nlimit_pc = 3\n")
    refused = oracle("config", "check", "--settings", tmp_path / "s.toml")
    assert refused.returncode == 2
    assert "watchdogs.price_anomaly.limit_pc: unknown key; did you mean 'limit_pct'?" in refused.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_order(tmp_path, number):
    with serving(tmp_path / "data", "--no-demo") as running:
        assert running.end(number) == 0
        assert not (tmp_path / "data" / "server.json").exists()
        assert "Traceback" not in running.said()


def test_it_ends_before_those_who_hold_it_up_give_up(tmp_path):
    """A webhook that is never answered, and a client that does not take what it asked for."""
    eager = {f"ORACLE__WATCHDOGS__PRICE_ANOMALY__{key}": value for key, value in {
        "LIMIT_PCT": "0.0001", "REARM_PCT": "0.00005", "WINDOW_S": "1", "SYMBOLS": "*"}.items()}  # fmt: skip
    patient = {"ORACLE__ALERTS__TIMEOUT_S": "600", "ORACLE__SERVER__SEND_TIMEOUT_S": "600"}
    with (
        socket.create_server(("127.0.0.1", 0)) as sink, socket.socket() as deaf,
        serving(tmp_path / "data", ORACLE__FEEDS__SIMULATED__UPDATES_PER_S="20", ORACLE__HTTP__ALLOW="127.0.0.1",
                **eager, **patient) as running,
    ):  # fmt: skip
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        deaf.connect(("127.0.0.1", running.port))
        deaf.sendall(b"GET /api/oracle/bars?symbol=AAPL&interval=1m&limit=10000 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert deaf.recv(12) == b"HTTP/1.1 200"
        rule = {"alert_id": "any", "name": "Any", "description": "whatever is said", "trigger": {"type": "watchdog_event"},
                "delivery_methods": ["webhook"], "webhook_config": {"url": f"http://127.0.0.1:{sink.getsockname()[1]}/"}}
        said = {"Content-Type": "application/json"}
        made = urllib.request.Request(f"{running.url}/api/alerts", json.dumps(rule).encode(), said)
        urllib.request.urlopen(made, timeout=10).close()
        sink.settimeout(20)
        held, _ = sink.accept()
        with held:
            assert held.recv(4) == b"POST"
            assert running.end(timeout_s=60) == 0


BUG = '''"""A feed whose import puts a bug into the switchboard: its next starts fail, one after the other."""
from oracle.feeds.simulated import Simulated as Bug
from oracle.watchdogs.switchboard import Switchboard

async def start(self):
    raise RuntimeError("a bug of ours")

Switchboard.start = start
'''


def test_a_runtime_that_crashed_is_exit_code_1(tmp_path):
    (tmp_path / "bug.py").write_text(BUG)
    shutil.copytree(simulated_past(), tmp_path / "data")
    crashed = oracle("serve", "--data", tmp_path / "data", "--listen", "127.0.0.1:0",
                     PYTHONPATH=str(tmp_path), ORACLE__FEEDS__BUG__KIND="bug:Bug")  # fmt: skip
    assert crashed.returncode == 1
    assert "oracle: the runtime crashed" in crashed.stderr and "switchboard" in crashed.stderr.splitlines()[-1]


def test_a_history_that_can_not_be_opened_is_a_clear_error(tmp_path):
    with serving(tmp_path / "data", "--no-demo") as running:
        running.end()
    (database,) = [path for path in (tmp_path / "data").iterdir() if path.suffix == ".duckdb"]
    database.write_bytes(b"not a database" * 1000)
    again = oracle("serve", "--data", tmp_path / "data", "--listen", "127.0.0.1:0")
    assert (again.returncode, again.stdout) == (3, "")
    assert "can't start: the history in" in again.stderr and "Traceback" not in again.stderr


def test_secrets_that_can_not_be_read_are_a_clear_error(tmp_path):
    secrets = tmp_path / "data" / "alert-secrets.json"
    secrets.parent.mkdir()
    secrets.write_text('{"secret:1": "hunter2')
    refused = oracle("serve", "--data", tmp_path / "data", "--listen", "127.0.0.1:0", "--no-demo")
    assert (refused.returncode, refused.stdout) == (3, "")
    assert f"can't start: the secrets in {secrets}" in refused.stderr
    assert "Traceback" not in refused.stderr and "hunter2" not in refused.stderr


def test_a_folder_can_be_served_again_after_sigkill(tmp_path):
    with serving(tmp_path / "data", "--no-demo") as running:
        running.end(signal.SIGKILL)
    with serving(tmp_path / "data", "--no-demo") as running:
        assert running.end() == 0


def test_token_mode_shows_the_token_once_and_the_commands_still_work(tmp_path):
    with serving(tmp_path / "data", "--no-demo", "--auth", "token") as running:
        secret = running.ready.partition("?token=")[2]
        assert len(secret) > 30
        with pytest.raises(urllib.error.HTTPError, match="401"):
            get(f"{running.url}/api/oracle/tree")
        asked = urllib.request.Request(f"{running.url}/api/oracle/tree", headers={"Authorization": f"Bearer {secret}"})
        assert get(asked)["name"] == "root"
        assert oracle("tree", "--data", running.data).returncode == 0
        assert oracle("tail", "state:*", "--count", 1, "--data", running.data).returncode == 0
        assert oracle("tree", "--url", running.url).returncode == 4
        running.end()
    with serving(tmp_path / "data", "--no-demo", "--auth", "token") as running:
        assert "token" not in running.ready
        assert secret not in running.said()


def test_a_start_that_fails_does_not_use_up_the_one_time_a_token_is_shown(server, tmp_path):
    failed = oracle("serve", "--data", tmp_path / "data", "--auth", "token", "--listen", f"127.0.0.1:{server.port}")
    assert (failed.returncode, failed.stdout) == (3, "")
    with serving(tmp_path / "data", "--no-demo", "--auth", "token") as running:
        assert len(running.ready.partition("?token=")[2]) > 30


def test_damaged_tokens_are_a_clear_error(tmp_path):
    (tmp_path / "tokens.json").write_text("[{")
    refused = oracle("serve", "--data", tmp_path, "--auth", "token", "--listen", "127.0.0.1:0")
    assert (refused.returncode, refused.stdout) == (3, "")
    assert f"can't start: {tmp_path / 'tokens.json'} is damaged" in refused.stderr and "Traceback" not in refused.stderr


def test_replay_serves_a_recording_until_it_is_told_to_end(tmp_path):
    (tmp_path / "x.rec").write_text('wss://example.org/ws <-> 1700000000.0\n1700000000.5: {"a": 1}\n')
    with Forked("oracle", "replay", tmp_path / "x.rec", "--speed", "0", "--json", env=clean_env()) as replay:
        try:
            url = json.loads(replay.stdout.readline())["ready"]
            with connect(url) as client:
                assert client.recv(10) == '{"a": 1}'
            said = [json.loads(replay.stdout.readline()) for _ in range(3)]
            replay.send_signal(signal.SIGTERM)
            assert replay.wait(10) == 0
        finally:
            replay.kill()
    assert [row["what"] for row in said] == ["connected", "finished", "gone"]
    assert said[-1] == {"client": 1, "what": "gone", "frames": 1, "of": 1}


def test_replay_refuses_what_is_no_recording(tmp_path):
    (tmp_path / "bad.rec").write_text("what\n")
    for name, said in (("none.rec", "No such file"), ("bad.rec", "line 1")):
        refused = oracle("replay", tmp_path / name)
        assert refused.returncode == 2 and said in refused.stderr
