"""Which JWTs are believed: those signed as we say, for us, now, that grant something; each other kind is refused."""

import base64
import json
import stat

import jwt
import pytest
from running import open_house

from actors import Refused
from oracle.problems import Invalid
from oracle.secret import Secret
from oracle.settings import Auth, Data, Scheduler, Settings
from web.auth import Doorman
from web.failures import CannotStart
from web.jwts import Jwts, looks_like_one
from web.minting import TokenWish, make
from web.routes import Auth as Rule
from web.routes import Identity, Route, Scope
from web.tokens import Tokens

T0_US = 1_700_000_000_000_000
T0_S = T0_US // 1_000_000
SECRET = "a secret that is shared with whoever makes tokens"
GOOD = {"sub": "alice", "aud": "oracle", "exp": T0_S + 60, "scope": "operate", "jti": "j1"}
EXPERIMENTS = Route("POST", "/api/v1/experiments", lambda call: call, Rule.token, Scope.operate)


@pytest.fixture
def jwts(tmp_path, monkeypatch):
    monkeypatch.setenv("TEST_JWT", SECRET)
    return Jwts(tmp_path, Auth(jwt_secret=Secret("env", "TEST_JWT")))


def signed(claims=(), *, key=SECRET, algorithm="HS256", without=(), **more):
    body = {**GOOD, **dict(claims), **more}
    return jwt.encode({name: value for name, value in body.items() if name not in without}, key, algorithm=algorithm)


def part(value) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_a_good_one_says_who_comes_and_what_they_may(jwts):
    who = jwts.read(signed(), T0_US)
    assert who == Identity("alice", Scope.operate)
    assert (who.token, who.subject, who.expires_us) == ("j1", "alice", T0_US + 60_000_000)
    assert jwts.read(signed(aud=["x", "oracle"], scope="other read admin"), T0_US).scope is Scope.admin
    assert jwts.read(signed(exp=T0_S + 0.5, nbf=T0_S, without=["jti"]), T0_US).token == ""


@pytest.mark.parametrize(("text", "why"), [
    (signed(exp=T0_S), "has expired"),
    (signed(exp=T0_S - 1), "has expired"),
    (signed(nbf=T0_S + 1), "not valid yet"),
    (signed(aud="somebody"), "is not for 'oracle'"),
    (signed(aud=["a", "b"]), "is not for 'oracle'"),
    (signed(without=["aud"]), "has no aud"),
    (signed(without=["exp"]), "has no exp"),
    (signed(without=["sub"]), "has no sub"),
    (signed(exp=None), "has no exp"),
    (signed(key="another secret of the right length, at least"), "signed by somebody else"),
    (signed(key=SECRET * 2, algorithm="HS512"), "signed with HS256"),
    (signed(key=SECRET * 2, algorithm="HS384"), "signed with HS256"),
    (signed(key="", algorithm="none"), "signed with HS256"),
    (f"{part({'alg': 'none', 'typ': 'JWT'})}.{part(GOOD)}.", "signed with HS256"),
    (f"{part({'alg': 'None'})}.{part(GOOD)}.", "signed with HS256"),
    (f"{part({'alg': 'RS256'})}.{part(GOOD)}.{signed().split('.')[2]}", "signed with HS256"),
    (f"{part({'typ': 'JWT'})}.{part(GOOD)}.{signed().split('.')[2]}", "damaged|signed"),
    (".".join((signed().split(".")[0], part({**GOOD, "scope": "admin"}), signed().split(".")[2])), "signed by somebody else"),
    (signed()[:-2], "damaged"),
    (f"{signed()}x", "damaged"),
    ("..", "damaged"), ("a.b.c", "damaged"), ("\ud800.b.c", "damaged"), ("é.é.é", "damaged"),
    (signed(exp=True), "exp has to be a number"),
    (signed(exp=float("inf")), "exp has to be a number"),
    (signed(exp=float("nan")), "exp has to be a number"),
    (signed(exp="never"), "exp has to be a number"),
    (signed(exp=10**30), "exp has to be a number"),
    (signed(nbf="now"), "nbf has to be a number"),
    (signed(sub=""), "sub has to be"),
    (signed(sub="x" * 129), "sub has to be"),
    (signed(sub="a\nb"), "sub has to be"),
    (signed(jti=["x"]), "jti has to be"),
    (signed(sub="x" * 4_000), "characters"),
])  # fmt: skip
def test_every_other_one_is_refused_and_told_why(jwts, text, why):
    with pytest.raises(Refused, match=why) as caught:
        jwts.read(text, T0_US)
    assert caught.value.code == "unauthorized"


@pytest.mark.parametrize("scope", ["", "root", "Admin", "read,admin", None, ["admin"], 1])
def test_one_that_grants_nothing_is_forbidden(jwts, scope):
    with pytest.raises(Refused, match="grants nothing") as caught:
        jwts.read(signed(scope=scope), T0_US)
    assert caught.value.code == "forbidden"


def test_a_secret_that_is_too_short_is_refused_unseen(tmp_path, monkeypatch):
    monkeypatch.setenv("TEST_JWT", "hunter2")
    with pytest.raises(Invalid, match=r"auth\.jwt_secret: a secret of at least 32 bytes .*env:TEST_JWT") as caught:
        Jwts(tmp_path, Auth(jwt_secret=Secret("env", "TEST_JWT")))
    assert "hunter2" not in str(caught.value)


async def test_a_secret_of_our_own_is_made_for_the_first_and_is_the_owner_s_alone(tmp_path):
    jwts = Jwts(tmp_path, Auth())
    with pytest.raises(Refused, match="no JWT was made here"):
        jwts.read(signed(), T0_US)
    assert not (tmp_path / "jwt.secret").exists()
    text = await jwts.sign("j1", "alice", Scope.read, T0_US, 60)
    assert stat.S_IMODE((tmp_path / "jwt.secret").stat().st_mode) == 0o600
    assert Jwts(tmp_path, Auth()).read(text, T0_US) == Identity("alice", Scope.read)
    assert jwts.read(text, T0_US + 59_999_999)
    with pytest.raises(Refused, match="has expired"):
        jwts.read(text, T0_US + 60_000_000)
    with pytest.raises(Refused, match="is not for 'other'"):
        Jwts(tmp_path, Auth(jwt_audience="other")).read(text, T0_US)


async def test_where_it_is_not_known_what_was_revoked_the_old_ones_mean_nothing(tmp_path):
    tokens = Tokens(tmp_path)
    made = await make(tokens, Jwts(tmp_path, Auth(), known=tokens.begun), TokenWish(Scope.read, jwt=True), T0_US)
    (tmp_path / "tokens.json").unlink()
    tokens = Tokens(tmp_path)
    jwts = Jwts(tmp_path, Auth(), known=tokens.begun)
    with pytest.raises(Refused):
        jwts.read(made.token, T0_US)
    await jwts.sign("j2", "bob", Scope.read, T0_US, 60)
    with pytest.raises(Refused, match="somebody else"):
        jwts.read(made.token, T0_US)


def test_a_secret_that_can_not_be_read_stops_the_start(tmp_path):
    (tmp_path / "jwt.secret").mkdir()
    with pytest.raises(CannotStart, match=r"jwt\.secret can't be read"):
        Jwts(tmp_path, Auth())


def test_no_key_of_ours_is_taken_for_one():
    assert looks_like_one("a.b.c") and not looks_like_one("tl8Dll93j3uZkJScFT05QoySymS_yqebkGvRo3b48iY")


async def test_routes_ask_for_the_scope_and_the_hour_that_a_jwt_grants(tmp_path, monkeypatch):
    monkeypatch.setenv("TEST_JWT", SECRET)
    now_s = T0_S
    settings = Auth(mode="local", jwt_secret=Secret("env", "TEST_JWT"))
    doorman = Doorman("local", Tokens(tmp_path), lambda: now_s * 1_000_000, jwts=Jwts(tmp_path, settings))

    def asked(text):
        return doorman.admit(EXPERIMENTS, headers={"authorization": f"Bearer {text}"}, peer="127.0.0.1")

    assert asked(signed()).name == "alice"
    with pytest.raises(Refused, match="scope operate is needed, this token has read") as caught:
        asked(signed(scope="read"))
    assert caught.value.code == "forbidden"
    now_s += 60
    with pytest.raises(Refused, match="has expired"):
        asked(signed())


async def test_over_http_what_is_wrong_is_said_and_the_token_is_not(tmp_path, monkeypatch):
    monkeypatch.setenv("TEST_JWT", SECRET)
    settings = Settings(auth=Auth("token", jwt_secret=Secret("env", "TEST_JWT")), data=Data(folder=tmp_path),
                        scheduler=Scheduler(enabled=False))  # fmt: skip
    async with open_house(tmp_path, settings=settings) as house:
        now_s = house.system.runtime.now_us() // 1_000_000
        for text, status in (
            (signed(exp=now_s + 60, scope="admin"), 200), (signed(exp=now_s + 60, scope="read"), 403),
            (signed(exp=now_s + 60, scope="x"), 403), (signed(exp=now_s), 401), 
            (signed(exp=now_s + 60, key=SECRET * 2, algorithm="HS512"), 401),
        ):  # fmt: skip
            for header in ({"authorization": f"Bearer {text}"}, {"x-api-key": text}):
                reply = await house.get("/api/oracle/tokens", headers=header)
                assert reply.status == status, reply.body
                assert text not in reply.body.decode()
