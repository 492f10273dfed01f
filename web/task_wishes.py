"""What agent-bot's clients and workers ask of tasks, over HTTP and over sockets alike."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from functools import partial
from typing import Any

import attrs

from actors import Refused
from oracle.model import Command, Message
from oracle.receipts import part_of
from oracle.runs import ask_run
from oracle.runs.run import Run
from oracle.tasks.prices import cost_usd
from oracle.tasks.reply import ASSISTANT, USER, message_id, reply_of
from oracle.tasks.runner import DEMO, commands_of
from web.surfaces.agent_shapes import allowed, checked_id, meant, normal, status_of
from web.task_output import clipped, has_output, output_of, with_newline

__all__ = ["DEFAULT_USER", "STOPPABLE", "STREAMS", "TASK", "Asker", "Update", "new_id"]

TASK = "task"
TITLE_CHARS = 50
MOST_LATE, LATE_CHARS = 100, 4_096
STREAMS = ("stdout", "stderr")
STOPPABLE = ("queued", "running", "waiting_input")
TALKING = ("completed", "failed")  # ends at which an agent has something to say
STRANGERS = frozenset({"local", "anonymous"})  # who has not said who they are
DEFAULT_USER = "default-user"
DEFAULT_AGENT = "brain"
_SAID = ("error", "cost_usd", "input_tokens", "output_tokens", "model", "reason")
_PRICED = ("model", "input_tokens", "output_tokens")


@attrs.frozen(kw_only=True)
class Update:
    """What a worker reports of a task; what is None it does not say. `result` is text or anything of JSON."""

    status: str | None = None
    output: str | None = None
    error: str | None = None
    cost_usd: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    duration_seconds: float | None = None
    result: Any = None
    model: str | None = None
    reason: str | None = None
    worker: str = ""


@attrs.frozen
class Asker:
    """Somebody who asks: `by` is their name, `command_id` their own id for what they ask."""

    system: Any
    by: str
    command_id: str = ""

    async def find(self, task: str) -> Run:
        """A task. Raises Invalid for what is no id, Refused `not_found`."""
        run = await self.system.records.one(checked_id(task))
        if run is None or run.kind != TASK:
            raise Refused("Task not found", "not_found", {"task_id": task})
        found: Run = run
        return found

    async def ask(self, task: str, verb: str, args: dict[str, Any]) -> Any:
        """What the task answers. Raises what an ask does."""
        return await ask_run(self.system.runtime, self.system.records, task, verb, args, self.by, self.command_id)

    def user(self, given: str | None = None) -> str:
        """Whose task it is to be."""
        return given or (DEFAULT_USER if self.by in STRANGERS else self.by)

    async def create(self, params: Mapping[str, Any], also: tuple[Message, ...] = (), **about: Any) -> Run:
        """A new task, queued. The same one again is known."""
        args = {"kind": TASK, "params": dict(params), "also": also, **about}
        run: Run = await self.system.runtime.ask("runs", Command("start", args, self.by, self.command_id))
        return run

    async def chat(self, session: str, conversation: str | None, message: str, agent: str = "") -> Run:
        """A task of what somebody said, which becomes the conversation's newest message; one is begun where there is none."""
        agent = agent or (DEMO if DEMO in commands_of(self.system.settings) else DEFAULT_AGENT)
        known = conversation and self.system.board.get(f"conversation:{conversation}")
        user, now_us = self.user((known or {}).get("user_id")), self.system.runtime.now_us
        if not known:
            begin_id = part_of(self.command_id, "conversation")
            if not self.system.receipts.applied(begin_id):  # or one would be begun for nothing
                self.system.budgets.admit(Run("", TASK, {}, now_us(), owner=user, agent=agent))
            asked = {"title": message[:TITLE_CHARS], "user_id": user, "flow_id": "", "source": "dashboard", "metadata": {}}
            begin = Command("create", asked, self.by, begin_id)
            conversation = (await self.system.runtime.ask("conversations", begin)).ref.partition(":")[2]
        task = new_id(self.command_id)
        said = Message(message_id(USER, task), conversation or "", USER, message, task, {}, now_us())
        params = {"input_message": message, "agent_type": "planning", "source_metadata": {}}
        return await self.create(
            params, (said,), id=task, owner=user, agent=agent, session=session, conversation=conversation, source="dashboard"
        )

    async def stop(self, run: Run) -> Run | None:
        """Give a task up; None where it is over."""
        if status_of(run) not in STOPPABLE:
            return None
        try:
            stopped: Run = await self.ask(run.id, "cancel", {"reason": f"stopped by {self.by}"})
        except Refused as no:
            if no.code != "illegal":
                raise
            return None
        return stopped

    async def tell(self, run: Run, text: str) -> Run:
        """Give a task the words of its user."""
        told: Run = await self.ask(run.id, "input", {"text": text})
        return told

    async def put_out(self, run: Run, stream: str, text: str, sequence: int | None, worker: str) -> bool:
        """Put out a piece of a task's output; answers when it is on disk. False where it is known by its number."""
        put = partial(self._put_out, run.id, worker, [[stream, text]])
        if sequence is None:
            await put([])
            return True
        settle = partial(self._put_out, run.id, worker, [], [])
        fresh: bool = await self.system.sequences.once(run, sequence, self.system.outputs, put, settle)
        return fresh

    async def note_late(self, run: Run, pieces: list[list[str]]) -> None:
        """Entries of the log of a task that is over: an agent may tell what it did with its result. The newest are kept."""
        now_us = self.system.runtime.now_us()
        late = [*run.facts.get("late", ()), *([stream, text[:LATE_CHARS], now_us] for stream, text in pieces)]
        args = {"id": run.id, "changes": {}, "facts": {"late": late[-MOST_LATE:]}}
        await self.system.runtime.ask("runs", Command("amend", args, self.by, self.command_id))

    async def _put_out(self, task: str, worker: str, pieces: list[list[str]], mark: list[list[str]]) -> None:
        await self.ask(task, "output", {"worker": worker, "pieces": [*pieces, *mark]})

    # ---- what a worker reports

    async def update(self, run: Run, wish: Update) -> Run:
        """Take a worker's report. Raises Refused `illegal`, with the words for where the task may go, `conflict`."""
        async with self.system.sequences.turn(run):
            return await self._update(await self.find(run.id), wish)

    async def _update(self, run: Run, wish: Update) -> Run:
        word = normal(wish.status) if wish.status else status_of(run)
        to = "" if word == status_of(run) else word
        if to and to not in allowed(run):
            raise _illegal(run, to)
        if run.over:
            return run if wish.status else await self._amend(run, wish)
        await self._take_output(run, wish)
        changes, facts = self._changes(run, wish)
        args: dict[str, Any] = {"worker": wish.worker, "changes": changes, "facts": facts}
        if to:
            args["status"] = str(meant(to))
        if to in TALKING:
            args["also"] = await self._last_words(run, to, changes)
        try:
            reported: Run = await self.ask(run.id, "report", args)
        except Refused as no:
            raise (_illegal(await self.find(run.id), to) if no.code == "illegal" else no) from no
        return reported

    async def _last_words(self, run: Run, to: str, changes: dict[str, Any]) -> tuple[Message, ...]:
        """The agent's message, unless it has said something already; `changes` gain what was put out."""
        result = changes.setdefault("result", dict(run.result or {}))
        if "stdout" not in result:
            result["stdout"] = clipped(await output_of(self.system, run))
        over = attrs.evolve(run, status=meant(to), result=result, error=changes.get("error", run.error))
        words = reply_of(over, self.system.runtime.now_us())
        if words is None:
            return ()
        said = await self.system.outputs.messages(run.conversation, limit=100, roles=(ASSISTANT,), newest=True)
        return () if any(one.run == run.id for one in said) else (words,)

    async def _take_output(self, run: Run, wish: Update) -> None:
        """What a worker reports as the output so far: what is new of it is put out, unless that is done piece by piece."""
        if not wish.output:
            return
        told = (run.result or {}).get("stdout", "")
        if not told and await has_output(self.system, run):
            return
        fresh = wish.output[len(told) :] if wish.output.startswith(told) else wish.output
        if fresh.strip("\n"):
            await self.put_out(run, "stdout", with_newline(fresh.removeprefix("\n")), None, wish.worker)

    def _changes(self, run: Run, wish: Update) -> tuple[dict[str, Any], dict[str, Any]]:
        """What a report changes of a run, and of its facts: a cost nobody said is that of the price table, and noted as such."""
        changes = {name: value for name in _SAID if (value := getattr(wish, name)) is not None}
        if wish.duration_seconds is not None:
            changes["duration_s"] = wish.duration_seconds
        result = dict(run.result or {})
        if wish.output is not None:
            result["stdout"] = clipped(wish.output)
        if wish.result is not None:
            result |= {"result": wish.result, "text": clipped(wish.result) if isinstance(wish.result, str) else None}
        if result != (run.result or {}):
            changes["result"] = result
        after = attrs.evolve(run, **{name: changes[name] for name in _PRICED if name in changes})
        said = wish.cost_usd is not None or (run.cost_usd is not None and not run.facts.get("priced"))
        if said or not after.model:
            return changes, ({"priced": False} if wish.cost_usd is not None else {})
        cost = cost_usd(self.system.settings.tasks, after.model, after.input_tokens, after.output_tokens)
        return (changes, {}) if cost is None else ({**changes, "cost_usd": cost}, {"priced": True})

    async def _amend(self, run: Run, wish: Update) -> Run:
        changes, facts = self._changes(run, wish)
        if not changes:
            return run
        args = {"id": run.id, "changes": changes, "facts": facts}
        amended: Run = await self.system.runtime.ask("runs", Command("amend", args, self.by, self.command_id))
        return amended


def new_id(command_id: str = "") -> str:
    """An id for a task: the same one for the same command, else by chance."""
    return "task-" + (hashlib.blake2b(command_id.encode(), digest_size=6).hexdigest() if command_id else secrets.token_hex(6))


def _illegal(run: Run, to: str) -> Refused:
    ways = allowed(run)
    may = f"it can become {' or '.join(ways)}" if ways else "and that is its end"
    details = {"status": status_of(run), "allowed": list(ways)}
    return Refused(f"Task '{run.id}' is {status_of(run)}, which can't become {to}: {may}", "illegal", details)
