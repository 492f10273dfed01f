"""The process is killed while somebody acknowledges: sent again with its id, that is carried out once. Real processes."""

import json
import signal
from pathlib import Path

import pytest

from tests.forked import run_beside
from tests.serving import clean_env

CHILD = Path(__file__).with_name("life_child.py")


@pytest.mark.parametrize("point", ["alerts:before-commit:2", "alerts:after-commit:2"])
async def test_an_acknowledgement_is_carried_out_once(tmp_path, point):
    assert (await run_child(tmp_path, point)).returncode == -signal.SIGKILL
    for _ in range(2):
        done = await run_child(tmp_path)
        assert json.loads(done.stdout.splitlines()[-1]) == {"phase": "acknowledged", "edges": 2, "told": 1}


async def run_child(folder, crash_at=""):
    return await run_beside(CHILD, folder, timeout_s=60, env=clean_env(ORACLE_CRASH_AT=crash_at))
