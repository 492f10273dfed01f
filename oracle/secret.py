"""A secret is never a setting; a setting says where the secret is: `env:NAME` or `file:PATH`. And which names, of whatever
somebody sends us, stand for secrets."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs

from oracle.border import register
from oracle.problems import Bad, Problem

__all__ = ["MASK", "Secret", "SecretMissing", "missing", "sounds_secret"]

MASK = "********"
"""What is shown in the place of a secret."""

_NAME = re.compile(r"auth(?!or(?!iz))|token|secret|key|passw|cookie|signature|credential", re.IGNORECASE)


class SecretMissing(Exception):
    """The place a Secret names holds nothing."""


@attrs.frozen
class Secret:
    """A reference to a secret. It can be shown and logged; what it stands for is read when needed and kept nowhere."""

    place: str
    """`env` or `file`."""
    name: str
    """The variable's name, or the file's path."""

    @classmethod
    def parse(cls, text: object) -> Secret:
        """Read `env:NAME` or `file:PATH`. Anything else is taken for a secret written in plain, and refused unseen."""
        place, _, name = text.partition(":") if isinstance(text, str) else ("", "", "")
        if place not in {"env", "file"} or not name:
            raise Bad("secret_reference", "a secret is given as env:NAME or file:PATH, never in plain", secret=True)
        return cls(place, name)

    def __str__(self) -> str:
        return f"{self.place}:{self.name}"

    def reveal(self, env: Mapping[str, str] | None = None) -> str:
        """The secret itself, without surrounding white space. Raises SecretMissing."""
        if self.place == "env":
            found = (os.environ if env is None else env).get(self.name, "").strip()
        else:
            try:
                found = Path(self.name).expanduser().read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                raise SecretMissing(f"{self}: {error.__class__.__name__}") from error
        if not found:
            raise SecretMissing(f"{self} is empty or not set")
        return found


def missing(settings: Any, path: tuple[str, ...] = ()) -> Iterator[Problem]:
    """A problem for each reference within `settings` (an attrs object at `path`) that leads to no secret."""
    for field in (field for field in attrs.fields(type(settings)) if field.init):
        yield from _missing(getattr(settings, field.name), (*path, field.name))


def _missing(value: Any, path: tuple[str, ...]) -> Iterator[Problem]:
    match value:
        case Secret():
            try:
                value.reveal()
            except SecretMissing as error:
                yield Problem(path, "secret_missing", str(error), str(value))
        case dict():
            for name, one in value.items():
                yield from _missing(one, (*path, str(name)))
        case _ if attrs.has(type(value)):
            yield from missing(value, path)


def sounds_secret(name: str) -> bool:
    """Whether a field or header of this name holds a secret: `X-Api-Key`, `smtp_password`, `Authorization`."""
    return _NAME.search(name) is not None


register(Secret, Secret.parse, str)
