"""The peer of bench.conditions: `python -m bench.peers.conditions TEXT TIMES`, in the peers' environment.

TEXT is evaluated by simpleeval, parsed once, on functions that answer with a constant. Answers on standard output, as JSON:
CPU us of an evaluation.
"""

from __future__ import annotations

import json
import sys
from time import process_time

from simpleeval import SimpleEval

ANSWERS = {"price": lambda symbol: 105.0, "avg": lambda symbol, window: 100.0, "absent": lambda topic, window: False,
           "sample": lambda name, subject: 0.3}  # fmt: skip


def main() -> None:
    """Evaluate so many times."""
    text, times = sys.argv[1], int(sys.argv[2])
    evaluator = SimpleEval(functions=ANSWERS)
    parsed = evaluator.parse(text)
    assert evaluator.eval(text, previously_parsed=parsed) is True
    began_s = process_time()
    for _ in range(times):
        evaluator.eval(text, previously_parsed=parsed)
    json.dump((process_time() - began_s) / times * 1e6, sys.stdout)


if __name__ == "__main__":
    main()
