"""Where settings come from: a TOML file and environment variables, as nested tables that can be laid on each other."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, MutableMapping
from pathlib import Path
from typing import Any

from dotenv import dotenv_values

from oracle.border import Text
from oracle.problems import Invalid, Problem

__all__ = ["PREFIX", "from_env", "from_env_file", "from_file", "merge", "unused"]

PREFIX = "ORACLE__"


def from_file(file: Path) -> dict[str, Any]:
    """The tables of a TOML file. Raises Invalid where it can't be read."""
    try:
        with file.open("rb") as source:
            return tomllib.load(source)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise Invalid([Problem((), "file_unreadable", f"settings file {file}: {reason}", str(file))]) from error
    except tomllib.TOMLDecodeError as error:
        raise Invalid([Problem((), "toml_invalid", f"settings file {file}: {error}", str(file))]) from error


def from_env_file(settings: Path, env: MutableMapping[str, str]) -> None:
    """Put what a `.env` file beside the settings file says into `env`, which wins where it has a word of its own: so secrets
    may be named as `env:NAME`. Raises Invalid where the file can't be read."""
    file = settings.parent / ".env"
    try:
        said = dotenv_values(file, interpolate=False) if file.is_file() else {}
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise Invalid([Problem((), "file_unreadable", f"environment file {file}: {reason}", str(file))]) from error
    for name, value in said.items():
        if value is not None:
            env.setdefault(name, value)


def from_env(env: Mapping[str, str]) -> dict[str, Any]:
    """The tables that `ORACLE__SECTION__KEY` variables and the seeds' own names spell. Values are Text.

    Our own names win over the seeds'. Names are not case-sensitive below the prefix."""
    tree: dict[str, Any] = {}
    for name, (path, read) in _ALIASES.items():
        if env.get(name):
            _put(tree, path, read(env[name]))
    for name in sorted(env):
        if name.startswith(PREFIX):
            _put(tree, tuple(name.removeprefix(PREFIX).lower().split("__")), Text(env[name]))
    return tree


def merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """`above` laid on `below`: tables are merged, everything else is replaced. Neither is changed."""
    merged = dict(below)
    for key, value in above.items():
        under = merged.get(key)
        merged[key] = merge(under, value) if isinstance(under, Mapping) and isinstance(value, Mapping) else value
    return merged


def unused(env: Mapping[str, str]) -> list[str]:
    """A sentence for each variable of the seeds that is set and means nothing here. Values are not shown."""
    return [f"{name} is set and not used: {why}" for name, why in _UNUSED.items() if env.get(name)]


_LEVELS = {"warn": "warning", "critical": "error", "fatal": "error"}  # other spellings of the levels there are


def _level(text: str) -> Text:
    return Text(_LEVELS.get(text.lower(), text.lower()))


def _port(text: str) -> list[Text]:
    return [Text(f"127.0.0.1:{text}")]


_ALIASES: dict[str, tuple[tuple[str, ...], Callable[[str], Any]]] = {
    "PORT": (("server", "listen"), _port),
    "LOG_LEVEL": (("log", "level"), _level),
    "CORS_ORIGINS": (("server", "allowed_origins"), Text),
    "SMTP_HOST": (("alerts", "smtp_host"), Text),
    "SMTP_PORT": (("alerts", "smtp_port"), Text),
    "SMTP_USER": (("alerts", "smtp_user"), Text),
    "SMTP_PASSWORD": (("alerts", "smtp_password"), lambda _: "env:SMTP_PASSWORD"),
    "SMTP_FROM_EMAIL": (("alerts", "smtp_from_email"), Text),
    "MT5_LOGIN": (("mt5", "login"), Text),
    "MT5_PASSWORD": (("mt5", "password"), lambda _: "env:MT5_PASSWORD"),
    "MT5_SERVER": (("mt5", "server"), Text),
    "MT5_PATH": (("mt5", "path"), Text),
    "TELEGRAM_BOT_TOKEN": (("alerts", "telegram_bot_token"), lambda _: "env:TELEGRAM_BOT_TOKEN"),
}

_UNUSED = {
    "DATABASE_URL": "history is kept in the data folder, by an embedded database",
    "REDIS_URL": "messages travel inside the process",
    "AGENT_ENGINE_URL": "no agent engine is called; agents claim their tasks here",
    "DASHBOARD_API_URL": "it tells agents where this server is, which they read themselves",
}


def _put(tree: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    for part in path[:-1]:
        inner = tree.get(part)
        tree[part] = tree = inner if isinstance(inner, dict) else {}
    tree[path[-1]] = value
