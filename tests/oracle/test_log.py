"""What the program says about itself can be read by machines, and shows no secrets."""

from __future__ import annotations

import io
import json
import logging

import pytest

from oracle.log import kept_in, logger, said_in_detail, set_up


@pytest.fixture
def said():
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    stream = io.StringIO()
    yield stream
    root.handlers[:], root.level = before


def test_one_json_object_a_line(said):
    set_up("info", "json", said)
    logger("web").info("ready", url="http://127.0.0.1:1/")
    logger("web").debug("not said")
    logging.getLogger("hypercorn.error").warning("slow %s", "client")
    first, second = map(json.loads, said.getvalue().splitlines())
    assert first.pop("timestamp").endswith("Z")
    assert first == {"event": "ready", "level": "info", "logger": "web", "url": "http://127.0.0.1:1/"}
    assert (second["event"], second["logger"], second["level"]) == ("slow client", "hypercorn.error", "warning")


@pytest.mark.parametrize("format", ["text", "json", "auto"])
def test_a_traceback_does_not_print_variables(said, format):
    set_up("info", format, said)
    password = "hunter" + "2"
    try:
        raise ValueError(f"no {len(password)}")
    except ValueError:
        logger("web").exception("failed")
    assert "ValueError: no 7" in said.getvalue() and "hunter2" not in said.getvalue()


def test_in_a_program_of_somebody_s_it_is_kept_in_a_file_and_their_log_is_left_alone(tmp_path, said, capsys):
    theirs = logging.StreamHandler(said)
    root = logging.getLogger()
    root.handlers[:] = [theirs]
    root.setLevel("WARNING")
    file = tmp_path / "data" / "notebook.log"
    with kept_in(file, "debug"):
        assert said_in_detail()
        logger("web").warning("odd", why="x")
        logging.getLogger("oracle.web").error("a crash")
        logging.getLogger("theirs").warning("theirs")
    assert not said_in_detail() and root.handlers == [theirs]
    text = file.read_text()
    assert "odd" in text and "why=x" in text and "a crash" in text and "theirs" not in text
    assert said.getvalue() == "theirs\n" and capsys.readouterr() == ("", "")
