"""JSON Schema in words, and a small value that fits it."""

from __future__ import annotations

from html import escape
from typing import Any

__all__ = ["link", "marked", "sample", "told"]

DEEPEST = 4
_BOUNDS = {
    "minimum": "at least {}", "maximum": "at most {}", "exclusiveMinimum": "above {}", "exclusiveMaximum": "below {}",
    "minLength": "{} characters or more", "maxLength": "{} characters at most",
    "minItems": "{} or more", "maxItems": "{} at most", "pattern": "like <code>{}</code>", "default": "else <code>{}</code>",
}  # fmt: skip


def marked(text: str) -> str:
    """Text as HTML: what stands between backquotes is code, an empty line ends a paragraph."""
    pieces = escape(text).split("`")
    words = "".join(f"<code>{piece}</code>" if odd % 2 else piece for odd, piece in enumerate(pieces))
    return "<p>" + "</p><p>".join(part.strip() for part in words.split("\n\n") if part.strip()) + "</p>" if words.strip() else ""


def link(schema: dict[str, Any]) -> str:
    """The name of a shape, leading to its fields; empty where the schema has none."""
    name = schema.get("$ref", "").rpartition("/")[2]
    return f'<a href="#shape-{escape(name)}">{escape(name)}</a>' if name else ""


def told(schema: dict[str, Any]) -> str:
    """What a schema lets through, as HTML."""
    if name := link(schema):
        return name
    if options := schema.get("anyOf") or schema.get("oneOf"):
        return " or ".join(dict.fromkeys(told(one) for one in options if one.get("type") or one.get("$ref") or one.get("const")))
    if "enum" in schema:
        words = ", ".join(f"<code>{escape(str(one))}</code>" for one in schema["enum"])
        return words if len(schema["enum"]) == 1 else f"one of {words}"
    if "const" in schema:
        return f"<code>{escape(str(schema['const']))}</code>"
    kind = schema.get("type", "anything")
    kind = " or ".join(kind) if isinstance(kind, list) else str(kind)
    if isinstance(schema.get("items"), dict) and schema["items"]:
        kind = f"list of {told(schema['items'])}"
    elif isinstance(schema.get("additionalProperties"), dict) and schema["additionalProperties"]:
        kind = f"object of {told(schema['additionalProperties'])}"
    elif schema.get("format"):
        kind = f"{kind} ({escape(schema['format'])})"
    bounds = [said.format(escape(str(schema[name]))) for name, said in _BOUNDS.items() if schema.get(name) not in (None, "", [])]
    return ", ".join([kind, *bounds])


def sample(schema: dict[str, Any], shapes: dict[str, Any], depth: int = 0) -> Any:
    """A value with what must be there: a beginning for who writes one."""
    if "$ref" in schema:
        schema = shapes[schema["$ref"].rpartition("/")[2]]
    for word in ("const", "default"):
        if word in schema:
            return schema[word]
    if "enum" in schema:
        return schema["enum"][0]
    options = schema.get("oneOf") or schema.get("anyOf") or [{}]
    if options != [{}] and "properties" not in schema:
        return sample(options[0], shapes, depth)
    match schema.get("type"):
        case "object" if depth < DEEPEST:
            wanted = (*schema.get("required", ()), *options[0].get("required", ()))
            fields = {**schema.get("properties", {}), **options[0].get("properties", {})}
            return {name: sample(fields[name], shapes, depth + 1) for name in wanted if name in fields}
        case "array":
            return [sample(schema["items"], shapes, depth + 1)] if schema.get("minItems") and depth < DEEPEST else []
        case "number" | "integer":
            return schema.get("minimum", 1)
        case "boolean":
            return False
        case "string":
            return "2026-01-01T00:00:00Z" if schema.get("format") == "date-time" else "..."
    return {} if schema.get("type") == "object" else None
