"""Every "no" becomes the body its family of clients expects; nothing internal is in it.

`detail` family (FIML, alpha-oracle, agent-bot): `{"detail": text}`, for bad input 422 with FastAPI's list of details.
`error` family (native): `{"error": {"code", "message", "details"}}`. `v1` family (`/api/v1`): see `web.errors_v1`.
What was sent is echoed where it is one value that is no secret; an object may hold one under any name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from actors import ActorCrashed, AskTimeout, MailboxFull, NobodyOwns, Refused
from oracle.problems import Invalid, Problem
from oracle.secret import MASK, sounds_secret
from web.errors_v1 import error_body, invalid_body
from web.routes import Answer, Family

__all__ = ["STATUS", "answer_invalid", "answer_refusal", "answer_status", "invalid"]

STATUS = {
    "invalid": 400,
    "unauthorized": 401,
    "forbidden": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "timeout": 504,
    "exists": 409,
    "conflict": 409,
    "disabled": 409,
    "not_running": 409,
    "illegal": 409,
    "not_acceptable": 406,
    "too_large": 413,
    "unsupported_media_type": 415,
    "rate_limited": 429,
    "budget": 429,
    "internal": 500,
    "unavailable": 503,
    "rejected": 422,
    "full": 503,
}
"""HTTP status by `Refused.code`; a code that is not here is a domain error, 400."""

_DETAIL_STATUS = {"exists": 400}
_CODE = {
    400: "invalid",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    408: "timeout",
    411: "invalid",
    413: "too_large",
    415: "unsupported_media_type",
    422: "invalid",
    429: "rate_limited",
    431: "too_large",
    500: "internal",
    503: "unavailable",
    504: "timeout",
}
_TEXT = {
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    411: "Length Required",
    413: "Request Entity Too Large",
    500: "Internal Server Error",
}
RETRY_AFTER_S = 2
_SOON = {429, 503}  # say when to come again


def invalid(kind: str, path: Iterable[str | int], msg: str, value: Any = None, **ctx: Any) -> Invalid:
    """Bad input at one place: `invalid("missing", ["body", "name"], "Field required")`; `kind` is pydantic's word."""
    return Invalid([Problem(tuple(path), kind, msg, value, ctx=ctx)])


def answer_invalid(error: Invalid, family: Family, message: str = "") -> Answer:
    """422 (of `v1` 400, with this message) in the family's shape. Paths begin with where the value stood: `query`, `body` or
    `path`."""
    if family is Family.v1:
        return invalid_body(error, message)
    if family is Family.detail:
        rows = [
            {"type": one.type, "loc": list(one.path), "msg": one.reason, "input": _echo(one)}
            | ({"ctx": dict(one.ctx)} if one.ctx else {})
            for one in error.problems
        ]
        return Answer({"detail": rows}, 422)
    details = [
        {
            "field": _field(one),
            "in": one.path[0],
            "type": one.type,
            "message": one.reason,
            "suggestion": one.suggestion or None,
            "input": _echo(one),
            "ctx": dict(one.ctx),
        }
        for one in error.problems
    ]
    message = "; ".join(f"{row['field'] or row['in']}: {row['message']}" for row in details)
    return Answer({"error": {"code": "invalid", "message": message, "details": details}}, 422)


def _field(problem: Problem) -> str:
    """The path below where the value stood. Of malformed JSON only the byte is known (FastAPI's clients expect it in the
    path), and that is no field."""
    return "body" if problem.type == "json_invalid" else ".".join(map(str, problem.path[1:]))


def answer_refusal(error: Refused | AskTimeout | ActorCrashed | NobodyOwns | MailboxFull, family: Family) -> Answer:
    """A domain "no", or an actor that could not answer, in the family's shape."""
    match error:
        case Refused():
            status = STATUS.get(error.code, 400)
            if family is Family.detail:
                status = _DETAIL_STATUS.get(error.code, status)
            return answer_status(status, family, str(error.reason), code=error.code, details=error.details)
        case AskTimeout():
            return answer_status(504, family, "no answer in time")
        case ActorCrashed():
            return answer_status(500, family, "the part that should answer crashed; it has been restarted")
        case MailboxFull():
            return answer_status(503, family, "the part that should answer has too much to do")
        case NobodyOwns():
            return answer_status(503, family, "the part that should answer is not running")


def answer_status(
    status: int,
    family: Family,
    message: str = "",
    *,
    code: str = "",
    details: Any = None,
    headers: tuple[tuple[str, str], ...] = (),
) -> Answer:
    """An error by its status; `message` defaults to the status' own words."""
    message = message or _TEXT.get(status, "Error")
    later = _SOON | {504} if family is Family.v1 else _SOON
    wait_s = _wait_s(status in later, details, headers)
    if wait_s is not None and not any(name == "Retry-After" for name, _ in headers):
        headers = (*headers, ("Retry-After", str(wait_s)))
    if status == 401:
        headers = (*headers, ("WWW-Authenticate", "Bearer"))
    if family is Family.detail:
        return Answer({"detail": message}, status, headers)
    if family is Family.v1:
        return Answer(error_body(status, message, code, details, wait_s), status, headers)
    body = {"code": code or _CODE.get(status, "error"), "message": message, "details": details or {}}
    return Answer({"error": body}, status, headers)


def _wait_s(later: bool, details: Any, headers: tuple[tuple[str, str], ...]) -> int | None:
    """After how many seconds to ask again, where that may help; who says no may know (`details["retry_after_s"]`)."""
    if not later:
        return None
    said = next((value for name, value in headers if name == "Retry-After"), None)
    known = details.get("retry_after_s") if isinstance(details, Mapping) else None
    return int(said or known or RETRY_AFTER_S)


def _echo(problem: Problem) -> Any:
    """What was sent at this place, as far as it may be said."""
    value = problem.value
    if isinstance(value, Mapping | list | tuple):
        return None if value else value
    if value is not None and any(isinstance(part, str) and _is_secret(part) for part in problem.path):
        return MASK
    if isinstance(value, str):
        return MASK if problem.path[-1] in _OBJECTS else _USER.sub(f"{MASK}@", value)
    return value


def _is_secret(name: str) -> bool:
    return sounds_secret(name) or name in _SECRET_URLS


_SECRET_URLS = ("slack_config", "discord_config")  # all that is in them
_OBJECTS = (  # a text there may be one that is quoted
    "body", "email_config", "telegram_config", "webhook_config", "slack_config", "discord_config", "sms_config", "headers",
)  # fmt: skip
_USER = re.compile(r"(?<=://)[^/?#\s]*@")
