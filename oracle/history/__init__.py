"""History: everything published, in one DuckDB file, in the order it was published.

`Store` is the file, `History` the actor that writes it, `Commit` what it is asked to make durable, `Queries` the reads.
"""

from oracle.history.actor import Commit, History
from oracle.history.columns import Unfit
from oracle.history.failure import Broken, Interrupted
from oracle.history.page import MAX_LIMIT, Page
from oracle.history.queries import Queries
from oracle.history.reader import inline
from oracle.history.retention import KEEP_DAYS
from oracle.history.statistics import Statistics
from oracle.history.store import End, Store
from oracle.history.tape import Bound, Past, Span, Tape

__all__ = [
    "KEEP_DAYS", "MAX_LIMIT", "Bound", "Broken", "Commit", "End", "History", "Interrupted", "Page", "Past", "Queries", "Span",
    "Statistics", "Store", "Tape", "Unfit", "inline",
]  # fmt: skip
