"""What a task's runs and its output are in agent-bot's words: the seed's frames, key by key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle.model import Chunk, Event, Severity, State
from oracle.problems import Invalid
from oracle.runs.run import MOVES as RUN_MOVES
from oracle.runs.run import Run, Status, value_of
from oracle.tasks.reply import message_id, reply_of
from web.agent_frames import frame_of, line_frame, task_topics
from web.surfaces import agent_shapes
from web.surfaces.agent_shapes import (
    MOVES,
    STATUSES,
    allowed,
    checked_id,
    meant,
    row_of,
    status_of,
    statuses_of,
    task_of,
)
from web.union import encoded

AT = 1_769_860_800_000_000  # 2026-01-31T12:00:00Z
SEED_OUTPUT = {"type": "task_output", "task_id": "uuid", "output": "CLI output line", "timestamp": "2026-01-31T12:00:00Z"}
SEED_STATUS = {"type": "task_status", "task_id": "uuid", "status": "completed",
               "result": {"stdout": "...", "cost_usd": 0.05, "input_tokens": 1000, "output_tokens": 500}}  # fmt: skip
DONE = Run("uuid", "task", {"input_message": "do"}, AT, status="completed", result={"stdout": "..."}, cost_usd=0.05,
           input_tokens=1000, output_tokens=500, started_us=AT, finished_us=AT, conversation="conv-1", agent="brain")  # fmt: skip


def shown(frame):
    return {**frame, "timestamp": frame["timestamp"].isoformat().replace("+00:00", "Z")}


def told(what, **data):
    data = {"kind": "task", "conversation": "conv-1", **data}
    return Event("e", f"run_{what}", "run:uuid", "runs", Severity.low, what, data, AT)


def test_output_is_told_as_the_seed_says():
    frame = shown(frame_of(Chunk("uuid", 1, "stdout", "CLI output line\n", AT)))
    assert frame.pop("channel") == "task:uuid"
    assert frame == SEED_OUTPUT
    entry = frame_of(Chunk("uuid", 2, "raw_output", '{"content": "CLI output line"}', AT))
    assert entry["output"] == "CLI output line" and entry["type"] == "task_output"


@given(st.text(max_size=50), st.sampled_from(["stdout", "stderr", "mark"]))
def test_a_line_is_the_same_bytes_made_fast(text, stream):
    chunk = Chunk("uuid", 1, stream, text, AT + 5)
    assert line_frame(chunk) == encoded(frame_of(chunk))
    assert line_frame(Chunk("uuid", 1, "thinking", "{}", AT)) is line_frame(Chunk("uuid", 1, "stdout", "\ud800", AT)) is None


def test_an_end_is_told_with_what_came_of_it_as_the_seed_says():
    frame = frame_of(State("run:uuid", value_of(DONE), 3, AT))
    assert {name: frame[name] for name in SEED_STATUS} == SEED_STATUS
    assert set(frame) - set(SEED_STATUS) == {"conversation_id", "timestamp", "channel"}


@pytest.mark.parametrize("what, word", [("queued", "queued"), ("running", "running"), ("waiting", "waiting_input"),
                                        ("resumed", "running"), ("requeued", "queued"), ("paused", "queued")])  # fmt: skip
def test_a_move_is_told_in_its_word(what, word):
    frame = shown(frame_of(told(what)))
    assert frame == {"type": "task_status", "task_id": "uuid", "status": word, "conversation_id": "conv-1",
                     "timestamp": "2026-01-31T12:00:00Z", "channel": "task:uuid"}  # fmt: skip


@pytest.mark.parametrize("message", [
    told("completed"), told("amended"), told("queued", kind="experiment"),  # an end is told by its state, of tasks alone
    State("run:uuid", value_of(Run("uuid", "experiment", {}, AT, status="completed")), 1, AT),
    State("run:uuid", value_of(Run("uuid", "task", {}, AT, status="running")), 1, AT),
    State("run:uuid", {**value_of(DONE), "revision": 1}, 4, AT), State("run:uuid", None, 5, AT),
    Chunk("uuid", 3, "sequence", "0:7", AT), State("position:AAPL", {"quantity": 1}, 1, AT),
])  # fmt: skip
def test_all_else_is_no_news(message):
    assert frame_of(message) is None


def test_the_topics_of_a_task_are_those_of_its_frames():
    messages = [Chunk("uuid", 1, "stdout", "x", AT), told("queued"), told("running"), State("run:uuid", value_of(DONE), 3, AT)]
    assert {one.topic for one in messages} <= task_topics("uuid")


@pytest.mark.parametrize("text", ["", ".", "..", "a/b", "../etc/passwd", "a\n", "a" * 65, "table", "claim", "ü", "a b"])
def test_what_could_be_a_path_is_no_id(text):
    with pytest.raises(Invalid) as no:
        checked_id(text, "body", "task_id")
    assert no.value.problems[0].path == ("body", "task_id")


@given(st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True).filter(lambda text: text not in ("table", "claim")))
def test_ids_of_harmless_letters_are_ids(text):
    assert checked_id(text) == text


def test_every_status_has_a_word_and_back():
    assert {status_of(Run("t", "task", {}, AT, status=one)) for one in Status} == set(STATUSES)
    for word in STATUSES:
        assert meant(word) in statuses_of(word) and agent_shapes.normal(word) == word
    assert statuses_of("in_progress") == statuses_of("running")
    with pytest.raises(Invalid):
        statuses_of("done")


def test_where_a_task_may_go_a_run_can_go():
    for word, ways in MOVES.items():
        assert all(meant(way) in RUN_MOVES[meant(word)] for way in ways)
    assert allowed(DONE) == ()


def test_rows_are_short_and_numbers_nobody_said_are_zero():
    run = Run("t", "task", {"input_message": "x" * 500, "source_metadata": {"a": 1}}, AT)
    row = row_of(run)
    assert (len(row.input_message), row.cost_usd, row.input_tokens, row.duration_seconds) == (200, 0.0, 0, 0.0)
    task = task_of(run, None)
    assert (len(task.input_message), task.source_metadata, task.output_stream) == (500, '{"a":1}', None)


def test_an_agents_last_words_have_one_id_for_each_task():
    words = reply_of(DONE, AT)
    assert (words.id, words.role, words.content, words.run) == (message_id("assistant", "uuid"), "assistant", "...", "uuid")
    assert words.id == "msg-" + words.id.removeprefix("msg-") and len(words.id) == 16 != message_id("user", "uuid")
    assert reply_of(Run("t", "task", {}, AT), AT) is None
