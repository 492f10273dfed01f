"""What a provider told us, in the words that all providers share. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import attrs

__all__ = ["Headers", "Incoming", "Provider", "flow_of_title", "text_at"]

Headers = Mapping[str, str]
"""Header names are lower case."""

_JIRA_KEY = re.compile(r"(?<![A-Za-z0-9-])([A-Z][A-Z0-9]{1,9})-(\d{1,7})(?![A-Za-z0-9-])")
_NO_PROJECTS = frozenset({"AES", "CVE", "HTTP", "IEEE", "ISO", "MD", "PEP", "RFC", "RSA", "SHA", "TLS", "UTF"})


@attrs.frozen
class Incoming:
    """`event_type` is the provider's own word (`issue_comment.created`), `text` what somebody newly said with it, by which
    commands are called; what is only edited, labelled or deleted says nothing. `flow_id` names what it is about, the same for all
    that is about it, and is empty where that has no name. `own`: our own account did it, or another bot spoke.

    `delivery` is the provider's id for this delivery, or empty; `fingerprint` is of what was signed."""

    provider: str
    event_type: str
    payload: dict[str, Any]
    text: str = ""
    title: str = ""
    sender: str = ""
    flow_id: str = ""
    url: str = ""
    own: bool = False
    delivery: str = ""
    fingerprint: str = ""
    challenge: str | None = None
    """What the provider wants to hear back and nothing else, where it only asks whether we are here."""

    @property
    def slots(self) -> dict[str, Any]:
        """What a template may name: the payload's own fields, and `webhook` with the shared words."""
        shared = {name: getattr(self, name) for name in ("provider", "event_type", "text", "title", "sender", "flow_id", "url")}
        return {**self.payload, "webhook": shared}


@attrs.frozen
class Provider:
    """How one provider signs, and what it means.

    `verify(secret, headers, body, now_us)` raises Refused `unauthorized`; it returns what its signature is over, apart from what
    changes when the same is delivered again. `read(headers, payload, bot)` makes sense of a payload; `bot` is what our account is
    called there."""

    verify: Callable[[str, Headers, bytes, int], bytes]
    read: Callable[[Headers, dict[str, Any], str], Incoming]


def text_at(payload: Any, *path: str) -> str:
    """The text (or the number, as text) at a path of objects; empty where there is none."""
    for name in path:
        payload = payload.get(name) if isinstance(payload, Mapping) else None
    if isinstance(payload, bool) or not isinstance(payload, str | int):
        return ""
    return str(payload)


def flow_of_title(title: str) -> str:
    """`jira:KEY` where a title carries the key of a Jira issue; empty where not."""
    for project, number in _JIRA_KEY.findall(title):
        if project not in _NO_PROJECTS:
            return f"jira:{project}-{number}"
    return ""
