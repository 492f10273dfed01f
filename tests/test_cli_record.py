"""`oracle record` against a venue of the test's own, and what it wrote played again."""

import signal
import sys
from functools import partial

import pytest
import trio
from venue import open_venue

from oracle.recording import Frame, Recording, read_recording
from oracle.replay import replay_url, serve_recording
from tests.forked import Forked, run_beside
from tests.serving import ORACLE, REPO, clean_env, oracle


async def recorded(script, path, *options):
    """The exit code, what was said, and the recording."""
    async with open_venue(script) as url:
        done = await run_beside("oracle", "record", url, path, *options, timeout_s=30, env=clean_env())
    return done.returncode, done.stderr, read_recording(path)


async def venue(connection):
    """Repeats what it is told, says three things and two that are no text, and goes on for ever."""
    await connection.send_message(await connection.get_message())
    for text in ('{"a": 1}', b"\x00", '{\n "b": 2\n}', b"\x00", '"ünï:\u2028ode"'):
        await connection.send_message(text)
    await trio.sleep_forever()


async def test_a_stream_is_recorded_as_it_can_be_read(tmp_path):
    code, said, recording = await recorded(venue, tmp_path / "x.rec", "--send", '{"op": "subscribe"}', "--frames", "4")
    assert code == 0 and "4 frames are in" in said and said.count("binary") == 1
    assert [frame.text for frame in recording.sent] == ['{"op": "subscribe"}']
    assert [frame.text for frame in recording.frames] == ['{"op": "subscribe"}', '{"a": 1}', '{  "b": 2 }', '"ünï:\u2028ode"']
    times = [frame.at_us for frame in recording.frames]
    assert recording.url.startswith("ws://127.0.0.1:") and recording.opened_us <= times[0] and times == sorted(times)


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 0), ("SIGKILL", -9)])
async def test_however_it_is_ended_what_was_heard_can_be_played_and_recorded_again(tmp_path, name, code):
    told = (Frame(2_000_000, '{"a": 1}'), Frame(3_000_000, "[2]"))
    session = Recording("ws://x", 1_000_000, (Frame(1_000_000, "subscribe"),), told)
    for again in ("one", "two"):
        path = tmp_path / again
        async with trio.open_nursery() as nursery:
            port = await nursery.start(partial(serve_recording, session, speed=0))
            command = ("oracle", "record", replay_url("127.0.0.1", port), path, "--send", "subscribe")
            child = await trio.to_thread.run_sync(partial(Forked, *command, env=clean_env()))
            with trio.fail_after(30):
                while not (path.exists() and path.read_text().endswith("[2]\n")):
                    await trio.sleep(0.02)
                child.send_signal(signal.Signals[name])
                assert await trio.to_thread.run_sync(child.wait) == code
            nursery.cancel_scope.cancel()
        session = read_recording(path)
        assert [frame.text for frame in session.frames] == [frame.text for frame in told]
        assert [frame.text for frame in session.sent] == ["subscribe"]


async def test_a_disk_that_is_full_is_said(tmp_path):
    async def talks(connection):
        while True:
            await connection.send_message("x" * 1000)

    async with open_venue(talks) as url:
        limited = ("import resource, os, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000)); "
                   "os.execv(sys.argv[1], sys.argv[1:])")  # fmt: skip
        command = [sys.executable, "-c", limited, str(ORACLE), "record", url, str(tmp_path / "x.rec")]
        # what python compiles would be cut off as well, and be read by whoever comes next
        env = clean_env(PYTHONPATH=str(REPO), PYTHONDONTWRITEBYTECODE="1")
        with trio.fail_after(30):
            done = await trio.run_process(command, env=env, check=False, capture_stderr=True)
    assert done.returncode == 1 and b"can't be written any further" in done.stderr and b"4 frames are in" in done.stderr
    assert b"Traceback" not in done.stderr


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
    done = oracle("record", url, tmp_path / file)
    assert done.returncode == 2 and why in done.stderr


def test_a_password_is_refused_unseen_and_nobody_there_leaves_no_file(tmp_path):
    for url, code in (("ws://me:s3cret@127.0.0.1:9/x", 2), ("ws://127.0.0.1:9/x?key=s3cret", 1)):
        done = oracle("record", url, tmp_path / "x.rec")
        assert done.returncode == code and "s3cret" not in done.stderr + done.stdout
        assert not (tmp_path / "x.rec").exists()


async def test_what_follows_a_question_mark_is_in_no_recording(tmp_path):
    async with open_venue(venue) as url:
        done = await run_beside("oracle", "record", f"{url}/x?key=s3cret", tmp_path / "x.rec", "--send", "a", "--frames", "1",
                                timeout_s=30, env=clean_env())  # fmt: skip
    assert done.returncode == 0
    assert "s3cret" not in (tmp_path / "x.rec").read_text()
    assert read_recording(tmp_path / "x.rec").url.endswith("/x")
