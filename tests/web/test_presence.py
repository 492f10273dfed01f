"""One server a data folder, and the others find it."""

from __future__ import annotations

import os
import stat
import subprocess
import sys

import pytest

from oracle.presence import Presence, find
from web.failures import FolderTaken
from web.presence import claim

HOLD = """
import sys, time
from pathlib import Path
from oracle.presence import Presence
from web.presence import claim
import os
with claim(Path(sys.argv[1])) as held:
    held.announce(Presence("http://127.0.0.1:1/", os.getpid()))
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that serves the folder."""
    with subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_folder_is_made_and_announced_for_its_owner_only(tmp_path):
    folder = tmp_path / "new" / "data"
    with claim(folder) as held:
        assert find(folder) is None
        held.announce(Presence("http://127.0.0.1:5/", os.getpid(), held.keep("cli.token", "abc")))
        assert find(folder) == Presence("http://127.0.0.1:5/", os.getpid(), f"file:{folder / 'cli.token'}")
        assert {stat.S_IMODE((folder / name).stat().st_mode) for name in ("server.json", "cli.token")} == {0o600}
    assert find(folder) is None


def test_a_folder_in_use_is_refused_by_name(tmp_path, holder):
    with pytest.raises(FolderTaken, match=rf"in use by process {holder.pid} at http://127\.0\.0\.1:1/"), claim(tmp_path):
        pass


def test_a_killed_server_leaves_the_folder_free(tmp_path, holder):
    holder.kill()
    holder.wait()
    assert find(tmp_path) is None
    with claim(tmp_path):
        assert not (tmp_path / "server.json").exists()


def test_a_number_that_is_ours_by_chance_is_no_server(tmp_path):
    """In a container the server is process 1, and so is a command in the next container on the same volume."""
    card = tmp_path / "server.json"
    with claim(tmp_path) as held:
        held.announce(Presence("http://127.0.0.1:1/", os.getpid()))
        left = card.read_text()
        assert find(tmp_path) is not None
    card.write_text(left)
    assert find(tmp_path) is None


def test_a_child_of_a_fork_holds_nothing_that_its_parent_holds(tmp_path):
    """Else the folder stayed taken for as long as the child lives, though its parent is gone."""
    (alive, live), (begun, begins) = os.pipe(), os.pipe()
    with claim(tmp_path):
        child = os.fork()
        if child == 0:
            os.close(live)
            os.close(begins)
            os.read(alive, 1)  # until the test lets it go
            os._exit(0)
        os.close(begins)
        assert os.read(begun, 1) == b""  # it is past its fork
        with pytest.raises(FolderTaken), claim(tmp_path):
            pass
    with claim(tmp_path):
        pass
    os.close(live)
    assert os.waitpid(child, 0)[1] == 0
    os.close(alive)
    os.close(begun)


def test_a_card_that_says_nothing_is_no_server(tmp_path):
    for text in ("", "{}", '{"url": 1, "pid": 1}', '{"url": "http://x/", "pid": 4194305}',
                 '{"url": "http://x/", "pid": 99999999999999999999}', '{"url": "http://x/", "pid": 0}'):
        (tmp_path / "server.json").write_text(text)
        assert find(tmp_path) is None


def test_a_folder_that_can_not_be_made_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FolderTaken, match="can't be used"), claim(tmp_path / "file"):
        pass
