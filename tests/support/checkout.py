"""The files of this checkout, as paths, lines and syntax trees, for the tests that judge them.

Only what git would commit counts: caches, the virtual environment and the operator's data are
nobody's business.
"""

import ast
import functools
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("daemon", "projections", "adapters")

BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")
"""What a statement calls the lists of statements in it; a lambda's body is an expression."""

Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = Function | ast.ClassDef


@dataclass(frozen=True, kw_only=True)
class Place:
    """A definition and where it is written."""

    path: Path
    qualified_name: str
    node: Definition

    def __str__(self) -> str:
        """Read like a compiler's message, so that an editor can jump there."""
        return f"{self.path}:{self.node.lineno} {self.qualified_name}"


@functools.cache
def files() -> tuple[Path, ...]:
    """Every file of the checkout that git tracks or would add, relative to the root, in order."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    names = sorted(set(listing.split("\0")) - {""})
    return tuple(Path(name) for name in names if (ROOT / name).is_file())


def python_files(*folders: str) -> list[Path]:
    """The Python files under these top folders."""
    return [path for path in files() if path.suffix == ".py" and path.parts[0] in folders]


@functools.cache
def text(path: Path) -> str | None:
    """The file's text, or None when it is not text."""
    try:
        return (ROOT / path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


@functools.cache
def tree(path: Path) -> ast.Module:
    """The syntax tree of a Python file."""
    return ast.parse(text(path) or "", filename=str(path))


def definitions(path: Path) -> Iterator[Place]:
    """Every class, method and function of the file, those inside functions too."""
    pending: list[tuple[str, ast.AST]] = [("", tree(path))]
    while pending:
        prefix, parent = pending.pop()
        for node in _statements_in(parent):
            if isinstance(node, Definition):
                name = f"{prefix}{node.name}"
                yield Place(path=path, qualified_name=name, node=node)
                pending.append((f"{name}.", node))
            else:
                pending.append((prefix, node))


def _statements_in(node: ast.AST) -> Iterator[ast.AST]:
    """Its blocks line by line, which is all that can hold a definition: no expression does."""
    for name in BLOCKS:
        yield from getattr(node, name, ())


def body_lines(function: Function) -> int:
    """How many lines the body has, its docstring not counted."""
    statements = function.body[1:] if ast.get_docstring(function) else function.body
    if not statements:
        return 0
    return (function.end_lineno or 0) - statements[0].lineno + 1
