"""
Playlists under any edits: the merge of two lists by itself, and up to four servers that always come
to rest with the same lists.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from projections.codec import CODEC
from projections.envelope import Envelope
from projections.fold import encode_rows, fold
from projections.playlist_events import PlaylistObserved
from projections.playlist_merge import joined_entries, merged_entries, merged_shares
from projections.playlists import PLAYLISTS, SHELVES
from projections.sync_events import DeltaDelivered, DeltaPlanned
from support.playlist_world import PlaylistWorld
from support.strategies import events_of

FILMS = "ABCDEFGH"
KINDS = (PlaylistObserved, DeltaPlanned, DeltaDelivered)

lists = st.lists(st.sampled_from(FILMS), unique=True)
shares = st.dictionaries(st.sampled_from(["ivo", "jon", "zoe"]), st.booleans())


@given(lists, lists, st.sets(st.sampled_from(FILMS)))
def test_no_difference_changes_nothing(agreed, seen, absent):
    """A server that is as it was last seen leaves the agreed list alone, whatever it lacks."""
    assert tuple(agreed) == merged_entries(agreed, seen, seen, absent)


@given(lists, lists, lists, st.sets(st.sampled_from(FILMS)))
def test_merging_twice_is_merging_once(agreed, before, after, absent):
    """The same look again finds nothing to do."""
    once = merged_entries(agreed, before, after, absent)

    assert once == merged_entries(once, after, after, absent)


@given(lists, lists, st.sets(st.sampled_from(FILMS)))
def test_a_server_that_was_in_step_is_not_corrected(agreed, after, lacking):
    """What the agreed list then asks of it is exactly what stands there already."""
    before = [film for film in agreed if film not in lacking]
    merged = merged_entries(agreed, before, after, ())
    shown = [film for film in merged if film in after or film not in lacking]

    assert after == [film for film in shown if film in after]
    assert set(after) | (set(agreed) & lacking) == set(merged)


@given(lists, lists, lists, st.sets(st.sampled_from(FILMS)))
def test_only_what_somebody_did_happens(agreed, before, after, absent):
    """What was added is in, what was taken out is not, all else is as agreed; nothing twice."""
    merged = merged_entries(agreed, before, after, absent)
    added = set(after) - set(before)
    removed = set(before) - set(after) - absent

    assert (set(agreed) - removed) | added == set(merged)
    assert len(set(merged)) == len(merged)


@given(lists, lists, st.data())
def test_without_moves_the_agreed_order_is_kept(agreed, before, data):
    """Adding and taking out on a server moves nothing that others put in order."""
    left = [film for film in before if data.draw(st.booleans())]
    new = sorted(set(FILMS) - set(before) - set(agreed))
    after = [*left, *new]
    merged = merged_entries(agreed, before, after, ())

    assert [film for film in agreed if film in merged] == [
        film for film in merged if film in agreed
    ]


@given(lists, st.data())
def test_what_a_server_lacks_stays_behind_what_it_follows(agreed, data):
    """Also when that is moved."""
    lacking = {film for film in agreed[1:] if data.draw(st.booleans())}
    before = [film for film in agreed if film not in lacking]
    after = data.draw(st.permutations(before))
    merged = merged_entries(agreed, before, after, ())
    leaders = {film: agreed[agreed.index(film) - 1] for film in lacking}

    assert leaders == {film: merged[merged.index(film) - 1] for film in lacking}


@given(lists, lists)
def test_lists_that_meet_keep_all_and_the_order_of_the_first(agreed, met):
    """The first list, then the new ones of the second in theirs."""
    joined = joined_entries(agreed, met)

    assert (*agreed, *(film for film in met if film not in agreed)) == joined


@given(shares, shares, shares)
def test_shares_change_only_for_those_somebody_changed(agreed, before, after):
    """Person by person."""
    merged = merged_shares(agreed, before, after)
    untouched = {name for name in ("ivo", "jon", "zoe") if before.get(name) == after.get(name)}

    for name in ("ivo", "jon", "zoe"):
        assert (agreed if name in untouched else after).get(name) == merged.get(name)


@given(st.lists(st.one_of([events_of(kind) for kind in KINDS]), max_size=4))
def test_any_events_can_be_folded(events):
    """An event in the log is a fact, however odd."""
    envelopes = [
        Envelope(seq, bytes(16), 0, 0, CODEC.type_of(event), "test", "test", None, event)
        for seq, event in enumerate(events, start=1)
    ]
    for projection in (PLAYLISTS, SHELVES):
        rows = fold(projection, envelopes)

        assert len(rows) == len(list(encode_rows(rows)))


servers = st.integers(0, 3)
names = st.sampled_from(["Evenings", "Nights", "evenings"])
steps = st.one_of(
    st.tuples(st.just("make"), servers, names, lists),
    st.tuples(st.just("films"), servers, st.integers(0, 5), lists),
    st.tuples(st.just("move"), servers, st.integers(0, 5), st.randoms(use_true_random=False)),
    st.tuples(st.just("rename"), servers, st.integers(0, 5), names),
    st.tuples(st.just("share"), servers, st.integers(0, 5), st.booleans()),
    st.tuples(st.just("publish"), servers, st.integers(0, 5), st.booleans()),
    st.tuples(st.just("delete"), servers, st.integers(0, 5), st.none()),
    st.tuples(st.just("gain"), servers, st.sampled_from(FILMS), st.none()),
    st.tuples(st.just("lose"), servers, st.sampled_from(FILMS), st.none()),
    st.tuples(st.just("look"), servers, st.none(), st.none()),
    st.tuples(st.just("deliver"), servers, st.none(), st.booleans()),
    st.tuples(st.just("restart"), servers, st.none(), st.none()),
)


class Players:
    """People who do things in a world, one step at a time; what cannot be done is left out."""

    def __init__(self, world, held):
        self.world = world
        self.held = held

    def do(self, kind, number, what, how):
        """One step, on the server of that number."""
        name = list(self.world.servers)[number % len(self.world.servers)]
        if kind in {"make", "gain", "lose", "look", "deliver", "restart"}:
            getattr(self, kind)(name, what, how)
            return
        shop = self.world.servers[name]
        if shop.playlists:
            playlist_id = sorted(shop.playlists)[what % len(shop.playlists)]
            getattr(self, kind)(shop, playlist_id, how)

    def make(self, name, playlist, films):
        """A new playlist of what the server has."""
        self.world.servers[name].make(playlist, *self.there(name, films))

    def films(self, shop, playlist_id, films):
        """Other entries."""
        shop.edit(playlist_id, films=self.there(shop.name, films))

    def move(self, shop, playlist_id, random):
        """Another order."""
        films = shop.films(playlist_id)
        random.shuffle(films)
        shop.edit(playlist_id, films=films)

    def rename(self, shop, playlist_id, name):
        """Another name."""
        shop.edit(playlist_id, name=name)

    def share(self, shop, playlist_id, may_edit):
        """Shared with ivo."""
        shop.edit(playlist_id, shares={f"{shop.name[0]}-ivo": may_edit})

    def publish(self, shop, playlist_id, public):
        """For everybody, or not."""
        shop.edit(playlist_id, public=public)

    def delete(self, shop, playlist_id, _):
        """Gone."""
        del shop.playlists[playlist_id]

    def gain(self, name, film, _):
        """A film is added to a library."""
        self.held[name].add(film)
        self.world.shelve(name, film)

    def lose(self, name, film, _):
        """A film is deleted from a library."""
        if film in self.held[name]:
            self.held[name].remove(film)
            self.world.lose(name, film)

    def look(self, name, *_):
        """The daemon looks at the playlists there."""
        self.world.look(name)

    def deliver(self, name, _, heard):
        """The daemon writes what is due there, and may die before it says so."""
        self.world.deliver(name, heard=heard)

    def restart(self, *_):
        """The daemon starts again."""
        self.world.core.restart()

    def there(self, name, films):
        """Those of the films that a server has."""
        return [film for film in films if film in self.held[name]]


libraries = st.lists(st.sets(st.sampled_from(FILMS)), min_size=2, max_size=4)


@pytest.mark.slow
@pytest.mark.timeout(420)
@settings(max_examples=150)
@given(libraries, st.lists(steps, max_size=25))
def test_all_servers_come_to_rest_with_the_same_playlists(libraries, steps):
    """Each has what is agreed, as far as it has the films; then nobody is told anything more."""
    world = PlaylistWorld(len(libraries))
    held = dict(zip(world.servers, libraries, strict=True))
    for name, films in held.items():
        world.shelve(name, *sorted(films))
    players = Players(world, held)
    for step in steps:
        players.do(*step)
    world.settle()
    writes = [shop.writes_count for shop in world.servers.values()]
    rounds = world.settle()

    assert (1, writes) == (rounds, [shop.writes_count for shop in world.servers.values()])
    assert [] == world.problems()
