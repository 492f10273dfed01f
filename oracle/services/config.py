"""The configuration of the experiments' dashboard, as its clients read it and change it. Values only.

It is the value of State `config:dashboard`; until somebody changes it there is none, and everything is as it is here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import attrs
from attrs.validators import and_, max_len

from oracle.board import Board
from oracle.border import structure
from oracle.exchange import HttpFailed, Target
from oracle.problems import Bad, Invalid, Problem, closest
from oracle.validators import between

__all__ = ["CONFIG", "Config", "Dashboard", "Features", "Integration", "changes", "config_of", "merged"]

CONFIG = "config:dashboard"
"""The State it is kept in."""
LONGEST_URL = 2_000


def _may_be_asked(_: Any, __: Any, url: str) -> None:
    if url:
        try:
            Target.parse(url)
        except HttpFailed as error:
            raise Bad("url_parsing", f"Input should be a valid URL, {error.message}", secret="@" in url) from None


@attrs.frozen
class Dashboard:
    """How much the dashboard shows, and how often."""

    refresh_interval: int = attrs.field(default=5_000, validator=between(100, 3_600_000))
    """Milliseconds between two metrics_update frames."""
    max_experiments: int = attrs.field(default=10, validator=between(1, 1_000))
    """Experiments at work at once; further ones wait."""
    retention_days: int = attrs.field(default=30, validator=between(1, 3_650))
    """Days that experiments which are over, and alerts that are resolved, are shown."""


@attrs.frozen
class Features:
    """What may be switched off."""

    real_time_metrics: bool = True
    experiment_scheduling: bool = True
    alert_notifications: bool = True


@attrs.frozen
class Integration:
    """Where the services are that are asked how they are; an empty text: nowhere."""

    collector_url: str = attrs.field(default="http://localhost:8081", validator=and_(max_len(LONGEST_URL), _may_be_asked))
    policy_engine_url: str = attrs.field(default="http://localhost:5000", validator=and_(max_len(LONGEST_URL), _may_be_asked))
    fl_server_url: str = attrs.field(default="http://localhost:8080", validator=and_(max_len(LONGEST_URL), _may_be_asked))

    @property
    def urls(self) -> dict[str, str]:
        """By the name of the service."""
        return {"collector": self.collector_url, "policy_engine": self.policy_engine_url, "fl_server": self.fl_server_url}


@attrs.frozen
class Config:
    """All of it."""

    dashboard: Dashboard = attrs.field(factory=Dashboard)
    features: Features = attrs.field(factory=Features)
    integration: Integration = attrs.field(factory=Integration)

    def value(self) -> dict[str, Any]:
        """As it is stored, and shown."""
        return attrs.asdict(self)


def config_of(board: Board) -> Config:
    """The configuration that is in force."""
    known = board.get(CONFIG)
    return structure(Config, known, extras="drop") if known else Config()


def merged(config: Config, change: Any) -> Config:
    """The configuration with those parts changed that `change` names. Raises Invalid, which names each part that is wrong."""
    if not isinstance(change, Mapping):
        raise Invalid([Problem(("body",), "dict_type", "Input should be an object", change)])
    value = config.value()
    problems = []
    for name, part in change.items():
        if name not in value:
            problems.append(_unknown(("body", name), part, value))
        elif not isinstance(part, Mapping):
            problems.append(Problem(("body", name), "dict_type", "Input should be an object", part))
        else:
            problems += [_unknown(("body", name, key), part[key], value[name]) for key in part if key not in value[name]]
            value[name] = {**value[name], **part}
    try:
        made = structure(Config, {name: _known(value[name], name) for name in value}, path=("body",))
    except Invalid as wrong:
        problems += wrong.problems
    if problems:
        raise Invalid(problems)
    return made


def changes(before: Config, after: Config) -> dict[str, Any]:
    """What differs: the values after, by the path of their keys."""
    return dict(_differing(before.value(), after.value()))


def _differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for section, keys in after.items():
        yield from ((f"{section}.{key}", value) for key, value in keys.items() if value != before[section][key])


def _known(part: Mapping[str, Any], section: str) -> dict[str, Any]:
    known = {field.name for field in attrs.fields(_SECTIONS[section])}
    return {key: value for key, value in part.items() if key in known}


def _unknown(path: tuple[str, ...], given: Any, known: Mapping[str, Any]) -> Problem:
    return Problem(path, "extra_forbidden", f"unknown key; there are {', '.join(known)}", given, closest(path[-1], known))


_SECTIONS = {"dashboard": Dashboard, "features": Features, "integration": Integration}
