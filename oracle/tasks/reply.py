"""What an agent says once its task is over: a message of the conversation the task belongs to.

It is committed with the end of the task, so whoever hears that a task is completed finds the message there.
"""

from __future__ import annotations

import hashlib

from oracle.model import Message
from oracle.runs.run import Run

__all__ = ["ASSISTANT", "USER", "last_words", "message_id", "reply_of", "words_of"]

ASSISTANT, USER = "assistant", "user"


def message_id(role: str, task: str) -> str:
    """The id of the one message of a role that a task has by itself: `msg-` and 12 hex digits."""
    return "msg-" + hashlib.blake2b(f"{role}\x1f{task}".encode(), digest_size=6).hexdigest()


def words_of(run: Run) -> str:
    """What came out of a task, in words: its result, else what it put out, else why it failed."""
    result = run.result or {}
    said = next((str(result[name]) for name in ("text", "stdout") if result.get(name)), "")
    return said or run.error or ""


def reply_of(run: Run, now_us: int) -> Message | None:
    """The agent's message for a task that is over; None where it belongs to no conversation."""
    if not run.conversation:
        return None
    words = words_of(run) or f"(the task is {run.status}, and said nothing)"
    about = {"agent": run.agent, "status": str(run.status), "automatic": True}
    return Message(message_id(ASSISTANT, run.id), run.conversation, ASSISTANT, words, run.id, about, now_us)


def last_words(run: Run, now_us: int) -> tuple[Message, ...]:
    """What is said in a task's conversation as it ends by itself."""
    reply = reply_of(run, now_us)
    return () if reply is None else (reply,)
