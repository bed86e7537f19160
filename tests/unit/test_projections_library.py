"""The library: items of servers, their titles, and the clues they are found by."""

import msgspec
import pytest

from projections.errors import NotFound
from projections.library import CLUES, GHOSTS_MAX, media_clue
from projections.sync_commands import LinkItem, ListItems
from projections.sync_decisions import SYNC_DECISIONS
from projections.userdata import BLANK, State
from support.small_core import FILM, SmallCore

OTHER = msgspec.structs.replace(FILM, name="North Pier", path="/films/pier.mkv", providers={})


@pytest.fixture
def core():
    """A core whose two servers have the film."""
    return SmallCore()


def members_of(core, media):
    """The living items of a title."""
    row = core.views.get(CLUES, media_clue(media))
    return set() if row is None else set(row.members)


def test_items_of_one_title_know_each_other(core):
    """The first item gives the title its key."""
    assert {"attic/a", "beach/b"} == members_of(core, "attic/a")


def test_listing_the_same_again_is_no_event(core):
    """Sweeps leave no trace where nothing changed."""
    assert [] == core.do(ListItems, server="attic", listings={"a": FILM})


def test_an_item_that_is_gone_leaves_its_title(core):
    """It is marked, not forgotten."""
    core.lose("beach", "b")

    assert core.item("beach", "b").gone
    assert {"attic/a"} == members_of(core, "attic/a")


def test_an_item_is_gone_once(core):
    """Telling it again is no event."""
    core.lose("beach", "b")
    head = core.head
    core.lose("beach", "b")

    assert head == core.head


def test_a_replaced_file_takes_the_title_of_the_old_one():
    """An upgrade is the same film, though no other server has it."""
    core = SmallCore(shelved=False)
    core.shelve("attic", a=FILM)
    core.lose("attic", "a")
    core.shelve("attic", a2=FILM)

    assert "attic/a" == core.item("attic", "a2").item.media


def test_a_replaced_file_is_told_what_the_old_one_held(core):
    """The new item starts with the old state."""
    core.see("attic", "a", State(favorite=True))
    core.lose("beach", "b")
    core.shelve("beach", b2=FILM)
    core.see("beach", "b2", BLANK)

    assert core.delivery("beach", "b2").wish.fields.favorite is True


def test_an_item_that_comes_back_is_met_anew(core):
    """What it holds may be years old."""
    core.see("beach", "b", State(favorite=True))
    since = core.item("beach", "b").since
    core.lose("beach", "b")
    core.shelve("beach", b=FILM)

    assert since < core.item("beach", "b").since


def test_a_moved_file_keeps_its_title(core):
    """Clues follow, the title stays."""
    moved = msgspec.structs.replace(FILM, path="/films/moved/harbour.mkv")
    core.shelve("beach", b=moved)

    assert "attic/a" == core.item("beach", "b").item.media
    assert {"attic/a"} == set(core.views.get(CLUES, ("path:/films/harbour.mkv",)).members)
    assert {"beach/b"} == set(core.views.get(CLUES, ("path:/films/moved/harbour.mkv",)).members)


def nameless(path):
    """A copy of the film that nothing but its name and length speaks for."""
    return msgspec.structs.replace(FILM, path=path, providers={})


def test_a_second_item_of_the_same_name_is_asked_about():
    """One server's two films of one name are two films, until somebody says otherwise."""
    core = SmallCore(shelved=False)
    core.shelve("attic", a=nameless("/attic/harbour.mkv"))
    core.shelve("beach", b=nameless("/beach/harbour-1.mkv"))
    core.shelve("beach", c=nameless("/beach/harbour-2.mkv"))

    assert "beach/c" == core.item("beach", "c").item.media
    assert ("attic/a",) == core.item("beach", "c").item.rivals


def test_an_item_in_question_takes_the_title_once_the_other_is_gone():
    """A file was replaced, and the new one listed while the old one was still there."""
    core = SmallCore(shelved=False)
    core.shelve("attic", a=nameless("/attic/harbour.mkv"))
    core.shelve("beach", b=nameless("/beach/harbour-1.mkv"))
    core.shelve("beach", c=nameless("/beach/harbour-2.mkv"))
    core.lose("beach", "b")
    core.shelve("beach", c=nameless("/beach/harbour-2.mkv"))

    assert "attic/a" == core.item("beach", "c").item.media
    assert () == core.item("beach", "c").item.rivals


def test_ghosts_are_few():
    """A title that is replaced again and again remembers the latest items."""
    core = SmallCore(shelved=False)
    for number in range(GHOSTS_MAX + 5):
        core.shelve("attic", **{f"a{number}": FILM})
        core.lose("attic", f"a{number}")

    assert GHOSTS_MAX == len(core.views.get(CLUES, ("path:/films/harbour.mkv",)).ghosts)


def test_the_operator_can_give_an_item_its_title(core):
    """The word of the operator is stronger than any clue."""
    core.shelve("beach", c=OTHER)
    core.do(LinkItem, server="beach", item_id="c", media="attic/a")

    assert "operator" == core.item("beach", "c").item.matched_by
    assert {"attic/a", "beach/b", "beach/c"} == members_of(core, "attic/a")


def test_the_operator_can_part_two_items(core):
    """Without a title an item gets one of its own, and keeps it when it is listed again."""
    core.do(LinkItem, server="beach", item_id="b", media=None)
    core.shelve("beach", b=msgspec.structs.replace(FILM, year=2020))

    assert "beach/b" == core.item("beach", "b").item.media
    assert {"attic/a"} == members_of(core, "attic/a")


@pytest.mark.parametrize(
    ("item_id", "media", "sentence"),
    [
        ("z", None, "The server beach has no item 'z'."),
        ("b", "nowhere/z", "There is no title 'nowhere/z'."),
    ],
)
def test_the_operator_is_told_what_does_not_exist(core, item_id, media, sentence):
    """A link needs an item and a title."""
    command = LinkItem(source="cli", actor="op", server="beach", item_id=item_id, media=media)

    with pytest.raises(NotFound, match=sentence):
        SYNC_DECISIONS[LinkItem](core.views, command, 1)
