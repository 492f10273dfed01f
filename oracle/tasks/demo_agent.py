"""A program in the place of an agent, for the demonstration: it says that it is none, and repeats what it was asked."""

from __future__ import annotations

import json
import sys

__all__ = ["main"]


def main() -> None:
    """Answer once."""
    asked = sys.stdin.read().strip() or "(nothing)"
    words = asked.split()
    print("[demo agent] This is a demonstration: a small program, no model. It repeats what it was asked.", flush=True)
    for number, line in enumerate(asked.splitlines()[:100], 1):
        print(f"[demo agent] line {number}: {line}", flush=True)
    answer = f"[demo agent] You asked in {len(words)} words: {asked[:2000]}"
    print(json.dumps({"type": "result", "result": answer}), flush=True)


if __name__ == "__main__":
    main()
