"""Who is calling, and what may they do.

Tokens are 256 random bits, shown once when made and kept only as SHA-256 in `tokens.json` (0600) of the data folder.
A browser changes one for a session cookie, or for a one-time ticket where only a URL can carry a secret (sockets).
Mode `open` trusts requests from this machine; the Host and Origin checks of `web.limits` come before it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping
from http.cookies import CookieError, SimpleCookie
from pathlib import Path

import attrs
import trio

from actors import Refused
from oracle.border import structure, unstructure
from oracle.problems import Invalid
from oracle.settings import Settings
from web.failures import CannotStart
from web.limits import is_loopback
from web.presence import write_private
from web.routes import Auth, Identity, Route, Scope

__all__ = ["SESSION_S", "TICKET_S", "Doorman", "Pass", "Tickets", "Tokens", "cookie_name"]

SESSION_S = 30 * 86_400
TICKET_S = 30
MOST_SESSIONS = 100
MOST_TICKETS = 1_000
_LOCAL = Identity("local", Scope.admin)
_CURE = "put a good copy in its place, or delete it to get a new token"


@attrs.frozen
class Pass:
    """A token or session as stored: never the secret, only its hash. `expires_us` 0 means it stays until revoked."""

    id: str
    kind: str
    scope: Scope
    sha256: str
    created_us: int
    expires_us: int = 0


class Tokens:
    """The passes of one data folder. They change on the loop alone; the file follows in a thread, one write at a time."""

    def __init__(self, folder: Path) -> None:
        """Reads the file at once. Raises CannotStart where it can't be read or is damaged."""
        self._path = folder / "tokens.json"
        self._passes = {one.sha256: one for one in _stored(self._path)}
        self._trusted: dict[str, Identity] = {}
        self._saving = trio.Lock()
        self._changes = self._saved = 0  # how many there were, and how many of them the file has

    def __len__(self) -> int:
        return sum(one.kind == "token" for one in self._passes.values())

    async def mint(self, scope: Scope, now_us: int, *, name: str = "", kind: str = "token", lasts_s: int = 0) -> str:
        """Make and store a pass, in place of one with the same `name`; the secret can be had only now.

        Raises Refused `unavailable`, and there is no new pass then, where the file can't be written."""
        secret = secrets.token_urlsafe(32)
        ident = name or f"{kind}-{secrets.token_hex(4)}"
        self._passes = {key: one for key, one in self._passes.items() if one.id != ident}
        expires_us = now_us + lasts_s * 1_000_000 if lasts_s else 0
        self._passes[_hash(secret)] = Pass(ident, kind, scope, _hash(secret), now_us, expires_us)
        self._prune(now_us)
        try:
            await self._save()
        except OSError as error:
            self._passes.pop(_hash(secret), None)
            raise Refused(f"a {kind} can't be stored now", code="unavailable") from error
        return secret

    def trust(self, secret: str, scope: Scope, name: str) -> None:
        """Accept a secret that somebody else keeps, until this process ends; it is not stored."""
        self._trusted[_hash(secret)] = Identity(name, scope)

    async def revoke(self, ident: str) -> None:
        """Forget a pass by its id. Raises Refused where there is none, OSError where the file can't be written."""
        kept = {key: one for key, one in self._passes.items() if one.id != ident}
        if len(kept) == len(self._passes):
            raise Refused(f"no token '{ident}'", code="not_found")
        self._passes = kept
        await self._save()

    def who(self, secret: str, now_us: int) -> Identity | None:
        """Whose secret this is; None for unknown and expired ones."""
        if trusted := self._trusted.get(_hash(secret)):
            return trusted
        found = self._passes.get(_hash(secret))
        if found is None or (found.expires_us and found.expires_us <= now_us):
            return None
        return Identity(found.id, found.scope)

    def _prune(self, now_us: int) -> None:
        alive = [one for one in self._passes.values() if not one.expires_us or one.expires_us > now_us]
        sessions = sorted((one for one in alive if one.kind == "session"), key=lambda one: one.created_us)
        surplus = {one.sha256 for one in sessions[:-MOST_SESSIONS]}
        self._passes = {one.sha256: one for one in alive if one.sha256 not in surplus}

    async def _save(self) -> None:
        self._changes += 1
        wanted = self._changes
        async with self._saving:
            if self._saved >= wanted:
                return  # who was before us in the queue has written ours too
            now = self._changes
            text = json.dumps(unstructure(list(self._passes.values())), indent=1) + "\n"
            await trio.to_thread.run_sync(_write, self._path, text)
            self._saved = now


class Tickets:
    """One-time secrets of 30 seconds, in memory; past 1,000 open ones the oldest go."""

    def __init__(self) -> None:
        self._open: OrderedDict[str, tuple[Identity, int]] = OrderedDict()

    def issue(self, who: Identity, now_us: int) -> str:
        """A ticket that lets its bearer in once as `who`."""
        ticket = secrets.token_urlsafe(24)
        self._open[_hash(ticket)] = (who, now_us + TICKET_S * 1_000_000)
        if len(self._open) > MOST_TICKETS:
            self._open.popitem(last=False)
        return ticket

    def redeem(self, ticket: str, now_us: int) -> Identity | None:
        """Who the ticket was for; it is used up. None if unknown, used or late."""
        who, until_us = self._open.pop(_hash(ticket), (None, 0))
        return who if until_us > now_us else None


class Doorman:
    """Says who calls and whether the route is for them."""

    def __init__(self, mode: str, tokens: Tokens, now_us: Callable[[], int], given_token: str = "") -> None:
        self.mode = mode
        self.tokens = tokens
        self.tickets = Tickets()
        self.now_us = now_us
        self._given = _hash(given_token) if given_token else ""

    @classmethod
    def of(cls, settings: Settings, now_us: Callable[[], int]) -> Doorman:
        """The doorman of these settings.

        Raises SecretMissing where the configured token can't be read, CannotStart where the stored ones can't."""
        given = settings.auth.token.reveal() if settings.auth.token else ""
        return cls(settings.auth.mode, Tokens(settings.data.folder), now_us, given)

    async def first_token(self) -> str:
        """A token, made because in mode `token` none was set or made before; else empty. Show it at once: it can't be read
        again (delete `tokens.json` to get another). Raises Refused `unavailable`."""
        if self.mode != "token" or self._given or len(self.tokens):
            return ""
        return await self.tokens.mint(Scope.admin, self.now_us())

    def admit(self, route: Route, *, headers: Mapping[str, str], peer: str, ticket: str = "") -> Identity:
        """Who calls `route`, if they may. Raises Refused `unauthorized` or `forbidden`."""
        who = self._who(headers, peer, ticket)
        if route.auth is Auth.public:
            return who or Identity("anonymous", Scope.read)
        if who is None:
            raise Refused("a token is needed: Authorization: Bearer TOKEN", code="unauthorized")
        if not who.scope.includes(route.scope):
            raise Refused(f"scope {route.scope} is needed, this token has {who.scope}", code="forbidden")
        return who

    async def open_session(self, token: str) -> tuple[str, Identity] | None:
        """A new session secret for a good token, for the cookie; None for a bad one. Raises Refused `unavailable`."""
        who = self._known(token)
        if who is None:
            return None
        return await self.tokens.mint(who.scope, self.now_us(), kind="session", lasts_s=SESSION_S), who

    def _who(self, headers: Mapping[str, str], peer: str, ticket: str) -> Identity | None:
        now_us = self.now_us()
        known = self.tickets.redeem(ticket, now_us) if ticket else None
        if known is None and (token := _bearer(headers.get("authorization", ""))):
            known = self._known(token)
        if known is None and (session := _session(headers)):
            known = self.tokens.who(session, now_us)
        # In mode open a token that means nothing here is no reason to refuse what an empty hand would get.
        if self.mode == "open" and is_loopback(peer):
            return Identity(known.name, Scope.admin) if known else _LOCAL
        return known

    def _known(self, token: str) -> Identity | None:
        if self._given and hmac.compare_digest(_hash(token), self._given):
            return Identity("token", Scope.admin)
        return self.tokens.who(token, self.now_us())


def cookie_name(host: str) -> str:
    """The session cookie's name; it holds the port, since browsers share cookies between ports of one host."""
    port = host.rpartition(":")[2]
    return f"oracle_session_{port}" if port.isdecimal() else "oracle_session"


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


def _bearer(header: str) -> str:
    kind, _, token = header.partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def _session(headers: Mapping[str, str]) -> str:
    cookie = headers.get("cookie", "")
    try:
        jar = SimpleCookie(cookie) if cookie else {}
    except CookieError:
        return ""
    found = jar.get(cookie_name(headers.get("host", "")))
    return found.value if found else ""


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
