"""Settings come from four places in order, and what does not fit is refused by name."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import attrs
import pytest

from oracle.border import Invalid, structure, unstructure
from oracle.feeds import FEEDS
from oracle.listen import Listen
from oracle.secret import Secret, SecretMissing
from oracle.settings import Settings, load
from oracle.settings_sources import from_env, from_env_file, merge, unused
from oracle.system import parts_of
from oracle.watchdogs import WATCHDOGS

REPO = Path(__file__).resolve().parents[2]


def problems(*args, **kwargs) -> list[tuple[str, str, str]]:
    with pytest.raises(Invalid) as caught:
        load(*args, **kwargs)
    return [(problem.where, problem.type, problem.suggestion) for problem in caught.value.problems]


@pytest.fixture
def file(tmp_path):
    def write(text: str) -> Path:
        (tmp_path / "s.toml").write_text(text)
        return tmp_path / "s.toml"

    return write


def test_the_documented_file_says_exactly_the_defaults():
    settings = load(REPO / "settings.toml", {})
    assert attrs.evolve(settings, feeds={}, watchdogs={}) == Settings()


def test_every_key_is_in_the_documented_file():
    text = (REPO / "settings.toml").read_text()
    for section in attrs.fields(Settings):
        if attrs.has(section.default.factory):
            documented(text, section.name, section.default.factory)


def documented(text: str, name: str, cls: type) -> None:
    body = text.partition(f"\n[{name}]\n")[2].partition("\n[")[0]
    for key in attrs.fields(cls):
        if isinstance(key.default, attrs.Factory) and attrs.has(key.default.factory):
            documented(text, f"{name}.{key.name}", key.default.factory)
        else:
            assert re.search(rf"^(# )?{key.name} = ", body, re.MULTILINE), f"[{name}] {key.name}"


@pytest.mark.parametrize(("section", "parts"), [("feeds", FEEDS), ("watchdogs", WATCHDOGS)])
def test_every_part_is_in_the_documented_file_with_its_defaults(section, parts):
    text = (REPO / "settings.toml").read_text()
    shown = tomllib.loads(re.sub(r"^# (\[\w+\.\w+\]|\w+ = )", r"\1", text, flags=re.MULTILINE))[section]
    assert set(shown) == set(parts)
    for kind, cls in parts.items():
        table = shown[kind]
        assert table.pop("kind") == kind
        assert set(table) == {field.name for field in attrs.fields(cls) if field.init}
        unset = {field.name for field in attrs.fields(cls) if field.default is None}  # the file shows an example of these
        structure(cls, table)
        assert structure(cls, {name: value for name, value in table.items() if name not in unset}) == cls()


def test_later_sources_win(file):
    path = file('[server]\nburst = 3\nrate_per_s = 4\n[history]\nmemory_limit_mb = 90\n')
    env = {"ORACLE__SERVER__BURST": "5", "ORACLE__HISTORY__MEMORY_LIMIT_MB": "100", "HOME": "/"}
    settings = load(path, env, {"history": {"memory_limit_mb": 110}})
    assert (settings.server.rate_per_s, settings.server.burst, settings.history.memory_limit_mb) == (4.0, 5, 110)


def test_environment_text_is_read_as_the_wanted_type():
    settings = load(None, {
        "ORACLE__SERVER__LISTEN": "127.0.0.1:0,https://[::1]:8000/fiml", "ORACLE__SERVER__TLS_CERTIFICATE": "~/a.pem",
        "ORACLE__SERVER__SEED_PORTS": "yes",
        "ORACLE__HTTP__ALLOW": "127.0.0.1, 10.0.0.0/8", "ORACLE__AUTH__TOKEN": "env:TOKEN",
        "ORACLE__FEEDS__BINANCE__URL": "ws://127.0.0.1:9",
    })
    assert settings.server.listen == (Listen("127.0.0.1", 0), Listen("::1", 8000, "fiml", secure=True))
    assert settings.server.tls_certificate == Path("~/a.pem").expanduser()
    assert settings.server.seed_ports and settings.http.allow == ("127.0.0.1", "10.0.0.0/8")
    assert settings.auth.token == Secret("env", "TOKEN")
    assert settings.feeds == {"binance": {"url": "ws://127.0.0.1:9"}}


@pytest.mark.parametrize(("text", "expected"), [
    ("[sevrer]\n", ("sevrer", "extra_forbidden", "server")),
    ("[server]\nlisten_on = []\n", ("server.listen_on", "extra_forbidden", "listen")),
    ('[server]\nburst = "5"\n', ("server.burst", "int_type", "")),
    ("[server]\nburst = 0\n", ("server.burst", "greater_than_equal", "")),
    ('[server]\nlisten = ["8000"]\n', ("server.listen[0]", "listen_parsing", "")),
    ('[server]\nlisten = ["::1:8000"]\n', ("server.listen[0]", "listen_parsing", "")),
    ('[server]\nlisten = ["127.0.0.1:65536"]\n', ("server.listen[0]", "listen_parsing", "")),
    ('[server]\nlisten = ["ftp://127.0.0.1:1"]\n', ("server.listen[0]", "listen_parsing", "")),
    ('[server]\nlisten = ["https://127.0.0.1:1"]\n', ("server.tls_certificate", "missing", "")),
    ('[server]\ntls_key = "key.pem"\n', ("server.tls_certificate", "missing", "")),
    ('[server]\nlisten = ["127.0.0.1:1/fmil"]\n', ("server.listen[0]", "listen_parsing", "fiml")),
    ('[auth]\nmode = "tokens"\n', ("auth.mode", "enum", "token")),
    ('[auth]\ntoken = "hunter2"\n', ("auth.token", "secret_reference", "")),
    ("server = 1\n", ("server", "model_attributes_type", "")),
    ("[feeds]\nbinance = 1\n", ("feeds.binance", "dict_type", "")),
    ("watchdogs = []\n", ("watchdogs", "dict_type", "")),
    ("[server\n", ("", "toml_invalid", "")),
])
def test_what_does_not_fit_is_refused_with_its_path(file, text, expected):
    assert problems(file(text), {}) == [expected]


@pytest.mark.parametrize(("key", "entry", "meant"), [
    ("allowed_origins", "foo", ""), ("allowed_origins", "*", ""), ("allowed_origins", "null", ""),
    ("allowed_origins", "localhost:3000", ""), ("allowed_origins", "http://*.a.test", ""),
    ("allowed_origins", "http://a.test:x", ""), ("allowed_origins", "http://u:p@a.test", ""),
    ("allowed_origins", "http://a.test/", "http://a.test"), ("allowed_origins", "http://A.test:80", "http://a.test"),
    ("allowed_origins", "https://a.test/app?x", "https://a.test"), ("allowed_origins", "", ""),
    ("allowed_hosts", "*", ""), ("allowed_hosts", "*.a.test", ""), ("allowed_hosts", "", ""), ("allowed_hosts", "a b", ""),
    ("allowed_hosts", "a.test:80", "a.test"), ("allowed_hosts", "http://a.test/", "a.test"), ("allowed_hosts", "::1", "[::1]"),
    ("allowed_hosts", "a.test.", "a.test"),
])
def test_what_no_browser_sends_is_refused_with_what_it_does_send(key, entry, meant):
    good = {"allowed_origins": "http://localhost:3000", "allowed_hosts": "localhost"}[key]
    code = {"allowed_origins": "origin_parsing", "allowed_hosts": "host_parsing"}[key]
    assert problems(None, {}, {"server": {key: [good, entry]}}) == [(f"server.{key}", code, meant)]


def test_what_browsers_send_is_taken():
    server = {"allowed_origins": ["http://localhost:3000", "https://a.test", "http://[::1]:5173", "tauri://localhost"],
              "allowed_hosts": ["Oracle.Lan", "10.0.0.5", "[::1]", "my_box"]}
    assert list(load(None, {}, {"server": server}).server.allowed_origins) == server["allowed_origins"]


@pytest.mark.parametrize("section", ["feeds", "watchdogs"])
@pytest.mark.parametrize("name", ["a b", "a:b", "a/b", "", "a*", "\u00fc", "a\n"])
def test_a_name_that_can_not_be_in_a_topic_and_a_url_is_refused(section, name):
    tables = {"price_anomaly": {}, name: {"kind": "price_anomaly"}}
    with pytest.raises(Invalid) as caught:
        load(None, {}, {section: tables})
    assert [(one.path, one.type) for one in caught.value.problems] == [((section, name), "name_parsing")]


@pytest.mark.parametrize("url", ["wss://u:hunter2@a.test:9443", "ws://hunter2@a.test/ws?x=1", "https://u:hunter2@[a"])
def test_a_password_in_the_url_of_a_feed_is_refused_without_showing_it(url):
    with pytest.raises(Invalid) as caught:
        parts_of(load(None, {}, {"feeds": {"mine": {"kind": "binance", "url": url}}}))
    assert caught.value.problems[0].where == "feeds.mine.url"
    assert "hunter2" not in str(caught.value) + repr(caught.value.problems)


def test_an_unknown_variable_of_ours_is_refused():
    assert problems(None, {"ORACLE__SERVER__BRUST": "1"}) == [("server.brust", "extra_forbidden", "burst")]


def test_a_missing_file_is_refused(tmp_path):
    assert problems(tmp_path / "none.toml", {}) == [("", "file_unreadable", "")]


def test_a_secret_in_plain_is_refused_without_showing_it(file):
    with pytest.raises(Invalid) as caught:
        load(file('[auth]\ntoken = "hunter2"\n'), {})
    assert "hunter2" not in str(caught.value) + repr(caught.value.problems)


def test_an_address_others_can_reach_needs_a_token():
    outside = {"server": {"listen": ["127.0.0.1:0", "0.0.0.0:8000"]}}
    assert problems(None, {}, outside) == [("server.listen", "unsafe_listen", "")]
    assert problems(None, {}, {"server": {"listen": ["example.org:80"]}}) == [("server.listen", "unsafe_listen", "")]
    with pytest.raises(Invalid) as caught:
        load(None, {}, outside)
    assert str(caught.value) == ("server.listen: 0.0.0.0:8000 can be reached from outside: set auth.mode to token "
                                 "(--auth token) (given '0.0.0.0:8000')")
    assert load(None, {}, merge(outside, {"auth": {"mode": "token"}})).server.listen[1].host == "0.0.0.0"


def test_the_seeds_names_are_aliases_below_our_own():
    env = {"PORT": "5000", "LOG_LEVEL": "INFO", "CORS_ORIGINS": "http://a:1,http://b:2"}
    settings = load(None, env)
    assert settings.server.listen == (Listen("127.0.0.1", 5000),)
    assert (settings.log.level, settings.server.allowed_origins) == ("info", ("http://a:1", "http://b:2"))
    assert load(None, {**env, "ORACLE__LOG__LEVEL": "error"}).log.level == "error"
    levels = {"WARNING": "warning", "Warn": "warning", "CRITICAL": "error", "DEBUG": "debug"}
    assert {said: load(None, {"LOG_LEVEL": said}).log.level for said in levels} == levels
    assert problems(None, {"LOG_LEVEL": "LOUD"}) == [("log.level", "enum", "")]


def test_variables_that_mean_nothing_here_are_named_without_their_value():
    lines = unused({"REDIS_URL": "redis://:pass@x", "DATABASE_URL": "", "HOME": "/"})
    assert len(lines) == 1 and lines[0].startswith("REDIS_URL is set and not used") and "pass" not in lines[0]
    names = ("DATABASE_URL", "REDIS_URL", "AGENT_ENGINE_URL", "DASHBOARD_API_URL")
    said = unused(dict.fromkeys(names, "postgresql://agent:agent@postgres:5432/agent_system"))
    assert [line.partition(" ")[0] for line in said] == [*names] and "postgres" not in "".join(said)


def test_flags_choose_the_feeds_and_keep_what_the_file_says_of_them(file):
    path = file('[feeds.binance]\nurl = "ws://x"\n[feeds.other]\nkind = "binance"\n')
    settings = load(path, {}, {"feeds": {"binance": {"symbols": ["BTC-USDT"]}}})
    assert settings.feeds == {"binance": {"url": "ws://x", "symbols": ["BTC-USDT"]}}


def test_the_simulated_market_runs_only_where_no_feed_is_set():
    assert Settings().wanted_feeds() == {"simulated": {"kind": "simulated", "seed": 1}}
    assert load(None, {}, {"demo": {"enabled": False}}).wanted_feeds() == {}
    assert load(None, {}, {"feeds": {"binance": {}}}).wanted_feeds() == {"binance": {}}


def test_the_data_folder_follows_the_desktop_convention(tmp_path):
    assert load(None, {"XDG_DATA_HOME": str(tmp_path)}).data.folder == tmp_path / "oracle"
    assert load(None, {"XDG_DATA_HOME": "/x", "ORACLE__DATA__FOLDER": str(tmp_path)}).data.folder == tmp_path


def test_settings_go_back_to_plain_data():
    settings = load(None, {"ORACLE__AUTH__TOKEN": "file:/t", "ORACLE__SERVER__LISTEN": "https://127.0.0.1:1/fiml",
                           "ORACLE__SERVER__TLS_CERTIFICATE": "/a.pem"})
    plain = unstructure(settings)
    assert (plain["auth"]["token"], plain["server"]["listen"]) == ("file:/t", ["https://127.0.0.1:1/fiml"])
    assert structure(Settings, plain) == settings


def test_a_secret_is_read_where_it_lies(tmp_path):
    (tmp_path / "token").write_text(" abc\n")
    assert Secret.parse("env:T").reveal({"T": "abc"}) == "abc"
    assert Secret.parse(f"file:{tmp_path / 'token'}").reveal() == "abc"
    for missing in ("env:NOT_SET_ANYWHERE", f"file:{tmp_path / 'none'}"):
        with pytest.raises(SecretMissing):
            Secret.parse(missing).reveal()


def test_merge_changes_neither_side():
    below, above = {"a": {"b": 1, "c": 2}}, {"a": {"b": 3}, "d": 4}
    assert merge(below, above) == {"a": {"b": 3, "c": 2}, "d": 4}
    assert (below, above) == ({"a": {"b": 1, "c": 2}}, {"a": {"b": 3}, "d": 4})


def test_a_variable_can_not_be_a_table_and_a_value():
    assert from_env({"ORACLE__A": "1", "ORACLE__A__B": "2"}) == {"a": {"b": "2"}}


# ---- mail and Telegram, and the .env file


def test_the_seeds_names_for_mail_and_telegram_are_understood_and_their_secrets_stay_where_they_are():
    settings = load(None, {"SMTP_HOST": "smtp.test", "SMTP_PORT": "465", "SMTP_USER": "me@a.test", "SMTP_PASSWORD": "s3cret",
                           "SMTP_FROM_EMAIL": "alerts@a.test", "TELEGRAM_BOT_TOKEN": "s3cret"}).alerts
    assert (settings.smtp_host, settings.smtp_port, settings.smtp_user, settings.smtp_from_email) == (
        "smtp.test", 465, "me@a.test", "alerts@a.test")
    assert (settings.smtp_password, settings.telegram_bot_token) == (
        Secret("env", "SMTP_PASSWORD"), Secret("env", "TELEGRAM_BOT_TOKEN"))
    assert "s3cret" not in repr(settings)
    assert unused({"SMTP_HOST": "x", "TELEGRAM_BOT_TOKEN": "x"}) == []
    assert problems(None, {"SMTP_PORT": "70000"}) == [("alerts.smtp_port", "less_than_equal", "")]


def test_a_file_beside_the_settings_speaks_where_the_environment_is_silent(file):
    path = file('[alerts]\nsmtp_host = "file.test"\nsmtp_user = "file"\ndefault_emails = ["ops@a.test"]\n')
    (path.parent / ".env").write_text(
        "# mail\nexport SMTP_HOST='env-file.test'\nSMTP_USER=shadowed\nSMTP_PASSWORD=\"a#b $HOME\"\nALONE\n"
        "ORACLE__SERVER__BURST=7\n")
    env = {"SMTP_USER": "environment"}
    from_env_file(path, env)
    settings = load(path, env)
    assert (settings.alerts.smtp_host, settings.alerts.smtp_user) == ("env-file.test", "environment")
    assert (settings.alerts.default_emails, settings.server.burst) == (("ops@a.test",), 7)
    assert settings.alerts.smtp_password.reveal(env) == "a#b $HOME"
    assert "ALONE" not in env


def test_without_such_a_file_nothing_is_said_and_one_that_can_not_be_read_is_named(file):
    path, env = file(""), {}
    from_env_file(path, env)
    assert env == {}
    (path.parent / ".env").write_bytes(b"A=\xff\xfe")
    with pytest.raises(Invalid, match=r"\.env: not UTF-8 text"):
        from_env_file(path, env)


# ---- the MT5 terminal


def test_the_seeds_names_for_the_terminal_are_understood_and_its_password_stays_where_it_is():
    mt5 = load(None, {"MT5_LOGIN": "77", "MT5_PASSWORD": "s3cret", "MT5_SERVER": "Demo", "MT5_PATH": "C:/terminal64.exe"}).mt5
    assert (mt5.login, mt5.password, mt5.server) == (77, Secret("env", "MT5_PASSWORD"), "Demo")
    assert str(mt5.path) == "C:/terminal64.exe"
    assert load(None, {"MT5_LOGIN": "77", "ORACLE__MT5__LOGIN": "78"}).mt5.login == 78
    assert problems(None, {"ORACLE__MT5__BRIDGE_URL": "ftp://a.test"}) == [("mt5.bridge_url", "url_parsing", "")]
    assert problems(None, {"ORACLE__MT5__BRIDGE_URL": "http://a.test/?key=1"}) == [("mt5.bridge_url", "url_parsing", "")]
