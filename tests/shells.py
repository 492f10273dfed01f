"""What a shell makes of lines that somebody has begun and of the tab key."""

from __future__ import annotations

import os
import pty
import select
import shlex
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.serving import ORACLE, REPO, clean_env

__all__ = ["completed"]

SAID_S = 30.0
BASH = """
COMP_WORDBREAKS=$' \\t\\n"\\'><=;|&(:'
compopt() {{ :; }}  # it wants a line that somebody types
eval "$({oracle} completion bash)"
while IFS= read -r line; do
    COMP_LINE=$line COMP_POINT=${{#line}}
    _oracle_completion {oracle}
    echo "${{COMPREPLY[*]}}"
done
"""
FISH = """
{oracle} completion fish | source
while read -l line
    echo (complete -C $line | string replace -r '\\t.*' '')
end
"""
ZSH = """
autoload -Uz compinit; compinit -u -D
source <({oracle} completion zsh)
ready() {{ print -u $TOLD ready; zle -D zle-line-init }}; zle -N zle-line-init ready
tell() {{ print -r -u $TOLD -- $BUFFER; BUFFER= }}; zle -N tell; bindkey '^X' tell
"""


def completed(shell: str, lines: Sequence[str]) -> list[str]:
    """The word that each line ends in then, as far as `shell` itself is concerned: bash has only what it adds after a colon
    or an equals sign, zsh has what was typed where several words are possible."""
    if shell == "zsh":
        return _zsh(lines)
    script = {"bash": BASH, "fish": FISH}[shell].format(oracle=ORACLE)
    no_files = {"bash": "--norc", "fish": "--no-config"}[shell]
    done = subprocess.run([shell, no_files, "-c", script], input="".join(f"{line}\n" for line in lines), text=True, check=True,
                          env=clean_env(PYTHONPATH=str(REPO)), capture_output=True)  # fmt: skip
    assert done.stderr == "", done.stderr
    return done.stdout.splitlines()


def _zsh(lines: Sequence[str]) -> list[str]:
    """It completes only where somebody types, so on a terminal; what became of a line it says beside that."""
    with tempfile.TemporaryDirectory() as home:
        Path(home, ".zshrc").write_text(ZSH.format(oracle=ORACLE))
        hears, tells = os.pipe()
        os.set_inheritable(tells, True)
        env = clean_env(PYTHONPATH=str(REPO), ZDOTDIR=home, TOLD=str(tells), TERM="dumb")
        child, keys = pty.fork()
        if not child:
            os.execvpe("zsh", ["zsh", "--no-globalrcs", "-i"], env)
        os.close(tells)
        try:
            assert _line(hears, keys) == "ready"
            words = []
            for line in lines:
                os.write(keys, f"{line}\t\x18".encode())
                said = _line(hears, keys)
                words.append(shlex.split(said + "'" * (said.count("'") % 2))[-1])
            return words
        finally:
            os.close(keys)
            os.close(hears)
            os.waitpid(child, 0)


def _line(hears: int, screen: int) -> str:
    """What is told next; what is drawn meanwhile is read too, or zsh would wait for it."""
    said, shown = b"", b""
    while not said.endswith(b"\n"):
        readable, _, _ = select.select([hears, screen], [], [], SAID_S)
        assert readable, shown.decode(errors="replace")
        if hears in readable:
            said += os.read(hears, 4096)
        if screen in readable:
            shown += os.read(screen, 4096)
    return said.decode().removesuffix("\n")
