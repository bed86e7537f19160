"""
Writes the reference pages under `ops/docs/reference` and the example configuration, from the code.

Run it as `.venv/bin/python ops/reference.py`, or let `ops/fix` do so. A tidy test compares
`pages()` with what is in the tree, so the pages cannot fall behind.
"""

from collections.abc import Iterable, Iterator
from inspect import cleandoc
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin

import click
import msgspec

from daemon.cli.main import cli
from daemon.config import example
from daemon.config.settings import ARRAYS, SECTIONS, Settings
from daemon.telemetry.catalogue import CATALOGUE, Instrument
from daemon.web.app import ROUTES
from daemon.web.endpoint import Endpoint
from projections.vocabulary import EVENT_TYPES

OPS = Path(__file__).parent

MADE = "<!-- Made from the code by ops/reference.py; do not edit. -->"

HELP_COLUMNS = 96


def pages() -> dict[Path, str]:
    """Every generated file, by its path."""
    folder = OPS / "docs" / "reference"
    return {
        folder / "http.md": _http(),
        folder / "metrics.md": _metrics(),
        folder / "events.md": _events(),
        folder / "configuration.md": _configuration(),
        folder / "commands.md": _commands(),
        OPS / "config" / "playhead.example.toml": example.example(),
    }


def _page(title: str, *paragraphs: str) -> str:
    return "\n\n".join([f"# {title}", MADE, *paragraphs]) + "\n"


def _table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join("| " + " | ".join(_cell(text) for text in line) + " |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _http() -> str:
    tags = list(dict.fromkeys(endpoint.tag for endpoint in ROUTES))
    intro = (
        "Machine-readable: `GET /api/openapi.json`. Errors are `application/problem+json` with a"
        " `detail` and a `hint`. Scopes are granted by `playhead user` and `playhead token`."
    )
    sections = [_http_section(tag) for tag in tags]
    return _page("HTTP interface", intro, *sections)


def _http_section(tag: str) -> str:
    blocks = [f"## {tag}"]
    for endpoint in ROUTES:
        if endpoint.tag == tag:
            blocks += _http_block(endpoint)
    return "\n\n".join(blocks)


def _http_block(endpoint: Endpoint) -> Iterator[str]:
    scope = f"scope `{endpoint.scope}`" if endpoint.scope else "open"
    yield f"### `{endpoint.method} {endpoint.path}`"
    yield f"{cleandoc(endpoint.handler.__doc__ or endpoint.summary)} ({scope})"
    parts = [("Query", endpoint.query), ("Headers", endpoint.headers), ("Body", endpoint.body)]
    parts += [(f"Body as `{type_}`", kind) for type_, kind in endpoint.bodies.items()]
    for title, kind in parts:
        if kind is bytes:
            yield f"{title}: the bytes."
        elif kind is dict or get_origin(kind) is dict:
            yield f"{title}: any JSON object."
        elif kind is not None:
            yield f"{title}: {cleandoc(kind.__doc__ or '')}"
            yield _table(("field", "type", "default"), _fields(kind))
    answer = _answer(endpoint.answer)
    others = sorted({*endpoint.statuses, *endpoint.plain} - {401, 503})
    statuses = ", ".join(str(status) for status in others)
    more = f" Also: {statuses}." if statuses else ""
    if endpoint.answer_type:
        yield f"Answers `{answer}` as `{endpoint.answer_type}`.{more}"
    else:
        yield f"Answers {endpoint.status} with headers alone.{more}"


def _answer(kind: Any) -> str:
    if isinstance(kind, UnionType):
        return "` or `".join(_answer(each) for each in get_args(kind))
    return getattr(kind, "__name__", str(kind or "text"))


def _fields(kind: type[msgspec.Struct]) -> list[tuple[str, ...]]:
    _, components = msgspec.json.schema_components([kind])
    schema = components[kind.__name__]
    required = schema.get("required", [])
    return [
        (f"`{name}`", _type_text(shape), "required" if name in required else _default(shape))
        for name, shape in schema.get("properties", {}).items()
    ]


def _default(shape: dict[str, Any]) -> str:
    value = shape.get("default")
    return "" if value in (None, "") else f"`{msgspec.json.encode(value).decode()}`"


def _type_text(shape: dict[str, Any]) -> str:
    if "anyOf" in shape:
        return " or ".join(_type_text(choice) for choice in shape["anyOf"])
    if "enum" in shape:
        return ", ".join(f"`{value}`" for value in shape["enum"])
    if "$ref" in shape:
        return f"`{shape['$ref'].rpartition('/')[2]}`"
    if "prefixItems" in shape:
        return f"({', '.join(_type_text(inner) for inner in shape['prefixItems'])})"
    if shape.get("type") == "array":
        return f"list of {_type_text(shape['items'])}"
    limits = [
        f"{sign} {shape[key]:g}" if isinstance(shape[key], float) else f"{sign} {shape[key]}"
        for key, sign in (("minimum", "≥"), ("maximum", "≤"), ("maxLength", "length ≤"))
        if key in shape
    ]
    return ", ".join([shape.get("type", "any"), *limits])


def _metrics() -> str:
    rows = [
        (
            f"`{known.name}`",
            f"`{prometheus_name(known)}`",
            known.kind,
            known.unit,
            ", ".join(f"`{label.replace('.', '_')}`" for label in known.labels),
            known.help,
        )
        for known in CATALOGUE
    ]
    header = ("OpenTelemetry", "Prometheus", "kind", "unit", "labels", "meaning")
    intro = (
        "`GET /metrics` serves these to Prometheus; `telemetry.otlp_endpoint` pushes them to a"
        " collector."
    )
    return _page("Metrics", intro, _table(header, rows))


def prometheus_name(instrument: Instrument) -> str:
    """The name under which Prometheus sees an instrument."""
    name = instrument.name.replace(".", "_")
    name += {"s": "_seconds", "By": "_bytes"}.get(instrument.unit, "")
    return name + ("_total" if instrument.kind == "counter" else "")


def _events() -> str:
    blocks = []
    for name, kind in EVENT_TYPES.items():
        blocks += [f"## `{name}`", cleandoc(kind.__doc__ or "")]
        blocks.append(_table(("field", "type", "default"), _fields(kind)))
    intro = (
        "Every event also has `seq`, `id`, `at`, `recorded`, `source`, `actor` and `cause`. A type"
        " keeps its name and meaning for ever; a changed shape is a new version, `name.2`."
    )
    return _page("Events", intro, *blocks)


def _configuration() -> str:
    settings = list(example.described("", Settings))
    for section, kind in SECTIONS.items():
        settings += example.described(section, kind)
    intro = (
        "A TOML file named by `--config` or `PLAYHEAD_CONFIG`, then a `.env` file in the working"
        " directory, then the environment, then the command line: later ones win. In the"
        " environment a list is written with commas, a table as JSON. `playhead config example`"
        " prints a file with all keys;"
        " [playhead.example.toml](../../config/playhead.example.toml) is that file."
    )
    blocks = [intro, _settings_table(settings)]
    for array, kind in ARRAYS.items():
        blocks += [f"## `[[{array}]]`", " ".join(cleandoc(kind.__doc__ or "").split())]
        blocks.append(_settings_table(example.described(f"{array}[]", kind)))
    return _page("Configuration", *blocks)


def _settings_table(settings: Iterable[example.Described]) -> str:
    rows = [
        (
            f"`{setting.key}`",
            f"`{setting.variable}`" if setting.variable else "",
            f"`{setting.default}`" if setting.default != "required" else "required",
            setting.meaning.replace("<", "\\<"),
        )
        for setting in settings
    ]
    return _table(("key", "environment", "default", "meaning"), rows)


def _commands() -> str:
    texts = _help_texts(cli, "playhead", None)
    return _page("Commands", *(f"## `{name}`\n\n```text\n{text}\n```" for name, text in texts))


def _help_texts(
    command: click.Command, name: str, parent: click.Context | None
) -> Iterator[tuple[str, str]]:
    """As `--help` prints them: a command inherits from its parent how help is asked for."""
    columns = {"terminal_width": HELP_COLUMNS, "max_content_width": HELP_COLUMNS}
    settings: dict[str, Any] = {**command.context_settings, **columns}
    context = click.Context(command, info_name=name, parent=parent, **settings)
    yield context.command_path, command.get_help(context)
    if isinstance(command, click.Group):
        for inner in sorted(command.list_commands(context)):
            child = command.get_command(context, inner)
            assert child is not None
            yield from _help_texts(child, inner, context)


def main() -> None:
    """Writes all pages."""
    for path, text in pages().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
