"""What a delivery method has to be told: whom to tell, where, and with which secrets. Values only, in FIML's spelling.

A config is an attrs class with `secrets`, the names of its fields that hold one; `recipients`, of which each gets a delivery
of its own (`("",)` where the method tells only one place); and `far_end`, who is told the secrets, or empty where the secret
itself says that.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, ClassVar

import attrs
from attrs.validators import and_, ge, le, matches_re, max_len, optional

from oracle.border import Url
from oracle.exchange import HttpFailed, Target, sendable
from oracle.problems import Bad
from oracle.secret import MASK, sounds_secret

__all__ = [
    "Config", "DiscordConfig", "EmailConfig", "SlackConfig", "SmsConfig", "TelegramConfig", "WebhookConfig", "config_secrets",
    "signing_keys",
]  # fmt: skip

METHODS = ("POST", "PUT", "PATCH")
SIGNING = "whsec_"
KEY_BYTES = range(24, 65)  # what Standard Webhooks asks of a key
_NOBODY = ("",)
# What a secret is where the rule is shown or stored: it can't be looked at.
_ELSEWHERE = re.compile(rf"{re.escape(MASK)}|secret:[0-9a-f]{{24}}")
_ACCOUNT = r"[A-Za-z0-9]{2,64}"  # a part of a URL
_NUMBER = r"[^\x00-\x1f\x7f]{1,64}"


@attrs.frozen
class EmailConfig:
    """Where mail goes out and to whom. Port 465 speaks TLS from the first byte; on any other `use_tls` asks for STARTTLS. An
    empty user is one that does not log in."""

    secrets: ClassVar = ("smtp_password",)
    smtp_host: str
    smtp_user: str
    smtp_password: str
    from_email: str
    to_emails: tuple[str, ...]
    smtp_port: int = attrs.field(default=587, validator=and_(ge(1), le(65535)))
    use_tls: bool = True

    @property
    def recipients(self) -> tuple[str, ...]:
        """The addresses."""
        return self.to_emails

    @property
    def far_end(self) -> str:
        """The mail server's host."""
        return self.smtp_host.strip().lower()


@attrs.frozen
class TelegramConfig:
    """Which bot writes into which chats."""

    secrets: ClassVar = ("bot_token",)
    bot_token: str
    chat_ids: tuple[str, ...]

    @property
    def recipients(self) -> tuple[str, ...]:
        """The chats."""
        return self.chat_ids

    far_end: ClassVar = ""


def _reachable(_: Any, __: Any, url: str) -> None:
    try:
        Target.parse(url)
    except HttpFailed as error:
        raise Bad("url_parsing", f"Input should be a valid URL, {error.message}") from None


def _secretly_reachable(_: Any, __: Any, url: str) -> None:
    if _ELSEWHERE.fullmatch(url):
        return
    try:
        Target.parse(url)
    except HttpFailed as error:
        raise Bad("url_parsing", f"Input should be a valid URL, {error.message}", secret=True) from None


def _writes(_: Any, __: Any, method: str) -> None:
    if method.upper() not in METHODS:
        expected = "'POST', 'PUT' or 'PATCH'"
        raise Bad("enum", f"Input should be {expected}", ctx={"expected": expected})


def _sendable(_: Any, __: Any, headers: Mapping[str, str]) -> None:
    for name, value in headers.items():
        if not sendable(name, value):
            raise Bad("value_error", f"header {name[:64]!r} can't be sent as HTTP", secret=True)


def _bears(_: Any, __: Any, token: str) -> None:
    _sendable(_, __, {"Authorization": token})


def _signs(_: Any, __: Any, text: str) -> None:
    if text and not _ELSEWHERE.fullmatch(text):
        try:
            signing_keys(text)
        except ValueError as error:
            raise Bad("value_error", f"Input should be {error}", secret=True) from None


def _are_numbers(_: Any, __: Any, numbers: Iterable[str]) -> None:
    if not all(re.fullmatch(_NUMBER, number) for number in numbers):
        raise Bad("value_error", "Input should be numbers of 1 to 64 characters, each on one line")


def signing_keys(text: str) -> list[bytes]:
    """The keys in `whsec_...` secrets, separated by blanks. Raises ValueError, which says what they should be."""
    keys = []
    for secret in text.split():
        try:
            key = base64.b64decode(secret.removeprefix(SIGNING), validate=True)
        except binascii.Error:
            key = b""
        if not secret.startswith(SIGNING) or len(key) not in KEY_BYTES:
            raise ValueError(f"{SIGNING} and 24 to 64 bytes in base64, or several of these separated by blanks")
        keys.append(key)
    return keys


@attrs.frozen
class WebhookConfig:
    """Where a request goes. Headers whose names speak of keys, tokens or passwords are kept as secrets.

    `signing_secret` (`whsec_` and base64) signs as Standard Webhooks says. While receivers change from one to the next, both
    stand in it, separated by a blank, and each of them signs.
    """

    secrets: ClassVar = ("auth_token", "signing_secret")
    url: Url = attrs.field(validator=_reachable)
    method: str = attrs.field(default="POST", validator=_writes)
    headers: dict[str, str] = attrs.field(factory=dict, validator=_sendable)
    auth_token: str | None = attrs.field(default=None, validator=optional(_bears))
    signing_secret: str | None = attrs.field(default=None, validator=optional(and_(max_len(1_000), _signs)))
    recipients: ClassVar = _NOBODY

    @property
    def far_end(self) -> str:
        """Scheme, host and port."""
        return Target.parse(self.url).origin


@attrs.frozen
class SlackConfig:
    """Into which channel of Slack an incoming webhook writes: whoever knows its URL may, so all of it is a secret."""

    secrets: ClassVar = ("url",)
    url: str = attrs.field(validator=_secretly_reachable)
    recipients: ClassVar = _NOBODY
    far_end: ClassVar = ""


@attrs.frozen
class DiscordConfig:
    """Into which channel of Discord a webhook writes: whoever knows its URL may, so all of it is a secret."""

    secrets: ClassVar = ("url",)
    url: str = attrs.field(validator=_secretly_reachable)
    recipients: ClassVar = _NOBODY
    far_end: ClassVar = ""


@attrs.frozen
class SmsConfig:
    """Which account of Twilio sends from which number (or messaging service, `MG...`) to which numbers."""

    secrets: ClassVar = ("auth_token",)
    account_sid: str = attrs.field(validator=matches_re(_ACCOUNT))
    auth_token: str
    from_number: str = attrs.field(validator=matches_re(_NUMBER))
    to_numbers: tuple[str, ...] = attrs.field(validator=_are_numbers)

    @property
    def recipients(self) -> tuple[str, ...]:
        """The numbers."""
        return self.to_numbers

    @property
    def far_end(self) -> str:
        """The account: its token is shown for no other."""
        return self.account_sid


Config = EmailConfig | TelegramConfig | WebhookConfig | SlackConfig | DiscordConfig | SmsConfig


def config_secrets(config: Config) -> Iterator[tuple[str, str, Callable[[Any, str], Any]]]:
    """Each secret that is there: its place, itself, and how to make the same config with another in that place."""
    for name, value in getattr(config, "headers", {}).items():
        if value and sounds_secret(name):
            yield f"headers.{name}", value, lambda old, new, name=name: attrs.evolve(old, headers={**old.headers, name: new})
    for name in config.secrets:
        if getattr(config, name):
            yield name, getattr(config, name), lambda old, new, name=name: attrs.evolve(old, **{name: new})
