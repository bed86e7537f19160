"""
One Jellyfin double as a process of its own, so that its work is not the measured one's.

It tells where it is in a line of JSON, then does what each line of its standard input asks for and
answers in a line; it ends with its input. Pages of items that were asked for before are given
again without work until something is written: what a sweep then waits for is ourselves.

Usage: python -m bench.jellyfin SPECIFICATION
"""

import sys
import threading
import time
from typing import Any

import msgspec
from aiohttp import web

from bench.orders import Awaited, Home, Marked, Noted, Order, Request, Specification
from support.jellyfin.dates import parse_date
from support.jellyfin.double import JellyfinDouble
from support.jellyfin.journal import Journal
from support.jellyfin.model import Item, Stream, User
from support.jellyfin.sample import sample
from support.jellyfin.webhooks import Fate

EPISODES_PER_SEASON = 20
SEASONS_PER_SERIES = 5
WATCHED_EVERY = 3
"""Every third title was watched by everybody, long ago."""

WATCHED_AT = parse_date("2026-06-03T20:15:29.987Z", 0)


class Ledger(Journal):
    """Every request, with the moment at which it was answered; answers are not kept."""

    def __init__(self) -> None:
        super().__init__()
        self._requests: list[Request] = []
        self._writes_count = 0
        self._changed = threading.Condition()

    def add(self, request: web.Request, body: bytes) -> None:
        """Notes one."""
        noted = Request(
            method=request.method,
            path=request.path_qs,
            body=body.decode(),
            authorization=request.headers.get("Authorization", ""),
            at_s=time.monotonic(),
        )
        with self._changed:
            self._requests.append(noted)
            self._writes_count += noted.writes
            self._changed.notify_all()

    def await_writes(self, count: int, timeout_s: float) -> bool:
        """Whether there were so many writes before the time was over."""
        with self._changed:
            return self._changed.wait_for(lambda: self._writes_count >= count, timeout_s)

    def take(self) -> list[Request]:
        """The requests since they were last taken."""
        with self._changed:
            taken, self._requests, self._writes_count = self._requests, [], 0
        return taken


class MeasuredDouble(JellyfinDouble):
    """A double that keeps its answers and notes when it was asked for what."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.ledger = Ledger()
        self._answers: dict[str, bytes] = {}

    def forget_answers(self) -> None:
        """Something has changed."""
        self._answers.clear()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        asked = request.path_qs  # with the user; everybody who measures has the API key
        known = self._answers.get(asked) if request.method == "GET" else None
        if known is not None:
            self.ledger.add(request, body)
            return web.Response(body=known, content_type="application/json")
        response = await super()._handle(request)
        if request.method != "GET":
            self.forget_answers()
        elif response.status == web.HTTPOk.status_code and request.path == "/Items":
            assert isinstance(response, web.Response)
            assert isinstance(response.body, bytes)
            self._answers[asked] = response.body
        self.ledger.add(request, body)
        return response

    def _note(self, *_: Any, **__: Any) -> None:
        """The ledger does it."""


class House:
    """The double, its people and its library."""

    def __init__(self, wanted: Specification) -> None:
        self.double = MeasuredDouble(name=wanted.name)
        self.double.add_user("root", "admin", admin=True)
        self.people = [self.double.add_user(name, "secret") for name in wanted.people]
        self.api_key = self.double.add_api_key()
        self._streams = sample().film.streams
        self._shelf = self.double.library.add_library("Films", "movies", "/media/films")
        self.films = [self._film(number) for number in range(wanted.films_count)]
        episodes = self._episodes(wanted.episodes_count)
        for item in [*self.films, *episodes][::WATCHED_EVERY] if wanted.watched else ():
            for user in self.people:
                self.double.state.user_data.mark_played(user, item, WATCHED_AT)
        webhooks = self.double.webhooks
        webhooks.add_destination("http://127.0.0.1:9/never", types=["UserDataSaved"])
        webhooks.fate = Fate.HOLD

    def _film(self, number: int) -> Item:
        library = self.double.library
        path = f"/media/films/Harbour Lights {number}.mkv"
        return library.add_movie(
            f"Harbour Lights {number}",
            path,
            year=2019,
            overview="A keeper's daughter returns to the coast and finds the lamp dark.",
            providers={"Tmdb": str(9_900_000 + number), "Imdb": f"tt{99_000_000 + number}"},
            streams=list[Stream](self._streams),
            parent_id=self._shelf.id,
        )

    def _episodes(self, count: int) -> list[Item]:
        library = self.double.library
        found: list[Item] = []
        while len(found) < count:
            number = len(found) // (EPISODES_PER_SEASON * SEASONS_PER_SERIES)
            series = library.add_series(
                f"Kestrel {number}", providers={"Tvdb": str(77_000 + number)}
            )
            for season_number in range(1, SEASONS_PER_SERIES + 1):
                season = library.add_season(series, season_number)
                for episode in range(1, EPISODES_PER_SEASON + 1):
                    if len(found) < count:
                        found.append(library.add_episode(season, episode))
        return found

    def mark(self, first: int, count: int, who: User) -> Marked:
        """Somebody ticks some films; the notifications are handed over instead of sent."""
        double = self.double
        with double.state.lock:
            double.webhooks.held.clear()
            for film in self.films[first : first + count]:
                double.state.user_data.mark_played(who, film)
            double.forget_answers()
            return Marked(bodies=[held.body.decode() for held in double.webhooks.held])

    def obey(self, order: Order) -> Marked | Awaited | Noted:
        """Does what one line asks for."""
        ledger = self.double.ledger
        match order.do:
            case "mark":
                return self.mark(order.first, order.count, self.people[0])
            case "await":
                return Awaited(seen=ledger.await_writes(order.count, order.timeout_s))
            case "take":
                return Noted(requests=ledger.take())


def main(specification: str) -> None:
    """Serves until standard input ends."""
    house = House(msgspec.json.decode(specification, type=Specification))
    with house.double as double:
        _say(Home(url=double.url, api_key=house.api_key))
        for line in sys.stdin.buffer:
            _say(house.obey(msgspec.json.decode(line, type=Order)))


def _say(answer: msgspec.Struct) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(sys.argv[1])
