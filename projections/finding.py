"""
Which title does a person mean? A media key, an item id, server/item, a path, or a name.

Only the first of these that fits anything counts, and it may fit several titles: nothing is
guessed.
"""

from collections.abc import Iterable, Iterator

import msgspec

from projections.errors import Conflict, NotFound
from projections.fold import Views
from projections.in_force import rules_in_force
from projections.library import (
    CLUES,
    ITEMS,
    LibraryItem,
    media_clue,
    server_and_item,
    title_text,
)
from projections.rules import shared_path
from projections.titles import TITLES
from projections.wording import printable

CANDIDATES_MAX = 20
"""Titles that are listed when several are meant; a person reads no more."""

ITEMS_MAX = 200
"""Items that are looked at for one name: a thousand tracks are called Intro."""

LAST_CHARACTER = "\U0010ffff"


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A title that may be meant: its media key, its name and type, and the servers that have it."""

    media: str
    title: str
    type: str
    servers: tuple[str, ...]


class Ambiguous(Conflict):
    """Several titles are meant."""

    hint = "Ask again with one of these media keys."

    def __init__(self, text: str, candidates: tuple[Candidate, ...]) -> None:
        listed = "".join(f"\n  {_line(candidate)}" for candidate in candidates)
        super().__init__(f"{printable(repr(text))} could be several titles:{listed}")
        self.candidates = candidates


def _line(candidate: Candidate) -> str:
    servers = f" on {', '.join(candidate.servers)}" if candidate.servers else ""
    return printable(f"{candidate.media}  {candidate.title}, {candidate.type}{servers}")


def title_called(views: Views, text: str, *, server: str | None = None) -> str:
    """
    The media key of the title that is meant; `server` looks at the items of that one only.

    Raises:
        NotFound: nothing fits.
        Ambiguous: several titles do; the message lists them.
    """
    media = titles_called(views, text, server=server)
    if not media:
        where = f" on {server}" if server else ""
        hint = "Give a media key, an item id, server/item, a path, or the beginning of a name."
        raise NotFound(f"No title{where} is called {printable(repr(text))}.", hint=hint)
    if len(media) > 1:
        raise Ambiguous(text, tuple(candidate(views, one) for one in media))
    return media[0]


def titles_called(views: Views, text: str, *, server: str | None = None) -> tuple[str, ...]:
    """The media keys of all titles that may be meant, at most `CANDIDATES_MAX`."""
    server = None if server is None else _whole(server)
    for found in _by_kind(views, _whole(text.strip()), server):
        media = tuple(dict.fromkeys(found))
        if media:
            return media[:CANDIDATES_MAX]
    return ()


def _whole(text: str) -> str:
    """A text that can be looked up: half a character, out of a broken argument, is in no row."""
    return text.encode(errors="replace").decode()


def _by_kind(views: Views, text: str, server: str | None) -> Iterator[Iterable[str]]:
    """The titles by each kind of name, the most exact first."""
    if server is None and views.get(CLUES, media_clue(text)) is not None:
        yield (text,)
    yield _by_item(views, text, server)
    if views.find(TITLES, "titles_of_media", (text, 1)):
        yield (text,)  # what somebody saw and no server has any more
    yield _by_path(views, text, server)
    name = text.casefold()
    yield _of(views.find(ITEMS, "items_by_name", (name, ITEMS_MAX)), server)
    if name:
        ends = (name, name + LAST_CHARACTER, ITEMS_MAX)
        yield _of(views.find(ITEMS, "items_with_beginning", ends), server)


def _by_item(views: Views, text: str, server: str | None) -> Iterator[str]:
    named, item_id = server_and_item(text)
    known = rules_in_force(views).servers
    wanted = [server] if server else list(known)
    bare = text.replace("-", "").lower()  # Jellyfin's own pages write ids both ways
    places = [(named, item_id)] if item_id and server in {None, named} else []
    for place in places + [(one, form) for one in wanted for form in dict.fromkeys((text, bare))]:
        item = views.get(ITEMS, place)
        if item is not None:
            yield item.item.media


def _by_path(views: Views, text: str, server: str | None) -> Iterator[str]:
    rules = rules_in_force(views)
    prefixes = [known.paths for name, known in rules.servers.items() if server in {None, name}]
    as_it_is: dict[str, str] = {}
    paths = (shared_path(text, each) for each in (as_it_is, *prefixes, rules.player_paths))
    for path in dict.fromkeys(paths):
        row = views.get(CLUES, (f"path:{path}",))
        for place, media in (row.members | row.ghosts).items() if row else ():
            if server in {None, server_and_item(place)[0]}:
                yield media


def _of(items: Iterable[LibraryItem], server: str | None) -> Iterator[str]:
    for item in items:
        if server in {None, item.server}:
            yield item.item.media


def items_of(views: Views, media: str) -> list[LibraryItem]:
    """The items of a title, those that are gone last."""
    items = views.find(ITEMS, "items_of_media", (media, ITEMS_MAX))
    return sorted(items, key=lambda item: (item.gone, item.server, item.item_id))


def candidate(views: Views, media: str) -> Candidate:
    """What a person can tell a title by."""
    items = items_of(views, media)
    return Candidate(
        media=media,
        title=name_of(items, media),
        type=items[0].item.listing.type if items else "on no server",
        servers=tuple(dict.fromkeys(item.server for item in items if not item.gone)),
    )


def name_of(items: list[LibraryItem], media: str) -> str:
    """What a title is called: as its first item is, or by its media key when there is none."""
    return title_text(items[0]) if items else media
