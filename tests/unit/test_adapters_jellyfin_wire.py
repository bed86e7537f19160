"""Jellyfin's JSON and ours: dates, identifiers, user data, listings, bodies, the header."""

import pytest

from adapters.jellyfin import wire
from adapters.jellyfin.wire import BaseItemDto, NotUnderstood, UserItemDataDto
from projections.listing import Listing
from projections.userdata import NOTHING, Changes, State
from support.clock import START_NS

ID = "0123456789abcdef0123456789abcdef"
DASHED = "01234567-89ab-cdef-0123-456789abcdef"
PLAYED = b'{"Played":true,"IsFavorite":false,"PlaybackPositionTicks":0'


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-21T09:00:00Z", START_NS),
        ("2026-11-21T09:00:00.0000000Z", START_NS),
        ("2026-11-21T09:00:00.5Z", START_NS + 500_000_000),
        ("2026-11-21T09:00:00.1234567Z", START_NS + 123_456_700),
        ("2026-11-21T09:00:00.123456789123Z", START_NS + 123_456_789),
        ("2026-11-21T11:00:00.5+02:00", START_NS + 500_000_000),
        ("2026-11-21T04:30:00-04:30", START_NS),
        ("2026-11-21T09:00:00", START_NS),
        ("2026-11-21 09:00:00.5", START_NS + 500_000_000),
        ("1969-12-31T23:59:59.5Z", -500_000_000),
        ("0001-01-01T00:00:00.0000000Z", None),
        ("9999-12-31T23:59:59.9999999Z", None),
        ("2026-02-30T00:00:00Z", None),
        ("2026-11-21", None),
        ("11/21/2026 09:00:00", None),
        ("٢٠٢٦-11-21T09:00:00Z", None),
        ("2026-11-21T09:00:00Z\n", None),
        ("yesterday", None),
        ("", None),
        (None, None),
    ],
)
def test_a_date_is_read_as_the_server_means_it(text, moment):
    """Seven digits, any zone, UTC where there is none; the year 1 and what is no date are none."""
    assert moment == wire.parse_date(text)


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (START_NS, "2026-11-21T09:00:00.0000000Z"),
        (START_NS + 123_456_789, "2026-11-21T09:00:00.1234567Z"),
        (-1, "1969-12-31T23:59:59.9999999Z"),
    ],
)
def test_a_date_is_written_with_seven_digits_in_utc(moment, text):
    """The one form that no version reads as its own time."""
    assert text == wire.date_text(moment)


@pytest.mark.parametrize("text", [ID, ID.upper(), DASHED, DASHED.upper()])
def test_both_spellings_of_an_identifier_are_one(text):
    """32 digits in lower case, as answers have them."""
    assert wire.is_guid(text)
    assert ID == wire.normal_guid(text) == wire.known_guid(text)


@pytest.mark.parametrize(
    "text", ["", ID[1:], ID + "0", f"{{{DASHED}}}", ID + "\n", "g" * 32, "../" + ID, "\u0660" * 32]
)
def test_anything_else_is_no_identifier(text):
    """Above all nothing that means something in a path."""
    with pytest.raises(NotUnderstood):
        wire.normal_guid(text)

    assert not wire.is_guid(text)
    assert "" == wire.known_guid(text)


def test_zeros_are_no_identifier_of_anything():
    """What .NET writes for none."""
    assert "" == wire.known_guid(wire.NO_GUID) == wire.known_guid(None)


def test_user_data_become_a_state():
    """Every field; numbers may be texts, and members we do not know are ignored."""
    data = (
        b'{"Rating":7.5,"PlayedPercentage":12.5,"PlaybackPositionTicks":"42","PlayCount":3,'
        b'"IsFavorite":true,"Likes":true,"LastPlayedDate":"2026-11-21T09:00:00.1234567Z",'
        b'"Played":true,"Key":"k","ItemId":"00000000000000000000000000000000","New":{"a":[1]}}'
    )

    state = wire.user_data(wire.decode(data, UserItemDataDto))

    assert state == State(
        position_ticks=42,
        played=True,
        play_count=3,
        last_played_ns=START_NS + 123_456_700,
        favorite=True,
        rating=7.5,
    )


@pytest.mark.parametrize("missing", ["Played", "IsFavorite", "PlaybackPositionTicks"])
def test_user_data_without_a_member_that_is_always_sent_are_none(missing):
    """A missing mark is not "unwatched"."""
    whole = {"Played": "true", "IsFavorite": "false", "PlaybackPositionTicks": "0"}
    members = [f'"{name}":{value}' for name, value in whole.items() if name != missing]
    dto = wire.decode(f"{{{','.join(members)}}}".encode(), UserItemDataDto)

    with pytest.raises(NotUnderstood):
        wire.user_data(dto)


@pytest.mark.parametrize(
    ("members", "state"),
    [
        (b',"PlayCount":-1}', State(played=True)),
        (b',"PlayCount":4294967296}', State(played=True, play_count=2**31 - 1)),
        (b',"PlaybackPositionTicks":-5}', State(played=True)),
        (
            b',"PlaybackPositionTicks":99999999999999999999}',
            State(played=True, position_ticks=2**63 - 1),
        ),
    ],
)
def test_numbers_beyond_what_can_be_kept_are_brought_within(members, state):
    """The log keeps 64 bits, the server's own count has 32."""
    assert state == wire.user_data(wire.decode(PLAYED + members, UserItemDataDto))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"Played":"maybe"}',
        b'{"LastPlayedDate":"\xff"}',
        b'{"A":' * 100_000,
    ],
)
def test_what_has_not_the_shape_is_not_understood(data):
    """One exception for all of it, however deep or broken."""
    with pytest.raises(NotUnderstood):
        wire.decode(data, UserItemDataDto)


def test_a_listing_keeps_the_facts_of_an_episode():
    """Its numbers and its series; names of catalogues in lower case, empty ids dropped."""
    dto = BaseItemDto(
        name="Five",
        type="Episode",
        path="/tv/five.mkv",
        run_time_ticks=10,
        production_year=2023,
        series_name="Pier",
        series_id=DASHED,
        parent_index_number=2,
        index_number=5,
        provider_ids={"Tvdb": "99", "IMDB": " tt1 ", "Tmdb": "", "Zap2It": None, " ": "x"},
    )

    assert wire.listing(dto) == Listing(
        name="Five",
        type="Episode",
        path="/tv/five.mkv",
        runtime_ticks=10,
        year=2023,
        series="Pier",
        series_id=ID,
        season=2,
        episode=5,
        providers={"tvdb": "99", "imdb": "tt1"},
    )


def test_a_season_has_its_own_number_and_a_song_has_none():
    """Disc and track are no season and no episode."""
    season = wire.listing(BaseItemDto(type="Season", index_number=2))
    song = wire.listing(BaseItemDto(type="Audio", parent_index_number=1, index_number=7))

    assert (2, None) == (season.season, season.episode)
    assert (None, None) == (song.season, song.episode)


def test_the_artist_is_the_first_one_named():
    """As the webhook says it; the album's artist where no other is named."""
    named = BaseItemDto(artists=[None, "", "Ada", "Bo"], album_artist="Cy", album="Songs")
    unnamed = BaseItemDto(artists=[], album_artist="Cy")

    assert ("Ada", "Songs") == (wire.listing(named).artist, wire.listing(named).album)
    assert "Cy" == wire.listing(unnamed).artist


def test_an_empty_item_is_a_listing_all_the_same():
    """Nothing that is missing stops the others."""
    assert Listing(name="", type="") == wire.listing(BaseItemDto())


def test_a_body_has_the_fields_that_are_set():
    """By the server's names; false and zero are values."""
    changes = Changes(
        position_ticks=0, played=False, play_count=2, last_played_ns=START_NS, favorite=True
    )

    assert {
        "PlaybackPositionTicks": 0,
        "Played": False,
        "PlayCount": 2,
        "LastPlayedDate": "2026-11-21T09:00:00.0000000Z",
        "IsFavorite": True,
    } == wire.changes_body(changes)
    assert {"Rating": 7.5} == wire.changes_body(Changes(rating=7.5))


def test_a_body_has_nothing_that_the_server_would_ignore():
    """Null means "leave it" there, and streams cannot be set."""
    changes = Changes(rating=None, last_played_ns=None, audio_stream=1, subtitle_stream=2)

    assert {} == wire.changes_body(changes) == wire.changes_body(NOTHING)


def test_the_header_encodes_what_would_end_a_value():
    """Quotes, commas, percent and plus signs, line ends, letters beyond ASCII; no empty parts."""
    assert 'MediaBrowser Token="a%22%2C%25%2B%0D%0A", Device="K%C3%BCche"' == wire.authorization(
        {"Token": 'a",%+\r\n', "Device": "Küche", "DeviceId": ""}
    )
