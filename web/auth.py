"""Who is calling, and what may they do.

A token is shown as `Authorization: Bearer` or `X-API-Key`: a key of ours (256 random bits, kept as a hash, `web.tokens`) or a
JWT (`web.jwts`). A browser changes one for a session cookie, or for a one-time ticket where only a URL can carry a secret.

Mode `open` trusts requests from this machine; the Host and Origin checks of `web.limits` come before it. Mode `local` does
the same but for the routes that are `guarded`, for which the page has a pass of its own, and for what a proxy passes on. Mode
`token` trusts nobody.
"""

from __future__ import annotations

import hmac
import secrets
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.cookies import CookieError, SimpleCookie

import attrs

from actors import Refused
from oracle.settings import Settings
from web.jwts import Jwts, looks_like_one
from web.limits import is_loopback
from web.routes import Auth, Identity, Route, Scope
from web.tokens import Pass, Tokens, hashed

__all__ = ["SESSION_S", "TICKET_S", "Doorman", "Pass", "Tickets", "Tokens", "client_of", "cookie_name"]

SESSION_S = 30 * 86_400
TICKET_S = 30
MOST_TICKETS = 1_000
_LOCAL = Identity("local", Scope.admin, local=True)
_PAGE = "local"
_NEEDED = "a token is needed: Authorization: Bearer TOKEN, or X-API-Key; `oracle token create` makes one"


class Tickets:
    """One-time secrets of 30 seconds, in memory; past 1,000 open ones the oldest go."""

    def __init__(self) -> None:
        self._open: OrderedDict[str, tuple[Identity, int]] = OrderedDict()

    def issue(self, who: Identity, now_us: int) -> str:
        """A ticket that lets its bearer in once as `who`."""
        ticket = secrets.token_urlsafe(24)
        self._open[hashed(ticket)] = (who, now_us + TICKET_S * 1_000_000)
        if len(self._open) > MOST_TICKETS:
            self._open.popitem(last=False)
        return ticket

    def redeem(self, ticket: str, now_us: int) -> Identity | None:
        """Who the ticket was for; it is used up. None if unknown, used or late."""
        who, until_us = self._open.pop(hashed(ticket), (None, 0))
        return who if until_us > now_us else None

    def forget(self, token: str) -> None:
        """Take back those that were asked for with a token, by its id."""
        for key in [key for key, (who, _) in self._open.items() if who.token == token]:
            del self._open[key]


class Doorman:
    """Says who calls and whether the route is for them."""

    def __init__(self, mode: str, tokens: Tokens, now_us: Callable[[], int], given_token: str = "",
                 jwts: Jwts | None = None) -> None:  # fmt: skip
        self.mode = mode
        self.tokens = tokens
        self.jwts = jwts
        self.tickets = Tickets()
        self.now_us = now_us
        self._given = hashed(given_token) if given_token else ""
        self._page_pass = ""
        self._inside: dict[str, set[Callable[[], None]]] = {}

    @classmethod
    def of(cls, settings: Settings, now_us: Callable[[], int]) -> Doorman:
        """The doorman of these settings.

        Raises SecretMissing where a configured secret can't be read, Invalid where it won't do, CannotStart where the stored
        ones can't."""
        given = settings.auth.token.reveal() if settings.auth.token else ""
        tokens = Tokens(settings.data.folder)
        jwts = Jwts(settings.data.folder, settings.auth, known=tokens.begun)
        return cls(settings.auth.mode, tokens, now_us, given, jwts)

    async def first_token(self) -> str:
        """A token, made because in mode `token` there is none that may do everything; else empty. Show it at once: it can't be
        read again. Raises Refused `unavailable`."""
        if self.mode != "token" or self._given or self.tokens.rule(self.now_us()):
            return ""
        return await self.tokens.mint(Scope.admin, self.now_us())

    def admit(self, route: Route, *, headers: Mapping[str, str], peer: str, ticket: str = "", shown: str = "") -> Identity:
        """Who calls `route`, if they may; `shown` is a token that came in the URL. Raises Refused `unauthorized` or
        `forbidden`."""
        who = self._who(headers, peer, ticket, shown, guarded=route.guarded)
        if isinstance(who, Identity):
            if route.locked and who.token == _PAGE:
                raise Refused("the page shows no token of its own; open it once as /?token=TOKEN", code="forbidden")
            if route.auth is not Auth.public and not who.scope.includes(route.scope):
                raise Refused(f"scope {route.scope} is needed, this token has {who.scope}", code="forbidden")
            return who
        if route.auth is Auth.public:
            return Identity("anonymous", Scope.read)
        raise who

    def may(self, who: Identity, route: Route) -> None:
        """Whether who was let in may ask for `route` now, over the same socket. Raises Refused as `admit`."""
        guarded = route.guarded and self.mode != "open"
        if route.auth is Auth.public or (who.local and not guarded):
            return
        scope = who.own if who.local else who.scope  # what coming from here adds does not count
        if scope is None or (guarded and not who.subject):
            raise Refused(_NEEDED, code="unauthorized")
        if who.expires_us and who.expires_us <= self.now_us():
            raise Refused("the token of this socket has expired", code="unauthorized")
        if not scope.includes(route.scope):
            raise Refused(f"scope {route.scope} is needed, this socket has {scope}", code="forbidden")

    def client(self, headers: Mapping[str, str], peer: str) -> str:
        """Whose requests are counted together: those of a token's subject, else those of an address."""
        known = self._known(headers)
        return client_of(known if isinstance(known, Identity) else None, peer)

    def page_pass(self, who: Identity) -> str:
        """A session secret for the page of somebody at this machine who shows none, in mode `local`; else empty. It does
        everything but make tokens, it is the same for all, and it ends with the process."""
        if self.mode != "local" or not who.local or who.own is not None:
            return ""
        if not self._page_pass:
            self._page_pass = secrets.token_urlsafe(32)
            self.tokens.trust(self._page_pass, Scope.admin, _PAGE)
        return self._page_pass

    async def open_session(self, token: str) -> tuple[str, Identity] | None:
        """A new session secret for a good token, for the cookie, for as long as the token is good; None for a bad one. Raises
        Refused `unavailable`."""
        who, now_us = self._owner(token), self.now_us()
        if not isinstance(who, Identity):
            return None
        lasts_s = min(SESSION_S, -(-(who.expires_us - now_us) // 1_000_000)) if who.expires_us else SESSION_S
        secret = await self.tokens.mint(who.scope, now_us, kind="session", lasts_s=lasts_s, of=who.token, subject=who.subject)
        return secret, who

    async def revoke(self, ident: str) -> Pass:
        """Take a token back: it, its sessions and its tickets let nobody in from now on, and its live streams end. Raises Refused
        `not_found`, and `unavailable` where it would be good again after a restart."""
        dropped = self.tokens.drop(ident, self.now_us())
        self.tickets.forget(ident)
        for end in list(self._inside.get(ident, ())):
            end()
        try:
            await self.tokens.save()
        except OSError as error:
            raise Refused(f"'{ident}' is revoked, but that can't be stored now", code="unavailable") from error
        return dropped

    @contextmanager
    def inside(self, who: Identity, end: Callable[[], None]) -> Iterator[None]:
        """While a live stream is open: `end` is called when its token is revoked."""
        held = self._inside.setdefault(who.token, set())
        held.add(end)
        try:
            yield
        finally:
            held.discard(end)
            if not held:
                self._inside.pop(who.token, None)

    def _who(self, headers: Mapping[str, str], peer: str, ticket: str, shown: str, *, guarded: bool) -> Identity | Refused:
        known: Identity | Refused | None = self.tickets.redeem(ticket, self.now_us()) if ticket else None
        if known is None:
            known = self._known(headers, shown)
        # Where it is open a token that means nothing is no reason to refuse what an empty hand would get.
        if is_loopback(peer) and (self.mode == "open" or (self.mode == "local" and not guarded and not _passed_on(headers))):
            return _at_home(known) if isinstance(known, Identity) else _LOCAL
        return known

    def _known(self, headers: Mapping[str, str], shown: str = "") -> Identity | Refused:
        """Who shows a token or a cookie; the first that is good counts."""
        no = Refused(_NEEDED, code="unauthorized")
        for token in filter(None, (_bearer(headers.get("authorization", "")), headers.get("x-api-key", "").strip(), shown)):
            who = self._owner(token)
            if isinstance(who, Identity):
                return who
            no = who or no
        session = _session(headers)
        return (self.tokens.who(session, self.now_us()) if session else None) or no

    def _owner(self, token: str) -> Identity | Refused | None:
        """Whose token it is; None, or what is wrong with a JWT, where it lets nobody in."""
        if self._given and hmac.compare_digest(hashed(token), self._given):
            return Identity("token", Scope.admin, "token", "token")
        known = self.tokens.who(token, self.now_us())
        if known is not None or self.jwts is None or not looks_like_one(token):
            return known
        try:
            bearer = self.jwts.read(token, self.now_us())
        except Refused as no:
            return no
        revoked = bool(bearer.token) and self.tokens.revoked(bearer.token)
        return Refused("this token is not accepted: it was revoked", code="unauthorized") if revoked else bearer


def _passed_on(headers: Mapping[str, str]) -> bool:
    """Whether a proxy on this machine says that it speaks for somebody else."""
    return any(name in headers for name in ("forwarded", "x-forwarded-for", "x-real-ip"))


def _at_home(who: Identity) -> Identity:
    """Who comes from this machine may do everything, but where a token is wanted all the same."""
    return who if who.local else attrs.evolve(who, scope=Scope.admin, local=True, own=who.scope)


def client_of(who: Identity | None, peer: str) -> str:
    """By what the requests and sockets of a client are counted together."""
    return f"subject {who.subject}" if who is not None and who.subject else f"address {peer}"


def cookie_name(host: str) -> str:
    """The session cookie's name; it holds the port, since browsers share cookies between ports of one host."""
    port = host.rpartition(":")[2]
    return f"oracle_session_{port}" if port.isdecimal() else "oracle_session"


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
