"""`oracle record` against a venue of the test's own, and what it wrote played again."""

import subprocess

import pytest
import trio
from serving import ORACLE, clean_env
from venue import open_venue

from oracle.recording import read_recording


async def recorded(script, path, *options):
    """The exit code, what was said, and the recording."""
    async with open_venue(script) as url:
        command = [str(ORACLE), "record", url, str(path), *options]
        with trio.fail_after(30):
            done = await trio.run_process(command, env=clean_env(), check=False, capture_stderr=True)
    return done.returncode, done.stderr.decode(), read_recording(path)


async def venue(connection):
    """Repeats what it is told, says three things, and goes on for ever."""
    await connection.send_message(await connection.get_message())
    for text in ('{"a": 1}', '{\n "b": 2\n}', "ünï: ode"):
        await connection.send_message(text)
    await trio.sleep_forever()


async def test_a_stream_is_recorded_as_it_can_be_read(tmp_path):
    code, said, recording = await recorded(venue, tmp_path / "x.rec", "--send", '{"op": "subscribe"}', "--frames", "4")
    assert code == 0 and "4 frames are in" in said
    assert [frame.text for frame in recording.sent] == ['{"op": "subscribe"}']
    assert [frame.text for frame in recording.frames] == ['{"op": "subscribe"}', '{"a": 1}', '{  "b": 2 }', "ünï: ode"]
    times = [frame.at_us for frame in recording.frames]
    assert recording.url.startswith("ws://127.0.0.1:") and recording.opened_us <= times[0] and times == sorted(times)


async def test_a_venue_that_goes_away_leaves_what_it_said(tmp_path):
    async def leaves(connection):
        await connection.send_message("one")

    code, said, recording = await recorded(leaves, tmp_path / "x.rec")
    assert code == 1 and "went away after 1 frames" in said
    assert [frame.text for frame in recording.frames] == ["one"]


@pytest.mark.parametrize(("url", "file", "why"), [
    ("http://x", "x.rec", "WebSocket URL"), ("ws://127.0.0.1:9", "old.rec", "File exists"),
])  # fmt: skip
def test_what_won_t_do_is_refused(tmp_path, url, file, why):
    (tmp_path / "old.rec").write_text("")
    done = subprocess.run([ORACLE, "record", url, tmp_path / file], env=clean_env(), capture_output=True, text=True, check=False)
    assert done.returncode == 2 and why in done.stderr
