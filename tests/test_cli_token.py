"""`oracle token` where no server runs; with one it is run from the README."""

import json

import pytest
import trio

from actors import Refused
from oracle.problems import Invalid
from oracle.settings import Auth, Data, Settings
from web.commands.token import Here, token_create, token_list, token_revoke
from web.failures import FolderTaken
from web.presence import claim
from web.routes import Scope
from web.tokens import Tokens


@pytest.fixture
def here(tmp_path):
    return Here(Settings(auth=Auth(), data=Data(folder=tmp_path / "data")))


def wish(**more):
    return {"scope": "operate", "ttl": "30d", "name": "ci", "jwt": False, **more}


def said(capsys, command, *args, **options):
    trio.run(lambda: command(*args, **options))
    return capsys.readouterr()


def test_what_is_printed_is_the_token_and_nothing_else(here, capsys):
    told = said(capsys, token_create, here, wish(), as_json=False)
    secret = told.out.strip()
    assert told.out == f"{secret}\n" and told.err.startswith("ci: scope operate, until 20")
    (kept,) = Tokens(here.settings.data.folder).listed(0)
    assert Tokens(here.settings.data.folder).who(secret, kept.created_us).scope is Scope.operate
    listed = said(capsys, token_list, here, as_json=False).out
    assert "operate  active" in listed and secret not in listed
    assert "ci is revoked" in said(capsys, token_revoke, here, "ci").out
    assert json.loads(said(capsys, token_list, here, as_json=True).out) == {"tokens": []}
    with pytest.raises(Refused, match="no token 'ci'"):
        trio.run(here.revoke, "ci")


def test_a_jwt_stays_listed_when_it_is_revoked(here, capsys):
    made = json.loads(said(capsys, token_create, here, wish(jwt=True), as_json=True).out)
    said(capsys, token_revoke, here, made["id"])
    (one,) = json.loads(said(capsys, token_list, here, as_json=True).out)["tokens"]
    assert (one["status"], one["subject"], one["kind"]) == ("revoked", "ci", "jwt")


def test_a_bad_wish_leaves_no_folder_and_a_folder_in_use_is_left_alone(here):
    with pytest.raises(Invalid, match="ttl"):
        trio.run(here.create, wish(ttl="soon"))
    folder = here.settings.data.folder
    assert not folder.exists()
    with claim(folder), pytest.raises(FolderTaken):
        trio.run(here.create, wish())
    assert not (folder / "tokens.json").exists()
