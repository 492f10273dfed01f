"""What names and texts of an experiment may be."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from oracle.problems import Bad

__all__ = ["NAME", "named", "written"]

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
"""Of scenarios, policies, data sets, models, clients and workers: a word that is no path."""


def named(_instance: Any, _field: Any, value: Any) -> None:
    """A validator of a name, or of several."""
    for one in (value,) if isinstance(value, str) else value:
        if not NAME.fullmatch(one) or ".." in one:
            raise Bad("name", "Input should be a name: letters, digits and any of . _ - (at most 64)")


named.shape = (  # type: ignore[attr-defined]
    (_SHAPE := {"pattern": f"^(?!.*\\.\\.)(?:{NAME.pattern})$"}) | {"items": [_SHAPE]}
)


def written(pattern: str, example: str) -> Callable[..., None]:
    """A validator of a text with a unit, such as the example; None passes."""

    def check(_instance: Any, _field: Any, value: Any) -> None:
        if value is not None and not re.fullmatch(pattern, value):
            raise Bad("unit", f"Input should be written like {example}")

    check.shape = {"pattern": f"^(?:{pattern})$"}  # type: ignore[attr-defined]
    return check
