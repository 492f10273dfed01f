"""`oracle completion`, and what it makes of a line somebody has begun in bash."""

from __future__ import annotations

import os

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    add_completion_class,
    get_completion_class,
    split_arg_string,
)

__all__ = ["completion", "register"]

BASH = """\
%(complete_func)s() {
    local IFS=$'\\n' kind value
    COMPREPLY=()
    while IFS=',' read -r kind value; do
        case $kind in
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
            plain) COMPREPLY+=("$value") ;;
        esac
    done < <(ORACLE_LINE="${COMP_LINE:0:COMP_POINT}" ORACLE_BREAKS="$COMP_WORDBREAKS" %(complete_var)s=bash_complete "$1")
}
complete -o nosort -F %(complete_func)s %(prog_name)s
"""


class Bash(BashComplete):
    """Names here have colons, at which bash breaks words: it is told only what comes after the last one."""

    source_template = BASH
    _known = ""  # what of the word bash knows already

    @staticmethod
    def _check_version() -> None:
        """No shell is started to ask it: a bash older than ten years may complain itself."""

    def get_completion_args(self) -> tuple[list[str], str]:
        """The words before the one that is begun, and that."""
        line = os.environ["ORACLE_LINE"]
        words = split_arg_string(line)[1:]
        begun = "" if not words or line[-1:].isspace() else words.pop()
        quoted = line.split(" ")[-1][:1] in ("'", '"')
        if ":" in os.environ.get("ORACLE_BREAKS", "") and not quoted:
            self._known = begun[: begun.rfind(":") + 1]
        return words, begun

    def format_completion(self, item: CompletionItem) -> str:
        """The rest of it."""
        return f"{item.type},{item.value.removeprefix(self._known)}"


def register() -> None:
    """From now on lines are completed like that."""
    add_completion_class(Bash)


@click.command()
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
def completion(shell: str) -> None:
    """Print what makes a shell complete commands, options and the names that a running server knows.

    \b
    bash  oracle completion bash > ~/.local/share/bash-completion/completions/oracle
    zsh   oracle completion zsh > "${fpath[1]}/_oracle"
    fish  oracle completion fish > ~/.config/fish/completions/oracle.fish
    """
    register()
    found = get_completion_class(shell)
    assert found is not None
    click.echo(found(click.Group("oracle"), {}, "oracle", "_ORACLE_COMPLETE").source(), nl=False)
