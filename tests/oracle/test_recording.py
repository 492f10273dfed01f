"""Recordings of sessions: three forms of line, nothing else."""

import json

import pytest
from venue import EXCHANGE, needs_recordings

from oracle.recording import BadRecording, Frame, read_recording


def test_the_three_forms_of_line(tmp_path):
    path = tmp_path / "a.rec"
    path.write_text('wss://x.test/s?a=b@c <-> 1626992740.1795\n\nwss://x.test/s <- 1626992741.5: {"op":"sub"}\n'
                    '1626992741.7: {"a": "b <-> 1"}\r\n1626992742: [1]\n')  # fmt: skip
    recording = read_recording(path)
    assert (recording.url, recording.opened_us) == ("wss://x.test/s?a=b@c", 1626992740_179500)
    assert recording.sent == (Frame(1626992741_500000, '{"op":"sub"}'),)
    assert recording.frames == (Frame(1626992741_700000, '{"a": "b <-> 1"}'), Frame(1626992742_000000, "[1]"))
    assert recording.seconds == pytest.approx(1.8205)


@pytest.mark.parametrize("text", ["hello\n", "1.5 {}\n", "ws://x <-> soon\n", "1.5: {}\n{}\n"])
def test_any_other_line_is_named_and_refused(tmp_path, text):
    path = tmp_path / "bad.rec"
    path.write_text(text)
    with pytest.raises(BadRecording, match=r"bad\.rec, line [12]"):
        read_recording(path)


def test_bytes_that_are_no_text_are_refused(tmp_path):
    path = tmp_path / "bad.rec"
    path.write_bytes(b"1.5: \xff\xfe\n")
    with pytest.raises(BadRecording, match=r"bad\.rec is not UTF-8"):
        read_recording(path)


@needs_recordings
@pytest.mark.parametrize(("name", "frames", "sent"), [
    ("binance-spot", 265, 0), ("binance-futures", 1535, 0), ("coinbase", 4976, 3), ("kraken-trade", 49, 1),
    ("kraken-ticker", 60, 1),
])  # fmt: skip
def test_every_recording_is_read_whole(name, frames, sent):
    recording = read_recording(EXCHANGE / f"{name}.rec")
    assert (len(recording.frames), len(recording.sent)) == (frames, sent)
    assert all(json.loads(frame.text) is not None for frame in recording.frames)
    assert recording.url.startswith("wss://")
    assert recording.opened_us <= recording.frames[0].at_us
