"""The built page, held in memory: names are looked up in a dict, so no path from outside ever meets the file system."""

from __future__ import annotations

import hashlib
import mimetypes
import re
from pathlib import Path

import attrs

from web.routes import Answer

__all__ = ["PageFiles"]

DIST = Path(__file__).parent / "page" / "dist"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_NAMED_BY_CONTENT = re.compile(r"-[0-9A-Z]{8}\.\w+$")
_MISSING = b"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>oracle</title></head><body>
<h1>oracle is running</h1>
<p>The dashboard has not been built here: run <code>make page</code> and start again. Everything it shows is also at
<a href="/dashboard/stats">/dashboard/stats</a>, <a href="/dashboard/watchdogs">/dashboard/watchdogs</a>,
<a href="/dashboard/events">/dashboard/events</a>, <a href="/api/oracle/tree">/api/oracle/tree</a>;
<a href="/openapi.json">/openapi.json</a> lists the rest.</p>
</body></html>
"""


@attrs.frozen
class _File:
    body: bytes
    kind: str
    etag: str
    kept: str


class PageFiles:
    """The files of a `dist` folder as they were when the server started."""

    def __init__(self, folder: Path = DIST) -> None:
        found = sorted(folder.rglob("*")) if folder.is_dir() else []
        self._files = {str(path.relative_to(folder)): _file(path) for path in found if path.is_file()}

    @property
    def built(self) -> bool:
        """Whether there is a page."""
        return "index.html" in self._files

    def index(self, known_etag: str = "") -> Answer:
        """The page, or a plain one that says how to build it."""
        if self.built:
            return self.file("index.html", known_etag)
        return Answer(
            _MISSING, headers=(("Content-Security-Policy", _POLICY),), content_type="text/html; charset=utf-8"
        )

    def file(self, name: str, known_etag: str = "") -> Answer:
        """One file; 304 without a body where the browser has it. Raises KeyError."""
        file = self._files[name]
        headers = (
            ("ETag", file.etag),
            ("Cache-Control", file.kept),
            ("Content-Security-Policy", _POLICY),
            ("Cross-Origin-Opener-Policy", "same-origin"),
        )
        if known_etag == file.etag:
            return Answer(b"", 304, headers, file.kind)
        return Answer(file.body, 200, headers, file.kind)


def _file(path: Path) -> _File:
    body = path.read_bytes()
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    kind = "text/javascript" if path.suffix == ".js" else kind
    if kind.startswith("text/"):
        kind += "; charset=utf-8"
    kept = "public, max-age=31536000, immutable" if _NAMED_BY_CONTENT.search(path.name) else "no-cache"
    return _File(body, kind, f'"{hashlib.sha256(body).hexdigest()[:16]}"', kept)
