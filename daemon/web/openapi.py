"""
The OpenAPI 3.1 document, made from the route table and the structs it names: it cannot say what the
code does not do.
"""

import re
from collections.abc import Iterable
from typing import Any

import msgspec

from daemon import __version__
from daemon.web.endpoint import Endpoint
from daemon.web.problems import PROBLEM_TYPE, Problem

REFERENCE = "#/components/schemas/{name}"

REASONS = {
    400: "The request cannot be read.",
    401: "A credential is needed.",
    403: "The credential does not allow this, or the request comes from a foreign page.",
    404: "There is no such thing.",
    408: "The body did not arrive in time.",
    409: "It contradicts what is recorded.",
    413: "The body is too large.",
    421: "The daemon does not answer to the host name of the request.",
    422: "The request does not have the documented shape.",
    503: "Too much is waiting, or the disk refuses; try again after Retry-After seconds.",
}

_PATH_PARAMETER = re.compile(r"{(\w+)(?::\w+)?}")


def document(endpoints: Iterable[Endpoint]) -> dict[str, Any]:
    """The whole document."""
    listed = list(endpoints)
    types = _types(listed)
    schemas, components = msgspec.json.schema_components(types, ref_template=REFERENCE)
    schema_of = dict(zip(map(repr, types), schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in listed:
        path = _PATH_PARAMETER.sub(r"{\1}", endpoint.path)
        paths.setdefault(path, {})[endpoint.method.lower()] = _operation(endpoint, schema_of)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Playhead",
            "version": __version__,
            "description": "Remembers where you are in everything you watch.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "basic": {"type": "http", "scheme": "basic"},
                "bearer": {"type": "http", "scheme": "bearer"},
                "secret": {"type": "apiKey", "in": "header", "name": "X-Playhead-Secret"},
            },
        },
        "security": [{}, {"basic": []}, {"bearer": []}],
    }


def _types(endpoints: list[Endpoint]) -> list[Any]:
    types: list[Any] = [Problem]
    for endpoint in endpoints:
        named = (endpoint.body, endpoint.answer, *endpoint.plain.values())
        types += [kind for kind in named if kind not in {None, str}]
    return list({repr(kind): kind for kind in types}.values())


def _operation(endpoint: Endpoint, schema_of: dict[str, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": endpoint.summary,
        "description": endpoint.handler.__doc__ or endpoint.summary,
        "operationId": endpoint.handler.__name__,
        "tags": [endpoint.tag],
        "parameters": [*_path_parameters(endpoint), *_query_parameters(endpoint)],
        "responses": _responses(endpoint, schema_of),
    }
    if endpoint.scope is None:
        operation["security"] = [{}]
    if endpoint.scope == "webhook":
        operation["security"] = [{}, {"basic": []}, {"bearer": []}, {"secret": []}]
    if endpoint.body is not None:
        content = {"application/json": {"schema": schema_of[repr(endpoint.body)]}}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _path_parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in _PATH_PARAMETER.findall(endpoint.path)
    ]


def _query_parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    if endpoint.query is None:
        return []
    (_,), components = msgspec.json.schema_components([endpoint.query], ref_template=REFERENCE)
    schema = components[endpoint.query.__name__]
    required = schema.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": _given(shape)}
        for name, shape in schema["properties"].items()
    ]


def _given(shape: dict[str, Any]) -> dict[str, Any]:
    """The shape of a parameter that is given: null is said by leaving it out."""
    choices = [choice for choice in shape.get("anyOf", []) if choice != {"type": "null"}]
    return choices[0] if len(choices) == 1 else shape


def _responses(endpoint: Endpoint, schema_of: dict[str, Any]) -> dict[str, Any]:
    content: dict[str, Any] = {"schema": {"type": "string"}}
    if endpoint.answer is not None:
        content = {"schema": schema_of[repr(endpoint.answer)]}
    responses: dict[str, Any] = {
        "200": {"description": endpoint.summary, "content": {endpoint.answer_type: content}}
    }
    general = (421, 503) if endpoint.scope is None else (401, 403, 421, 503)
    for status in sorted({*endpoint.statuses, *endpoint.plain, *general}):
        refusal = _refusal(endpoint.plain.get(status), schema_of)
        responses[str(status)] = {"description": REASONS[status], "content": refusal}
    return responses


def _refusal(plain: Any, schema_of: dict[str, Any]) -> dict[str, Any]:
    if plain is str:
        return {"text/plain": {"schema": {"type": "string"}}}
    if plain is not None:
        return {"application/json": {"schema": schema_of[repr(plain)]}}
    return {PROBLEM_TYPE: {"schema": schema_of[repr(Problem)]}}
