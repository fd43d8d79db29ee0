"""What does the API look like to a program? An OpenAPI 3.1 document made from the routes themselves."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from gateway.api import handlers, shapes
from gateway.api.layer import PREFIX, ROUTES, Route
from gateway.refusals import CODES
from gateway.version import VERSION

REF = "#/components/schemas/{model}"


@cache
def document() -> dict[str, Any]:
    """The whole document."""
    handlers.load()
    models = [one for route in ROUTES for one in (route.answer, route.body) if one is not None]
    unique = list({id(model): model for model in [*models, shapes.Error, shapes.LiveEvent]}.values())
    inputs = [(index, _mode(model), TypeAdapter(model)) for index, model in enumerate(unique)]
    mapping, definitions = TypeAdapter.json_schemas(inputs, ref_template=REF)
    named = {id(model): mapping[index, mode] for (index, mode, _), model in zip(inputs, unique, strict=True)}
    paths: dict[str, dict[str, Any]] = {}
    for route in sorted(ROUTES, key=lambda route: route.path):
        paths.setdefault(PREFIX + route.path, {})[route.method.lower()] = _operation(route, named)
    schemas = dict(definitions.get("$defs", {}))
    schemas["Error"] = {**schemas.get("Error", {}), **_codes(schemas.get("Error", {}))}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Единое окно",
            "version": VERSION,
            "description": "One queue for every word a client says. Times are microseconds UTC, ids UUIDv7.",
            "license": {"name": "GPL-3.0-or-later", "identifier": "GPL-3.0-or-later"},
        },
        "servers": [{"url": "/"}],
        "security": [{"session": []}, {"token": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "session": {"type": "apiKey", "in": "cookie", "name": "__Host-inbox"},
                "token": {"type": "http", "scheme": "bearer"},
            },
        },
    }


def _mode(model: Any) -> JsonSchemaMode:
    """What we take is described as it must come, what we give as it goes out."""
    return "validation" if hasattr(model, "model_validate_json") else "serialization"


def _codes(schema: dict[str, Any]) -> dict[str, Any]:
    properties = {**schema.get("properties", {})}
    properties["code"] = {"type": "string", "enum": sorted(CODES)}
    return {"properties": properties}


def _operation(route: Route, named: dict[int, Any]) -> dict[str, Any]:
    error = {
        "description": "Refused",
        "content": {"application/json": {"schema": {"$ref": REF.format(model="Error")}}},
    }
    success: dict[str, Any] = {"description": "Done"}
    if route.answer is not None:
        success["content"] = {"application/json": {"schema": named[id(route.answer)]}}
    operation: dict[str, Any] = {
        "operationId": f"{route.handler.__module__.rpartition('.')[2]}_{route.handler.__name__}",
        "summary": route.summary,
        "responses": {str(route.status): success, "4XX": error, "5XX": error},
    }
    if route.public:
        operation["security"] = []
    parameters = _parameters(route)
    if parameters:
        operation["parameters"] = parameters
    if route.body is not None:
        content = {"application/json": {"schema": named[id(route.body)]}}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _parameters(route: Route) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in re.findall(r"{(\w+)}", route.path)
    ]
    if route.method != "GET":
        found.append({
            "name": "X-Inbox", "in": "header", "required": False, "schema": {"type": "string", "const": "1"},
            "description": "Required with a cookie session.",
        })  # fmt: skip
    if route.query is not None:
        schema = route.query.model_json_schema()
        for name, shape in schema.get("properties", {}).items():
            required = name in schema.get("required", [])
            found.append({"name": name, "in": "query", "required": required, "schema": shape})
    return found
