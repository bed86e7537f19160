"""Every command, setting, metric and route that the code has is documented.

The lists are discovered from the code, so that nothing can be added without a word about it. A
module that is not written yet skips its test; one that is there but lacks the expected name fails.
"""

import importlib
import importlib.util
import re

import click
import msgspec
import pytest

from support import checkout

OPS = checkout.ROOT / "ops"


def object_of(module_name, name):
    """The named object of one of our modules, or a skip when the module does not exist yet."""
    parts = module_name.split(".")
    for count in range(1, len(parts) + 1):
        spec = importlib.util.find_spec(".".join(parts[:count]))
        if spec is None or spec.origin is None:  # an empty folder has a spec, but no origin
            pytest.skip(f"{module_name} is not written yet")
    return getattr(importlib.import_module(module_name), name)


def document(*paths):
    """The texts of these documents, one after the other; a missing one says nothing."""
    return "\n".join(path.read_text(encoding="utf-8") for path in paths if path.exists())


def commands(group, prefix="playhead"):
    """The full name of every command a user can type, hidden ones excepted."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, f"{prefix} {name}")
        elif not command.hidden:
            yield f"{prefix} {name}"


def struct_of(annotation):
    """The Struct that a field holds, also inside a union, list or dict; None for a plain value."""
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return annotation
    inner = [struct_of(argument) for argument in getattr(annotation, "__args__", ())]
    return next((struct for struct in inner if struct is not None), None)


def setting_keys(struct, table=""):
    """Every key of the configuration file as `table.key`, those of nested tables too."""
    for field in msgspec.structs.fields(struct):
        key = f"{table}{field.encode_name}"
        inner = struct_of(field.type)
        if inner is None:
            yield key
        else:
            yield from setting_keys(inner, f"{key}.")


def shown_keys(example):
    """The keys that the example file assigns, in a comment or not, as `table.key`."""
    table = ""
    for line in example.splitlines():
        content = line.lstrip("# ")
        if header := re.match(r"\[+([\w.-]+)\]+", content):
            table = f"{header[1]}."
        elif assignment := re.match(r"([\w-]+)\s*=", content):
            yield f"{table}{assignment[1]}"


def metric_names(catalogue):
    """The catalogue's names, whether it is keyed by them or its entries carry them."""
    return [entry if isinstance(entry, str) else entry.name for entry in catalogue]


def routes(entries, prefix=""):
    """The path of every route, with those of its mounts."""
    for entry in entries:
        inner = getattr(entry, "routes", None)
        if inner:
            yield from routes(inner, prefix + entry.path)
        else:
            yield prefix + entry.path


def test_every_command_is_documented():
    """The README, the daemon's README or a page of ops/docs shows each command as it is typed."""
    main = object_of("daemon.cli.main", "cli")
    pages = document(
        checkout.ROOT / "README.md",
        *(checkout.ROOT / "daemon").glob("README.md"),
        *sorted((OPS / "docs").rglob("*.md")),
    )

    silent = [
        command
        for command in commands(main)
        if not re.search(rf"{re.escape(command)}(?![\w-])", pages)
    ]

    assert [] == silent


def test_every_setting_is_in_the_example_configuration():
    """The example file shows each key in its table, set or commented out."""
    settings = object_of("daemon.config", "Settings")

    shown = shown_keys(document(OPS / "config" / "playhead.example.toml"))

    assert [] == sorted(set(setting_keys(settings)) - set(shown))


def test_every_metric_is_documented():
    """The reference page names each metric of the catalogue."""
    catalogue = object_of("daemon.telemetry.metrics", "CATALOGUE")
    page = document(OPS / "docs" / "reference" / "metrics.md")

    silent = [
        name
        for name in metric_names(catalogue)
        if not re.search(rf"(?<![\w.]){re.escape(name)}(?![\w.])", page)
    ]

    assert [] == silent


def test_every_route_is_documented():
    """The reference page names the path of each route, written as the code writes it."""
    table = object_of("daemon.web.app", "ROUTES")
    page = document(OPS / "docs" / "reference" / "http.md")

    silent = [path for path in routes(table) if path not in page]

    assert [] == silent
