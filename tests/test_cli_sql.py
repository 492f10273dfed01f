"""`oracle sql`, with a server and without one."""

import json

import pytest
from serving import oracle, serving, simulated_past

from oracle.history.database import parquet_rows

COUNT = "SELECT symbol, count(*) AS n FROM bars WHERE interval = ? GROUP BY 1 ORDER BY 1"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("data") / "x") as server:
        yield server


def answers(data, tmp_path):
    """What both ways must say alike."""
    said = oracle("sql", "--data", data, COUNT, "-p", "1d", "--format", "json")
    assert (said.returncode, said.stderr) == (0, "")
    rows = json.loads(said.stdout)
    assert rows[0]["symbol"] == "AAPL" and rows[0]["n"] > 1_000
    said = oracle("sql", "--data", data, COUNT, "-p", "1d", "--format", "csv", "--limit", "2")
    assert said.stdout == f"symbol,n\nAAPL,{rows[0]['n']}\nAMZN,{rows[1]['n']}\n" and "there are more" in said.stderr
    said = oracle("sql", "--data", data, COUNT, "-p", "1d")
    assert said.stdout.splitlines()[0].split() == ["symbol", "n"] and str(rows[0]["n"]) in said.stdout
    said = oracle("sql", "--data", data, "FROM bars ORDER BY ts DESC", "--limit", "2")
    head, first = (line.split() for line in said.stdout.splitlines()[:2])
    assert {"interval", "simulated", "origin"} <= {*head} and len(first) == len(head) and "…" not in said.stdout, "nothing is cut"
    path = tmp_path / "rows.parquet"
    said = oracle("sql", "--data", data, COUNT, "-p", "1d", "-o", path)
    assert (said.stdout, f"{len(rows)} rows are in {path}" in said.stderr) == ("", True)
    assert list(parquet_rows(path)) == rows
    for sql in ("SELECT * FROM meta", "FROM read_text('/etc/passwd')", "SELEC 1", "DROP TABLE bars", "SELECT x FROM bars"):
        said = oracle("sql", "--data", data, sql)
        assert (said.returncode, said.stdout) == (2, "") and "oracle: refused: " in said.stderr, (sql, said.stderr)


def test_a_running_server_answers(served, tmp_path):
    answers(served.data, tmp_path)


def test_without_a_server_the_file_is_read_and_left_as_it_was(tmp_path):
    file = simulated_past() / "history.duckdb"
    before = file.read_bytes()
    answers(simulated_past(), tmp_path)
    assert file.read_bytes() == before
    said = oracle("sql", "--data", tmp_path / "none", "SELECT 1")
    assert said.returncode == 2 and "no history" in said.stderr


def test_what_there_is_to_ask_about_is_told_without_anybody(tmp_path):
    said = oracle("sql", "--schema", "--data", tmp_path / "none")
    assert "bars: Bars of a minute" in said.stdout and "quote currency" in said.stdout
    told = json.loads(oracle("sql", "--schema", "--format", "json").stdout)
    assert {view["name"] for view in told["views"]} >= {"bars", "trades", "events", "orders"}
