"""What the commands show to people: trees, tables and bars. Machines get JSON instead."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
from rich.table import Table
from rich.tree import Tree

__all__ = ["bar", "show_checks", "show_table", "show_tree"]

ENDLESS = 1_000_000  # characters of a line
_COLOURS = {"running": "green", "failed": "red", "backing_off": "yellow", "starting": "yellow"}


def show_tree(node: Mapping[str, Any]) -> None:
    """The actor tree: state, restarts, what waits, what was handled, the last error."""
    Console(file=sys.stdout).print(_branch(node))


def show_checks(checks: Iterable[tuple[str, bool, str]]) -> None:
    """A line for each check: its name, whether it is good, and what was found."""
    console = Console(file=sys.stdout, soft_wrap=True)
    for name, good, found in checks:
        console.print(f"[{'green' if good else 'red'}]{'ok  ' if good else 'FAIL'}[/] {escape(name)}: {escape(found)}")


def show_table(columns: Iterable[str], rows: Iterable[Iterable[str]], *, right: Collection[str] = (),
               file: IO[str] | None = None) -> None:  # fmt: skip
    """Rows under a head; the columns `right` are numbers."""
    table = Table(box=None, pad_edge=False)
    for name in columns:
        table.add_column(escape(name), justify="right" if name in right else "left")
    for row in rows:
        table.add_row(*map(escape, row))
    console = Console(file=file or sys.stdout, soft_wrap=True)
    if not console.is_terminal:  # a pipe or a file has no edge at which anything were to be cut off
        console.width = max(1, console.measure(table, options=console.options.update(max_width=ENDLESS)).maximum)
    console.print(table)


@contextmanager
def bar(what: str) -> Iterator[Callable[[float, str], None]]:
    """A bar on standard error where that is a terminal; it is told how far it is, 0 to 1, and what goes on."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    with Progress(*columns, transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task(what, total=1.0)
        yield lambda done, now: progress.update(task, completed=done, description=now)


def _branch(node: Mapping[str, Any]) -> Tree:
    state = str(node["state"])
    label = f"[bold]{escape(node['name'])}[/] [{_COLOURS.get(state, 'dim')}]{escape(state)}[/]"
    facts = [f"{node['handled']} handled"] if node.get("handled") else []
    for key in ("restarts", "depth", "dropped"):
        if node.get(key):
            facts.append(f"{node[key]} {'waiting' if key == 'depth' else key}")
    label += f" [dim]{', '.join(facts)}[/]" if facts else ""
    if node.get("last_error"):
        label += f" [red]{escape(str(node['last_error']))}[/]"
    tree = Tree(label)
    for child in node.get("children", ()):
        tree.children.append(_branch(child))
    return tree
