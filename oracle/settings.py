"""Everything that can be set, with its unit and default; `settings.toml` says the same with more words.

Later sources win: these defaults, the settings file, `ORACLE__SECTION__KEY` variables (also from a `.env` file beside that
file), command-line flags.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs
from attrs.validators import and_, ge, gt, in_, le, min_len

from oracle.border import structure
from oracle.exchange import HttpFailed, Target
from oracle.guard import Guard
from oracle.listen import Listen
from oracle.origins import are_hosts, are_origins
from oracle.patterns import are_patterns
from oracle.problems import Bad, Invalid, Problem
from oracle.secret import Secret
from oracle.settings_runs import Experiments, Runs, Tasks
from oracle.settings_sources import from_env, from_file, merge
from oracle.settings_trading import Broker, Mt5, Risk, Scheduler, Trading

__all__ = ["Alerts", "Auth", "Data", "Demo", "History", "Http", "Log", "Risk", "Server", "Settings", "Sources", "load"]

KIB = 1024
MIB = 1024 * KIB
SEED_ORIGIN_PORTS = (3000, 3001, 3002, 3005, 5173)

Table = dict[str, Any]


@attrs.frozen
class Server:
    """Where the server listens and how much one client may ask of it."""

    listen: tuple[Listen, ...] = ()
    """Addresses; https:// before one makes it speak TLS. Empty means the first free port of 8000..8009 on 127.0.0.1."""
    tls_certificate: Path | None = None
    """PEM file with the certificate, and those that lead to its authority, which https:// addresses show."""
    tls_key: Path | None = None
    """PEM file with its private key; None where that is in the certificate's file."""
    seed_ports: bool = False
    """Listen on 127.0.0.1:3001 (pinned to flopy_net) and 127.0.0.1:5000 (agent_bot) too."""
    allowed_hosts: tuple[str, ...] = attrs.field(default=(), validator=are_hosts)
    """Names accepted in the Host header, beside localhost and the addresses listened on."""
    allowed_origins: tuple[str, ...] = attrs.field(
        default=tuple(f"http://localhost:{port}" for port in SEED_ORIGIN_PORTS), validator=are_origins
    )
    """Web pages that may use the server from a browser, beside its own."""
    rate_per_s: float = attrs.field(default=500.0, validator=gt(0))
    """Requests per second and client address, on average."""
    burst: int = attrs.field(default=2_000, validator=ge(1))
    """Requests a client address may send at once."""
    connections: int = attrs.field(default=1_000, validator=ge(1))
    """Open connections at most; further ones are answered 503."""
    body_limit_bytes: int = attrs.field(default=1 * MIB, validator=ge(KIB))
    """Largest request body."""
    body_timeout_s: float = attrs.field(default=10.0, validator=gt(0))
    """A request body must have arrived after this long."""
    message_limit_bytes: int = attrs.field(default=256 * KIB, validator=ge(KIB))
    """Largest message a WebSocket client may send."""
    outlet_limit_bytes: int = attrs.field(default=1 * MIB, validator=ge(16 * KIB))
    """Unsent bytes held for one slow client of a live stream; beyond, newer values replace older ones."""
    heartbeat_s: float = attrs.field(default=20.0, validator=gt(0))
    """Silence after which a client of a live stream is pinged; after twice that, or taking nothing for as long, it is closed."""
    send_timeout_s: float = attrs.field(default=10.0, validator=gt(0))
    """A client that takes nothing of an answer for this long is closed."""
    deflate: tuple[str, ...] = attrs.field(default=(), validator=are_patterns)
    """Topics whose messages are compressed, once, for the WebSocket clients that take permessage-deflate."""


@attrs.frozen
class Auth:
    """Who may use the server."""

    mode: str = attrs.field(default="local", validator=in_(("local", "open", "token")))
    """local: whoever reaches a loopback address, but /api/v1 and the tokens themselves want a token; open: those too are for
    whoever reaches a loopback address; token: whoever shows a token. Other addresses than loopback need token."""
    token: Secret | None = None
    """A token that may do everything; without it mode token makes a random one in the data folder and prints it once."""
    jwt_secret: Secret | None = None
    """What JWTs are signed with (HS256), 32 bytes at least; without it a random one is made in the data folder."""
    jwt_audience: str = attrs.field(default="oracle", validator=min_len(1))
    """The `aud` that a JWT has to name."""


@attrs.frozen
class Data:
    """Where things are kept."""

    folder: Path = attrs.field(factory=lambda: Path("~/.local/share/oracle").expanduser())
    """Holds the history, secrets given by clients and server.json; one server at a time. ($XDG_DATA_HOME/oracle where
    that is set.)"""


@attrs.frozen
class KeepDays:
    """Days that each kind of message is kept, then dropped by whole months; runs for so many days after their end. Events,
    alerts and their deliveries stay."""

    quote: int = attrs.field(default=30, validator=ge(1))
    trade: int = attrs.field(default=90, validator=ge(1))
    bar: int = attrs.field(default=90, validator=ge(1))
    depth: int = attrs.field(default=7, validator=ge(1))
    sample: int = attrs.field(default=365, validator=ge(1))
    output: int = attrs.field(default=90, validator=ge(1))
    run: int = attrs.field(default=365, validator=ge(1))


@attrs.frozen
class History:
    """How the record of everything is kept and read."""

    memory_limit_mb: int = attrs.field(default=512, validator=ge(64))
    """Memory the database may use, in MB."""
    query_deadline_s: float = attrs.field(default=10.0, validator=gt(0))
    """A query that takes longer is ended and refused."""
    keep_days: KeepDays = attrs.field(factory=KeepDays)


def _allowable(_: Any, __: Any, entries: tuple[str, ...]) -> None:
    Guard(entries)


@attrs.frozen
class Http:
    """Requests to the outside: webhooks and polls."""

    engine: str = attrs.field(default="httpx", validator=in_(("httpx", "asks")))
    """Which library makes them; asks needs the extra of that name."""
    allow: tuple[str, ...] = attrs.field(default=(), validator=_allowable)
    """Hosts, host:port, addresses or networks (10.0.0.0/8) that may be called though they are not on the public internet."""


def _an_origin(_: Any, __: Any, url: str) -> None:
    try:
        Target.parse(url)
    except HttpFailed as error:
        raise Bad("url_parsing", f"Input should be a valid URL, {error.message}") from None


@attrs.frozen
class Alerts:
    """How obligations to tell somebody are met."""

    attempts: int = attrs.field(default=8, validator=ge(1))
    """Tries of one delivery before it has failed."""
    timeout_s: float = attrs.field(default=10.0, validator=gt(0))
    """One try may take this long, connect included."""
    first_retry_s: float = attrs.field(default=1.0, validator=gt(0))
    """Wait before the second try; it doubles with each further one."""
    longest_retry_s: float = attrs.field(default=300.0, validator=gt(0))
    """The wait between two tries grows to this at most."""
    telegram_url: str = attrs.field(default="https://api.telegram.org", validator=_an_origin)
    """Where Telegram's Bot API is."""
    twilio_url: str = attrs.field(default="https://api.twilio.com", validator=_an_origin)
    """Where Twilio's API is."""
    smtp_host: str = ""
    """Mail server of rules that ask for email and name none; this, and each of the following, is for those only."""
    smtp_port: int = attrs.field(default=587, validator=and_(ge(1), le(65535)))
    smtp_user: str = ""
    smtp_password: Secret | None = None
    smtp_from_email: str = ""
    """Sender; empty for `smtp_user`."""
    telegram_bot_token: Secret | None = None
    default_emails: tuple[str, ...] = ()
    """Who gets the mail of rules that ask for email and name nobody."""
    default_chat_ids: tuple[str, ...] = ()
    """Likewise for Telegram's chats."""
    actions: tuple[str, ...] = ("watchdog.*", "alert.*")
    """Commands that alerts may call: names, `watchdog.*` for all about watchdogs, `*` for all there are. By default those
    that their opposite undoes, and that stop nothing but watching and telling."""


@attrs.frozen
class Sources:
    """Who is believed about a price, where several feeds say one."""

    priority: tuple[str, ...] = ()
    """Names of feeds, the first of which that is fresh is believed. Further feeds follow in the order they are set, then pushed
    rows, then simulated markets."""
    stale_after_s: float = attrs.field(default=30.0, validator=gt(0))
    """A feed that said nothing of a symbol for this long is not believed about it while another is fresh."""


@attrs.frozen
class Demo:
    """The simulated market, which runs where no feed is set."""

    enabled: bool = True
    seed: int = 1
    """The market is a function of this and of time: the same seed shows the same prices."""


@attrs.frozen
class Log:
    """What is said on standard error."""

    level: str = attrs.field(default="info", validator=in_(("debug", "info", "warning", "error")))
    format: str = attrs.field(default="auto", validator=in_(("auto", "text", "json")))
    """text for people, json for machines (one object a line), auto: text on a terminal."""


@attrs.frozen
class Settings:
    """The whole tree, checked. `feeds`, `watchdogs` and `strategies` hold a raw table by name, which the part's own
    class reads."""

    server: Server = attrs.field(factory=Server)
    auth: Auth = attrs.field(factory=Auth)
    data: Data = attrs.field(factory=Data)
    history: History = attrs.field(factory=History)
    http: Http = attrs.field(factory=Http)
    feeds: dict[str, Table] = attrs.field(factory=dict)
    watchdogs: dict[str, Table] = attrs.field(factory=dict)
    sources: Sources = attrs.field(factory=Sources)
    alerts: Alerts = attrs.field(factory=Alerts)
    broker: Broker = attrs.field(factory=Broker)
    trading: Trading = attrs.field(factory=Trading)
    strategies: dict[str, Table] = attrs.field(factory=dict)
    risk: Risk = attrs.field(factory=Risk)
    scheduler: Scheduler = attrs.field(factory=Scheduler)
    mt5: Mt5 = attrs.field(factory=Mt5)
    runs: Runs = attrs.field(factory=Runs)
    experiments: Experiments = attrs.field(factory=Experiments)
    tasks: Tasks = attrs.field(factory=Tasks)
    demo: Demo = attrs.field(factory=Demo)
    log: Log = attrs.field(factory=Log)

    def __attrs_post_init__(self) -> None:
        problems = [*_unsafe(self), *_unproven(self.server)]
        problems += [*_misnamed("feeds", self.feeds), *_misnamed("watchdogs", self.watchdogs)]
        if problems:
            raise Invalid(problems)

    def wanted_feeds(self) -> dict[str, Table]:
        """The feeds to run by name: those set, or the simulated market where none is and the demo is on. With the broker ibkr its
        gateway's is one of them, on the universe, and no market is simulated beside it."""
        if self.broker.provider == "ibkr":
            at = self.broker.ibkr
            ours = {"kind": "ibkr", "url": f"tcp://{at.host}:{at.port}", "symbols": list(self.trading.universe),
                    "client_id": at.client_id + 1}  # fmt: skip
            known = any(table.get("kind", name) == "ibkr" for name, table in self.feeds.items())
            return dict(self.feeds) if known or not self.trading.universe else {**self.feeds, "ibkr": ours}
        if self.feeds or not self.demo.enabled:
            return self.feeds
        return {"simulated": {"kind": "simulated", "seed": self.demo.seed}}


def _unsafe(settings: Settings) -> Iterator[Problem]:
    outside = [str(address) for address in settings.server.listen if not address.loopback]
    if outside and settings.auth.mode != "token":
        why = f"{outside[0]} can be reached from outside: set auth.mode to token (--auth token)"
        yield Problem(("server", "listen"), "unsafe_listen", why, ", ".join(outside))


def _unproven(server: Server) -> Iterator[Problem]:
    secure = [str(address) for address in server.listen if address.secure]
    if server.tls_certificate is None and (secure or server.tls_key):
        what = secure[0] if secure else "server.tls_key"
        why = f"{what} needs a certificate: name its PEM file, and that of its key in server.tls_key"
        yield Problem(("server", "tls_certificate"), "missing", why)


def _misnamed(section: str, tables: Iterable[str]) -> Iterator[Problem]:
    for name in tables:
        if not _NAME.fullmatch(name):
            yield Problem((section, name), "name_parsing", "a name has letters, digits and any of . _ - only", name)


# A name is a part of topics, of URLs and of the tree.
_NAME = re.compile(r"[A-Za-z0-9_.-]+")


def load(file: Path | None, env: Mapping[str, str], overrides: Mapping[str, Any] | None = None) -> Settings:
    """The settings of all sources. `overrides` are the flags, as nested tables. Raises Invalid with every problem.

    Where `overrides` names feeds, only those run, each with what file and environment say about it."""
    flags = overrides or {}
    below = {"data": {"folder": f"{env['XDG_DATA_HOME']}/oracle"}} if env.get("XDG_DATA_HOME") else {}
    for above in (from_file(file) if file else {}, from_env(env), flags):
        below = merge(below, above)
    tree: dict[str, Any] = below
    if isinstance(only := flags.get("feeds"), Mapping) and only:
        tree["feeds"] = {name: tree["feeds"][name] for name in only}
    return structure(Settings, tree)
