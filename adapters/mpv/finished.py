"""
Which files were watched to their end, on whatever player or server: asked once for each, and again
when the log tells something new about it.
"""

from collections.abc import Callable, Iterable
from functools import partial

import msgspec

from adapters.mpv.wire import clean
from projections.envelope import Seq
from projections.fold import Views
from projections.identity import Identity, file_name, normal_name, normal_path
from projections.in_force import rules_in_force
from projections.matching import title_of_file
from projections.positions import POSITIONS
from projections.resuming import resume_point
from projections.titles import TITLES

NEWS_MAX = 50
"""With more news than this at once, every file is asked again."""

SEQ_MAX = 2**63 - 1


class Asked(msgspec.Struct, frozen=True):
    """What is known of a file: whether it was watched to its end, and which title it is, if any."""

    is_finished: bool
    title: str | None


class Answer(msgspec.Struct, frozen=True):
    """What is known of each file, as of an event."""

    files: dict[str, Asked]
    head: Seq


class News(msgspec.Struct, frozen=True):
    """
    What the log told after an event: the names that were reported, the titles that somebody marked
    as watched or not; and the last event of these. Not all of it, if it is not `whole`.
    """

    names: frozenset[str]
    titles: frozenset[str]
    head: Seq
    whole: bool


class FinishedFiles:
    """
    What one user has watched to its end.

    Attributes:
        paths: of those files.
    """

    def __init__(self, user: str) -> None:
        self.paths: frozenset[str] = frozenset()
        self._user = user
        self._known = Answer({}, 0)

    def question(self, paths: Iterable[str]) -> Callable[[Views], Answer]:
        """What to ask the views, given the files that there are."""
        return partial(answer, user=self._user, paths=tuple(paths), known=self._known)

    def take(self, known: Answer) -> bool:
        """Takes note of the answer; whether other files are finished than before."""
        before = self.paths
        self._known = known
        self.paths = frozenset(path for path, asked in known.files.items() if asked.is_finished)
        return self.paths != before


def answer(views: Views, *, user: str, paths: tuple[str, ...], known: Answer) -> Answer:
    """What is known of files now, given what was known of them before."""
    news = _news(views, user, known.head)
    files: dict[str, Asked] = {}
    for path in paths:
        asked = known.files.get(path)
        if asked is None or _concerns(news, path, asked):
            asked = _ask(views, user, path)
        files[path] = asked
    return Answer(files, news.head)


def _news(views: Views, user: str, since: Seq) -> News:
    reported = [
        row
        for row in views.find(POSITIONS, "positions_latest", (user, SEQ_MAX, NEWS_MAX))
        if row.seq > since
    ]
    watched = {
        row.media: row.registers["played"].seq
        for row in views.find(TITLES, "titles_of_user", (user.casefold(), SEQ_MAX, NEWS_MAX))
        if "played" in row.registers and row.registers["played"].seq > since
    }
    return News(
        names=frozenset(normal_name(row.report.name) for row in reported),
        titles=frozenset(watched),
        head=max([since, *(row.seq for row in reported), *watched.values()]),
        whole=len(reported) < NEWS_MAX and len(watched) < NEWS_MAX,
    )


def _concerns(news: News, path: str, asked: Asked) -> bool:
    """Whether there is news about a file. One that was no title may have become one meanwhile."""
    if not news.whole or (news.titles and (asked.title is None or asked.title in news.titles)):
        return True
    return bool(news.names) and normal_name(file_name(clean(path))) in news.names


def _ask(views: Views, user: str, path: str) -> Asked:
    told = normal_path(clean(path))
    title = _title_of(views, told)
    return Asked(_is_finished(views, user, told, title), title)


def is_finished(views: Views, user: str, path: str) -> bool:
    """Whether the last word about a file, given by its clean path, is that it was watched."""
    return _is_finished(views, user, path, _title_of(views, path))


def _title_of(views: Views, path: str) -> str | None:
    rules = rules_in_force(views)
    return title_of_file(views, rules, path=path, name=file_name(path), duration_s=None)


def _is_finished(views: Views, user: str, path: str, media: str | None) -> bool:
    """What players reported, or what somebody said about the title later, on a server maybe."""
    point = resume_point(views, user, Identity(name=file_name(path), path=path))
    title = None if media is None else views.get(TITLES, (user.casefold(), media))
    played = None if title is None else title.registers.get("played")
    if played is not None and (point.position is None or played.at > point.position.at):
        return bool(played.value)
    return point.position is not None and point.position.report.finished
