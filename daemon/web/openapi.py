"""
The OpenAPI 3.1 document, made from the route table and the structs it names: it cannot say what the
code does not do.
"""

import re
from collections.abc import Iterable
from types import UnionType
from typing import Any, get_args

import msgspec

from daemon import __version__
from daemon.web.endpoint import Endpoint
from daemon.web.problems import PROBLEM_TYPE, Problem

REFERENCE = "#/components/schemas/{name}"

REASONS = {
    200: "How things are.",
    201: "It was made.",
    206: "Some of it.",
    304: "It is still what the client has.",
    400: "The request cannot be read.",
    401: "A credential is needed.",
    403: "The credential does not allow this, or the request comes from a foreign page.",
    404: "There is no such thing.",
    408: "The body did not arrive in time.",
    409: "It contradicts what is recorded.",
    410: "It is no more.",
    412: "A condition that the request states does not hold.",
    413: "The body is too large.",
    415: "The body is of another type than this takes.",
    416: "None of the bytes that were asked for exist.",
    421: "The daemon does not answer to the host name of the request.",
    422: "The request does not have the documented shape.",
    423: "Another request is busy with it.",
    460: "The body is not what its checksum says.",
    500: "A program that was to do this failed.",
    503: "Too much is waiting, or the disk refuses; try again after Retry-After seconds.",
    507: "There is no room on the disk.",
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
        bodies, answers = endpoint.bodies.values(), endpoint.plain.values()
        named = (endpoint.body, *bodies, *_choices(endpoint.answer), *answers)
        types += [kind for kind in named if kind not in {None, str, bytes}]
    return list({repr(kind): kind for kind in types}.values())


def _operation(endpoint: Endpoint, schema_of: dict[str, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": endpoint.summary,
        "description": endpoint.handler.__doc__ or endpoint.summary,
        "operationId": endpoint.handler.__name__,
        "tags": [endpoint.tag],
        "parameters": [
            *_path_parameters(endpoint),
            *_given_parameters(endpoint.query, "query"),
            *_given_parameters(endpoint.headers, "header"),
        ],
        "responses": _responses(endpoint, schema_of),
    }
    if endpoint.scope is None:
        operation["security"] = [{}]
    if endpoint.scope == "webhook":
        operation["security"] = [{}, {"basic": []}, {"bearer": []}, {"secret": []}]
    bodies = dict(endpoint.bodies)
    if endpoint.body is not None:
        bodies["application/json"] = endpoint.body
    if bodies:
        content = {type_: _content(kind, schema_of) for type_, kind in bodies.items()}
        required = not endpoint.is_body_optional
        operation["requestBody"] = {"required": required, "content": content}
    return operation


def _path_parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in _PATH_PARAMETER.findall(endpoint.path)
    ]


def _given_parameters(kind: type[msgspec.Struct] | None, where: str) -> list[dict[str, Any]]:
    if kind is None:
        return []
    (_,), components = msgspec.json.schema_components([kind], ref_template=REFERENCE)
    schema = components[kind.__name__]
    required = schema.get("required", [])
    return [
        {"name": name, "in": where, "required": name in required, "schema": _given(shape)}
        for name, shape in schema["properties"].items()
    ]


def _given(shape: dict[str, Any]) -> dict[str, Any]:
    """The shape of a parameter that is given: null is said by leaving it out."""
    choices = [choice for choice in shape.get("anyOf", []) if choice != {"type": "null"}]
    return choices[0] if len(choices) == 1 else shape


def _content(kind: Any, schema_of: dict[str, Any]) -> dict[str, Any]:
    """The schema of a body; bytes have none."""
    if kind is bytes:
        return {}
    schemas = [schema_of[repr(each)] for each in _choices(kind)]
    return {"schema": schemas[0] if len(schemas) == 1 else {"anyOf": schemas}}


def _choices(kind: Any) -> tuple[Any, ...]:
    """The structs that an answer may be one of; the library knows no such choice."""
    return get_args(kind) if isinstance(kind, UnionType) else (kind,)


def _responses(endpoint: Endpoint, schema_of: dict[str, Any]) -> dict[str, Any]:
    content: dict[str, Any] = {"schema": {"type": "string"}}
    if endpoint.answer is not None:
        content = _content(endpoint.answer, schema_of)
    success: dict[str, Any] = {"description": endpoint.summary}
    if endpoint.answer_type:
        success["content"] = {endpoint.answer_type: content}
    responses = {str(endpoint.status): success}
    general = (421, 503) if endpoint.scope is None else (401, 403, 421, 503)
    for status in sorted({*endpoint.statuses, *endpoint.plain, *general}):
        kind = endpoint.plain.get(status, Problem)
        responses[str(status)] = {"description": REASONS[status], **_other(kind, schema_of)}
    return responses


def _other(kind: Any, schema_of: dict[str, Any]) -> dict[str, Any]:
    """What comes with a status that is not the one of success."""
    if kind is None:
        return {}
    if kind is Problem:
        return {"content": {PROBLEM_TYPE: {"schema": schema_of[repr(Problem)]}}}
    if kind is str:
        return {"content": {"text/plain": {"schema": {"type": "string"}}}}
    type_ = "*/*" if kind is bytes else "application/json"
    return {"content": {type_: _content(kind, schema_of)}}
