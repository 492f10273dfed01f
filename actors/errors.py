"""What can go wrong between actors; one class for each thing a caller can do about it."""

from __future__ import annotations

from typing import Any

__all__ = [
    "ActorCrashed", "AskTimeout", "Killed", "MailboxFull", "NameTaken", "NobodyOwns", "Refused", "RestartsExhausted",
]  # fmt: skip


class Refused(Exception):
    """A domain "no": the answer to a wish that can't be granted. The actor that raises it goes on.

    `reason` is a sentence for people, `code` a word for programs, `details` says which fields or values.
    """

    def __init__(self, reason: str, code: str = "refused", details: dict[str, Any] | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code
        self.details = details or {}


class NobodyOwns(LookupError):
    """No living actor has this name."""


class NameTaken(ValueError):
    """A living actor has this name already."""


class MailboxFull(Exception):
    """The mailbox had no room and its policy refused the ask; try again later."""


class AskTimeout(Exception):
    """No answer came within the deadline; the actor may still be working on it."""


class ActorCrashed(Exception):
    """The actor crashed while it had this ask, or the adopted actor crashed, in hand."""


class Killed(Exception):
    """Somebody ended this life on purpose, through `Runtime.kill`."""


class RestartsExhausted(Exception):
    """A supervisor's children crashed more often than its restart intensity allows."""
