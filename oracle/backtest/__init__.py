"""Watchdogs over stored history, with the deciders and the clock they have live: the same events, by the same ids.

`lives` says when a watchdog was alive, `Job` runs one backtest from beside the history, `worker` is the process that computes,
`work` makes a run of it.
"""

from oracle.backtest.job import Ask, Job, Verdict
from oracle.backtest.work import Backtest, backtest_work, checked, tables_of

__all__ = ["Ask", "Backtest", "Job", "Verdict", "backtest_work", "checked", "tables_of"]
