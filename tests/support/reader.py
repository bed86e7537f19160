"""
Somebody who follows a page to the letter: types its commands one after the other into a shell, and
compares what they answer with what the page says that they do.

What only the reader knows is told by the test: addresses, names, what is typed when a command asks.
What is shown may leave out: `...` stands for any lines, or for the rest of one. Moments, numbers of
events and ids are others each time.
"""

import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from support.documents import Command, read
from support.mpv import wait_until
from support.shell import Job, Shell

GO_ON = re.compile(r"(?:[A-Z_]+=\S+ )*(?:playhead serve|ops/serve|(mpv) )")
"""Commands whose terminal stays busy; all but one listen when they are ready."""

TOLD_ADDRESS = "127.0.0.1:8787"
LISTENING = re.compile(r'"url": "http://([^"]+)"')
ANSWER_TIMEOUT_S = 20.0
AGAIN_S = 0.25
"""A command that only looks may be repeated until it sees what is said to come."""

LOOKING = re.compile(r"playhead (jellyfin (status|plan)|explain|log)\b|curl(?!.*(-X|-d|-F|--json))")

FORMS = {
    "number": (r"(?m:^) +\d+(?=  )|(?<=\bevent )\d+|(?<=\[< )\d+|(?<= < )\d+", r" *\d+"),
    "moment": (r"\d{4}-\d\d-\d\d[T ][\d:.]+Z?", r"\d{4}-\d\d-\d\d[T ][\d:.]+Z?"),
    "name": (r"\b[0-9a-f]{8}-[0-9a-f-]{27}\b", r"[0-9a-f-]{36}"),
    "sum": (r"\b[0-9a-f]{32,64}\b", r"[0-9a-f]{32,64}"),
    "secret": (r"\bph_\w+", r"ph_\w+"),
    "lines": (r"(?m:^)\.\.\.\n?", r"[\s\S]*?"),
    "rest": (r"\.\.\.", r"[^\n]*"),
    "gap": (r" {2,}", r" +"),
}
"""What is compared by its form: how a page shows it, and how it has to look."""

TOKEN = re.compile("|".join(f"(?P<{name}>{shown})" for name, (shown, _) in FORMS.items()))


class Reader:
    """
    Follows `page`; `rest`, or the last `until`, has to have come to its end.

    Args:
        page: relative to the checkout.
        shell: what is typed into.
        instead: what to take instead of a text of the page, wherever it is.
        typed: what to type when a command that contains a text asks.
        left: the commands that begin so are not typed; with the reason.
        refused: the commands that are shown for what they refuse.
    """

    def __init__(
        self,
        page: str,
        shell: Shell,
        *,
        instead: Mapping[str, str] | None = None,
        typed: Mapping[str, str] | None = None,
        left: Mapping[str, str] | None = None,
        refused: Sequence[str] = (),
    ) -> None:
        self.page = Path(page)
        self.shell = shell
        self.instead = dict(instead or {})
        self.typed = dict(typed or {})
        self._left = dict(left or {})
        self._refused = refused
        self._ahead = read(self.page).commands

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to be typed."""
        return not self._ahead

    def until(self, beginning: str) -> Job | None:
        """
        Types everything up to the first command that begins so, and that one too; gives what goes
        on of it.
        """
        while self._ahead:
            command = self._ahead.pop(0)
            job = self._type(command)
            if command.text.startswith(beginning):
                return job
        raise AssertionError(f"{self.page} has no command that begins with {beginning!r}")

    def rest(self) -> None:
        """Types what is left."""
        while self._ahead:
            self._type(self._ahead.pop(0))

    def translated(self, text: str) -> str:
        """A text of the page as it is here."""
        for written, actual in self.instead.items():
            text = text.replace(written, actual)
        return text

    def _type(self, command: Command) -> Job | None:
        if command.text.startswith(tuple(self._left)):
            return None
        text = self.translated(command.text)
        typed = next((given for part, given in self.typed.items() if part in command.text), "")
        if found := GO_ON.match(text):
            return self._go_on(text, listens=found[1] is None)
        self._see(command, text, typed)
        return None

    def _go_on(self, text: str, *, listens: bool) -> Job:
        job = self.shell.start(text)
        if listens:
            wait_until(lambda: job.has_ended or LISTENING.search(job.text), f"{text} to listen")
            found = LISTENING.search(job.text)
            assert found, job.text
            self.instead[TOLD_ADDRESS] = found[1]
        return job

    def _see(self, command: Command, text: str, typed: str) -> None:
        """Runs a command until it answers as it should; more than once only if it only looks."""
        deadline = time.monotonic() + ANSWER_TIMEOUT_S
        answer = None if command.answer is None else self.translated(command.answer)
        while True:
            told = self.shell.run(text, typed=typed)
            is_refused = told.code != 0
            is_meant = is_refused == (command.text in self._refused)
            if is_meant and (answer is None or is_like(told.text, answer)):
                return
            can_wait = LOOKING.match(command.text) and time.monotonic() < deadline
            assert can_wait, (
                f"{command}\nends with {told.code}:\n{told.text}\n--- not\n{answer}"
                f"\n--- meanwhile\n{self.shell.elsewhere}"
            )
            time.sleep(AGAIN_S)


def is_like(told: str, shown: str) -> bool:
    """Whether a page may show an answer so."""
    form, end = "", 0
    for token in TOKEN.finditer(shown):
        kind = token.lastgroup
        assert kind is not None
        form += re.escape(shown[end : token.start()]) + FORMS[kind][1]
        end = token.end()
    form += re.escape(shown[end:])
    return re.fullmatch(form, told.strip("\n")) is not None
