"""`oracle config`."""

from __future__ import annotations

from pathlib import Path

import click

from web import flags

__all__ = ["config"]


@click.group()
def config() -> None:
    """Settings."""


@config.command()
@flags.SETTINGS
@flags.JSON
def check(file: Path | None, as_json: bool) -> None:
    """Say whether the settings are good, and print those in force."""
    from web.commands.config import config_check

    config_check(flags.settings(file), flags.unused(), as_json=as_json)
