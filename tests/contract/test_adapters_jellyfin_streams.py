"""Telling a double of every version which tracks somebody chose, by the daemon's real decisions."""

import pytest

from adapters.jellyfin import look, streams
from adapters.jellyfin.errors import Unauthorized, Unreachable
from adapters.jellyfin.server import Server, ServerSettings
from projections.commands import Record
from projections.deliveries import DELIVERIES
from projections.rules import Rules, ServerRules
from projections.streams import StreamsSeen
from projections.sync_commands import Abandoned, ConfigureSync, Deferred, Delivered
from projections.sync_events import StreamsWish
from projections.userdata import FIELDS, STREAMS, Changes
from support.core_desk import CoreDesk
from support.jellyfin.asking import asking, speaking_as
from support.jellyfin.sabotage import Fault
from support.jellyfin.scene import scene
from support.jellyfin.versions import TICKS_PER_SECOND, VERSIONS

INSTALLATION = "test"


class Cinema:
    """One server with a film, of which mara chose the tracks 1 and 2 somewhere else."""

    def __init__(self, set_up, server, desk, film):
        self.scene = set_up
        self.server = server
        self.desk = desk
        self.film = film

    async def begin(self):
        """Accounts and items are known, and the choice is made."""
        rules = Rules(
            servers={name: ServerRules() for name in ("attic", "beach")}, fields=(*FIELDS, *STREAMS)
        )
        await self.desk.submit(ConfigureSync(source="test", actor="test", rules=rules))
        await self.server.list_accounts()
        await look.list_items(self.server, await self.server.client.items(user_id=None))
        await self.said(audio=7, subtitle=7, verdict="found")
        await self.chosen(1, 2)

    async def said(self, **values):
        """The server told of tracks."""
        (row,) = self.desk.core.views.tables["items"].values()
        seen = StreamsSeen(
            user="mara",
            media=row.item.media,
            server="attic",
            item_id=self.film.id,
            file="Harbour.mkv",
            **values,
        )
        await self.desk.submit(Record(source="test", actor="attic", event=seen))

    async def chosen(self, audio, subtitle):
        """Mara chose tracks; the server tells of others."""
        both = ("audio", "subtitle")
        await self.said(audio=audio, subtitle=subtitle, verdict="chosen", changed=both)
        await self.said(audio=7, subtitle=7, verdict="found")

    def due(self):
        """The delivery."""
        (row,) = self.desk.core.views.tables[DELIVERIES.name].values()
        return row

    async def tell(self):
        """Carries it out."""
        people = await look.people_on(self.server)
        (mara,) = (person for person in people if person.user == "mara")
        return await streams.tell(self.server, mara, self.due())

    def data(self):
        """What the server has written down of mara and the film."""
        state = self.scene.jellyfin.state
        return state.user_data.row(self.scene.mara, self.film)

    def tracks(self):
        """The tracks in that."""
        return self.data().audio_stream, self.data().subtitle_stream


@pytest.fixture(params=VERSIONS, ids=lambda version: version.number)
def jelly(request):
    with scene(request.param) as set_up:
        yield set_up


@pytest.fixture
async def cinema(jelly):
    film = jelly.jellyfin.library.add_movie("Harbour", "/films/Harbour.mkv")
    async with asking(jelly) as client:
        desk = CoreDesk()
        settings = ServerSettings(name="attic", installation=INSTALLATION)
        made = Cinema(jelly, Server(settings, client, desk), desk, film)
        await made.begin()
        yield made


async def test_tracks_are_told_and_written_down(cinema):
    """On every version, and nothing else of the title changes; nothing seems to play."""
    cinema.scene.jellyfin.person(cinema.scene.mara).watches(cinema.film, until_s=600)
    before = cinema.data()
    outcome = await cinema.tell()
    after = cinema.data()

    assert isinstance(outcome, Delivered)
    assert Changes(audio_stream=1, subtitle_stream=2) == outcome.wrote
    assert (1, 2) == cinema.tracks()
    assert 600 * TICKS_PER_SECOND == before.position_ticks == after.position_ticks
    assert (before.played, before.play_count) == (after.played, after.play_count)
    assert before.last_played == after.last_played
    assert [] == await cinema.server.client.sessions()


async def test_subtitles_that_are_off_are_told_so(cinema):
    """Then the server does not choose any by itself."""
    await cinema.chosen(1, None)
    await cinema.tell()

    assert (1, -1) == cinema.tracks()


async def test_no_audio_track_is_told_as_none(cinema):
    """There is no index for it."""
    await cinema.chosen(None, 2)
    await cinema.tell()

    assert (None, 2) == cinema.tracks()


async def test_nobody_is_disturbed_while_they_play(cinema):
    """Whatever it is: their player would report its own tracks again."""
    other = cinema.scene.film("Lighthouse")
    cinema.scene.jellyfin.person(cinema.scene.mara).starts(other)
    outcome = await cinema.tell()

    assert isinstance(outcome, Deferred)
    assert (None, None) == cinema.tracks()


async def test_what_others_play_does_not_matter(cinema):
    """Tracks are one person's."""
    cinema.scene.jellyfin.person(cinema.scene.ivo).starts(cinema.film)

    assert isinstance(await cinema.tell(), Delivered)


async def test_tracks_that_were_chosen_otherwise_since_are_not_told(cinema):
    """The plan is dropped."""
    both = ("audio", "subtitle")
    await cinema.said(audio=3, subtitle=3, verdict="chosen", changed=both)
    cinema.scene.jellyfin.journal.forget()
    outcome = await cinema.tell()

    assert isinstance(outcome, Abandoned)
    assert outcome.dropped
    assert [] == cinema.scene.jellyfin.journal.of()


async def test_a_report_that_was_never_ended_is_ended(cinema):
    """Left alone, the server would end it by itself and save a position that it made up."""
    stopping = Fault(path="/Sessions/Playing/Stopped", status=503, times=1)
    cinema.scene.jellyfin.sabotage.add(stopping)
    with pytest.raises(Unreachable):
        await cinema.tell()
    phantoms = await cinema.server.client.sessions()
    outcome = await cinema.tell()

    assert 1 == len(phantoms)
    assert isinstance(outcome, Delivered)
    assert [] == await cinema.server.client.sessions()
    assert (1, 2) == cinema.tracks()


async def test_a_token_that_was_revoked_is_minted_anew(cinema):
    """For the next attempt."""
    await cinema.tell()
    cinema.scene.jellyfin.revoke(cinema.scene.mara)
    await cinema.chosen(3, 4)
    with pytest.raises(Unauthorized):
        await cinema.tell()

    assert isinstance(await cinema.tell(), Delivered)
    assert (3, 4) == cinema.tracks()


async def test_a_second_report_of_the_same_tracks_changes_nothing(cinema):
    """Telling is safe to repeat."""
    await cinema.tell()
    before = cinema.data()
    await cinema.tell()

    assert before == cinema.data()


async def test_a_report_that_ends_as_failed_saves_nothing(cinema):
    """Without that a playback without position counts as watched to the end."""
    mara = await speaking_as(cinema.server.client, cinema.scene.mara)
    await mara.play_stopped(cinema.film.id)

    assert (False, 0) == (cinema.data().played, cinema.data().play_count)


async def test_the_wish_is_the_choice(cinema):
    """With the item of the server that is told."""
    assert isinstance(cinema.due().wish, StreamsWish)
    assert (cinema.film.id, 1, 2) == (
        cinema.due().wish.item_id,
        cinema.due().wish.audio,
        cinema.due().wish.subtitle,
    )
