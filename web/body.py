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
        return _DECODER.decode(raw)
    except msgspec.DecodeError as error:
        text = str(error).removeprefix("JSON is malformed: ")
        found = _BYTE.search(text)
        offset = int(found[1]) if found else len(raw)
        raise _malformed(offset, _BYTE.sub("", text)) from None
    except UnicodeDecodeError:
        raise _malformed(_first_bad_byte(raw), "invalid UTF-8") from None
    except RecursionError:
        raise _malformed(0, "nested too deeply") from None


def _first_bad_byte(raw: bytes) -> int:
    # msgspec counts from the start of the string it was reading, not of the body.
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        return error.start
    return 0


def _malformed(offset: int, why: str) -> Exception:
    return invalid("json_invalid", ["body", offset], "JSON decode error", {}, error=why, byte=offset)
