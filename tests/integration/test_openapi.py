"""The interface keeps its own description: what the document says, a real daemon does."""

import base64
import os
import re

import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from daemon.web.app import ROUTES
from daemon.web.tus_protocol import OFFSET_TYPE
from support.daemon import DaemonProcess

LOGIN = ("mara", "correct horse")
SIGNED_IN = {"Authorization": "Basic " + base64.b64encode(":".join(LOGIN).encode()).decode()}

STREAM = "/api/events/stream"
STREAMS = {STREAM, "/api/library/changes", "/api/watching/changes"}
DIALECT = "https://json-schema.org/draft/2020-12/schema"
EXAMPLES_COUNT = 100 if os.environ.get("HYPOTHESIS_PROFILE") == "thorough" else 7
WAIT_S_MAX = 0.01
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
ASKED = [
    (route.method, re.sub(r":\w+}", "}", route.path))
    for route in ROUTES
    if route.path not in STREAMS
]
TAKING = [
    (route.method, re.sub(r":\w+}", "}", route.path))
    for route in ROUTES
    if route.path not in STREAMS and (route.query or route.body)
]

schemathesis.serializer.alias(OFFSET_TYPE, "application/octet-stream")

SEARCH = settings(
    max_examples=EXAMPLES_COUNT,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
"""The same few questions each time: a search for surprises, not a game of chance."""


@pytest.fixture(scope="module")
def daemon(tmp_path_factory):
    """
    One daemon that is asked everything. Its user is configured, so that no user or token that some
    question makes or removes changes who may ask.
    """
    folder = tmp_path_factory.mktemp("openapi")
    environment = dict(zip(("BASIC_AUTH_USER", "BASIC_AUTH_PASS"), LOGIN, strict=True))
    options = {"auth": LOGIN}
    with DaemonProcess(folder / "data", environment=environment, client_options=options) as running:
        yield running


@pytest.fixture(scope="module")
def document(daemon):
    """The description as the daemon serves it."""
    answer = daemon.client.get("/api/openapi.json")
    assert "application/json" == answer.headers["content-type"]
    return answer.json()


@pytest.fixture(scope="module")
def api(daemon):
    """The description as schemathesis reads it, but that nobody may ask to be kept waiting."""
    described = schemathesis.openapi.from_url(f"{daemon.url}/api/openapi.json", headers=SIGNED_IN)
    for operations in described.raw_schema["paths"].values():
        for operation in operations.values():
            for parameter in operation["parameters"]:
                if parameter["name"] == "wait_s":
                    parameter["schema"]["maximum"] = WAIT_S_MAX
    return described


def check_answers(api, method, path, mode):
    """Asks what the document allows (or forbids), and compares each answer with the document."""
    cases = api[path][method.lower()].as_strategy(generation_mode=mode)

    @given(case=cases)
    @SEARCH
    def each(case):
        case.validate_response(case.call(headers=SIGNED_IN), checks=CHECKS)

    each()


def test_every_schema_is_a_json_schema(document):
    """Bodies, answers and parameters are described in JSON Schema 2020-12, as OpenAPI 3.1 asks."""
    shapes = list(document["components"]["schemas"].values())
    for operations in document["paths"].values():
        for operation in operations.values():
            shapes += [parameter["schema"] for parameter in operation["parameters"]]

    assert document["openapi"].startswith("3.1.")
    for shape in shapes:
        jsonschema_rs.meta.validate(shape | {"$schema": DIALECT})


def test_every_documented_operation_is_there(daemon, document):
    """No path of the document leads nowhere, and none lacks a sentence."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            with daemon.client.stream(method.upper(), path.replace("{name}", "x")) as answer:
                told = answer.headers.get("content-type", "")
                assert answer.status_code != 405, (method, path)
                assert (answer.status_code, told) != (404, "application/problem+json") or (
                    "404" in operation["responses"]
                )
            assert operation["summary"]
            assert operation["description"]


@pytest.mark.parametrize(("method", "path"), ASKED)
def test_what_is_allowed_is_answered_as_documented(api, method, path):
    """Any request the document allows gets a documented status, type and shape."""
    check_answers(api, method, path, GenerationMode.POSITIVE)


@pytest.mark.parametrize(("method", "path"), TAKING)
def test_what_is_not_allowed_is_answered_as_documented(api, method, path):
    """Any request the document forbids is refused in a documented way, and does no harm."""
    check_answers(api, method, path, GenerationMode.NEGATIVE)


def test_the_stream_is_described_as_it_answers(daemon, document):
    """Its type is told; each event has the documented shape of an event."""
    described = document["paths"][STREAM]["get"]["responses"]["200"]["content"]
    answer = daemon.client.head(STREAM)

    assert answer.headers["content-type"].split(";")[0] in described
