"""Runs: work that takes a while, with a state, progress and a result, which outlive the process.

`Run` is the value, `Runs` the actor that keeps, queues and works them off, `Pace` what their work goes by. A kind of run is a
line in a plain dict.
"""

from oracle.runs.desk import Runs, Work
from oracle.runs.pace import Pace
from oracle.runs.run import Run, Status

__all__ = ["Pace", "Run", "Runs", "Status", "Work"]
