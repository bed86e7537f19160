"""
The documents of this checkout as readers use them: their blocks of commands, what the commands are
said to answer, the settings they show, and the commands that are named in passing.

A block is fenced or indented. A fenced one says what it holds: `sh` is commands, `toml` settings,
`text` what the commands before it answer, or a session if it begins with `$`. Of an indented one
the first words decide.
"""

import re
import shlex
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from support.checkout import files, text

MADE = Path("ops/docs/reference")
"""Made from the code, and compared with it by another test."""

PROGRAM = re.compile(
    r"apt-get|caddy|cat|cd|chown|cp|curl|docker|echo|export|git|helm|install|"
    r"journalctl|launchctl|ln|loginctl|mkdir|mpv|pip|playhead|playhead-as-service|podman|"
    r"printf|py|python3|python3.12|rm|schtasks|sed|ssh|systemctl|umask|vlc"
)
"""With any other word an indented block begins only if it is no command."""

PLACE = re.compile(r"(?:\.|\.\.|~|ops|%LOCALAPPDATA%|/opt|/usr|\.venv)[\\/]\S*")
"""The path of a program."""

ASSIGNMENT = re.compile(r"[A-Z_]+=\S")
OUR_COMMAND = re.compile(r"(?:^|/)playhead(?:-as-service)?$")
HEREDOC = re.compile(r"<<-?'?(\w+)'?")
FENCE = re.compile(r"\s*```+\s*(\w*)")
SPAN = re.compile(r"`([^`\n]+(?:\n[^`\n]+)?)`")
INDENT = 4


@dataclass(frozen=True, kw_only=True)
class Block:
    """Some lines of a page that are no prose; `language` is that of the fence, if it has one."""

    page: Path
    line: int
    language: str | None
    text: str

    def __str__(self) -> str:
        """Read like a compiler's message, so that an editor can jump there."""
        return f"{self.page}:{self.line} {self.text.splitlines()[0]}"

    @property
    def is_session(self) -> bool:
        """Whether it holds commands after a prompt, each with its answer."""
        return self.text.startswith("$ ")

    @property
    def is_commands(self) -> bool:
        """Whether a reader types it."""
        if self.language is not None:
            return self.language == "sh" or self.is_session
        return self.is_session or _begins_with_a_program(self.text)

    @property
    def settings(self) -> dict[str, object] | None:
        """What it sets, if it is TOML."""
        if self.language not in {None, "toml"} or self.is_commands:
            return None
        try:
            return tomllib.loads(self.text)
        except tomllib.TOMLDecodeError:
            return None


@dataclass(frozen=True, kw_only=True)
class Command:
    """What a reader types at once, and what is then shown, if anything is."""

    page: Path
    line: int
    text: str
    answer: str | None = None

    def __str__(self) -> str:
        """As a compiler's message."""
        return f"{self.page}:{self.line} {self.text}"


@dataclass(frozen=True, kw_only=True)
class Document:
    """A page, relative to the checkout, and its text."""

    page: Path
    text: str

    def __str__(self) -> str:
        """Its path."""
        return str(self.page)

    @property
    def blocks(self) -> list[Block]:
        """All of them in order; an indented one ends at an empty line."""
        return [
            Block(page=self.page, line=number, language=language, text="\n".join(lines))
            for number, language, lines in _blocks(self.text.splitlines())
        ]

    @property
    def prose(self) -> str:
        """The page without its blocks; what is left of them is empty lines."""
        lines = self.text.splitlines()
        for number, language, content in _blocks(self.text.splitlines()):
            first = number - 1
            last = first + len(content) + (0 if language is None else 2)
            lines[first:last] = [""] * (last - first)
        return "\n".join(lines)

    @property
    def commands(self) -> list[Command]:
        """What a reader types, in order."""
        found: list[Command] = []
        answerable = False
        for block in self.blocks:
            if block.is_commands:
                found += _session(block) if block.is_session else _typed(block)
                answerable = not block.is_session
            elif block.language == "text" and answerable:
                found[-1] = replace(found[-1], answer=block.text)
                answerable = False
        return found

    @property
    def mentions(self) -> list[Command]:
        """Commands of ours that the prose names, with what it says of their arguments."""
        prose = self.prose
        return [
            Command(
                page=self.page,
                line=prose.count("\n", 0, match.start()) + 1,
                text=" ".join(match[1].split()),
            )
            for match in SPAN.finditer(prose)
            if match[1].startswith("playhead ")
        ]

    @property
    def commands_of_others(self) -> list[str]:
        """What the prose names of other people's programs, with what it gives them."""
        spans = [" ".join(span.split()) for span in SPAN.findall(self.prose)]
        return [
            span
            for span in spans
            if " " in span and not span.startswith("playhead ") and _begins_with_a_program(span)
        ]


def read(page: Path) -> Document:
    """A page of this checkout."""
    return Document(page=page, text=text(page) or "")


def documents() -> list[Document]:
    """Every document that somebody wrote, by path."""
    return [
        read(path) for path in files() if path.suffix == ".md" and not path.is_relative_to(MADE)
    ]


def words_of_ours(command: str) -> Iterator[list[str]]:
    """The words after `playhead` of each of our commands in a line, with its options."""
    lexer = shlex.shlex(command.replace("\\\n", " "), posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words: list[str] | None = None
    begins = True
    for word in [*lexer, ";"]:
        if set(word) <= set("|&;()<>"):
            if words is not None:
                yield words
            words, begins = None, True
        elif words is not None:
            words.append(word)
        elif begins and OUR_COMMAND.search(word):
            words = []
        else:
            begins = begins and ASSIGNMENT.match(word) is not None


def _blocks(lines: list[str]) -> Iterator[tuple[int, str | None, list[str]]]:
    """The number of the first line, the language, and the lines without their indentation."""
    number = 0
    while number < len(lines):
        first = number
        if fence := FENCE.match(lines[first]):
            number += 1
            while number < len(lines) and not FENCE.match(lines[number]):
                number += 1
            margin = len(lines[first]) - len(lines[first].lstrip())
            yield first + 1, fence[1], [line[margin:] for line in lines[first + 1 : number]]
        elif _is_indented(lines, first):
            while number < len(lines) and lines[number].startswith(" " * INDENT):
                number += 1
            yield first + 1, None, _flush_left(lines[first:number])
            continue
        number += 1


def _is_indented(lines: list[str], number: int) -> bool:
    after_nothing = number == 0 or not lines[number - 1].strip()
    return after_nothing and lines[number].startswith(" " * INDENT)


def _flush_left(lines: list[str]) -> list[str]:
    margin = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    return [line[margin:] for line in lines]


def _begins_with_a_program(block: str) -> bool:
    lines = [line for line in block.splitlines() if not line.startswith("#")]
    first = lines[0].lstrip("( ") if lines else ""
    word = first.split(maxsplit=1)[0] if first else ""
    return (
        PROGRAM.fullmatch(word) is not None
        or PLACE.fullmatch(word) is not None
        or ASSIGNMENT.match(first) is not None
    )


def _typed(block: Block) -> list[Command]:
    """A command a line; one that ends in a backslash or that is given a text has more lines."""
    found: list[Command] = []
    lines = block.text.splitlines()
    number = 0
    while number < len(lines):
        first = number
        while lines[number].endswith("\\"):
            number += 1
        if heredoc := HEREDOC.search(lines[number]):
            while lines[number] != heredoc[1]:
                number += 1
        number += 1
        whole = "\n".join(lines[first:number])
        if whole.strip() and not whole.startswith("#"):
            found.append(Command(page=block.page, line=block.line + first, text=whole))
    return found


def _session(block: Block) -> list[Command]:
    """What stands after each prompt, and all up to the next as its answer."""
    found: list[Command] = []
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        typed, _, answer = part.partition("\n")
        found.append(
            Command(page=block.page, line=block.line, text=typed, answer=answer.strip("\n"))
        )
    return found
