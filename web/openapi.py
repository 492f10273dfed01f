"""OpenAPI 3.1, derived from the route table and the attrs and msgspec classes it names; nothing is written twice."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable
from typing import Any

import msgspec

from web.errors import STATUS
from web.errors_v1 import CODES
from web.once import HEADER, ID, REPLAYED
from web.routes import WS, Auth, Family, Param, Route

__all__ = ["describe"]

_TYPES = {
    "str": {"type": "string"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
    "time": {"type": "string", "description": "ISO 8601, or an integer of UTC microseconds"},
    "until": {"type": "string", "description": "ISO 8601, or an integer of UTC microseconds; of a day alone, all of it counts"},
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
    429: "too many requests",
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
    schemas, components = _schemas(table)
    paths: dict[str, dict[str, Any]] = {}
    for route in table:
        path = route.path.replace("...}", "}")
        paths.setdefault(path, {})["get" if route.method == WS else route.method.lower()] = _operation(route, schemas)
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


def _operation(route: Route, schemas: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    text = inspect.cleandoc(route.view.__doc__ or "") + (_NEVER_STORED if route.secret else "")
    operation: dict[str, Any] = {
        "operationId": _operation_id(route),
        "summary": route.summary.rstrip("."),
        "description": text,
        "tags": [route.tag],
        "parameters": [_path_param(name) for name in re.findall(r"\{(\w+)", route.path)]
        + [_query(p) for p in route.params]
        + ([_ONCE] if route.unsafe and not route.secret else []),
        "responses": _responses(route, schemas),
    }
    if route.auth is Auth.token:
        operation["security"] = _security(route)
        operation["x-scope"] = str(route.scope)
    else:
        operation["security"] = []
    if route.body is not None:
        content = {"*/*": {}} if route.raw else {"application/json": {"schema": schemas[route.body]}}
        operation["requestBody"] = {"required": not route.bodiless, "content": content}
    return operation


def _security(route: Route) -> list[dict[str, Any]]:
    """What is shown, one of them; the empty one is for whom the mode trusts without."""
    ticket: list[dict[str, Any]] = [{"ticket": []}] if route.method == WS or route.live else []
    return [{"bearer": []}, {"key": []}, *ticket, *([] if route.guarded else [{}])]


def _responses(route: Route, schemas: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    if route.method == WS:
        done: dict[str, Any] = {"101": {"description": "the connection is a WebSocket now"}}
    elif route.answer is None:
        done = {"200": {"description": "done"}}
    elif isinstance(route.answer, str):
        done = {"200": {"description": "done", "content": {route.answer: {"schema": {"type": "string"}}}}}
    else:
        shape: dict[str, Any] = {"application/json": {"schema": schemas[route.answer]}, **{form: {} for form in route.forms}}
        done = {str(status): {"description": "done", "content": shape} for status in (route.done, *route.also)}
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{_SHAPES[route.family]}"}}}
    answers = done | {str(code): {"description": _REFUSAL[code], "content": content} for code in _refusals(route)}
    if route.path.startswith("/api/v1/") and route.method != WS:
        answers = {code: {**answer, "headers": _COUNTED} for code, answer in answers.items()}
    return answers


def _refusals(route: Route) -> list[int]:
    codes = set(route.refuses) | {429, 503}  # 503 also says that too many are connected
    if route.auth is Auth.token:
        codes |= {401, 403}
    if route.params or route.unsafe:
        codes.add(422)
    if route.body is not None:
        codes |= {413} if route.raw else {413, 415, 422}
    if route.family is Family.v1:
        codes = {400 if code == 422 else code for code in codes}
    return sorted(codes)


def _query(param: Param) -> dict[str, Any]:
    schema: dict[str, Any] = dict(_TYPES[param.kind])
    text = param.kind == "str"
    for value, word in ((param.ge, "minLength" if text else "minimum"), (param.le, "maxLength" if text else "maximum")):
        if value is not None:
            schema[word] = value
    if param.choices:
        schema["enum"] = list(param.choices)
    if param.many:
        schema = {"type": "array", "items": schema}
    if param.default is not None:
        schema["default"] = param.default
    shape = {"name": param.name, "in": "query", "required": param.required, "schema": schema}
    return shape | ({"description": param.doc} if param.doc else {}) | ({"explode": False} if param.many else {})


def _path_param(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _operation_id(route: Route) -> str:
    words = re.findall(r"\w+", route.path) or ["root"]
    return "_".join([route.method.lower(), *words])


def _schemas(routes: tuple[Route, ...]) -> tuple[dict[Any, dict[str, Any]], dict[str, Any]]:
    kinds = [
        kind
        for route in routes
        for kind in (route.body, route.answer)
        if kind is not None and kind is not bytes and not isinstance(kind, str)
    ]
    unique = list(dict.fromkeys(kinds))
    made, components = msgspec.json.schema_components(
        unique, ref_template="#/components/schemas/{name}", schema_hook=_plain
    )
    return dict(zip(unique, made, strict=True)), components


def _plain(kind: type) -> dict[str, Any]:
    # Types of the border that travel as text (Url, Secret, Listen).
    return {"type": "string"}
