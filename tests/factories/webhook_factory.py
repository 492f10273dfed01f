"""Webhooks: the bodies that make them, and deliveries signed as the providers sign them."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
from typing import Any

from oracle.border import structure
from oracle.inbound import PROVIDERS
from oracle.inbound.webhook import ENDPOINT, NewCommand, NewWebhook
from oracle.problems import Invalid

__all__ = ["SECRET", "WebhookFactory", "WebhookValidationError"]

SECRET = "a secret of tests"


class WebhookValidationError(ValueError):
    """A webhook that nobody would take; the message names what is wrong."""


class WebhookFactory:
    """Numbers what it makes, so that no two are alike. Raises WebhookValidationError."""

    _numbers = itertools.count(1)

    @classmethod
    def create(cls, **different: Any) -> dict[str, Any]:
        """A body for POST /api/webhooks."""
        body = {
            "name": f"webhook-{next(cls._numbers)}", "provider": "github", "enabled": True, "secret": SECRET,
            "commands": [cls.command()], **different,
        }  # fmt: skip
        if body["provider"] not in PROVIDERS:
            raise WebhookValidationError(f"provider: there is no {body['provider']!r}")
        _checked(NewWebhook, body)
        return body

    @classmethod
    def command(cls, **different: Any) -> dict[str, Any]:
        """A body for POST /api/webhooks/{id}/commands."""
        body = {
            "name": "review", "trigger": "@agent review", "template": "Review {{issue.title}}: {{webhook.text}}",
            "agent": "executor", **different,
        }  # fmt: skip
        _checked(NewCommand, body)
        return body

    @classmethod
    def endpoint(cls, path: str) -> str:
        """A path that deliveries may come in by."""
        if not ENDPOINT.fullmatch(path):
            raise WebhookValidationError(f"endpoint: {path!r} is none")
        return path

    @classmethod
    def comment(cls, text: str = "@agent review this, please", **different: Any) -> dict[str, Any]:
        """What GitHub says when somebody comments on an issue."""
        number = next(cls._numbers)
        return {
            "action": "created", "issue": {"number": number, "title": "It does not start", "html_url": "https://a.test/i"},
            "comment": {"id": number, "body": text, "html_url": "https://a.test/c"},
            "repository": {"full_name": "octo/hello"}, "sender": {"login": "octocat"}, **different,
        }  # fmt: skip

    @classmethod
    def delivery(
        cls, payload: Any, *, event: str = "issue_comment", secret: str = SECRET, delivery: str = ""
    ) -> tuple[bytes, dict[str, str]]:
        """The body and the headers of a delivery of GitHub."""
        body = json.dumps(payload).encode()
        signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        return body, {
            "Content-Type": "application/json", "X-GitHub-Event": event, "X-Hub-Signature-256": f"sha256={signature}",
            "X-GitHub-Delivery": delivery or f"delivery-{next(cls._numbers)}",
        }  # fmt: skip


def _checked(cls: type, body: dict[str, Any]) -> None:
    try:
        structure(cls, body)
    except Invalid as wrong:
        raise WebhookValidationError(str(wrong)) from None
