"""Where providers deliver their webhooks: open to everybody, as the signature of each delivery says whose it is."""

from __future__ import annotations

import attrs

from oracle.model import Command
from oracle.tasks.inbound import Taken
from web.routes import RAW, Answer, Auth, Call, Route

__all__ = ["ROUTES"]

BODY_LIMIT_BYTES = 1024 * 1024


@attrs.frozen
class Acknowledged:
    """The delivery is on disk. `task_id` and `matched_command` are null where it calls for nothing. `status`: `accepted`,
    `duplicate` (it was delivered before, and nothing came of it now), `refused` (a budget, for one, lets no task come of it), or,
    with 202, `pending`: the task is made as soon as can be."""

    status: str
    event_id: str
    task_id: str | None
    matched_command: str | None


async def deliver(call: Call) -> Answer:
    """Take a delivery of GitHub, Jira, Slack, Sentry or anybody else, signed over its raw body with the webhook's secret.

    The signature is the provider's own: `X-Hub-Signature-256` (GitHub), `X-Hub-Signature` (Jira), `X-Slack-Signature` with
    `X-Slack-Request-Timestamp` (Slack), `Sentry-Hook-Signature` (Sentry); custom ones carry `X-Webhook-Signature`, with
    `X-Webhook-Timestamp` or without, or the headers of Standard Webhooks. What is not signed, or wrongly, is refused with 401,
    what comes to a webhook that is disabled or has no secret with 403. The same delivery again is answered as before, and nothing
    comes of it. Slack's `url_verification` is answered with its challenge.
    """
    ident = call.args.get("id", call.args["provider"])
    system = call.system
    incoming = system.hooks.admit(call.args["provider"], ident, call.headers, call.body, system.runtime.now_us())
    if incoming.challenge is not None:
        return Answer({"challenge": incoming.challenge})
    taken: Taken = await system.runtime.ask("inbound", Command("receive", {"id": ident, "incoming": incoming}))
    status = "duplicate" if taken.again else "refused" if taken.refused else "accepted" if taken.made else "pending"
    return Answer(
        Acknowledged(status, taken.event_id, taken.task_id, taken.matched_command), 200 if taken.made else 202
    )


_DELIVER = {
    "auth": Auth.public, "tag": "agent-bot", "body": bytes, "raw": True, "body_limit_bytes": BODY_LIMIT_BYTES,
    "answer": Acknowledged, "also": (202,), "refuses": (400, 401, 403, 404, 503, 504),
}  # fmt: skip
ROUTES = (
    Route("POST", f"{RAW}{{provider}}", deliver, **_DELIVER),
    Route("POST", f"{RAW}{{provider}}/{{id}}", deliver, **_DELIVER),
)
