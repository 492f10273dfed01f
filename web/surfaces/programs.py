"""The programs of the settings that work tasks off on this machine, as far as everybody may know them: `/api/oracle/programs`."""

from __future__ import annotations

from pathlib import PurePath

import attrs

from oracle.tasks.runner import DEMO, commands_of
from web.routes import Auth, Call, Family, Route, Scope

__all__ = ["ROUTES"]


@attrs.frozen
class ProgramShown:
    """Whose tasks are worked off by which program. Its `arguments` are counted and not shown, as secrets may stand there;
    `timeout_s` and `memory_mb` (data of each of its processes) bound it. `demo`: it is the demonstration's, and no agent."""

    agent: str
    program: str
    arguments: int
    timeout_s: float
    memory_mb: int
    demo: bool


async def programs(call: Call) -> list[ProgramShown]:
    """The programs of `tasks.commands`, and the demonstration's where that runs. They are changed by the settings alone."""
    settings = call.system.settings
    return [
        ProgramShown(agent, PurePath(one.command[0]).name, len(one.command) - 1, one.timeout_s, one.memory_mb,
                     agent == DEMO and agent not in settings.tasks.commands)
        for agent, one in commands_of(settings).items()
    ]  # fmt: skip


ROUTES = (
    Route("GET", "/api/oracle/programs", programs, Auth.token, Scope.read, Family.error, answer=list[ProgramShown], tag="oracle"),
)
