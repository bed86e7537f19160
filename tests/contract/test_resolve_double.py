"""
The double of Resolve's scripting against the published stubs: tests that pass with it say something
about Resolve only as far as names and parameters are the real ones.
"""

import ast
import importlib.metadata
import inspect

import pytest

import adapters.resolve.api as used
import support.resolve_double as double
from support import checkout

CLASSES = (
    "Resolve",
    "ProjectManager",
    "Project",
    "MediaPool",
    "Folder",
    "MediaPoolItem",
    "MediaStorage",
)

OTHERWISE = {
    # The scripting README has AddItemListToMediaPool(item1, item2, ...) and one with a list, whose
    # parameter each publisher names anew; both are called by position.
    ("MediaStorage", "AddItemListToMediaPool"),
}


def stubs():
    """The parameters of each overload of each method of the stubs, by class and method."""
    files = importlib.metadata.files("fusionscript-stubs") or []
    (path,) = [each for each in files if each.name == "fusionscript.pyi"]
    found = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef):
            for method in node.body:
                if isinstance(method, ast.FunctionDef):
                    names = [each.arg for each in method.args.args]
                    found.setdefault((node.name, method.name), []).append(names)
    return found


STUBS = stubs()


def methods_of(module, name):
    """The methods of one of our classes that Resolve has: those in its spelling."""
    members = vars(getattr(module, name)).items()
    return [(key, member) for key, member in members if key[0].isupper() and callable(member)]


@pytest.mark.parametrize("module", [double, used], ids=["double", "protocols"])
@pytest.mark.parametrize("name", CLASSES)
def test_methods_and_parameters_are_those_of_the_stubs(module, name):
    """In the same order and with the same names, for at least one of the documented forms."""
    methods = methods_of(module, name)
    wrong = {}
    for key, member in methods:
        ours = list(inspect.signature(member).parameters)
        forms = STUBS.get((name, key), [])
        if (name, key) not in OTHERWISE and not any(ours == form[: len(ours)] for form in forms):
            wrong[key] = (ours, forms)

    assert methods
    assert {} == wrong


def test_the_double_has_all_that_is_used():
    """With what is used of it, and no more than Resolve has."""
    for name in CLASSES:
        wanted = {key for key, _ in methods_of(used, name)}
        has = {key for key, _ in methods_of(double, name)}

        assert set() == wanted - has
        assert set() == {key for key in has if (name, key) not in STUBS}


def test_nothing_else_of_resolve_is_called():
    """No call to Resolve goes round the interface that is written down; none closes or deletes."""
    known = {key for name in CLASSES for key, _ in methods_of(used, name)}
    spelt = {method for _, method in STUBS}
    called = {
        node.attr
        for path in checkout.python_files("adapters")
        if "resolve" in path.parts and path.name != "api.py"
        for node in ast.walk(ast.parse(checkout.text(path) or ""))
        if isinstance(node, ast.Attribute) and node.attr in spelt
    }

    assert called == known
    assert set() == {name for name in called if name.startswith(("Delete", "Close", "Quit"))}
