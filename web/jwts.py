"""JSON Web Tokens: HS256 and nothing else, for whoever knows the secret to make and for this server to believe.

`exp`, `aud` and `sub` are required, `scope` says what the bearer may do (the most of its words), `nbf` is heeded. The secret
is `auth.jwt_secret`, or 64 random bytes in `jwt.secret` (0600) of the data folder, made for the first JWT. What was revoked
is known by `jti` (`web.tokens`); where that knowledge is gone, the secret of our own is changed.
"""

from __future__ import annotations

import math
import secrets
from pathlib import Path
from types import ModuleType
from typing import Any

import trio

from actors import Refused
from oracle.problems import Invalid, Problem
from oracle.settings import Auth
from web.failures import CannotStart
from web.presence import write_private
from web.routes import Identity, Scope

__all__ = ["Jwts", "looks_like_one"]

ALGORITHM = "HS256"
SECRET_BYTES = 32  # what RFC 7518 asks of HS256
MOST_CHARS = 4_096
SUBJECT_CHARS = 128
_FILE = "jwt.secret"
_OPTIONS: Any = {
    "require": ["exp", "aud", "sub"], "verify_signature": True, "verify_aud": True, "verify_sub": True,
    # by us, and by the clock of the runtime
    "verify_exp": False, "verify_nbf": False, "verify_iat": False, "verify_jti": False,
}  # fmt: skip


class Jwts:
    """Those of one data folder. `known` says whether the file of what was revoked is there."""

    def __init__(self, folder: Path, settings: Auth, *, known: bool = True) -> None:
        """Raises SecretMissing, Invalid where the secret that was set is too short, CannotStart where ours can't be read."""
        self._path = folder / _FILE
        self._making = trio.Lock()
        self._audience = settings.jwt_audience
        self._given = settings.jwt_secret is not None
        self._secret = settings.jwt_secret.reveal() if settings.jwt_secret else _stored(self._path) if known else ""
        if self._given and len(self._secret.encode()) < SECRET_BYTES:
            why = f"a secret of at least {SECRET_BYTES} bytes is needed to sign with {ALGORITHM}"
            raise Invalid([Problem(("auth", "jwt_secret"), "secret_too_short", why, str(settings.jwt_secret))])
        if self._secret:
            _library()  # now, and not while the first of them waits

    async def sign(self, ident: str, subject: str, scope: Scope, now_us: int, lasts_s: int) -> str:
        """A new one. Raises OSError where a secret can't be stored."""
        async with self._making:
            jwt = await trio.to_thread.run_sync(_library)
            if not self._secret:
                secret = secrets.token_urlsafe(64)
                await trio.to_thread.run_sync(_store, self._path, secret)
                self._secret = secret
        issued = now_us // 1_000_000
        times = {"iat": issued, "exp": issued + lasts_s}
        claims = {"sub": subject, "scope": str(scope), "aud": self._audience, "jti": ident, **times}
        signed: str = jwt.encode(claims, self._secret, algorithm=ALGORITHM)
        return signed

    def read(self, text: str, now_us: int) -> Identity:
        """Who shows it. Raises Refused: `unauthorized`, saying what is wrong, and `forbidden` where it grants nothing."""
        if not self._secret:
            raise _refused("no JWT was made here, and auth.jwt_secret is not set")
        if len(text) > MOST_CHARS or not text.isascii():
            raise _refused(f"it is damaged, or has more than {MOST_CHARS} characters")
        jwt = _library()
        try:
            claims = jwt.decode(text, self._secret, algorithms=[ALGORITHM], audience=self._audience, options=_OPTIONS)
        except jwt.InvalidAlgorithmError:
            raise _refused(f"it has to be signed with {ALGORITHM}") from None
        except jwt.InvalidAudienceError:
            raise _refused(f"it is not for {self._audience!r} (aud)") from None
        except jwt.MissingRequiredClaimError as error:
            raise _refused(f"it has no {error.claim}") from None
        except jwt.PyJWTError:
            raise _refused("it is damaged, or signed by somebody else") from None
        return _identity(claims, now_us)


def looks_like_one(text: str) -> bool:
    """Whether a secret has the form of a JWT; no token of our own has a dot."""
    return text.count(".") == 2


def _library() -> ModuleType:
    """PyJWT. Where cryptography is installed it brings all of that along, a quarter of a second that most servers never need."""
    import jwt

    return jwt


def _identity(claims: dict[str, Any], now_us: int) -> Identity:
    expires_us, subject, ident = _time_us(claims, "exp"), claims["sub"], claims.get("jti", "")
    if expires_us is None or expires_us <= now_us:
        raise _refused("it has expired")
    if (begins_us := _time_us(claims, "nbf")) is not None and begins_us > now_us:
        raise _refused("it is not valid yet (nbf)")
    if not 0 < len(subject) <= SUBJECT_CHARS or not subject.isprintable():
        raise _refused(f"sub has to be a text of 1 to {SUBJECT_CHARS} characters")
    if not isinstance(ident, str):
        raise _refused("jti has to be a text")
    said = claims.get("scope")
    granted = [scope for scope in Scope if isinstance(said, str) and scope in said.split()]
    if not granted:
        raise Refused("this token grants nothing: its scope names none of read, operate and admin", code="forbidden")
    return Identity(subject, granted[-1], ident, subject, expires_us)


def _time_us(claims: dict[str, Any], name: str) -> int | None:
    value = claims.get(name)
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value) or abs(value) > 1e12:
        raise _refused(f"{name} has to be a number of seconds since 1970")
    return int(value * 1_000_000)


def _refused(why: str) -> Refused:
    return Refused(f"this token is not accepted: {why}", code="unauthorized")


def _store(path: Path, secret: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_private(path, secret + "\n")


def _stored(path: Path) -> str:
    try:
        return path.read_text("ascii").strip()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise CannotStart(f"{path} can't be read: {error}") from error
