"""What somebody wants to have tried: read, completed with what they left out, and checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
from attrs.validators import gt, max_len, min_len, optional

from oracle.border import structure
from oracle.experiments.limits import named, written
from oracle.federated.plan import Plan
from oracle.moments import time_us
from oracle.problems import Invalid, Problem
from oracle.validators import between

__all__ = ["BASIC", "KIND", "MOST_ROUNDS", "Configuration", "Experiment", "NetworkSettings", "Wish", "read_experiment",
           "trained_here"]  # fmt: skip

KIND = "experiment"
BASIC = "basic_fl"
"""The scenario that is trained here; any other waits for a runner of its own, which claims it."""
MOST_ROUNDS = 100
MOST_MORE = 50
_TEXT = 2_000


@attrs.frozen
class Configuration:
    """How the training goes. A learning rate of 0 learns nothing, and is taken."""

    dataset: str = attrs.field(default="mnist", validator=named)
    model: str = attrs.field(default="cnn", validator=named)
    rounds: int = attrs.field(default=20, validator=between(1, MOST_ROUNDS))
    clients_per_round: int = attrs.field(default=3, validator=[gt(0), between(1, 1_000)])
    local_epochs: int = attrs.field(default=5, validator=[gt(0), between(1, 100)])
    learning_rate: float = attrs.field(default=0.01, validator=between(0, 10))
    batch_size: int = attrs.field(default=32, validator=[gt(0), between(1, 10_000)])


@attrs.frozen
class NetworkSettings:
    """The network between the clients and the server. Texts with units are kept as they are written."""

    bandwidth_limit: str | None = attrs.field(default=None, validator=written(r"\d{1,9}(\.\d{1,6})? ?[kKMG]?bps", "10Mbps"))
    latency: str | None = attrs.field(default=None, validator=written(r"\d{1,9}(\.\d{1,6})? ?(us|ms|s)", "50ms"))
    packet_loss: float | None = attrs.field(default=None, validator=optional(between(0, 1)))


@attrs.frozen
class Experiment:
    """What is asked for. `scheduled_at` (ISO 8601) has it begin by itself then."""

    name: str = attrs.field(validator=[min_len(1), max_len(200)])
    scenario: str = attrs.field(validator=named)
    configuration: Configuration = attrs.field(factory=Configuration)
    network_settings: NetworkSettings | None = None
    policies: tuple[str, ...] = attrs.field(factory=tuple, validator=[max_len(20), named])
    description: str = attrs.field(default="", validator=max_len(_TEXT))
    scheduled_at: str | None = None


@attrs.frozen
class Wish:
    """An experiment as it was asked for; `more` is what else a runner of another scenario is told in `configuration`."""

    experiment: Experiment
    more: Mapping[str, Any]
    not_before_us: int | None
    """When it begins by itself."""

    @property
    def name(self) -> str:
        """As its users call it."""
        return self.experiment.name

    @property
    def agent(self) -> str:
        """Who is to work it off, where that is not this house."""
        scenario = self.experiment.scenario
        return "" if scenario == BASIC else scenario

    @property
    def params(self) -> dict[str, Any]:
        """The parameters of its run."""
        wish, network = self.experiment, self.experiment.network_settings
        return {
            "scenario": wish.scenario, "configuration": {**attrs.asdict(wish.configuration), **self.more},
            "network_settings": {} if network is None else {k: v for k, v in attrs.asdict(network).items() if v is not None},
            "policies": list(wish.policies), "description": wish.description,
        }  # fmt: skip

    @property
    def facts(self) -> dict[str, Any]:
        """What is known of its run before it begins."""
        return {"rounds": 0, "rounds_total": self.experiment.configuration.rounds, "accuracy": None, "loss": None, "clients": [],
                "history": [], "scheduled_us": self.not_before_us}  # fmt: skip


def trained_here(params: Mapping[str, Any]) -> bool:
    """Whether a run with these parameters is worked off by the server itself."""
    return bool(params.get("scenario") == BASIC)


def read_experiment(body: Any) -> Wish:
    """The experiment that a body asks for. Raises Invalid, whose paths are `("body", FIELD)`: clients of this family know the
    fields of `configuration` and `network_settings` by their bare names."""
    more = _more(body)
    try:
        wish = structure(Experiment, body, extras="drop", path=("body",))
    except Invalid as error:
        raise Invalid(map(_flat, error.problems)) from None
    at = wish.scheduled_at
    made = Wish(wish, more, None if at is None else time_us(at, ["body", "scheduled_at"]))
    if trained_here(made.params):
        _can_be_trained(made.params)
    return made


def _can_be_trained(params: Mapping[str, Any]) -> None:
    """Raises Invalid for what the training here does not know, or can't do."""
    wanted = {name: params[name] for name in ("configuration", "network_settings", "policies")}
    try:
        structure(Plan, wanted, path=("body",))
    except Invalid as error:
        raise Invalid(map(_flat, error.problems)) from None


def _more(body: Any) -> dict[str, Any]:
    """What of its configuration this house does not know."""
    given = body.get("configuration") if isinstance(body, Mapping) else None
    if not isinstance(given, Mapping):
        return {}
    known = {field.name for field in attrs.fields(Configuration)}
    rest = {key: value for key, value in given.items() if key not in known}
    if len(rest) > MOST_MORE:
        reason = f"Must have at most {MOST_MORE} keys that are unknown here"
        raise Invalid([Problem(("body", "configuration"), "too_long", reason)])
    return rest


def _flat(problem: Problem) -> Problem:
    path = problem.path
    if len(path) > 2 and path[1] in ("configuration", "network_settings"):
        path = ("body", *path[2:])
    return attrs.evolve(problem, path=path[:2])
