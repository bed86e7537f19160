"""
The double against the published descriptions of the API, where those are at hand.

They lie beside the checkout and are not part of it. Requests and answers of the journal and socket
messages are compared with the description of the version: path and method, parameter names and
types, bodies. Routes that the description hides, or that its subset leaves out, are not judged.
"""

from __future__ import annotations

import functools
import json
import re
from dataclasses import dataclass
from typing import Any

import jsonschema_rs

from support import checkout
from support.jellyfin.journal import Exchange
from support.jellyfin.server import Server
from support.jellyfin.wire import dumps, without_nulls

FOLDER = checkout.ROOT.parent / "shared" / "data" / "openapi"
ABSENT = "the descriptions of the API (../shared/data/openapi) are not beside this checkout"

OUTSIDE_SUBSET = frozenset(
    {
        "/Auth/Keys/{key}",
        "/Plugins",
        "/Plugins/{pluginId}/Configuration",
        "/Sessions/{sessionId}/User/{userId}",
        "/System/Configuration",
        "/UserViews",
        "/Users/Configuration",
        "/Users/Password",
    }
)
KEYS_IN_QUERY = frozenset({"apikey", "api_key"})
BAD_REQUEST = 400

Json = dict[str, Any]

_GUID = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def available() -> bool:
    """Whether there is anything to compare with."""
    return FOLDER.is_dir()


def violations(server: Server, ignored_parameters: frozenset[str] = frozenset()) -> list[str]:
    """What in the server's journal and socket messages contradicts the description."""
    if not available():
        return []
    spec = load(server.state.version.number)
    found = [
        f"{exchange.method} {exchange.path}: {problem}"
        for exchange in server.journal.of()
        for problem in spec.exchange_problems(exchange, ignored_parameters)
    ]
    offset = server.state.offset_minutes
    for message in server.state.sockets.sent:
        plain = json.loads(dumps(without_nulls(message), offset))
        found += [f"{plain['MessageType']}: {text}" for text in spec.message_problems(plain)]
    return found


@functools.cache
def load(number: str) -> Spec:
    """The description of one version."""
    document = json.loads((FOLDER / f"jellyfin-subset-{number}.json").read_text(encoding="utf-8"))
    return Spec(document)


@dataclass(frozen=True)
class Operation:
    """One method of one path."""

    template: str
    description: Json

    def parameters(self, place: str) -> dict[str, Json]:
        """The schemas by lower-case name."""
        listed = self.description.get("parameters", [])
        return {entry["name"].lower(): entry["schema"] for entry in listed if entry["in"] == place}


class Spec:
    """A description of the API, ready to judge."""

    def __init__(self, document: Json) -> None:
        self._schemas = {
            name: _nullable(schema) for name, schema in document["components"]["schemas"].items()
        }
        self._operations = [
            (method.upper(), _pattern(template), Operation(template, description))
            for template, methods in document["paths"].items()
            for method, description in methods.items()
            if method in {"get", "post", "delete"}
        ]
        self._validators: dict[str, Any] = {}

    def exchange_problems(self, exchange: Exchange, ignored: frozenset[str]) -> list[str]:
        """What is wrong with one request and its answer."""
        if exchange.template is None or exchange.legacy or exchange.template in OUTSIDE_SUBSET:
            return []
        operation = self._find(exchange.method, exchange.path)
        if operation is None:
            return ["no such operation"]
        problems = self._parameter_problems(operation, exchange, ignored)
        if exchange.status < BAD_REQUEST:
            problems += self._request_problems(operation, exchange)
            problems += self._answer_problems(operation, exchange)
        return problems

    def message_problems(self, message: Json) -> list[str]:
        """What is wrong with one socket message."""
        kind = str(message["MessageType"])
        name = "OutboundKeepAliveMessage" if kind == "KeepAlive" else f"{kind}Message"
        if name not in self._schemas:
            return ["no such message"]
        return self._problems({"$ref": f"#/components/schemas/{name}"}, message)

    def templates(self) -> set[tuple[str, str]]:
        """Every method and path described."""
        return {(method, operation.template) for method, _, operation in self._operations}

    def _find(self, method: str, path: str) -> Operation | None:
        found = [
            operation
            for known, pattern, operation in self._operations
            if known == method and pattern.fullmatch(path.rstrip("/"))
        ]
        return min(found, key=lambda operation: operation.template.count("{"), default=None)

    def _parameter_problems(
        self, operation: Operation, exchange: Exchange, ignored: frozenset[str]
    ) -> list[str]:
        known = operation.parameters("query")
        problems = []
        for name, text in exchange.query:
            if name.lower() in KEYS_IN_QUERY or name in ignored or exchange.status == BAD_REQUEST:
                continue
            schema = known.get(name.lower())
            if schema is None:
                problems.append(f"unknown query parameter {name}")
                continue
            value = _typed(text, schema)
            problems += [f"{name}: {problem}" for problem in self._problems(schema, value)]
        return problems

    def _request_problems(self, operation: Operation, exchange: Exchange) -> list[str]:
        content = operation.description.get("requestBody", {}).get("content", {})
        schema = content.get("application/json", {}).get("schema")
        if schema is None or exchange.body is None:
            return []
        return [
            f"body: {problem}"
            for problem in self._problems(schema, self._named(schema, exchange.body))
        ]

    def _answer_problems(self, operation: Operation, exchange: Exchange) -> list[str]:
        responses = operation.description["responses"]
        if exchange.status == 0:
            return []
        if str(exchange.status) not in responses:
            return [f"status {exchange.status} is not described"]
        content = responses[str(exchange.status)].get("content", {})
        schema = content.get("application/json", {}).get("schema")
        if schema is None:
            return [] if exchange.answer is None else ["an answer where none is described"]
        return [f"answer: {problem}" for problem in self._problems(schema, exchange.answer)]

    def _named(self, schema: Json, body: Any) -> Any:
        """The body with its properties spelled as described; the server does not mind case."""
        reference = schema.get("$ref") or schema.get("allOf", [{}])[0].get("$ref", "")
        properties = self._schemas.get(reference.rpartition("/")[2], {}).get("properties", {})
        spelled = {name.lower(): name for name in properties}
        if not isinstance(body, dict):
            return body
        return {spelled.get(name.lower(), name): value for name, value in body.items()}

    def _problems(self, schema: Json, value: Any) -> list[str]:
        key = json.dumps(schema, sort_keys=True)
        if key not in self._validators:
            root = _nullable(schema) | {"components": {"schemas": self._schemas}}
            self._validators[key] = jsonschema_rs.Draft202012Validator(
                root, validate_formats=True, formats={"uuid": _is_guid}
            )
        return [
            f"{'/'.join(map(str, error.instance_path))}: {error.message[:200]}"
            for error in self._validators[key].iter_errors(value)
        ]


def _nullable(schema: Any) -> Any:
    """OpenAPI 3.0's `nullable` as JSON Schema says it."""
    if isinstance(schema, list):
        return [_nullable(member) for member in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {key: _nullable(value) for key, value in schema.items() if key != "nullable"}
    if schema.get("nullable") is True:
        return {"anyOf": [plain, {"type": "null"}]}
    return plain


def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"\{\w+\}", template)
    return re.compile("[^/]+".join(re.escape(part) for part in parts), re.IGNORECASE)


def _typed(text: str, schema: Json) -> Any:
    """A query value as its schema would have it in JSON."""
    if schema.get("type") == "array":
        return [_typed(word, schema.get("items", {})) for word in text.split(",") if word]
    try:
        return json.loads(text.lower()) if schema.get("type") in {"boolean", "integer"} else text
    except ValueError:
        return text


def _is_guid(text: str) -> bool:
    return bool(_GUID.fullmatch(text))
