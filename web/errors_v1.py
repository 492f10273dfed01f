"""The bodies of `/api/v1`, as FLOPY-NET's clients read them: `{"error": {"code": UPPERCASE, "message", "details"}}`.

Bad input is 400 `VALIDATION_ERROR`, its `details` a map from field to text. What may go better later (503, 504, 429) says
after how many seconds in `retry_after`, as the header `Retry-After` does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from oracle.problems import Invalid, Problem
from web.routes import Answer

__all__ = ["CODES", "INVALID", "error_body", "invalid_body"]

INVALID = "Invalid request"
CODES = {
    400: "BAD_REQUEST",
    401: "UNAUTHORIZED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    406: "NOT_ACCEPTABLE",
    408: "REQUEST_TIMEOUT",
    409: "CONFLICT",
    411: "LENGTH_REQUIRED",
    413: "PAYLOAD_TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
    422: "UNPROCESSABLE",
    426: "UPGRADE_REQUIRED",
    429: "RATE_LIMITED",
    431: "HEADERS_TOO_LARGE",
    500: "INTERNAL",
    503: "SERVICE_UNAVAILABLE",
    504: "SERVICE_UNAVAILABLE",
    505: "HTTP_VERSION_NOT_SUPPORTED",
}
"""The code by status; bad input alone has its own, `VALIDATION_ERROR`."""

_SHOULD = re.compile(r"^(?:Input|String|List|Value|Number) should ")


def invalid_body(error: Invalid, message: str = "") -> Answer:
    """400 with what is wrong by field: the path below the body or the query, as `configuration.rounds`."""
    details: dict[str, str] = {}
    for problem in error.problems:
        field, text = _field(problem), _text(problem)
        details[field] = f"{details[field]}; {text}" if field in details else text
    return Answer({"error": {"code": "VALIDATION_ERROR", "message": message or INVALID, "details": details}}, 400)


def error_body(status: int, message: str, code: str, details: Any, retry_after_s: int | None) -> dict[str, Any]:
    """The body of any other error; `code` is ours (`Refused.code`), `details` what there is to say."""
    name = "VALIDATION_ERROR" if status == 400 and code == "invalid" else CODES.get(status, "ERROR")
    error: dict[str, Any] = {"code": name, "message": message}
    if retry_after_s is not None:
        error["retry_after"] = retry_after_s
        if isinstance(details, Mapping):
            details = {key: value for key, value in details.items() if key != "retry_after_s"}
    if details or retry_after_s is None:
        error["details"] = details or {}
    return {"error": error}


def _field(problem: Problem) -> str:
    if problem.type == "json_invalid":
        return "body"
    return ".".join(map(str, problem.path[1:])) or str(problem.path[0] if problem.path else "body")


def _text(problem: Problem) -> str:
    """In the seed's words: "Must be between 1 and 100"."""
    if problem.type == "json_invalid":
        return f"Must be JSON: {problem.ctx.get('error', 'malformed')} at byte {problem.ctx.get('byte', 0)}"
    text = _SHOULD.sub("Must ", problem.reason.removeprefix("Value error, "))
    hint = f"; did you mean '{problem.suggestion}'?" if problem.suggestion else ""
    return f"{text[:1].upper()}{text[1:]}{hint}"
