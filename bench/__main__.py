"""`python -m bench`: every measurement of this folder, beside a peer that runs in the same rounds.

A module of this folder that offers `run(rounds) -> Iterator[dict]` is a benchmark. It yields `name`, `ours`, `peer` (a
name), `peer_value` and `target` (`">= 0.4"` or `"<= 2.0"`, for the ratio of ours to the peer's), and may give `ratio`
itself where the median of the rounds' ratios is not the ratio of the medians. One JSON line each on standard output as
it is found; at the end a table, on standard error, and what could not be measured, with the reason.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.load import CannotMeasure

COLUMNS = ("name", "ours", "peer", "peer_value", "ratio", "target", "met")


def main() -> int:
    """Run what was asked for; 1 where a target was missed or could not be measured."""
    found = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if not path.stem.startswith("_"))
    arguments = argparse.ArgumentParser(prog="python -m bench")
    arguments.add_argument("names", nargs="*", help=f"which ({', '.join(found)}); all without")
    arguments.add_argument("--rounds", type=int, default=5, help="rounds, at least 3; the median counts")
    given = arguments.parse_args()
    if unknown := set(given.names) - set(found):
        arguments.error(f"no benchmark is called {', '.join(sorted(unknown))}")
    rows, unmeasured = [], []
    for name in given.names or found:
        try:
            for row in _measured(name, max(3, given.rounds)):
                print(json.dumps(row), flush=True)
                rows.append(row)
        except CannotMeasure as why:
            unmeasured.append(f"{name} is not measured to its end: {why}")
    print("\n".join([_table(rows), *unmeasured]), file=sys.stderr)
    return 0 if all(row["met"] for row in rows) and not unmeasured else 1


def _measured(name: str, rounds: int) -> Iterator[dict[str, Any]]:
    module = importlib.import_module(f"bench.{name}")
    if hasattr(module, "run"):
        for row in module.run(rounds):
            yield judged(row)


def judged(row: dict[str, Any]) -> dict[str, Any]:
    """The row with its ratio and whether the target was met."""
    ratio = row.get("ratio", row["ours"] / row["peer_value"])
    sign, _, bound = row["target"].partition(" ")
    met = {">=": ratio >= float(bound), "<=": ratio <= float(bound)}[sign]
    return {key: {**row, "ratio": round(ratio, 4), "met": met}[key] for key in COLUMNS}


def _table(rows: list[dict[str, Any]]) -> str:
    cells = [COLUMNS, *(tuple(_cell(row[column]) for column in COLUMNS) for row in rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(COLUMNS))]
    return "\n".join("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in cells)


def _cell(value: Any) -> str:
    match value:
        case bool():
            return "yes" if value else "NO"
        case float() | int():
            return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
        case _:
            return str(value)


if __name__ == "__main__":
    sys.exit(main())
