"""What can be set of runs, experiments and tasks, with units and defaults."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import attrs
from attrs.validators import and_, ge, gt, in_, le

from oracle.problems import Bad, closest
from oracle.secret import Secret

__all__ = ["Budget", "Experiments", "Price", "Runs", "TaskCommand", "Tasks"]

MIB = 1024 * 1024
BUILT_IN = ("github", "jira", "slack", "sentry")
"""The providers that have a webhook without anybody making one."""
_AGENT = re.compile(r"[A-Za-z0-9_.-]{1,64}")


@attrs.frozen
class Runs:
    """Work that takes a while."""

    computing: int = attrs.field(default=1, validator=ge(1))
    """Backtests and previews at work at once; further ones wait."""
    jobs: int = attrs.field(default=4, validator=ge(1))
    """Scheduled jobs at work at once."""
    lease_s: float = attrs.field(default=60.0, validator=gt(0))
    """Somebody else's worker that is not heard for this long has lost its run, which is queued again."""
    attempts: int = attrs.field(default=3, validator=ge(1))
    """A run that was lost this often has failed."""
    output_limit_bytes: int = attrs.field(default=10 * MIB, validator=ge(1024))
    """Output kept of one run; what is beyond is left out, with a mark that says so."""


@attrs.frozen
class Experiments:
    """Federated learning experiments, and the services around them."""

    requests_per_hour: int = attrs.field(default=1_000, validator=ge(1))
    """Requests of one client under /api/v1 in an hour."""
    live_requests_per_hour: int = attrs.field(default=5_000, validator=ge(1))
    """Likewise for /api/v1/metrics/live."""
    sockets: int = attrs.field(default=10, validator=ge(1))
    """Sockets of one client on /ws/dashboard that have subscribed."""
    mnist_folder: Path | None = None
    """Where MNIST's four idx files are; without them experiments on mnist train on scikit-learn's digits, and say so."""
    memory_warning_pct: float = attrs.field(default=80.0, validator=and_(gt(0), le(100)))
    """A service that uses more of its memory raises an alert."""
    health_every_s: float = attrs.field(default=10.0, validator=gt(0))
    """How often the services of the configuration are asked how they are (seconds)."""


@attrs.frozen(kw_only=True)
class Price:
    """What a million tokens of a model cost (USD)."""

    input_usd: float = attrs.field(validator=ge(0))
    output_usd: float = attrs.field(validator=ge(0))


@attrs.frozen(kw_only=True)
class TaskCommand:
    """A program that works off the tasks of one agent: it reads what the task asks on standard input."""

    command: tuple[str, ...] = attrs.field()
    """The program and its arguments, as they are: no shell reads them."""
    timeout_s: float = attrs.field(default=600.0, validator=gt(0))
    memory_mb: int = attrs.field(default=1_024, validator=ge(16))
    """Data each of its processes may have in memory, on Linux; beyond, it fails. What is merely reserved does not count."""

    @command.validator
    def _a_program(self, _: Any, command: tuple[str, ...]) -> None:
        if not command or not command[0]:
            raise Bad("value_error", "Input should name a program")


@attrs.frozen(kw_only=True)
class Budget:
    """What may be spent from midnight to midnight (UTC), and what happens beyond."""

    limit_usd: float = attrs.field(validator=ge(0))
    owner: str = ""
    """Of one user; empty: of each."""
    agent: str = ""
    """By one agent; empty: by all together."""
    action: str = attrs.field(default="refuse", validator=in_(("refuse", "pause")))
    """refuse: no new task; pause: tasks are taken in, and wait until midnight."""


@attrs.frozen
class Tasks:
    """Tasks of agents, and what they cost."""

    machine_id: str = "claude-agent-001"
    """What /api/status calls this machine."""
    commands: dict[str, TaskCommand] = attrs.field(factory=dict)
    """Programs that work tasks off here, by agent. None unless set: then workers claim them over the network."""
    at_once: int = attrs.field(default=2, validator=ge(1))
    """Tasks that are worked off here at once."""
    prices: dict[str, Price] = attrs.field(factory=lambda: {
        "opus-4": Price(input_usd=15.0, output_usd=75.0), "sonnet-4": Price(input_usd=3.0, output_usd=15.0)})  # fmt: skip
    """By a part of the model's name, the longest that fits; used where a worker says tokens and no cost."""
    default_price: str = "sonnet-4"
    """The price of models that none of them names."""
    budgets: dict[str, Budget] = attrs.field(factory=dict)
    """By a name of your choice."""
    bot_name: str = "agent"
    """What our own account is called at the providers of webhooks: who mentions it calls it; what it does calls nothing."""
    webhook_secrets: dict[str, Secret] = attrs.field(factory=dict)
    """Where the secrets of the webhooks that are built in are, by provider: github, jira, slack, sentry. Without one, none."""

    @webhook_secrets.validator
    def _providers(self, _: Any, known: dict[str, Secret]) -> None:
        for provider in known.keys() - BUILT_IN:
            raise Bad("value_error", f"{provider!r} is none of {', '.join(BUILT_IN)}", suggestion=closest(provider, BUILT_IN))

    @commands.validator
    def _agents(self, _: Any, commands: dict[str, TaskCommand]) -> None:
        for name in commands:
            if not _AGENT.fullmatch(name):
                raise Bad("value_error", f"{name!r} is no name of an agent: letters, digits and any of . _ - only")
