"""`oracle doctor`: what could keep this from working here, and how a running server is."""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
from collections.abc import AsyncIterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from oracle.border import Invalid
from oracle.presence import Presence, find
from oracle.remote import Remote, RemoteFailed
from oracle.settings import Settings, load
from web.commands.config import all_good
from web.page_files import PageFiles
from web.terminal import show_checks

__all__ = ["doctor"]

LEAST_FREE_MIB = 512
LIBRARIES = ("trio", "quart-trio", "hypercorn", "duckdb", "httpx")

Check = tuple[str, bool, str]


async def doctor(file: Path | None, flags: Mapping[str, Any], *, as_json: bool) -> bool:
    """Print a line for each check; True where all are good."""
    checks = [check async for check in _checks(file, flags)]
    good = all(fine for _, fine, _ in checks)
    if as_json:
        rows = [{"name": name, "ok": fine, "found": found} for name, fine, found in checks]
        print(json.dumps({"ok": good, "checks": rows}))
    else:
        show_checks(checks)
    return good


async def _checks(file: Path | None, flags: Mapping[str, Any]) -> AsyncIterator[Check]:
    version = platform.python_version()
    yield "python", sys.version_info >= (3, 11), f"{version} (3.11 or newer is needed)"
    yield "libraries", True, ", ".join(f"{name} {metadata.version(name)}" for name in LIBRARIES)
    built = PageFiles().built
    yield "page", built, "built" if built else "not built: run make page; the server shows a plain page instead"
    try:
        settings = load(file, os.environ, flags)
        all_good(settings)
    except Invalid as refused:
        yield "settings", False, str(refused)
        return
    yield "settings", True, f"good{f' ({file})' if file else ''}"
    yield _folder(settings)
    async for check in _server(find(settings.data.folder)):
        yield check


def _folder(settings: Settings) -> Check:
    folder = settings.data.folder
    there = next(path for path in (folder, *folder.parents) if path.exists())
    if not (there.is_dir() and os.access(there, os.W_OK | os.X_OK)):
        return "data folder", False, f"{folder} can't be written"
    free_mib = shutil.disk_usage(there).free // (1024 * 1024)
    return "data folder", free_mib >= LEAST_FREE_MIB, f"{folder}, {free_mib} MiB free"


async def _server(presence: Presence | None) -> AsyncIterator[Check]:
    if presence is None:
        yield "server", True, "none is running on this data folder"
        return
    try:
        answer = await Remote.of(presence).ask("GET", "readyz")
        dependencies = json.loads(answer.body)["dependencies"]
    except (RemoteFailed, ValueError, KeyError) as error:
        yield "server", False, f"process {presence.pid} at {presence.url}: {error}"
        return
    yield "server", True, f"process {presence.pid} at {presence.url}"
    for row in dependencies:
        yield row["name"], row["ready"], row["reason"] or "ready"
