"""What a mask in a rule that somebody sends means: keep the secret there is, for whom it was given. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from oracle.alerts.rule import MASK, Rule, far_ends, with_secrets

__all__ = ["unkept", "unkept_among"]


def unkept(place: str, rule: Rule, old: Rule | None) -> str:
    """Why a mask at `place` of the rule keeps no secret of the old one; empty where it does."""
    if old is None or place not in _secrets(old):
        return "Input is a mask, and there is no secret to keep"
    config = place.partition(".")[0]
    end, before = far_ends(rule).get(config), far_ends(old).get(config)
    if end is not None and before is not None and end != before:
        return "Input is a mask, and the secret it keeps was given for another host or account; give it again"
    return ""


def unkept_among(rule: Rule, old: Rule | None) -> Iterator[tuple[str, str]]:
    """The place of each mask that keeps nothing, and why."""
    for place, secret in _secrets(rule).items():
        if secret == MASK and (why := unkept(place, rule, old)):
            yield place, why


def _secrets(rule: Rule) -> dict[str, str]:
    """Secrets, masks or references by place."""
    found: dict[str, str] = {}
    with_secrets(rule, lambda place, secret: found.setdefault(place, secret))
    return found
