"""GitHub: `X-Hub-Signature-256` is `sha256=` and HMAC-SHA256 of the raw body in hex, `X-GitHub-Delivery` the id of a delivery,
which stays the same when it is delivered again (docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries)."""

from __future__ import annotations

from typing import Any

from oracle.inbound.incoming import Headers, Incoming, Provider, flow_of_title, text_at
from oracle.inbound.signing import check, hex_of

__all__ = ["GITHUB"]

_SAID = {  # what was newly said, by event
    "issue_comment.created": "comment",
    "pull_request_review_comment.created": "comment",
    "commit_comment.created": "comment",
    "discussion_comment.created": "comment",
    "pull_request_review.submitted": "review",
    "issues.opened": "issue",
    "pull_request.opened": "pull_request",
    "discussion.created": "discussion",
}
_ITEMS = ("issue", "pull_request", "discussion")


def _verify(secret: str, headers: Headers, body: bytes, now_us: int) -> bytes:
    check(headers.get("x-hub-signature-256", ""), f"sha256={hex_of(secret, body)}")
    return body


def _read(headers: Headers, payload: dict[str, Any], bot: str) -> Incoming:
    event, action = headers.get("x-github-event", "")[:100] or "unknown", text_at(payload, "action")
    event_type = f"{event}.{action}" if action else event
    item: Any = next((payload[name] for name in _ITEMS if isinstance(payload.get(name), dict)), {})
    title, said = text_at(item, "title"), _SAID.get(event_type, "")
    text = "\n".join(filter(None, (title if said in _ITEMS else "", text_at(payload, said, "body")))) if said else ""
    app = text_at(payload, said, "performed_via_github_app", "slug") if said else ""
    sender = text_at(payload, "sender", "login")
    return Incoming(
        "github", event_type, payload, text, title, sender, _flow(payload, item, title),
        text_at(payload, said or "issue", "html_url") or text_at(item, "html_url"),
        bool(bot) and bot.lower() in (sender.lower(), sender.lower().removesuffix("[bot]"), app.lower()),
        headers.get("x-github-delivery", "")[:100],
    )  # fmt: skip


def _flow(payload: dict[str, Any], item: Any, title: str) -> str:
    """An item whose title carries the key of a Jira issue joins that."""
    repository, number = text_at(payload, "repository", "full_name"), text_at(item, "number") or text_at(payload, "number")
    return flow_of_title(title) or (f"github:{repository}#{number}" if repository and number else "")


GITHUB = Provider(_verify, _read)
