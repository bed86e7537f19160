"""Which title an item is: each kind of evidence, its strength, and what is never guessed."""

import msgspec
import pytest

from projections.library import CLUE_MEMBERS_MAX
from projections.listing import Listing
from projections.matching import clues_of, normal_title
from projections.rules import Rules, ServerRules
from projections.userdata import TICKS_PER_SECOND
from support.small_core import FILM, SmallCore

ATTIC_AND_BEACH = Rules(
    servers={
        "attic": ServerRules(paths={"/srv/films": "/films"}),
        "beach": ServerRules(paths={"D:\\Films": "/films"}),
    }
)
SERIES = Listing(name="North Pier", type="Series", providers={"tvdb": "70"})
EPISODE = Listing(
    name="Low Tide",
    type="Episode",
    runtime_ticks=25_860_000_000,
    series="North Pier",
    series_id="s",
    season=2,
    episode=5,
)


def matched(here, there, **parts):
    """How beach's item `b` was matched when attic's `a` was known."""
    core = SmallCore(parts.pop("rules", ATTIC_AND_BEACH), shelved=False)
    core.shelve("attic", **{**parts.get("attic", {}), "a": here})
    core.shelve("beach", **{**parts.get("beach", {}), "b": there})
    item = core.item("beach", "b").item
    return item.media, item.matched_by


def changed(listing, **fields):
    """A listing with other facts."""
    return msgspec.structs.replace(listing, **fields)


def test_the_path_all_systems_share_decides():
    """A home video has nothing but its path."""
    here = Listing(name="Beach day", type="Video", path="/srv/films/day.mp4")
    there = changed(here, name="day", path="D:\\Films\\day.mp4")

    assert ("attic/a", "path") == matched(here, there)


def test_a_shared_provider_id_decides():
    """Any catalogue will do."""
    here = changed(FILM, path=None, providers={"imdb": "tt1", "tmdb": "2"})
    there = changed(FILM, path=None, name="Havnelys", year=None, providers={"tmdb": "2"})

    assert ("attic/a", "id") == matched(here, there)


def test_an_id_counts_only_for_the_same_kind_of_thing():
    """A series and a film may have the same number in a catalogue."""
    here = changed(FILM, path=None, type="Series", providers={"tmdb": "2"})
    there = changed(FILM, path=None, type="Movie", providers={"tmdb": "2"})

    assert ("beach/b", "nothing") == matched(here, there)


def test_an_episode_is_found_by_the_ids_of_its_series():
    """Series, season and episode, whatever the names."""
    there = changed(EPISODE, series="Nordpiren", name="Fjære")
    shelf = {"s": SERIES}

    assert ("attic/a", "episode") == matched(EPISODE, there, attic=shelf, beach=shelf)


def test_an_episode_is_found_by_the_name_of_its_series():
    """Without any ids the names have to do."""
    there = changed(EPISODE, series="NORTH PIER!")

    assert ("attic/a", "episode") == matched(EPISODE, there)


def test_other_episodes_are_other_titles():
    """One number off is another episode."""
    assert ("beach/b", "nothing") == matched(EPISODE, changed(EPISODE, episode=6, name="High"))


def test_a_film_is_found_by_name_year_and_length():
    """Case, accents and punctuation do not matter."""
    here = changed(FILM, path=None, providers={}, name="Le phare éteint")
    there = changed(here, name="LE PHARE ETEINT.")

    assert ("attic/a", "name") == matched(here, there)


@pytest.mark.parametrize(
    ("fields", "title"),
    [
        ({"year": 2020}, "beach/b"),
        ({"runtime_ticks": FILM.runtime_ticks // 2}, "beach/b"),
        ({"runtime_ticks": FILM.runtime_ticks + 20 * TICKS_PER_SECOND}, "attic/a"),
    ],
)
def test_a_remake_or_a_cut_is_another_title(fields, title):
    """Of two films with one name, year and length tell."""
    here = changed(FILM, path=None, providers={})

    assert title == matched(here, changed(here, **fields))[0]


def test_a_file_is_found_by_its_name_and_length():
    """The same file in another folder, on a server that knows no more."""
    here = Listing(name="One", type="Video", path="/x/day.mp4", runtime_ticks=9 * 10**9)
    there = changed(here, name="Two", path="/y/day.mp4")

    assert ("attic/a", "file") == matched(here, there)


def test_weak_evidence_never_joins_two_items_of_one_server():
    """Two copies side by side are two titles, unless their ids are the same."""
    core = SmallCore(shelved=False)
    plain = changed(FILM, providers={}, path=None)
    core.shelve("attic", a=plain, b=plain)

    assert "attic/b" == core.item("attic", "b").item.media


def test_two_versions_of_a_film_on_one_server_are_one_title():
    """Strong evidence joins them."""
    core = SmallCore(shelved=False)
    core.shelve("attic", a=FILM, b=changed(FILM, path="/films/harbour-4k.mkv"))

    assert "attic/a" == core.item("attic", "b").item.media


def test_two_titles_that_fit_equally_well_are_reported():
    """Nobody guesses: the item stays by itself and the operator is asked."""
    core = SmallCore(shelved=False)
    one = changed(FILM, path=None, providers={"imdb": "tt1"})
    two = changed(FILM, path=None, name="Other", providers={"tmdb": "2"})
    core.shelve("attic", a=one, c=two)
    core.shelve("beach", b=changed(FILM, path=None, providers={"imdb": "tt1", "tmdb": "2"}))

    item = core.item("beach", "b").item
    assert ("beach/b", ("attic/a", "attic/c")) == (item.media, item.rivals)


def test_a_path_that_contradicts_the_ids_is_believed_and_reported():
    """The stronger evidence wins, and the operator hears of the other."""
    core = SmallCore(shelved=False)
    core.shelve("attic", a=changed(FILM, providers={}))
    core.shelve("attic", c=changed(FILM, path="/films/other.mkv", providers={"imdb": "tt9"}))
    core.shelve("beach", b=changed(FILM, providers={"imdb": "tt9"}))

    item = core.item("beach", "b").item
    assert ("attic/a", ("attic/c",)) == (item.media, item.rivals)


def test_better_metadata_join_what_was_apart():
    """An item alone in its title moves when ids arrive."""
    core = SmallCore(shelved=False)
    core.shelve("attic", a=changed(FILM, path=None))
    core.shelve("beach", b=Listing(name="harbour-rip", type="Movie"))
    core.shelve("beach", b=changed(FILM, path=None))

    assert ("attic/a", "id") == (
        core.item("beach", "b").item.media,
        core.item("beach", "b").item.matched_by,
    )


def test_a_clue_that_everything_has_identifies_nothing():
    """A thousand tracks called Intro are a thousand titles."""
    core = SmallCore(shelved=False)
    intro = Listing(name="Intro", type="Audio", runtime_ticks=10**9)
    core.shelve("attic", **{f"a{number}": intro for number in range(CLUE_MEMBERS_MAX + 1)})
    core.shelve("beach", b=intro)

    assert "beach/b" == core.item("beach", "b").item.media


def test_episode_ids_can_be_left_out():
    """Some catalogues number episodes in another order."""
    rules = Rules(match_episode_ids=False)
    listing = changed(EPISODE, providers={"tvdb": "7"})

    assert "id" not in clues_of("attic", listing, None, rules)
    assert "id" in clues_of("attic", listing, None, Rules())


@pytest.mark.parametrize(
    ("name", "normal"),
    [("Amélie", "amelie"), ("  A--B  c ", "a b c"), ("Ⅷ", "viii"), ("東京", "東京"), ("?!", "")],
)
def test_titles_are_compared_without_what_people_write_differently(name, normal):
    """Case, accents, punctuation and compatibility forms."""
    assert normal == normal_title(name)
