"""
A world of tracks in memory: servers on which people choose tracks, webhooks that arrive when the
test says so, and the daemon's real decisions between them.

Telling is what `adapters.jellyfin.streams` does, without the requests.
"""

from dataclasses import dataclass, field
from typing import Any

from projections.deliveries import DELIVERIES, Delivery
from projections.listing import Listing
from projections.rules import Rules, ServerRules
from projections.streams import NO_PAIR, STREAMS_OF_TITLES, Pair, Streams, StreamsSeen, streams_key
from projections.streams_reactions import is_wanted
from projections.sync_commands import (
    Abandoned,
    AccountSeen,
    ConfigureSync,
    Delivered,
    ListAccounts,
    ListItems,
    ReceiveWebhook,
    RecordAttempts,
)
from projections.sync_events import Poke, StreamsWish
from projections.userdata import FIELDS, STREAMS, TICKS_PER_SECOND
from support.clock import START_NS
from support.simulation.core import Core

NAMES = ("attic", "beach", "cabin", "depot")
FILM = "Harbour"
RUNTIME_TICKS = 5400 * TICKS_PER_SECOND
ROUNDS_MAX = 12


@dataclass(frozen=True)
class News:
    """A webhook on its way."""

    pair: Pair
    at: int
    reason: str = "PlaybackProgress"


@dataclass
class Theatre:
    """One server with one film. `remembers`: which of the two tracks mara has it remember."""

    name: str
    pair: Pair = NO_PAIR
    remembers: tuple[bool, bool] = (True, True)
    news: list[News] = field(default_factory=list)
    writes_count: int = 0

    @property
    def item(self) -> str:
        """The id of the film here."""
        return f"{self.name[0]}-film"

    def keep(self, pair: Pair, at: int) -> None:
        """A report of playback arrives."""
        audio, subtitle = self.remembers
        self.pair = Pair(pair.audio if audio else None, pair.subtitle if subtitle else None)
        self.news.append(News(self.pair, at))


class StreamsWorld:
    """Servers that hold the same file, one account of mara on each, and the daemon."""

    def __init__(
        self,
        count: int = 2,
        *,
        fields: tuple[str, ...] = (*FIELDS, *STREAMS),
        rules: dict[str, ServerRules] | None = None,
        listings: dict[str, dict[str, Any]] | None = None,
    ) -> None:
        self._seconds = 0
        self.core = Core(self.now)
        self.servers = {name: Theatre(name) for name in NAMES[:count]}
        servers = {name: ServerRules() for name in self.servers} | (rules or {})
        self.submit(ConfigureSync, "daemon", rules=Rules(servers=servers, fields=fields))
        for name, theatre in self.servers.items():
            accounts = {f"{name[0]}-mara": AccountSeen(name="mara")}
            self.submit(ListAccounts, name, server=name, accounts=accounts)
            known: dict[str, Any] = {
                "name": FILM,
                "type": "Movie",
                "path": f"/{name}/films/{FILM}.mkv",
                "runtime_ticks": RUNTIME_TICKS,
                "providers": {"imdb": "tt0000001"},
            }
            listing = Listing(**(known | (listings or {}).get(name, {})))
            self.submit(ListItems, name, server=name, listings={theatre.item: listing})

    def now(self) -> int:
        """A second later each time."""
        self._seconds += 1
        return START_NS + self._seconds * 1_000_000_000

    def submit(self, kind: type[Any], actor: str, **fields: Any) -> None:
        """Has a command carried out."""
        assert self.core.submit(kind(source="test", actor=actor, **fields))

    def choose(self, server: str, audio: int | None, subtitle: int | None) -> None:
        """Mara plays the film there with these tracks; the webhook is on its way."""
        self.servers[server].keep(Pair(audio, subtitle), self.now())

    def repeat(self, server: str, reason: str = "UpdateUserData") -> None:
        """Something else is saved there, with the tracks as they are."""
        theatre = self.servers[server]
        theatre.news.append(News(theatre.pair, self.now(), reason))

    def hear(self, server: str, place: int = 0, *, twice: bool = False) -> None:
        """One of the webhooks on its way arrives; it may arrive again."""
        waiting = self.servers[server].news
        if waiting:
            news = waiting[place % len(waiting)]
            if not twice:
                waiting.remove(news)
            self._arrives(server, news)

    def _arrives(self, server: str, news: News) -> None:
        poke = Poke(
            kind="userdata",
            user_id=f"{server[0]}-mara",
            item_id=self.servers[server].item,
            reason=news.reason,
            audio_stream=news.pair.audio,
            subtitle_stream=news.pair.subtitle,
        )
        self.submit(ReceiveWebhook, server, server=server, body=b"", pokes=(poke,), at=news.at)

    def due(self, server: str) -> list[Delivery]:
        """What is to be told to a server."""
        rows = self.core.views.tables[DELIVERIES.name].values()
        return [row for row in rows if row.target == server and row.status == "due"]

    def deliver(self, server: str, *, heard: bool = True) -> int:
        """Tells all that is due; the daemon dies before it notes so if not `heard`."""
        rows = self.due(server)
        for row in rows:
            assert isinstance(row.wish, StreamsWish)
            about: dict[str, Any] = {"user": row.user, "subject": row.subject, "planned": row.seq}
            attempt: Delivered | Abandoned = Delivered(**about)
            if is_wanted(self.core.views, server, row.user, row.wish):
                theatre = self.servers[server]
                theatre.keep(Pair(row.wish.audio, row.wish.subtitle), self.now())
                theatre.writes_count += 1
            else:
                attempt = Abandoned(**about, reason="No more.", dropped=True)
            if heard:
                self.submit(RecordAttempts, server, target=server, attempts=(attempt,))
        return len(rows)

    def settle(self) -> int:
        """Lets all arrive and tells all until nothing is new; gives the number of rounds."""
        for number in range(1, ROUNDS_MAX + 1):
            head = self.core.head
            for name, theatre in self.servers.items():
                while theatre.news:
                    self.hear(name)
                self.deliver(name)
            if self.core.head == head:
                return number
        return ROUNDS_MAX

    def pairs(self) -> list[Pair]:
        """The tracks of all servers."""
        return [theatre.pair for theatre in self.servers.values()]

    def writes(self) -> list[int]:
        """How often each server was told something."""
        return [theatre.writes_count for theatre in self.servers.values()]

    def row(self) -> Streams:
        """What is known of mara's tracks."""
        (media,) = {row.item.media for row in self.core.views.tables["items"].values()}
        return self.core.views.get(STREAMS_OF_TITLES, streams_key("mara", media)) or Streams()

    def verdicts(self) -> list[str]:
        """What all that was heard was taken for."""
        events = [envelope.event for envelope in self.core.events]
        return [event.verdict for event in events if isinstance(event, StreamsSeen)]
