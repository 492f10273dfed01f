"""What schemathesis can't know of this API from its description: loaded by it, in its own process (see `test_fuzz.py`).

A key of a command names one request, so each request has a new one. Ids are those of things that are there, every other time.
Instants lie in our days, nobody waits for news, what only the server makes (`cursor`) is left out, and spans run forwards.
"""

from __future__ import annotations

import datetime as dt
import itertools
import json
import os
import re

import schemathesis
from hypothesis import strategies as st

KEY, CURSOR = "Idempotency-Key", "WzAsMF0"
PLANTED: list[tuple[str, str, list[str]]] = json.loads(os.environ.get("PLANTED", "[]"))
SPARED = ("web", "root", "history")  # restarted, they answer nobody for a moment
SPANS = (("from", "to"), ("start", "end"), ("start_date", "end_date"))
OUR_DAYS = dt.datetime(2000, 1, 1), dt.datetime(2029, 12, 31)
number = itertools.count()

schemathesis.openapi.format("interval", st.sampled_from(["30s", "5m", "1h", "1d", "1w"]))
schemathesis.openapi.format("duration", st.sampled_from(["12h", "30d", "never"]))
schemathesis.openapi.format("cursor", st.just(CURSOR))
schemathesis.openapi.format("date", st.dates(*(at.date() for at in OUR_DAYS)).map(str))
schemathesis.openapi.format("date-time", st.datetimes(*OUR_DAYS).map(lambda at: at.isoformat() + "Z"))


@schemathesis.hook
def before_call(context, case, kwargs):
    """Puts into a request what would not be there by chance."""
    turn = next(number)
    if re.fullmatch(r"[A-Za-z0-9_.:-]{1,64}", str(case.headers.get(KEY, ""))):
        case.headers[KEY] = f"fuzz-{turn}"
    if case.query.get("cursor") == CURSOR:
        del case.query["cursor"]
    if case.path == "/api/oracle/poll":
        case.query["wait_s"] = 0
    for start, end in SPANS:
        if start in case.query and end in case.query:
            del case.query[end]
    if case.path.startswith("/api/oracle/actors/") and case.path_parameters.get("name") in SPARED:
        case.path_parameters["name"] = "watchdog:price_anomaly"
    if turn % 2:
        for begins, name, ids in PLANTED:
            if case.path.startswith(begins) and name in case.path_parameters:
                case.path_parameters[name] = ids[turn // 2 % len(ids)]
