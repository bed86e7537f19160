"""
A data directory with a past of sync in it: what the tests of the status interface look at.

Two servers that do not answer any more, attic and barn; mara and ivo; some films; and one delivery
in every state.
"""

from pathlib import Path

import msgspec

from projections.commands import Record
from projections.deliveries import waiting_subject
from projections.envelope import NANOS_PER_SECOND
from projections.events import Event
from projections.library import ITEMS
from projections.listing import Listing
from projections.rules import PathRule, Rules, ServerRules
from projections.sync_commands import ConfigureSync, ListItems, ObserveUserData, SetUserData
from projections.sync_events import (
    Account,
    AccountsListed,
    AccountWish,
    BrakePulled,
    DeltaAbandoned,
    DeltaDelivered,
    DeltaFailed,
    DeltaPlanned,
    ServerReached,
    SweepFinished,
    UserDataWish,
    Wish,
)
from projections.userdata import Changes, State
from support.clock import START_NS, FakeClock
from support.ledger import Ledger

FAR_NS = 4_000_000_000 * NANOS_PER_SECOND
"""Long after any test runs."""

RULES = Rules(
    servers={
        "attic": ServerRules(),
        "barn": ServerRules(),
    },
    policies=(PathRule(prefix="/films", retries_max=7, delay_ns=NANOS_PER_SECOND),),
)

CONFIGURATION = """
[[path_policy]]
prefix = "/films"
retries = 7
delay_s = 1
"""
"""What the rules above are made of, besides the servers."""


class Past:
    """Writes it. The attributes are seqs of events."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self._clock = FakeClock()
        with Ledger(folder, clock=self._clock) as ledger:
            self._ledger = ledger
            self._library()
            self.backoff = self._failing()
            self.parked = self._parked()
            self.waiting = self._waiting()
            self.by_player = self._of_player()
            self.written = self._written()
            self.account = self._plan("barn", "account:", AccountWish(action="create", name="Ivo"))
            self.brake = self._record(
                BrakePulled(server="barn", reason="Much is gone.", suspects_count=9, known_count=20)
            )

    def _record(self, event: Event, *, actor: str = "attic", cause: int | None = None) -> int:
        self._clock.advance(1)
        command = Record(source="jellyfin", actor=actor, event=event, cause=cause)
        (outcome,) = self._ledger.commit(command)
        assert outcome.error is None
        return outcome.receipts[0].seq

    def _library(self) -> None:
        self._ledger.commit(ConfigureSync(source="daemon", actor="daemon", rules=RULES))
        for server, version in (("attic", "10.11.11"), ("barn", "12.0.0")):
            self._record(
                ServerReached(server=server, server_id="5d" * 16, name="Home", version=version)
            )
        mara, ivo = Account(name="Mara", user="mara"), Account(name="Ivo", user="ivo")
        self._record(AccountsListed(server="attic", appeared={"a1": mara, "a2": ivo}))
        twice = {"b1": mara, "b2": msgspec.structs.replace(mara, name="Mara TV")}
        self._record(AccountsListed(server="barn", appeared=twice))
        self._list("attic", harbour=film("Harbour", tmdb="1"), gale=film("Gale", tmdb="2"))
        copies = {"one": film("Harbour", "/b/one.mkv", tmdb="1"), "odd": film("Odd", "/b/odd.mkv")}
        self._list("barn", **copies)
        both = film("Harbour Gale", "/b/both.mkv", tmdb="1", imdb="tt2")
        self._list("attic", gale=film("Gale", tmdb="2", imdb="tt2"))
        self._list("barn", both=both)
        self._record(
            SweepFinished(
                server="attic", kind="full", items_count=2, differences_count=0, requests_count=3
            )
        )

    def _list(self, server: str, **listings: Listing) -> None:
        command = ListItems(source="jellyfin", actor=server, server=server, listings=listings)
        (outcome,) = self._ledger.commit(command)
        assert outcome.error is None

    def _plan(
        self, target: str, subject: str, wish: Wish, *, actor: str = "attic", **fields: object
    ) -> int:
        cause = fields.pop("cause", None)
        assert cause is None or isinstance(cause, int)
        values = {"title": "Harbour (1999)", "due_ns": START_NS} | fields
        event = DeltaPlanned(target=target, user="mara", subject=subject, wish=wish, **values)  # type: ignore[arg-type] # a test's choice
        return self._record(event, actor=actor, cause=cause)

    def _failing(self) -> int:
        wish = UserDataWish(media="m1", item_id="one", fields=Changes(played=True, play_count=2))
        seq = self._plan("barn", "one", wish)
        error = "barn answered with 500."
        event = DeltaFailed(target="barn", user="mara", subject="one", error=error, retry_ns=FAR_NS)
        self._record(event, actor="barn", cause=seq)
        return seq

    def _parked(self) -> int:
        wish = UserDataWish(media="m3", item_id="odd", fields=Changes(favorite=True))
        seq = self._plan("barn", "odd", wish, title="Odd")
        event = DeltaAbandoned(
            target="barn", user="mara", subject="odd", reason="Given up.", planned=seq
        )
        self._record(event, actor="barn", cause=seq)
        return seq

    def _waiting(self) -> int:
        media = self._media("attic", "gale")
        wish = UserDataWish(media=media, item_id=None, fields=Changes(rating=7.5))
        return self._plan("barn", waiting_subject(media), wish, title="Gale (1999)", due_ns=FAR_NS)

    def _media(self, server: str, item_id: str) -> str:
        row = self._ledger.views.get(ITEMS, (server, item_id))
        assert row is not None
        return row.item.media

    def _of_player(self) -> int:
        command = SetUserData(
            source="http",
            actor="mara",
            user="mara",
            media="m9",
            changes=Changes(position_ticks=6_000_000_000),
            by="player",
        )
        (outcome,) = self._ledger.commit(command)
        wish = UserDataWish(
            media="m9", item_id="gale", fields=Changes(position_ticks=6_000_000_000)
        )
        cause = outcome.receipts[0].seq
        return self._plan("attic", "gale", wish, actor="mara", title="Gale (1999)", cause=cause)

    def _written(self) -> int:
        command = ObserveUserData(
            source="jellyfin",
            actor="attic",
            server="attic",
            user="mara",
            user_id="a1",
            as_of=self._ledger.log.end.seq,
            states={
                "harbour": State(position_ticks=9_000_000_000, last_played_ns=START_NS),
                "gale": State(favorite=True),
            },
        )
        self._ledger.commit(command)
        wish = UserDataWish(media="m1", item_id="ten", fields=Changes(position_ticks=9_000_000_000))
        seq = self._plan("barn", "ten", wish)
        event = DeltaDelivered(
            target="barn",
            user="mara",
            subject="ten",
            wish=wish,
            planned=seq,
            wrote=wish.fields,
        )
        return self._record(event, actor="barn", cause=seq)


def film(name: str, path: str | None = None, **providers: str) -> Listing:
    """A film of 1999."""
    return Listing(
        name=name,
        type="Movie",
        path=path or f"/films/{name}.mkv",
        year=1999,
        runtime_ticks=60_000_000_000,
        providers=providers,
    )
