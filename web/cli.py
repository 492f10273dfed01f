"""The `oracle` command. A command is a file of `web.verbs` and a line of the table here."""

from __future__ import annotations

import os
import sys

import click

from web import flags
from web.exits import EPILOG, Exit

__all__ = ["COMMANDS", "Exit", "main"]

COMMANDS = {
    "serve": "web.verbs.serve:serve",
    "tail": "web.verbs.tail:tail",
    "tree": "web.verbs.tree:tree",
    "top": "web.verbs.top:top",
    "doctor": "web.verbs.doctor:doctor",
    "sql": "web.verbs.sql:sql",
    "backtest": "web.verbs.backtest:backtest",
    "alert": "web.verbs.alert:alert",
    "token": "web.verbs.token:token",
    "config": "web.verbs.config:config",
    "replay": "web.verbs.replay:replay",
    "record": "web.verbs.record:record",
    "completion": "web.verbs.completion:completion",
}
"""Where each command is declared, in the order of the help; imported when it is meant."""


def main() -> None:
    """Run the command line and exit."""
    if "_ORACLE_COMPLETE" in os.environ:
        from web.verbs.completion import register

        register()
    try:
        code = cli(standalone_mode=False, prog_name="oracle")
    except click.ClickException as wrong:
        wrong.show()
        code = Exit.usage
    except (click.Abort, KeyboardInterrupt):
        code = Exit.interrupted
    sys.exit(code or Exit.done)


@click.group(cls=flags.Commands, commands=COMMANDS, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="oracle-runtime", prog_name="oracle")
def cli() -> None:
    """Watches live things and acts on them: feeds, watchdogs, alerts and their history, on supervised actors."""
