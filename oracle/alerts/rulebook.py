"""Rules as one text that people read, keep and carry to another server: TOML, a table `[[alert]]` for each. Pure."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from typing import Any

import msgspec
import tomli_w

from oracle.alerts.rule import MASK, Rule, with_secrets
from oracle.border import unstructure
from oracle.problems import Invalid, Problem, closest

__all__ = ["entries", "rulebook"]

TABLE = "alert"
_HEAD = f'# Alerts of oracle. "{MASK}" stands for a secret: where it is imported, the alert of that id keeps the one it has.\n'


def rulebook(rules: Iterable[Rule]) -> str:
    """The text of these rules; secrets are masked, and what nobody said is left out."""
    masked = (with_secrets(rule, lambda _, __: MASK) for rule in rules)
    tables = [_said(msgspec.to_builtins(unstructure(rule), enc_hook=str)) for rule in masked]
    return _HEAD + ("\n" + tomli_w.dumps({TABLE: tables}) if tables else "")


def entries(text: str) -> list[Any]:
    """What stands in the text, rule by rule and not looked at yet. Raises Invalid; paths begin with `toml`."""
    try:
        tables = tomllib.loads(text)
    except RecursionError:
        raise _unreadable("it is nested too deeply") from None
    except ValueError as error:  # of its syntax, and of numbers that are too long
        raise _unreadable(str(error)) from None
    for name in tables:
        if name != TABLE:
            why = f"each alert is a table [[{TABLE}]]"
            raise Invalid([Problem(("toml", name), "extra_forbidden", why, None, closest(name, [TABLE]))])
    found = tables.get(TABLE, [])
    if not isinstance(found, list):
        raise Invalid([Problem(("toml", TABLE), "list_type", f"each alert is a table [[{TABLE}]], with two brackets")])
    return found


def _unreadable(why: str) -> Invalid:
    return Invalid([Problem(("toml",), "toml_invalid", f"Input should be TOML: {why}")])


def _said(part: Any) -> Any:
    """Without what is null, for which TOML has no word."""
    if isinstance(part, dict):
        return {name: _said(inner) for name, inner in part.items() if inner is not None}
    return [_said(inner) for inner in part] if isinstance(part, list | tuple) else part
