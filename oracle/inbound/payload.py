"""The body of a delivery as plain values: read strictly, bounded, and without what sounds like a secret. Pure."""

from __future__ import annotations

import re
import urllib.parse
from typing import Any

import msgspec

from actors import Refused
from oracle.secret import MASK

__all__ = ["MOST_STORED", "payload_of", "stored_text"]

MOST_DEPTH = 50
MOST_FIELDS = 200
MOST_STORED = 256 * 1024
"""Characters of a payload that are kept; what is beyond is left out, with a mark that says so."""

_SECRET = re.compile(
    r"token|secret|passw|cookie|credential|signature|authorization$|(api|access|private|signing|encryption)[_-]?key",
    re.IGNORECASE,
)


def payload_of(content_type: str, body: bytes) -> dict[str, Any]:
    """The object that a verified body holds: JSON, or a form, alone or with JSON in its field `payload`.

    Raises Refused `invalid`.
    """
    kind = content_type.partition(";")[0].strip().lower()
    value = _form(body) if kind == "application/x-www-form-urlencoded" else _json(body)
    if not isinstance(value, dict):
        raise Refused("the body is no JSON object", "invalid")
    safe: dict[str, Any] = _masked(value, MOST_DEPTH)
    return safe


def stored_text(payload: dict[str, Any]) -> tuple[str, bool]:
    """The payload as JSON text, and whether it was cut."""
    text = msgspec.json.encode(payload).decode()
    return text[:MOST_STORED], len(text) > MOST_STORED


def _form(body: bytes) -> Any:
    try:
        pairs = urllib.parse.parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    except ValueError:
        raise Refused("the body is no form", "invalid") from None
    fields = dict(pairs)
    return _json(fields["payload"].encode()) if "payload" in fields else fields


def _json(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Refused("the body is no JSON", "invalid") from None


def _masked(value: Any, depth: int) -> Any:
    if depth < 0:
        raise Refused(f"the body is nested deeper than {MOST_DEPTH} levels", "invalid")
    match value:
        case dict():
            return {name: MASK if _is_secret(name, one) else _masked(one, depth - 1) for name, one in value.items()}
        case list():
            return [_masked(one, depth - 1) for one in value]
    return value


def _is_secret(name: str, value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool) and _SECRET.search(name) is not None
