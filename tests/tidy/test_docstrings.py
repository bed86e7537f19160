"""Whoever may call something is told what holds; whoever reads a test is told what must hold."""

import ast

from support import checkout

# What a decorator says already: the documentation is the other definition's.
DOCUMENTED_ELSEWHERE = {"overload", "override", "setter", "deleter"}


def is_public(qualified_name):
    """No part of the name begins with an underscore; the language documents magic methods."""
    return not any(part.startswith("_") for part in qualified_name.split("."))


def decorators(node):
    """The last word of each decorator: `typing.override` is `override`."""
    names = set()
    for decorator in node.decorator_list:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        names.add(called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", ""))
    return names


def reachable_definitions(path):
    """Classes, their methods and the module's functions, but nothing inside a function."""
    places = list(checkout.definitions(path))
    functions = [
        place.qualified_name + "." for place in places if not isinstance(place.node, ast.ClassDef)
    ]
    return [place for place in places if not place.qualified_name.startswith(tuple(functions))]


def test_every_module_of_the_packages_has_a_docstring():
    """A module begins with the paragraph that a newcomer needs."""
    silent = [
        str(path)
        for path in checkout.python_files(*checkout.PACKAGES, "tests")
        if not ast.get_docstring(checkout.tree(path))
    ]

    assert [] == silent


def test_every_public_class_and_function_of_the_packages_has_a_docstring():
    """What is public is promised, and a promise is written down."""
    silent = [
        str(place)
        for path in checkout.python_files(*checkout.PACKAGES)
        for place in reachable_definitions(path)
        if is_public(place.qualified_name)
        and not decorators(place.node) & DOCUMENTED_ELSEWHERE
        and not ast.get_docstring(place.node)
    ]

    assert [] == silent


def test_every_test_has_a_sentence():
    """Each test function says in its docstring what must hold."""
    silent = [
        str(place)
        for path in checkout.python_files("tests")
        for place in reachable_definitions(path)
        if place.node.name.startswith("test_") and not ast.get_docstring(place.node)
    ]

    assert [] == silent
