"""The OpenAPI document: complete, and without loose ends."""

import json

import pytest

from daemon.web.app import ROUTES
from daemon.web.openapi import document


@pytest.fixture(scope="module")
def described():
    """The document as a client receives it."""
    return json.loads(json.dumps(document(ROUTES)))


def nodes(value):
    """Every object inside a document."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value:
        if isinstance(inner, dict | list):
            yield from nodes(inner)


def operations(described):
    """Every operation, with its path and method."""
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def test_every_route_is_described(described):
    """A route cannot be added without appearing here, under a path without its converter."""
    expected = {(r.path.replace(":path", ""), r.method.lower()) for r in ROUTES}

    assert expected == {(path, method) for path, method, _ in operations(described)}


def test_every_operation_has_a_name_of_its_own(described):
    """Generated clients have one function per operation."""
    names = [operation["operationId"] for _, _, operation in operations(described)]

    assert sorted(set(names)) == sorted(names)


def test_every_reference_leads_somewhere(described):
    """No schema is named that is not there."""
    schemas = described["components"]["schemas"]
    references = {node["$ref"] for node in nodes(described) if "$ref" in node}

    assert references
    assert set() == {
        r for r in references if r.removeprefix("#/components/schemas/") not in schemas
    }


def test_every_parameter_of_a_path_is_described(described):
    """What stands in braces has a parameter, which is required."""
    operation = described["paths"]["/timestamps/{name}"]["get"]

    (parameter,) = operation["parameters"]
    assert ("name", "path", True) == (parameter["name"], parameter["in"], parameter["required"])


def test_a_parameter_is_left_out_rather_than_null(described):
    """In a query there is no null; the limits of each parameter are told."""
    parameters = {p["name"]: p for p in described["paths"]["/api/resume"]["get"]["parameters"]}

    assert {"type": "string", "minLength": 1, "maxLength": 4096} == parameters["path"]["schema"]
    assert all("anyOf" not in parameter["schema"] for parameter in parameters.values())


def test_only_open_routes_work_without_a_credential(described):
    """401 and 403 are announced exactly where they can happen."""
    for route in ROUTES:
        path = route.path.replace(":path", "")
        responses = described["paths"][path][route.method.lower()]["responses"]

        assert (route.scope is not None) == ("401" in responses)
        assert {str(route.status), "503"} <= set(responses)


def test_errors_are_problem_documents(described):
    """A client finds the same shape behind every refusal."""
    refusal = described["paths"]["/api/positions"]["post"]["responses"]["422"]

    assert {"$ref": "#/components/schemas/Problem"} == (
        refusal["content"]["application/problem+json"]["schema"]
    )
