"""The error bodies of /api/v1: the seed's shape for every "no"."""

import attrs
import pytest
from attrs.validators import ge, gt, in_, le

from actors import ActorCrashed, AskTimeout, MailboxFull, NobodyOwns, Refused
from oracle.border import structure
from oracle.problems import Invalid
from oracle.validators import between
from web.body import decode
from web.errors import STATUS, answer_invalid, answer_refusal, answer_status, invalid
from web.params import read_params
from web.routes import Family, Param, family_of


@attrs.frozen
class Configuration:
    rounds: int = attrs.field(default=10, validator=between(1, 100))
    clients_per_round: int = attrs.field(default=3, validator=gt(0))
    model: str = attrs.field(default="cnn", validator=in_(("cnn", "mlp")))


@attrs.frozen
class Wish:
    name: str
    configuration: Configuration = Configuration()


def told(cls, body, message=""):
    with pytest.raises(Invalid) as caught:
        structure(cls, body, extras="drop", path=("body",))
    return answer_invalid(caught.value, Family.v1, message)


def test_the_seed_s_example_is_answered_word_by_word():
    answer = told(Configuration, {"rounds": 101, "clients_per_round": 0}, "Invalid experiment configuration")
    assert answer.status == 400
    assert answer.body == {"error": {
        "code": "VALIDATION_ERROR",
        "message": "Invalid experiment configuration",
        "details": {"rounds": "Must be between 1 and 100", "clients_per_round": "Must be greater than 0"},
    }}  # fmt: skip


def test_a_field_is_named_by_its_path():
    error = told(Wish, {"configuration": {"rounds": "ten", "model": "cn"}}).body["error"]
    assert error["message"] == "Invalid request"
    assert error["details"] == {
        "name": "Field required", "configuration.rounds": "Must be a valid integer",
        "configuration.model": "Must be 'cnn' or 'mlp'; did you mean 'cnn'?",
    }  # fmt: skip


def test_two_problems_of_one_field_are_both_told():
    both = Invalid([*invalid("x", ["body", "a"], "Input should be x").problems, *invalid("y", ["body", "a"], "b").problems])
    assert answer_invalid(both, Family.v1).body["error"]["details"] == {"a": "Must be x; B"}


def test_parameters_and_bodies_that_are_no_json_have_their_place():
    with pytest.raises(Invalid) as caught:
        read_params((Param("limit", "int", ge=1),), {"limit": ["0"]})
    assert answer_invalid(caught.value, Family.v1).body["error"]["details"] == {"limit": "Must be greater than or equal to 1"}
    with pytest.raises(Invalid) as caught:
        decode(b'{"a":')
    details = answer_invalid(caught.value, Family.v1).body["error"]["details"]
    assert details == {"body": "Must be JSON: Input data was truncated at byte 5"}
    with pytest.raises(Invalid) as caught:
        structure(Wish, 3, path=("body",))
    assert set(answer_invalid(caught.value, Family.v1).body["error"]["details"]) == {"body"}


@pytest.mark.parametrize(("code", "status", "name"), [
    ("unauthorized", 401, "UNAUTHORIZED"), ("forbidden", 403, "FORBIDDEN"), ("not_found", 404, "NOT_FOUND"),
    ("illegal", 409, "CONFLICT"), ("exists", 409, "CONFLICT"), ("too_large", 413, "PAYLOAD_TOO_LARGE"),
    ("unsupported_media_type", 415, "UNSUPPORTED_MEDIA_TYPE"), ("internal", 500, "INTERNAL"),
    ("invalid", 400, "VALIDATION_ERROR"), ("of the domain", 400, "BAD_REQUEST"),
])  # fmt: skip
def test_a_no_has_its_code_and_what_there_is_to_say(code, status, name):
    answer = answer_refusal(Refused("no", code=code, details={"allowed": ["start"]}), Family.v1)
    assert answer.status == status
    assert answer.body == {"error": {"code": name, "message": "no", "details": {"allowed": ["start"]}}}


def test_what_is_unavailable_says_when_to_ask_again():
    no = Refused("FL Server is currently unavailable", code="unavailable", details={"retry_after_s": 30})
    answer = answer_refusal(no, Family.v1)
    assert (answer.status, answer.headers) == (503, (("Retry-After", "30"),))
    assert answer.body == {"error": {"code": "SERVICE_UNAVAILABLE", "message": "FL Server is currently unavailable",
                                     "retry_after": 30}}  # fmt: skip


@pytest.mark.parametrize("error", [AskTimeout("x", 1.0), MailboxFull("x"), NobodyOwns("x"), Refused("full", code="full")])
def test_parts_that_can_not_answer_are_a_service_that_is_unavailable(error):
    answer = answer_refusal(error, Family.v1)
    assert answer.status in (503, 504) and dict(answer.headers)["Retry-After"] == "2"
    assert (answer.body["error"]["code"], answer.body["error"]["retry_after"]) == ("SERVICE_UNAVAILABLE", 2)


def test_a_crash_is_internal_and_no_status_is_without_a_code():
    assert answer_refusal(ActorCrashed("x", ValueError()), Family.v1).body["error"]["code"] == "INTERNAL"
    for status in {*STATUS.values(), 405, 408, 411, 426, 431, 505} - {422}:
        code = answer_status(status, Family.v1).body["error"]["code"]
        assert code.isupper() and code != "ERROR", status


def test_a_wait_that_the_header_says_is_the_one_in_the_body():
    answer = answer_status(429, Family.v1, "too many requests", headers=(("Retry-After", "77"),))
    assert (answer.body["error"]["code"], answer.body["error"]["retry_after"]) == ("RATE_LIMITED", 77)


def test_the_family_is_known_by_the_path():
    paths = ("/api/v1", "/api/v1/nothing", "/ws/dashboard", "/api/v10", "/api/oracle/x", "/api/tasks")
    assert [family_of(path).name for path in paths] == ["v1", "v1", "v1", "detail", "error", "detail"]


@attrs.frozen
class Bounds:
    share: float = attrs.field(default=0.0, validator=between(0, 1))
    count: int = attrs.field(default=1, validator=[ge(1), le(9)])


def test_between_names_both_ends_and_takes_them():
    assert structure(Bounds, {"share": 1, "count": 9}).share == 1.0
    assert told(Bounds, {"share": 1.01}).body["error"]["details"] == {"share": "Must be between 0 and 1"}
