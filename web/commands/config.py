"""`oracle config check`: whether the settings are good, without starting anything."""

from __future__ import annotations

import json
from collections.abc import Iterable

from oracle.border import unstructure
from oracle.problems import Invalid
from oracle.secret import missing
from oracle.settings import Settings
from oracle.system import parts_of
from oracle.tls import shown

__all__ = ["all_good", "config_check"]


def config_check(settings: Settings, notes: Iterable[str], *, as_json: bool) -> None:
    """Print the settings in force. Raises Invalid as `all_good`."""
    all_good(settings)
    if as_json:
        print(json.dumps({"settings": unstructure(settings), "notes": list(notes)}))
        return
    for note in notes:
        print(f"note: {note}")
    for section, table in unstructure(settings).items():
        for key, value in table.items():
            print(f"{section}.{key} = {json.dumps(value)}")
    print("settings are good")


def all_good(settings: Settings) -> None:
    """Raises Invalid where a feed's or a watchdog's table is not good, or a secret is not where a setting says it is, or a
    certificate won't do."""
    feeds, deciders = parts_of(settings)
    problems = list(missing(settings))
    for name, feed in feeds.items():
        problems += missing(feed, ("feeds", name))
    for name, make in deciders.items():
        problems += missing(make(), ("watchdogs", name))
    try:
        shown(settings.server)
    except Invalid as unfit:
        problems += unfit.problems
    if problems:
        raise Invalid(problems)
