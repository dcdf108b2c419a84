"""Generate the OpenAPI 3.1 description from the endpoints and the wire shapes."""

from __future__ import annotations

import inspect
import re
from typing import Any

import msgspec

from hubgrade_ext.core.models import ErrorBody
from hubgrade_ext.handlers.endpoints import API, ENDPOINTS, Endpoint

JSON = "application/json"


def describe(version: str) -> dict[str, Any]:
    """Return the description as plain JSON data."""
    types = {t for e in ENDPOINTS for t in (e.answer, e.body) if t} | {ErrorBody}
    ordered = sorted(types, key=lambda t: t.__name__)
    _, components = msgspec.json.schema_components(ordered, ref_template="#/components/schemas/{name}")
    for schema in components.values():
        if "description" in schema:  # msgspec has left the indentation of docstrings in, before 0.23
            schema["description"] = inspect.cleandoc(schema["description"])
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in ENDPOINTS:
        paths.setdefault(API + endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint)
    return {
        "openapi": "3.1.0",
        "info": {"title": "hubgrade", "version": version},
        "paths": paths,
        "components": {"schemas": components},
    }


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    names = re.findall(r"{(\w+)}", endpoint.path)
    parameters = [_parameter(name, "path") for name in names]
    parameters += [_parameter(name, "query") for name in endpoint.query]
    operation: dict[str, Any] = {
        "operationId": endpoint.operation,
        "parameters": parameters,
        "responses": {
            str(endpoint.status): _content(endpoint.answer, "done"),
            "default": _content(ErrorBody, "what went wrong, and what to do"),
        },
    }
    if endpoint.body:
        operation["requestBody"] = {"required": True, **_content(endpoint.body, "")}
        del operation["requestBody"]["description"]
    return operation


def _parameter(name: str, where: str) -> dict[str, Any]:
    return {"name": name, "in": where, "required": where == "path", "schema": {"type": "string"}}


def _content(shape: type | None, description: str) -> dict[str, Any]:
    if shape is None:
        return {"description": description}
    schema = {"$ref": f"#/components/schemas/{shape.__name__}"}
    return {"description": description, "content": {JSON: {"schema": schema}}}
