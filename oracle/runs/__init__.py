"""Runs: work that takes a while, with a state, progress, output, a price and a result, which outlive the process.

`Run` is the value, `Runs` the actor that takes them in, `run:ID` the actor of each that is not over, `Pace` what their work goes
by. A kind of run is a line in a plain dict.
"""

from oracle.runs.ask import ask_run, until_begun
from oracle.runs.crew import CREW, Crew
from oracle.runs.desk import Runs
from oracle.runs.kind import Kind, Work
from oracle.runs.pace import Pace, RunPace
from oracle.runs.pool import Pool
from oracle.runs.run import Run, Status, run_of, value_of

__all__ = ["CREW", "Crew", "Kind", "Pace", "Pool", "Run", "RunPace", "Runs", "Status", "Work", "ask_run", "run_of",
           "until_begun", "value_of"]  # fmt: skip
