"""What a watchdog's author wrote behind its settings is what their readers are told."""

import attrs
import pytest

from oracle.border import structure
from oracle.watchdogs import WATCHDOGS
from oracle.watchdogs.manual import manual_of


@attrs.define
class Odd:
    """Speaks of what is odd."""

    limit_pct: float = 5.0  # percent of the older price
    most: int | None = None
    symbols: tuple[str, ...] = attrs.field(
        default=("*",),  # all of them
    )
    _seen: dict[str, float] = attrs.field(factory=dict, init=False)


def test_the_comments_behind_the_fields_are_their_documentation():
    manual = manual_of(Odd)
    assert manual.doc == "Speaks of what is odd."
    assert [(one.name, one.form, one.default, one.optional, one.unit, one.doc) for one in manual.options] == [
        ("limit_pct", "number", 5.0, False, "%", "percent of the older price"),
        ("most", "whole", None, True, "", ""),
        ("symbols", "list", ("*",), False, "", "all of them"),
    ]


@pytest.mark.parametrize("kind", WATCHDOGS)
def test_every_setting_of_the_house_is_documented_and_may_be_said_as_it_is_shown(kind):
    options = manual_of(WATCHDOGS[kind]).options
    assert options and not [one.name for one in options if not one.doc]
    said = {one.name: list(one.default) if one.form == "list" else one.default for one in options}
    assert structure(WATCHDOGS[kind], said) == WATCHDOGS[kind]()
