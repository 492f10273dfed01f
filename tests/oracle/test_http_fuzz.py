"""Whatever a server writes, a request ends in an answer or in HttpFailed; `make soak` tries far more of it."""

import os
import random

import pytest
from sink import ENGINES, LOCAL, open_sink, raw

from oracle.http import Http, HttpFailed

CASES = 20_000 if os.environ.get("ORACLE_SOAK") else 200
PIECES = [
    b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 ", b"204 X\r\n", b"304 X\r\n", b"101 S\r\n", b"100 C\r\n\r\n",
    b"Content-Length: 5\r\n", b"Content-Length: 5, 6\r\n", b"Content-Length: 99999999999999999999999\r\n",
    b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: gzip\r\n", b"Content-Encoding: gzip\r\n",
    b"Set-Cookie: a=\xff;;\r\n", b"Content-Type: x=\x00\r\n", b"Location: /x\r\n", b"Location: http://[\r\n", b"\r\n",
    b"abc", b"5\r\nabcde\r\n0\r\n\r\n", b"ffffffffffffffffffff\r\n", b"\xff\xfe", b"X:\xe9\r\n", b"Connection: close\r\n",
    b"HTTP/1.0 302 X\r\n",
]


@pytest.mark.parametrize("engine", ENGINES)
async def test_any_answer_ends_in_an_answer_or_a_failure(engine):
    if engine == "asks":
        pytest.importorskip("asks", reason="the extra asks is not installed")
    chance, http, seen = random.Random(5), Http(engine, LOCAL), set()
    async with open_sink() as sink:
        for _ in range(CASES):
            data = b"".join(chance.choices(PIECES, k=chance.randint(1, 7)))
            if chance.random() < 0.7:
                data = b"HTTP/1.1 %d X\r\n" % chance.choice([200, 302, 307, 500, 204]) + data + b"\r\n"
            sink.script = raw(data)
            try:
                method = chance.choice(["GET", "POST", "HEAD"])
                seen.add((await http.request(method, sink.url(), body=b"x", timeout_s=2)).status)
            except HttpFailed as failed:
                seen.add(failed.kind)
    assert {200, "protocol"} <= seen
