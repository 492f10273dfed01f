"""JSON in and out: bodies are read strictly, answers are written from attrs, msgspec and plain values alike."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from web.errors import invalid

__all__ = ["decode", "encode"]


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return str(value)  # the border's own texts (Text, Url)
    raise TypeError(f"{type(value).__name__} has no JSON form")


_ENCODER = msgspec.json.Encoder(enc_hook=_plain)
MOST_DEPTH = 100  # what a body may hold goes through many hands, and not each can go deeper
_DECODER = msgspec.json.Decoder()
_BYTE = re.compile(r"\s*\(byte (\d+)\)$")


def encode(value: Any) -> bytes:
    """JSON of an answer. NaN and infinities, which JSON has no word for, become null."""
    return _ENCODER.encode(value)


def decode(raw: bytes) -> Any:
    """The value of a JSON body.

    Raises Invalid `json_invalid` at the byte offset: syntax, UTF-8, lone surrogates, NaN, trailing bytes, nesting.
    """
    try:
        value = _DECODER.decode(raw)
    except msgspec.DecodeError as error:
        text = str(error).removeprefix("JSON is malformed: ")
        found = _BYTE.search(text)
        offset = int(found[1]) if found else len(raw)
        raise _malformed(offset, _BYTE.sub("", text)) from None
    except UnicodeDecodeError:
        raise _malformed(_first_bad_byte(raw), "invalid UTF-8") from None
    except RecursionError:
        raise _malformed(0, "nested too deeply") from None
    if raw.count(b"[") + raw.count(b"{") > MOST_DEPTH and _depth(value) > MOST_DEPTH:
        raise _malformed(0, f"nested deeper than {MOST_DEPTH} levels")
    return value


def _depth(value: Any) -> int:
    """How deep a value is nested; looks no further than one level too many."""
    level, depth = [value], 0
    while level and depth <= MOST_DEPTH:
        level = [
            inner
            for one in level
            for inner in (one.values() if isinstance(one, dict) else one if isinstance(one, list) else ())
        ]
        depth += 1
    return depth


def _first_bad_byte(raw: bytes) -> int:
    # msgspec counts from the start of the string it was reading, not of the body.
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        return error.start
    return 0


def _malformed(offset: int, why: str) -> Exception:
    return invalid("json_invalid", ["body", offset], "JSON decode error", {}, error=why, byte=offset)
