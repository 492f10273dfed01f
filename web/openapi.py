"""OpenAPI 3.1, derived from the route table and the attrs and msgspec classes it names; nothing is written twice."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable
from typing import Any

from oracle.moments import TIME
from web.errors import STATUS
from web.errors_v1 import CODES
from web.once import HEADER, ID, REPLAYED
from web.params import MOST_ITEMS, TEXT_LIMIT
from web.routes import WS, Auth, Family, Param, Route
from web.schemas import schemas

__all__ = ["describe", "query_of"]

_TYPES = {
    "str": {"type": "string"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
    "time": TIME | {"description": "ISO 8601, or an integer of UTC microseconds"},
    "until": TIME | {"description": "ISO 8601, or an integer of UTC microseconds; of a day alone, all of it counts"},
}
_REFUSAL = {
    400: "refused",
    401: "a token is needed",
    403: "not allowed",
    404: "not found",
    406: "none of what is accepted can be given",
    409: "conflict",
    413: "body too large",
    415: "body is not JSON",
    422: "input does not fit",
    426: "this is a WebSocket",
    429: "too many requests",
    431: "the head of the request is too large",
    500: "crashed",
    503: "a dependency is down, or too many clients are connected; see Retry-After",
    504: "no answer in time",
    505: "the client speaks HTTP/1.0",
}
_DETAIL = {
    "type": "object",
    "required": ["detail"],
    "properties": {
        "detail": {
            "anyOf": [
                {"type": "string"},
                {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["type", "loc", "msg"],
                        "properties": {
                            "type": {"type": "string"},
                            "loc": {"type": "array", "items": {"type": ["string", "integer"]}},
                            "msg": {"type": "string"},
                            "input": {},
                            "ctx": {"type": "object"},
                        },
                    },
                },
            ]
        }
    },
}
_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "details"],
            "properties": {
                "code": {"type": "string", "examples": sorted(STATUS)},
                "message": {"type": "string"},
                "details": {"type": ["object", "array"]},
            },
        }
    },
}
_V1 = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {
                "code": {"type": "string", "examples": sorted({"VALIDATION_ERROR", *CODES.values()})},
                "message": {"type": "string"},
                "details": {"type": ["object", "array"], "description": "of VALIDATION_ERROR: what is wrong, by field"},
                "retry_after": {"type": "integer", "description": "seconds, where asking again may help"},
            },
        }
    },
}
_LIMITS = {
    name: {"description": text, "schema": {"type": "integer"}}
    for name, text in (
        ("X-RateLimit-Limit", "requests of this client in an hour"),
        ("X-RateLimit-Remaining", "how many are left"),
        ("X-RateLimit-Reset", "when the hour is over, in seconds since 1970"),
    )
}
_COUNTED = {name: {"$ref": f"#/components/headers/{name}"} for name in _LIMITS}
_SHAPES = {Family.detail: "DetailError", Family.error: "NativeError", Family.v1: "V1Error"}

_ONCE = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "schema": {"type": "string", "pattern": f"^{ID}$"},
    "description": "The caller's own id for this command. Sent again within 24 hours (of the newest 10,000 ids), the command "
    f"is not carried out again: the answer is the same, with `{REPLAYED[0]}: {REPLAYED[1]}`. The same id with another "
    "method, path or body is refused (422, under /api/v1 400). 401, 403, 408, 413, 415, 429 and 5xx are not kept: send it again.",
}
_NEVER_STORED = f"\n\nThe answer holds a secret and is stored nowhere, so `{HEADER}` is refused (422)."


def describe(routes: Iterable[Route], version: str) -> dict[str, Any]:
    """The document. WebSocket routes appear as GET with status 101, since 3.1 has no word for them."""
    table = tuple(routes)
    shapes, components = _shapes(table)
    paths: dict[str, dict[str, Any]] = {}
    for route in table:
        path = route.path.replace("...}", "}")
        paths.setdefault(path, {})["get" if route.method == WS else route.method.lower()] = _operation(route, shapes)
    return {
        "openapi": "3.1.0",
        "info": {"title": "oracle", "version": version, "description": "Watches live things and acts on them."},
        "paths": paths,
        "components": {
            "headers": _LIMITS,
            "schemas": {**components, "DetailError": _DETAIL, "NativeError": _ERROR, "V1Error": _V1},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "a key made here, or a JWT (HS256)"},
                "key": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "the same, in a header of its own"},
                "ticket": {"type": "apiKey", "in": "query", "name": "ticket"},
            },
        },
    }


def _operation(route: Route, shapes: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    text = inspect.cleandoc(route.view.__doc__ or "") + (_NEVER_STORED if route.secret else "")
    operation: dict[str, Any] = {
        "operationId": _operation_id(route),
        "summary": route.summary.rstrip("."),
        "description": text,
        "tags": [route.tag],
        "parameters": [_path_param(name, route.segments.get(name)) for name in re.findall(r"\{(\w+)", route.path)]
        + [query_of(p) for p in route.params]
        + ([_ONCE] if route.unsafe and not route.secret else []),
        "responses": _responses(route, shapes),
    }
    if route.auth is Auth.token:
        operation["security"] = _security(route)
        operation["x-scope"] = str(route.scope)
    else:
        operation["security"] = []
    if route.body is not None:
        content = {"*/*": {}} if route.raw else {"application/json": {"schema": _body(route, shapes[route.body])}}
        operation["requestBody"] = {"required": not route.bodiless, "content": content}
    return operation


def _body(route: Route, shape: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [shape, {"type": "null"}]} if route.bodiless else shape


def _security(route: Route) -> list[dict[str, Any]]:
    """What is shown, one of them; the empty one is for whom the mode trusts without."""
    ticket: list[dict[str, Any]] = [{"ticket": []}] if route.method == WS or route.live else []
    return [{"bearer": []}, {"key": []}, *ticket, *([] if route.guarded else [{}])]


def _responses(route: Route, shapes: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    if route.method == WS:
        done: dict[str, Any] = {"101": {"description": "the connection is a WebSocket now"}}
    elif route.answer is None:
        done = {"200": {"description": "done"}}
    elif isinstance(route.answer, str):
        kinds = {kind: {"schema": {"type": "string"} if kind.startswith("text/") else {}} for kind in route.answer.split(", ")}
        done = {"200": {"description": "done", "content": kinds}}
    else:
        shape: dict[str, Any] = {"application/json": {"schema": shapes[route.answer]}, **{form: {} for form in route.forms}}
        done = {str(status): {"description": "done"} | ({"content": shape} if status != 204 else {})
                for status in (route.done, *route.also)}
    # A head that is too large is not read on, so nobody knows whose family it is.
    shapes_of = {code: "NativeError" if code == 431 else _SHAPES[route.family] for code in _refusals(route)}
    answers = done | {
        str(code): {"description": _REFUSAL[code],
                    "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}}
        for code, name in shapes_of.items()
    }  # fmt: skip
    if route.path.startswith("/api/v1/") and route.method != WS:
        answers = {code: {**answer, "headers": _COUNTED} if code != "431" else answer for code, answer in answers.items()}
    return answers


def _refusals(route: Route) -> list[int]:
    codes = set(route.refuses) | {429, 431, 503}  # 503 also says that too many are connected
    if route.auth is Auth.token:
        codes |= {401, 403}
    if route.method == WS:
        codes.add(426)
    if route.params or route.unsafe or any(f"{{{name}}}" in route.path for name in route.segments):
        codes.add(422)
    if route.body is not None:
        codes |= {413} if route.raw else {413, 415, 422}
    if route.family is Family.v1:
        codes = {400 if code == 422 else code for code in codes}
    return sorted(codes)


def query_of(param: Param) -> dict[str, Any]:
    """A query parameter as OpenAPI's Parameter Object."""
    schema: dict[str, Any] = dict(_TYPES[param.kind])
    text = param.kind == "str"
    low, high = (param.ge, param.le or TEXT_LIMIT) if text else (param.ge, param.le)
    for value, word in ((low, "minLength" if text else "minimum"), (high, "maxLength" if text else "maximum")):
        if value is not None:
            schema[word] = value
    if param.choices:
        schema["enum"] = list(param.choices)
    schema |= param.shape
    if param.many:
        # Items are told apart by commas, and blanks around them are none of theirs.
        each = schema if param.choices else {"pattern": r"^[^,\s]([^,]*[^,\s])?$", **schema}
        schema = {"type": "array", "items": each, "minItems": int(param.required), "maxItems": MOST_ITEMS}
    if param.default is not None:
        schema["default"] = param.default
    shape = {"name": param.name, "in": "query", "required": param.required, "schema": schema}
    return shape | ({"description": param.doc} if param.doc else {}) | ({"explode": False} if param.many else {})


def _path_param(name: str, pattern: str | None) -> dict[str, Any]:
    schema = {"type": "string", "minLength": 1} | ({"pattern": f"^(?:{pattern})$"} if pattern else {})
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _operation_id(route: Route) -> str:
    words = re.findall(r"\w+", route.path) or ["root"]
    return "_".join([route.method.lower(), *words])


def _shapes(routes: tuple[Route, ...]) -> tuple[dict[Any, dict[str, Any]], dict[str, Any]]:
    described = [kind for route in routes for kind in (route.body, route.answer) if _is_class(kind)]
    strict, lenient = (
        [route.body for route in routes if route.strict is wanted and _is_class(route.body)] for wanted in (True, False)
    )
    return schemas(described, strict, lenient)


def _is_class(kind: Any) -> bool:
    return kind is not None and kind is not bytes and not isinstance(kind, str)
