"""`oracle completion`, and what it makes of a line somebody has begun in a shell.

click's own scripts for zsh and fish want the command in the PATH, take what stands after the cursor for part of the line, lose
`--option=value`, and each has a fault besides: zsh's leaves variables behind, fish's cuts a description at its first comma.
"""

from __future__ import annotations

import os

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ShellComplete,
    ZshComplete,
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

ZSH = """\
#compdef %(prog_name)s

%(complete_func)s() {
    local line="${(j: :)words[1,CURRENT]}" kind value told
    local -a plain described
    [[ $PREFIX == --*=* ]] && compset -P 1 '*='
    while IFS= read -r kind && IFS= read -r value && IFS= read -r told; do
        case $kind in
            dir) _path_files -/ ;;
            file) _path_files -f ;;
            plain) if [[ $told == _ ]]; then plain+=("$value"); else described+=("$value:$told"); fi ;;
        esac
    done < <(ORACLE_LINE=$line %(complete_var)s=zsh_complete ${~${(Q)words[1]}})
    (( $#described )) && _describe -V unsorted described
    (( $#plain )) && compadd -V unsorted -a plain
}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    %(complete_func)s "$@"
else
    compdef %(complete_func)s %(prog_name)s
fi
"""

FISH = """\
function %(complete_func)s
    set -l words (commandline -opc | string match -rv '^\\w+=')
    set -l line (commandline -cp | string replace -r '^\\s*(\\w+=\\S*\\s+)*' '' | string collect)
    set -l option (commandline -ct | string match -r '^--[^=]+='; or echo)
    for item in (env ORACLE_LINE=$line %(complete_var)s=fish_complete $words[1])
        set -l parts (string split -m 1 , -- $item)
        switch $parts[1]
            case dir
                printf '%%s\\n' $option(__fish_complete_directories $parts[2])
            case file
                printf '%%s\\n' $option(__fish_complete_path $parts[2])
            case plain
                printf '%%s\\n' "$option$parts[2]"
        end
    end
end

complete --no-files --command %(prog_name)s --arguments "(%(complete_func)s)"
"""


class Begun(ShellComplete):
    """Hears the line up to the cursor, as it was typed."""

    def get_completion_args(self) -> tuple[list[str], str]:
        """The words before the one that is begun, and that."""
        line = os.environ["ORACLE_LINE"]
        words = [os.path.expanduser(word) for word in split_arg_string(line)[1:]]
        return words, "" if not words or line[-1:].isspace() else words.pop()


class Bash(Begun, BashComplete):
    """Names here have colons, at which bash breaks words: it is told only what comes after the last one."""

    source_template = BASH
    _known = ""  # what of the word bash knows already

    @staticmethod
    def _check_version() -> None:
        """No shell is started to ask it: a bash older than ten years may complain itself."""

    def get_completion_args(self) -> tuple[list[str], str]:
        """The words before the one that is begun, and that."""
        words, begun = super().get_completion_args()
        quoted = os.environ["ORACLE_LINE"].split(" ")[-1][:1] in ("'", '"')
        if ":" in os.environ.get("ORACLE_BREAKS", "") and not quoted:
            self._known = begun[: begun.rfind(":") + 1]
        return words, begun

    def format_completion(self, item: CompletionItem) -> str:
        """The rest of it."""
        return f"{item.type},{item.value.removeprefix(self._known)}"


class Zsh(Begun, ZshComplete):
    """Shows what each command and option does."""

    source_template = ZSH


class Fish(Begun, FishComplete):
    """Shows that too."""

    source_template = FISH


def register() -> None:
    """From now on lines are completed like that."""
    for shell in (Bash, Zsh, Fish):
        add_completion_class(shell)


@click.command()
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
def completion(shell: str) -> None:
    """Print what makes a shell complete commands, options and the names that a running server knows.

    \b
    bash  in ~/.bashrc: source <(oracle completion bash)
    zsh   in ~/.zshrc, below compinit: source <(oracle completion zsh)
    fish  oracle completion fish > ~/.config/fish/completions/oracle.fish
    """
    register()
    found = get_completion_class(shell)
    assert found is not None
    click.echo(found(click.Group("oracle"), {}, "oracle", "_ORACLE_COMPLETE").source(), nl=False)
