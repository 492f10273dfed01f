"""A "no" of a server, taken apart: what is wrong, what it says beside, and how long it asks to be left alone."""

from __future__ import annotations

import json

import pytest

from oracle.http import Answer
from oracle.remote import RemoteFailed

DATE = "Fri, 27 Nov 2026 02:00:00 GMT"


def no(status: int, body: object, **headers: str) -> RemoteFailed:
    said = body if isinstance(body, str) else json.dumps(body)
    return RemoteFailed.of("x", Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, said.encode()))


@pytest.mark.parametrize(("body", "code", "details"), [
    ({"error": {"code": "VALIDATION_ERROR", "message": "m", "details": {"rounds": "no"}}}, "VALIDATION_ERROR", {"rounds": "no"}),
    ({"error": {"code": "not_found", "message": "m"}}, "not_found", None),
    ({"detail": "Task not found"}, "", "Task not found"),
    ({"detail": [{"loc": ["body"], "msg": "m"}]}, "", [{"loc": ["body"], "msg": "m"}]),
    ({"error": "InternalServerError", "message": "m"}, "InternalServerError", "m"),
    ({}, "", None), ([1], "", [1]), ("gone", "", "gone"), ({"error": {"code": 7}}, "", None),
])  # fmt: skip
def test_every_family_of_errors_has_a_code_and_details(body, code, details):
    assert (no(400, body).code, no(400, body).details) == (code, details)
    assert RemoteFailed("nobody answers").code == "" and RemoteFailed("nobody answers").details is None


@pytest.mark.parametrize(("body", "said"), [
    ({"detail": [{"loc": ["body", "start"], "msg": "Field required"}, {"loc": 7, "msg": "and"}]}, "start: Field required; and"),
    ({"detail": "Task not found"}, "Task not found"),
    ({"error": {"code": "rejected", "message": "no", "details": {}}}, "no"),
    ({"error": {"code": "VALIDATION_ERROR", "message": "no", "details": {"rounds": "many"}}}, 'no {"rounds": "many"}'),
    ({"error": {"message": "a: no", "details": [{"field": "a", "message": "no"}]}}, "a: no"),
    ({"strange": 1}, '{"strange": 1}'), ("gone", "gone"), ({"detail": []}, '{"detail": []}'),
])  # fmt: skip
def test_a_no_is_said_in_its_own_words(body, said):
    assert str(no(422, body)) == f"x answered 422: {said}"


@pytest.mark.parametrize(("headers", "wait_s"), [
    ({}, 0.0), ({"retry_after": "30"}, 30.0), ({"retry_after": "30", "date": DATE}, 30.0),
    ({"retry_after": "Fri, 27 Nov 2026 02:01:00 GMT", "date": DATE}, 60.0),
    ({"retry_after": "Fri, 27 Nov 2026 01:00:00 GMT", "date": DATE}, 0.0),
    ({"retry_after": "Fri, 27 Nov 2026 02:01:00 GMT"}, 0.0), ({"retry_after": "soon", "date": DATE}, 0.0),
    ({"retry_after": "5", "date": "yesterday"}, 5.0), ({"retry_after": "-5"}, 0.0),
])  # fmt: skip
def test_how_long_to_wait_is_read_by_the_clock_of_who_says_it(headers, wait_s):
    assert no(503, {}, **headers).retry_after_s == wait_s
