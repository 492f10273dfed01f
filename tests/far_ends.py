"""The far end of every channel as one thing: how a rule points there, how it is told to behave, and what arrived."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import attrs
import trio
from alerting import T0_US, event, rule
from mail import open_mail
from sink import answering, open_sink

from oracle.alerts import CHANNELS, Rule
from oracle.alerts.actions import COMMAND
from oracle.alerts.owed import deliveries_for
from oracle.alerts.sending import Tools
from oracle.http import Http
from oracle.model import Command, Delivery, Event

SECRET = "s3cret"
SENT = {"webhook", "slack", "discord", "telegram", "sms", "email"}
"""Channels that leave this process, and so can be refused."""

_STATUS = {"takes": 200, "refuses": 400, "busy": 429}


@attrs.define
class FarEnd:
    """One channel with somebody at its other end."""

    name: str
    http: Http
    config: dict[str, Any]
    behave: Callable[[str], None]
    """takes, refuses, busy (for seven seconds where it can say so) or hangs."""
    arrived: Callable[[], Awaitable[Any]]
    options: dict[str, Any] = attrs.field(factory=dict)
    published: list[Event] = attrs.field(factory=list)
    asked: list[tuple[str, Command]] = attrs.field(factory=list)
    now_us: int = T0_US
    secrets: dict[str, str] = attrs.field(factory=lambda: dict.fromkeys(("secret:1", reference(1)), SECRET))

    def rule(self, **more: Any) -> Rule:
        """A rule that uses the channel."""
        return rule(delivery_methods=[] if self.name == COMMAND else [self.name], **self.config, **more)

    def delivery(self, one: Rule, about: Event | None = None) -> Delivery:
        """What the rule then owes."""
        return deliveries_for(one, about or event(), T0_US)[0]

    async def send(self, one: Rule | None = None, *, about: Event | None = None, **options: Any) -> int:
        """One try."""
        one = one or self.rule()
        tools = Tools(self.http, self.secrets.__getitem__, lambda: self.now_us, self.published.append, self._ask)
        part = CHANNELS[self.name](**self.options, **options)
        return await part.send(self.delivery(one, about), one, tools)

    async def _ask(self, name: str, command: Command, timeout_s: float) -> None:
        await trio.lowlevel.checkpoint()
        self.asked.append((name, command))


def reference(number: int) -> str:
    """How a stored rule names a secret."""
    return f"secret:{number:024x}"


@asynccontextmanager
async def open_far_end(name: str, *allow: str) -> AsyncIterator[FarEnd]:
    """Somebody at the other end of the channel `name`; `allow` as `http.allow`, by default what reaches them."""
    if name == "email":
        async with open_mail() as mail:
            yield _by_mail(mail, allow)
    elif name in SENT:
        async with open_sink() as sink:
            yield by_http(name, sink, allow)
    elif name == COMMAND:
        config = {"actions": [{"command": "kill_switch.trip"}]}
        yield FarEnd(name, Http(), config, lambda how: None, trio.lowlevel.checkpoint, {"allow": ("*",)})
    else:
        yield FarEnd(name, Http(), {}, lambda how: None, trio.lowlevel.checkpoint)


def by_http(name: str, sink: Any, allow: tuple[str, ...]) -> FarEnd:
    """A channel that speaks HTTP, towards a sink."""
    hidden = sink.url("/T0/hidden?token=hidden")
    configs: dict[str, dict[str, Any]] = {
        "webhook": {"webhook_config": {"url": hidden, "auth_token": "secret:1", "headers": {"X-Api-Key": "secret:1"}}},
        "slack": {"slack_config": {"url": reference(2)}},
        "discord": {"discord_config": {"url": reference(2)}},
        "telegram": {"telegram_config": {"bot_token": reference(1), "chat_ids": ["-100200"]}},
        "sms": {"sms_config": {"account_sid": "AC7", "auth_token": reference(1), "from_number": "+15550001",
                               "to_numbers": ["+15550002"]}},
    }

    def behave(how: str) -> None:
        async def silent(call: Any, stream: trio.abc.Stream) -> None:
            await trio.sleep_forever()

        headers = {"Retry_After": "7"} if how == "busy" else {}
        sink.script = silent if how == "hangs" else answering(_STATUS[how], **headers)

    options = {"url": sink.url("")} if name in ("telegram", "sms") else {}
    end = FarEnd(name, Http(allow=allow or ("127.0.0.1",)), configs[name], behave, sink.next, options)
    end.secrets[reference(2)] = hidden
    return end


def _by_mail(mail: Any, allow: tuple[str, ...]) -> FarEnd:
    config = {"smtp_host": "localhost", "smtp_port": mail.port, "smtp_user": "", "smtp_password": "secret:1",
              "from_email": "alerts@oracle.test", "to_emails": ["you@there.test"], "use_tls": False}
    names = {"takes": "you", "refuses": "refused", "busy": "busy", "hangs": "hang"}

    def behave(how: str) -> None:
        config["to_emails"] = [f"{names[how]}@there.test"]

    return FarEnd("email", mail.http(*allow), {"email_config": config}, behave, mail.next)
