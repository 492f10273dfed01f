"""Which topics a client wants, as a question to ask of a message and of a table of history."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from oracle.problems import Bad

__all__ = ["TOPIC", "TOPIC_CHARS", "Patterns", "are_patterns", "is_pattern"]

TOPIC_CHARS = 200
MOST_KNOWN = 65_536


TOPIC = {"pattern": rf"^([^*,]{{0,{TOPIC_CHARS - 2}}}:\*|\*|[^*,]{{1,{TOPIC_CHARS}}})$"}
"""The shape of a topic or a pattern of topics, where commas part them."""


def is_pattern(text: str) -> bool:
    """Whether a text is a topic or a pattern of topics: a star stands alone or after a final `:`."""
    head, star, rest = text.partition("*")
    return bool(text) and len(text) <= TOPIC_CHARS and not rest and not (star and head and not head.endswith(":"))


def are_patterns(_instance: Any, _field: Any, texts: Iterable[str]) -> None:
    """attrs validator. Raises Bad."""
    for text in texts:
        if not is_pattern(text):
            raise Bad("topics", f"'{text[:TOPIC_CHARS]}' is no topic: a star stands alone or after a final ':', as in quote:*")


class Patterns:
    """Exact topics, tails (`quote:*`) and `*`, in any number."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self._patterns = frozenset(patterns)
        self._known: dict[str, bool] = {}

    @property
    def kinds(self) -> frozenset[str] | None:
        """The first segments of the topics; None stands for every one."""
        return None if "*" in self._patterns else frozenset(one.partition(":")[0] for one in self._patterns)

    def want(self, topic: str) -> bool:
        """Whether a topic is among them."""
        known = self._known.get(topic)
        if known is None:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            known = self._known[topic] = self._match(topic)
        return known

    def condition(self, kind: str, topic: str) -> tuple[str, list[str]] | None:
        """SQL that holds where `topic`, the expression of a topic of `kind`, is wanted, and its parameters; None: nowhere."""
        if not self._patterns.isdisjoint({"*", f"{kind}:*"}):
            return "TRUE", []
        mine = sorted(one for one in self._patterns if one.startswith(f"{kind}:"))
        if not mine:
            return None
        tests = [f"starts_with({topic}, ?)" if one.endswith("*") else f"{topic} = ?" for one in mine]
        return f"({' OR '.join(tests)})", [one.removesuffix("*") for one in mine]

    def _match(self, topic: str) -> bool:
        if topic in self._patterns or "*" in self._patterns:
            return True
        end = topic.find(":")
        while end >= 0:
            if topic[: end + 1] + "*" in self._patterns:
                return True
            end = topic.find(":", end + 1)
        return False
