"""Sessions: somebody at a dashboard, who asks for tasks."""

from __future__ import annotations

import itertools
from typing import Any
from urllib.parse import urlencode

import attrs

from oracle.runs.run import Run
from tests.factories.task_factory import TaskFactory

__all__ = ["Session", "SessionFactory"]


@attrs.frozen
class Session:
    """Who sits there, and what they have asked for."""

    session_id: str
    user_id: str = "default-user"
    tasks: tuple[Run, ...] = ()

    def chat(self, message: str, conversation_id: str = "") -> tuple[str, dict[str, Any]]:
        """The path and the body of a wish said in the chat."""
        named = {"session_id": self.session_id} | ({"conversation_id": conversation_id} if conversation_id else {})
        return f"/api/chat?{urlencode(named)}", {"message": message}

    def with_task(self, **different: Any) -> Session:
        """The same one, having asked for one more task."""
        task = TaskFactory.create(session=self.session_id, owner=self.user_id, **different)
        return attrs.evolve(self, tasks=(*self.tasks, task))


class SessionFactory:
    """Numbers what it makes, so that no two are alike."""

    _numbers = itertools.count(1)

    @classmethod
    def create(cls, *, tasks: int = 0, **different: Any) -> Session:
        """A session with so many tasks."""
        made = Session(**{"session_id": f"session-{next(cls._numbers)}", **different})
        for _ in range(tasks):
            made = made.with_task()
        return made
