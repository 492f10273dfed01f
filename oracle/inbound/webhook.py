"""A webhook as its owner writes it: whose deliveries it takes, and what they set to work."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import attrs
from attrs.validators import and_, ge, in_, le, matches_re, max_len, min_len, optional

from oracle.alerts.configs import signing_keys
from oracle.alerts.template import parse
from oracle.inbound.conditions import are_conditions
from oracle.problems import Bad
from oracle.secret import MASK

__all__ = ["ENDPOINT", "MOST_COMMANDS", "NewCommand", "NewWebhook", "WebhookChange", "is_secret", "names_of"]

ENDPOINT = re.compile(r"/webhooks/[a-z0-9-]+(/[a-z0-9-]+)?")
"""What an endpoint looks like."""
MOST_COMMANDS = 50
AGENT = r"[A-Za-z0-9_.-]{1,64}"

_LABEL = and_(min_len(1), max_len(100))


def _is_template(_: Any, __: Any, text: str) -> None:
    if not text.strip():
        raise Bad("string_too_short", "String should have at least 1 character", ctx={"min_length": 1})
    parse(text)


def _is_trigger(_: Any, __: Any, text: str) -> None:
    if not text.strip():
        raise Bad("string_too_short", "String should have at least 1 character", ctx={"min_length": 1})
    if len(text) > 200:
        raise Bad("string_too_long", "String should have at most 200 characters", ctx={"max_length": 200})


def is_secret(_: Any, __: Any, secret: str) -> None:
    """attrs validator: empty for none, a mask to leave it, or something that can't be guessed. Raises Bad."""
    if secret in ("", MASK):
        return
    if not 8 <= len(secret) <= 1_000:
        raise Bad("value_error", "Input should have 8 to 1000 characters", secret=True)
    if secret.startswith("whsec_"):
        try:
            signing_keys(secret)
        except ValueError as error:
            raise Bad("value_error", f"Input should be {error}", secret=True) from None


@attrs.frozen(kw_only=True)
class NewCommand:
    """What a delivery may set to work.

    `trigger` is a pattern of event types (`issues.opened`, `issue_comment.*`), words beginning with `@` or `/` that somebody says
    (`@agent review`), or both, the event first. `conditions` are wishes by JMESPath in the payload. Of several that fit, the one
    of the highest `priority` counts, then the first. The `template` makes what the task is asked: `{{issue.title}}` is that field
    of the payload, `{{webhook.text}}` what was said. `name` is the trigger where it is not given."""

    trigger: str = attrs.field(validator=_is_trigger)
    template: str = attrs.field(validator=_is_template)
    name: str = attrs.field(default="", validator=max_len(100))
    action: str = attrs.field(default="create_task", validator=in_(("create_task",)))
    agent: str = attrs.field(default="brain", validator=matches_re(AGENT))
    conditions: dict[str, Any] = attrs.field(factory=dict, validator=are_conditions)
    priority: int = attrs.field(default=0, validator=and_(ge(-1_000), le(1_000)))

    def value(self, ident: str) -> dict[str, Any]:
        """As it is kept."""
        return {"command_id": ident, **attrs.asdict(self), "name": self.name or self.trigger}


def names_of(commands: Iterable[NewCommand]) -> list[str]:
    """What commands are called."""
    return [one.name or one.trigger for one in commands]


@attrs.frozen(kw_only=True)
class NewWebhook:
    """`provider` is one of `oracle.inbound.PROVIDERS`. Without a secret it takes nothing. `default_command` names the command for
    who only mentions our account, which is called `bot_name` at the provider (empty: as the settings say)."""

    name: str = attrs.field(validator=_LABEL)
    provider: str = attrs.field(validator=max_len(32))
    enabled: bool = True
    secret: str | None = attrs.field(default=None, validator=optional(is_secret))
    commands: list[NewCommand] = attrs.field(factory=list, validator=max_len(MOST_COMMANDS))
    default_command: str = attrs.field(default="")
    bot_name: str = attrs.field(default="", validator=max_len(100))

    @commands.validator
    def _unique(self, _: Any, commands: list[NewCommand]) -> None:
        names = names_of(commands)
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise Bad("value_error", f"each command needs a name of its own; {twice[0]!r} is there twice")

    @default_command.validator
    def _exists(self, _: Any, name: str) -> None:
        if name and name not in names_of(getattr(self, "commands", ())):  # of what is given only
            raise Bad("value_error", f"there is no command {name!r}")


@attrs.frozen(kw_only=True)
class WebhookChange:
    """What is not given stays as it is. An empty secret removes it, a mask leaves it."""

    name: str | None = attrs.field(default=None, validator=optional(_LABEL))
    enabled: bool | None = None
    secret: str | None = attrs.field(default=None, validator=optional(is_secret))
    default_command: str | None = None
    bot_name: str | None = attrs.field(default=None, validator=optional(max_len(100)))
