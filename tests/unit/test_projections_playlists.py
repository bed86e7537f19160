"""Playlists: what is agreed, what each server is told, and what is not believed."""

import msgspec
import pytest

from projections.commands import Record
from projections.in_force import rules_in_force
from projections.playlists import PLAYLISTS, SHELVES
from projections.rules import ServerRules
from projections.servers import SERVERS
from projections.sync_commands import ConfigureSync
from projections.sync_events import BrakeReleased, DeltaPlanned
from support.playlist_world import PlaylistWorld

FILMS = ("A", "B", "C", "D")


@pytest.fixture
def world():
    """Attic and beach, both with four films."""
    made = PlaylistWorld()
    for name in made.servers:
        made.shelve(name, *FILMS)
    return made


def shops(world):
    """Both servers."""
    return world.servers["attic"], world.servers["beach"]


def only(shop):
    """The id of the one playlist of a server."""
    (playlist_id,) = shop.playlists
    return playlist_id


def test_a_new_playlist_appears_on_the_other_server(world):
    """With its order, whether it is public, and those it is shared with."""
    attic, beach = shops(world)
    attic.make("Evenings", "C", "A", public=True, shares={"a-ivo": True})
    world.settle()

    state = beach.playlists[only(beach)]
    assert ("Evenings", ("b-C", "b-A")) == (state.name, state.entries)
    assert (True, {"b-ivo": True}) == (state.public, state.shares)


def test_edits_on_both_servers_are_joined(world):
    """One appends; the other takes out, moves and renames. What came after C still does."""
    attic, beach = shops(world)
    attic.make("Evenings", "A", "B", "C")
    world.settle()
    attic.edit(only(attic), films=["A", "B", "C", "D"])
    beach.edit(only(beach), films=["C", "A"], name="Nights", shares={"b-ivo": False})
    world.settle()

    assert {"Nights": ["C", "D", "A"]} == attic.named() == beach.named()
    assert {"a-ivo": False} == attic.playlists[only(attic)].shares


def test_an_echo_of_our_own_write_changes_nothing(world):
    """Once both are in step, looking again records nothing and writes nothing."""
    attic, beach = shops(world)
    attic.make("Evenings", "A", "B")
    world.settle()
    head, writes = world.core.head, beach.writes_count
    world.settle()

    assert (head, writes, 0) == (world.core.head, beach.writes_count, attic.writes_count)


def test_a_write_that_nobody_heard_of_is_not_taken_for_an_edit(world):
    """The daemon dies after writing; what was taken out meanwhile does not come back."""
    attic, beach = shops(world)
    attic.make("Evenings", "A")
    world.settle()
    attic.edit(only(attic), films=["A", "B"])
    world.look("attic")
    world.deliver("beach", heard=False)
    attic.edit(only(attic), films=["A"])
    world.look("attic")
    world.settle()

    assert {"Evenings": ["A"]} == attic.named() == beach.named()


def test_a_playlist_made_by_a_write_that_nobody_heard_of_is_not_made_twice(world):
    """It is found by its name and taken for what it is."""
    attic, beach = shops(world)
    attic.make("Evenings", "A")
    world.look("attic")
    world.deliver("beach", heard=False)
    world.settle()

    assert {"Evenings": ["A"]} == beach.named()


def test_a_look_older_than_our_write_says_nothing(world):
    """The answer was on its way when the playlist was written."""
    attic, beach = shops(world)
    attic.make("Evenings", "A")
    world.settle()
    attic.edit(only(attic), films=["A", "B"])
    world.look("attic")
    stale = beach.playlists.copy()
    as_of = world.core.head
    world.deliver("beach")
    beach.playlists, fresh = stale, beach.playlists
    world.look("beach", as_of=as_of)
    beach.playlists = fresh
    world.settle()

    assert {"Evenings": ["A", "B"]} == attic.named() == beach.named()


def test_an_entry_a_server_lacks_stays_and_is_written_once_it_is_there(world):
    """In its place, and an edit on that server does not take it out."""
    attic, beach = shops(world)
    world.shelve("attic", "X")
    attic.make("Evenings", "A", "X", "B")
    world.settle()
    without = beach.named()
    beach.edit(only(beach), films=["A", "B", "C"])
    world.settle()
    edited = attic.named()
    world.shelve("beach", "X")
    world.settle()

    assert ({"Evenings": ["A", "B"]}, {"Evenings": ["A", "X", "B", "C"]}) == (without, edited)
    assert {"Evenings": ["A", "X", "B", "C"]} == beach.named()


def test_a_film_that_leaves_the_library_leaves_no_playlist_elsewhere(world):
    """It went with its file; nobody took it out. When it is back, so is the entry."""
    attic, beach = shops(world)
    attic.make("Evenings", "A", "B", "C")
    world.settle()
    world.lose("beach", "B")
    world.settle()
    lost = attic.named()
    world.shelve("beach", "B")
    world.settle()

    assert {"Evenings": ["A", "B", "C"]} == lost == beach.named()


def test_a_playlist_of_titles_a_server_lacks_is_not_made_there(world):
    """An empty one would only be in the way; it is made once it can hold something."""
    attic, beach = shops(world)
    world.shelve("attic", "X")
    attic.make("Songs", "X")
    world.settle()
    none = beach.named()
    world.shelve("beach", "X")
    world.settle()

    assert ({}, {"Songs": ["X"]}) == (none, beach.named())


def test_namesakes_that_meet_for_the_first_time_are_one(world):
    """The first one's order, then what only the second has, whatever the case of the name."""
    attic, beach = shops(world)
    attic.make("Evenings", "B", "A")
    beach.make("EVENINGS", "C", "A")
    world.settle()

    assert {"Evenings": ["B", "A", "C"]} == attic.named() == beach.named()


def test_two_playlists_of_one_name_on_a_server_stay_two(world):
    """Each gets its own on the other server."""
    attic, beach = shops(world)
    attic.make("Mix", "A")
    attic.make("Mix", "B")
    world.settle()

    films = sorted(beach.films(playlist_id) for playlist_id in beach.playlists)
    assert [["A"], ["B"]] == films


def test_a_deleted_playlist_is_deleted_everywhere(world):
    """And nothing of it is kept but the fact."""
    attic, beach = shops(world)
    attic.make("Evenings", "A")
    world.settle()
    beach.playlists.clear()
    world.settle()

    assert ({}, {}) == (attic.named(), beach.named())
    assert [True] == [row.deleted for row in world.core.views.tables[PLAYLISTS.name].values()]
    assert [{}] == [row.playlists for row in world.core.views.tables[SHELVES.name].values()]


def test_a_playlist_edited_elsewhere_before_that_was_told_comes_back(world):
    """Whoever deleted it did not know of the change."""
    attic, beach = shops(world)
    attic.make("Evenings", "A")
    world.settle()
    attic.edit(only(attic), films=["A", "B"])
    world.look("attic")
    beach.playlists.clear()
    world.look("beach")
    world.settle()

    assert {"Evenings": ["A", "B"]} == attic.named() == beach.named()


def test_an_edit_found_when_it_is_to_be_deleted_brings_it_back(world):
    """The copy is read before it goes."""
    attic, beach = shops(world)
    attic.make("Evenings", "A")
    world.settle()
    attic.playlists.clear()
    world.look("attic")
    beach.edit(only(beach), films=["A", "B"])
    world.deliver("beach")
    world.settle()

    assert {"Evenings": ["A", "B"]} == attic.named() == beach.named()


def test_a_playlist_made_again_under_the_same_id_is_a_new_one(world):
    """Servers make the id of the name."""
    attic, beach = shops(world)
    attic.make("Evenings", "A")
    world.settle()
    (playlist_id, state), *_ = attic.playlists.items()
    attic.playlists.clear()
    world.settle()
    attic.playlists[playlist_id] = state
    attic.edit(playlist_id, films=["D"])
    world.settle()

    assert {"Evenings": ["D"]} == attic.named() == beach.named()


def test_a_look_older_than_our_deletion_does_not_bring_it_back(world):
    """The list was on its way when the playlist was deleted."""
    attic, beach = shops(world)
    attic.make("Evenings", "A")
    world.settle()
    attic.playlists.clear()
    world.look("attic")
    stale, as_of = beach.playlists.copy(), world.core.head
    world.deliver("beach")
    beach.playlists = stale
    world.look("beach", as_of=as_of)
    beach.playlists = {}
    world.settle()

    assert ({}, {}) == (attic.named(), beach.named())


def braked(world):
    """Five playlists, three of which vanish from beach at once; those that do."""
    attic, beach = shops(world)
    for number in range(5):
        attic.make(f"List {number}", "A")
    world.settle()
    gone = dict(list(beach.playlists.items())[:3])
    for playlist_id in gone:
        del beach.playlists[playlist_id]
    world.settle()
    return gone


def test_many_playlists_that_vanish_at_once_are_not_believed(world):
    """They stay elsewhere, nothing is written about them, and the event says why."""
    braked(world)
    attic, beach = shops(world)
    refusals = {
        why
        for envelope in world.core.events
        if envelope.type == "playlist.observed"
        for found in envelope.event.rows.values()
        for why in found.refused.values()
    }

    assert (5, 2) == (len(attic.playlists), len(beach.playlists))
    assert {"3 of 5 playlists are missing there all at once."} == refusals


def test_playlists_that_vanish_pull_the_brake(world):
    """Nothing is taken from that server any more until somebody has looked."""
    braked(world)

    server = world.core.views.get(SERVERS, ("beach",))

    assert "3 of 5 playlists are missing there all at once." == server.brake


def test_playlists_that_vanished_and_are_back_are_as_before(world):
    """Once the operator has said so; a change made meanwhile reaches them."""
    gone = braked(world)
    attic, beach = shops(world)
    attic.edit("a-p1", films=["A", "B"])
    world.settle()
    beach.playlists |= gone
    released(world, "accept")

    assert attic.named() == beach.named()
    assert ["A", "B"] == beach.named()["List 0"]


def released(world, decision):
    """The operator releases the brake of beach."""
    event = BrakeReleased(server="beach", decision=decision)
    world.submit(Record, "beach", event=event)
    world.settle()


def test_the_operator_accepts_that_playlists_are_gone(world):
    """Then they are deleted everywhere."""
    braked(world)
    attic, beach = shops(world)
    released(world, "accept")

    assert (2, 2) == (len(attic.playlists), len(beach.playlists))


def test_the_operator_restores_playlists(world):
    """They are made again as they were agreed, and what was edited there is put right."""
    braked(world)
    attic, beach = shops(world)
    beach.edit(next(iter(beach.playlists)), films=["B"])
    released(world, "restore")

    assert {f"List {number}": ["A"] for number in range(5)} == attic.named() == beach.named()


def test_playlists_are_left_alone_when_the_rules_say_so(world):
    """Nothing is recorded, and what was planned is not carried out."""
    attic, beach = shops(world)
    attic.make("Evenings", "A")
    world.look("attic")
    rules = rules_in_force(world.core.views)
    world.submit(ConfigureSync, "daemon", rules=msgspec.structs.replace(rules, playlists=False))
    attic.make("Nights", "A")
    world.settle()

    assert {} == beach.named()
    assert ["attic/a-p1"] == [row.playlist for row in world.core.views.tables["playlists"].values()]


def test_a_stubborn_server_is_told_only_so_often(world):
    """Then it is left as it is, and the agreed list stays."""
    attic, beach = shops(world)
    attic.make("Evenings", "A")
    world.settle()
    beach.stubborn = True
    attic.edit(only(attic), films=["A", "B"])
    rounds = world.settle()

    assert rounds < 8
    assert ({"Evenings": ["A", "B"]}, {"Evenings": ["A"]}) == (attic.named(), beach.named())
    assert 5 == beach.writes_count


def test_a_server_that_is_only_written_to_is_put_right():
    """Its edits are refused with the reason, and what is deleted there is made again."""
    world = PlaylistWorld(rules={"beach": ServerRules(reads=False)})
    for name in world.servers:
        world.shelve(name, *FILMS)
    attic, beach = shops(world)
    attic.make("Evenings", "A")
    world.settle()
    beach.edit(only(beach), films=["B"])
    world.settle()
    edited = beach.named()
    beach.playlists.clear()
    beach.make("Own", "A")
    world.settle()

    assert {"Evenings": ["A"]} == edited == attic.named()
    assert {"Own": ["A"], "Evenings": ["A"]} == beach.named()


def test_a_server_that_is_not_written_to_is_left_alone():
    """What it says counts all the same."""
    world = PlaylistWorld(rules={"beach": ServerRules(writes=False)})
    for name in world.servers:
        world.shelve(name, *FILMS)
    attic, beach = shops(world)
    beach.make("Evenings", "A")
    attic.make("Nights", "A")
    world.settle()

    assert {"Nights": ["A"], "Evenings": ["A"]} == attic.named()
    assert ({"Evenings": ["A"]}, 0) == (beach.named(), beach.writes_count)


def test_what_only_one_server_knows_stays_there(world):
    """An item of a kind that is not listed, and an account that is nobody's."""
    attic, beach = shops(world)
    playlist_id = attic.make("Evenings", "A", "photo", shares={"stranger": True})
    world.settle()
    beach.edit(only(beach), films=["B", "A"])
    world.settle()
    kept = attic.playlists[playlist_id]
    attic.edit(playlist_id, films=["B", "A"], shares={})
    world.settle()

    assert ("a-B", "a-A", "a-photo") == kept.entries
    assert {"stranger": True} == kept.shares
    assert {"Evenings": ["B", "A"]} == attic.named() == beach.named()


def test_a_plan_names_the_playlist_for_people(world):
    """Operators read titles, not keys."""
    attic, _ = shops(world)
    attic.make("Evenings", "A")
    world.look("attic")
    plans = [one.event for one in world.core.events if isinstance(one.event, DeltaPlanned)]

    assert [("beach", "playlist Evenings")] == [(plan.target, plan.title) for plan in plans]
