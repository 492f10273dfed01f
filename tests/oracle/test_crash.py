"""A crash point ends the process where, and only when, the environment names it."""

import os
import signal
import subprocess
import sys

import pytest

PROGRAM = """
from oracle.crash import crash_point
for _ in range(3):
    crash_point("a:b")
    print("here", flush=True)
"""


@pytest.mark.parametrize(("named", "visits", "killed"), [
    ("a:b", 0, True), ("a:b:1", 0, True), ("a:b:3", 2, True), ("a:b:4", 3, False), ("a", 3, False), ("", 3, False),
])
def test_the_named_visit_is_the_last(named, visits, killed):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env={**os.environ, "ORACLE_CRASH_AT": named}, capture_output=True, text=True, timeout=30
    )
    assert done.stdout.count("here") == visits
    assert done.returncode == (-signal.SIGKILL if killed else 0)
