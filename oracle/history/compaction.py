"""What a start takes out of the file: all that a newer row stands for, and what has been kept for its time.

Everything is done in the transaction of the caller. The newest row of each table stays, whatever it is: by its number the writer
knows whether a batch got in.
"""

from __future__ import annotations

from typing import Any

import msgspec

from oracle.history.retention import DAY_US, EXPERIMENT_DAYS, GONE_DAYS, experiment_days
from oracle.history.schema import KINDS

__all__ = ["compact"]

_GONE = (
    "CREATE TEMP TABLE gone AS SELECT ref FROM state GROUP BY ref "
    "HAVING arg_max(value IS NULL, seq) AND max(pub_us) < ? AND max(seq) < (SELECT max(seq) FROM state)"
)
# a client that comes back to a place before them hears that it can't be told everything, and how things are now
_HOLES = (
    "INSERT INTO holes SELECT epoch, 'state', min(\"offset\"), max(\"offset\") FROM state WHERE ref IN (SELECT ref FROM gone) "
    'AND "offset" IS NOT NULL GROUP BY epoch'
)
_KEPT = (
    "CREATE TABLE state_kept AS SELECT {names} FROM state WHERE ref NOT IN (SELECT ref FROM gone) "
    'AND (ref, seq) IN (SELECT (ref, max(seq)) FROM state GROUP BY ref, "offset" IS NULL) ORDER BY seq'
)
# the database gives their room to what comes
_RUNS = (
    "DELETE FROM run WHERE coalesce(finished_us, ts_us) < CASE kind WHEN 'experiment' THEN ? ELSE ? END "
    "AND seq < (SELECT max(seq) FROM run)"
)
_CONFIG = "SELECT value FROM state WHERE ref = 'config:dashboard' ORDER BY seq DESC LIMIT 1"


def compact(connection: Any, now_us: int, run_days: int) -> None:
    """Keep of each state its newest row and its newest published one, each roll mark once, and the runs that are still shown.

    That something is gone stays for some time: a client that comes back must hear it."""
    _drop_runs(connection, now_us, run_days)
    _thin_states(connection, now_us)
    connection.execute("CREATE TABLE rolled_kept AS SELECT DISTINCT until_seq FROM rolled ORDER BY until_seq")
    connection.execute("DROP TABLE rolled")
    connection.execute("ALTER TABLE rolled_kept RENAME TO rolled")


def _thin_states(connection: Any, now_us: int) -> None:
    connection.execute(_GONE, [now_us - GONE_DAYS * DAY_US])
    connection.execute(_HOLES)
    connection.execute(_KEPT.format(names=", ".join(KINDS["state"].names)))
    connection.execute("DROP TABLE state")
    connection.execute("ALTER TABLE state_kept RENAME TO state")
    connection.execute("DROP TABLE gone")


def _drop_runs(connection: Any, now_us: int, run_days: int) -> None:
    found = connection.execute(_CONFIG).fetchone()
    config = msgspec.json.decode(found[0]) if found and found[0] else None
    days = experiment_days(config, EXPERIMENT_DAYS)
    connection.execute(_RUNS, [now_us - days * DAY_US, now_us - run_days * DAY_US])
