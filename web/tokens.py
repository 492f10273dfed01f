"""What lets a client in, as it is kept: tokens, sessions and JWTs, in `tokens.json` (0600) of the data folder.

Of a secret only its SHA-256 is stored; it is shown once, when it is made. A JWT that is revoked stays in the file until it
would have expired, since it proves itself.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from pathlib import Path

import attrs
import trio

from actors import Refused
from oracle.border import structure, unstructure
from oracle.problems import Invalid
from web.failures import CannotStart
from web.presence import write_private
from web.routes import Identity, Scope

__all__ = ["MOST_TOKENS", "NAME", "Pass", "Tokens", "hashed"]

MOST_SESSIONS = 100
MOST_TOKENS = 1_000
NAME = re.compile(r"[A-Za-z0-9_.@-]{1,64}")
"""What a token may be called; the name goes into the log of commands."""

_CURE = "put a good copy in its place, or delete it to get a new token"


@attrs.frozen
class Pass:
    """A token, JWT or session as stored: never the secret, only its hash. `expires_us` 0 means it stays until revoked. `subject`
    is who it speaks for, where that is not its id; `of` the token that a session was opened with; `revoked_us` only of JWTs."""

    id: str
    kind: str
    scope: Scope
    sha256: str
    created_us: int
    expires_us: int = 0
    subject: str = ""
    of: str = ""
    revoked_us: int = 0

    def alive(self, now_us: int) -> bool:
        """Whether it lets anybody in."""
        return not self.revoked_us and self.lasts(now_us)

    def lasts(self, now_us: int) -> bool:
        """Whether it has not expired."""
        return not self.expires_us or self.expires_us > now_us


class Tokens:
    """The passes of one data folder. They change on the loop alone; the file follows in a thread, one write at a time."""

    def __init__(self, folder: Path) -> None:
        """Reads the file at once. Raises CannotStart where it can't be read or is damaged."""
        self.folder = folder
        self._path = folder / "tokens.json"
        self.begun = self._path.exists()
        """Whether there was a file; without it nobody knows what was revoked."""
        self._passes = {one.sha256: one for one in _stored(self._path)}
        self._trusted: dict[str, Identity] = {}
        self._saving = trio.Lock()
        self._changes = self._saved = 0  # how many there were, and how many of them the file has

    def rule(self, now_us: int) -> bool:
        """Whether there is a token with which everything can be done."""
        return any(one.kind == "token" and one.scope is Scope.admin and one.alive(now_us) for one in self._passes.values())

    def listed(self, now_us: int) -> list[Pass]:
        """Tokens and JWTs that have not expired, the oldest first."""
        kept = [one for one in self._passes.values() if one.kind != "session" and one.lasts(now_us)]
        return sorted(kept, key=lambda one: (one.created_us, one.id))

    def find(self, ident: str) -> Pass | None:
        """The pass of an id."""
        return next((one for one in self._passes.values() if one.id == ident), None)

    async def mint(self, scope: Scope, now_us: int, *, name: str = "", kind: str = "token", lasts_s: int = 0, of: str = "",
                   subject: str = "") -> str:  # fmt: skip
        """Make and store a pass, in place of one with the same `name`; the secret can be had only now.

        Raises Refused `unavailable`, and there is no new pass then, where the file can't be written."""
        secret = secrets.token_urlsafe(32)
        expires_us = now_us + lasts_s * 1_000_000 if lasts_s else 0
        ident = name or f"{kind}-{secrets.token_hex(4)}"
        await self.keep(Pass(ident, kind, scope, hashed(secret), now_us, expires_us, subject, of))
        return secret

    async def keep(self, fresh: Pass) -> None:
        """Store a pass, in place of one with the same id. Raises Refused: `unavailable`, `full`."""
        former = self._passes
        self._passes = {key: one for key, one in former.items() if one.id != fresh.id} | {fresh.sha256: fresh}
        self._prune(fresh.created_us)
        if sum(one.kind != "session" for one in self._passes.values()) > MOST_TOKENS:
            self._passes = former
            raise Refused(f"there are {MOST_TOKENS} tokens already; revoke one", code="full")
        try:
            await self.save()
        except OSError as error:
            self._passes.pop(fresh.sha256, None)
            raise Refused(f"a {fresh.kind} can't be stored now", code="unavailable") from error

    def trust(self, secret: str, scope: Scope, name: str) -> None:
        """Accept a secret that somebody else keeps, until this process ends; it is not stored."""
        self._trusted[hashed(secret)] = Identity(name, scope, token=name)

    async def revoke(self, ident: str, now_us: int = 0) -> Pass:
        """`drop` and `save`."""
        dropped = self.drop(ident, now_us)
        await self.save()
        return dropped

    def drop(self, ident: str, now_us: int = 0) -> Pass:
        """Forget a pass by its id, and the sessions it opened; a JWT is remembered as revoked. Until it is saved that holds for
        this process alone. Raises Refused `not_found`."""
        found = self.find(ident)
        if found is None or found.revoked_us:
            raise Refused(f"no token '{ident}'", code="not_found")
        kept = {key: one for key, one in self._passes.items() if ident not in (one.id, one.of)}
        if found.kind == "jwt":
            kept[found.sha256] = attrs.evolve(found, revoked_us=max(now_us, 1))
        self._passes = kept
        return found

    def revoked(self, ident: str) -> bool:
        """Whether a JWT of this id was taken back."""
        found = self.find(ident)
        return found is not None and found.revoked_us > 0

    def who(self, secret: str, now_us: int) -> Identity | None:
        """Whose secret this is; None for unknown and expired ones, and for JWTs, which prove themselves (`web.jwts`)."""
        key = hashed(secret)
        if trusted := self._trusted.get(key):
            return trusted
        found = self._passes.get(key)
        if found is None or found.kind == "jwt" or not found.alive(now_us):
            return None
        subject, token = found.subject or found.of or found.id, found.of or found.id
        return Identity(found.id, found.scope, token, subject, found.expires_us)

    def _prune(self, now_us: int) -> None:
        alive = [one for one in self._passes.values() if one.lasts(now_us)]
        sessions = sorted((one for one in alive if one.kind == "session"), key=lambda one: one.created_us)
        surplus = {one.sha256 for one in sessions[:-MOST_SESSIONS]}
        self._passes = {one.sha256: one for one in alive if one.sha256 not in surplus}

    async def save(self) -> None:
        """Have the file say what is so. Raises OSError."""
        self._changes += 1
        wanted = self._changes
        async with self._saving:
            if self._saved >= wanted:
                return  # who was before us in the queue has written ours too
            now = self._changes
            text = json.dumps(unstructure(list(self._passes.values())), indent=1) + "\n"
            await trio.to_thread.run_sync(_write, self._path, text)
            self._saved = now


def hashed(secret: str) -> str:
    """What is stored of a secret."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _stored(path: Path) -> list[Pass]:
    try:
        return structure(list[Pass], json.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise CannotStart(f"{path} can't be read: {error.strerror}") from error
    except Invalid as error:
        why = "; ".join(f"{problem.where or 'all of it'}: {problem.reason}" for problem in error.problems)
        raise CannotStart(f"{path} is damaged ({why}); {_CURE}") from error
    except (ValueError, RecursionError) as error:
        raise CannotStart(f"{path} is damaged ({error}); {_CURE}") from error


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_private(path, text)
