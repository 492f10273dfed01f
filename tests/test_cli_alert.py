"""`oracle alert export` and `import` against a real server."""

import json
import tomllib

import pytest

from tests.serving import oracle, serving

TABLE = """
[[alert]]
alert_id = "{ident}"
name = "{ident}"
description = "d"
delivery_methods = ["log"]
trigger = {{ type = "custom_condition", condition = '{condition}' }}
"""
GOOD = 'price("BTC-USD") > 1'


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("alert") / "data", "--no-demo") as running:
        yield running


def test_alerts_go_in_from_a_file_and_out_into_one(server, tmp_path):
    book, copy = tmp_path / "book.toml", tmp_path / "copy.toml"
    book.write_text(TABLE.format(ident="one", condition=GOOD) + TABLE.format(ident="bad", condition="prise"))
    said = oracle("alert", "import", book, "--dry-run", "--data", server.data)
    assert said.returncode == 2 and "1 created" in said.stdout and "nothing was changed" in said.stdout
    done = oracle("alert", "import", book, "--data", server.data)
    assert done.returncode == 2 and "trigger.condition" in done.stdout and "not every alert" in done.stderr
    assert oracle("alert", "export", copy, "--data", server.data).returncode == 0
    shown = oracle("alert", "export", "-", "--data", server.data)
    assert shown.stdout == copy.read_text()
    assert [one["alert_id"] for one in tomllib.loads(shown.stdout)["alert"]] == ["one"]
    again = oracle("alert", "import", copy, "--mode", "skip", "--json", "--data", server.data)
    assert again.returncode == 0 and json.loads(again.stdout)["skipped"] == 1


def test_what_can_not_be_read_or_is_no_toml_is_exit_code_2(server, tmp_path):
    missing = oracle("alert", "import", tmp_path / "none.toml", "--data", server.data)
    assert missing.returncode == 2 and "can't be read" in missing.stderr
    (tmp_path / "bad.toml").write_text("alert = [")
    bad = oracle("alert", "import", tmp_path / "bad.toml", "--data", server.data)
    assert bad.returncode == 2 and "TOML" in bad.stderr
    unwritable = oracle("alert", "export", tmp_path / "no" / "x.toml", "--data", server.data)
    assert unwritable.returncode == 2 and "can't be written" in unwritable.stderr
