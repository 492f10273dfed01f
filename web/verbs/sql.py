"""`oracle sql`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from web import flags

__all__ = ["sql"]

FORMATS = ("table", "csv", "json", "parquet")


@click.command()
@click.argument("question", metavar="[SELECT]", default="-")
@click.option("--format", "form", type=click.Choice(FORMATS), help="How rows are written. [default: as FILE is called, or table]")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write them into FILE.")
@click.option("-p", "--parameter", "parameters", multiple=True, metavar="VALUE", help="The value of a ?; repeat it for more.")
@click.option("--limit", type=click.IntRange(1, 1_000_000), metavar="N", show_default=False,
              help="At most N rows. [default: 1000 as a table, else a million]")
@click.option("--schema", is_flag=True, help="Say what there is to ask about: views, columns, types, meanings and units.")
@flags.server
def sql(question: str, form: str | None, output: Path | None, parameters: tuple[str, ...], limit: int | None, schema: bool,
        **where: Any) -> None:
    """Ask the history in SQL (DuckDB's dialect, read only): one SELECT, or - for what comes on standard input.

    A running server answers; where none runs, this command reads the history itself, and changes nothing.
    """
    from web.commands.sql import Here, There, show_schema
    from web.commands.sql import sql as run

    suffix = output.suffix[1:] if output else ""
    form = form or (suffix if suffix in FORMATS else "table")
    if form == "parquet" and output is None and click.get_text_stream("stdout").isatty():
        raise click.UsageError("Parquet is nothing to look at: give -o FILE, or send it on")
    if schema:
        show_schema(form)
        return
    text = click.get_text_stream("stdin").read() if question == "-" else question
    alone = flags.alone(**where)
    source = Here(alone) if alone else There(flags.remote(**where))
    flags.run(lambda: run(source, text, parameters, form=form, limit=limit, output=output))
