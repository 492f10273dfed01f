"""Once politely, twice at once."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

PROGRAM = """
import sys, trio
from web.ending import told_to_end

async def main():
    told = trio.Event()
    with told_to_end(told.set):
        print("up", flush=True)
        await told.wait()
        print("told", flush=True)
        if sys.argv[1] == "hang":
            await trio.sleep_forever()

trio.run(main)
"""


@pytest.fixture
def run():
    started = []

    def start(mode: str) -> subprocess.Popen[str]:
        process = subprocess.Popen([sys.executable, "-c", PROGRAM, mode], stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout.readline() == "up\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_first_signal_asks(run, number):
    process = run("end")
    process.send_signal(number)
    assert process.wait(10) == 0
    assert process.stdout.read() == "told\n"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_the_second_signal_ends_it_at_once(run, number, code):
    process = run("hang")
    process.send_signal(signal.SIGTERM)
    assert process.stdout.readline() == "told\n"
    process.send_signal(number)
    assert process.wait(10) == code
