"""Bodies of the webhook plugin: every form they come in, and what is said about bad ones."""

import json
import urllib.parse

import msgspec
import pytest

from adapters.jellyfin.webhook import Notice, parse
from projections.listing import Listing
from projections.userdata import State
from support.clock import NANOS_PER_SECOND, START_NS

PLAIN = "text/plain; charset=utf-8"
FORM = "application/x-www-form-urlencoded"
SERVER, USER, ITEM, SERIES = "5" * 32, "8" * 32, "3" * 32, "7" * 32
DASHED_ITEM = "33333333-3333-3333-3333-333333333333"

SAVED = {
    "ServerId": SERVER,
    "ServerName": 'Atelier \\"Nord\\"',
    "NotificationType": "UserDataSaved",
    "Timestamp": "2026-11-21T10:00:00.1234567+01:00",
    "UtcTimestamp": "2026-11-21T09:00:00.1234567Z",
    "Name": 'Harbour \\"Lights\\"',
    "ItemId": ITEM,
    "ItemType": "Movie",
    "RunTimeTicks": 64_980_000_000,
    "Year": 2019,
    "Provider_tmdb": "9900101",
    "Provider_Imdb": "tt99001010",
    "Provider_empty": "",
    "Video_0_ColorSpace": None,
    "Likes": False,
    "Rating": 0,
    "PlaybackPositionTicks": 6_000_000_000,
    "PlayCount": 1,
    "Favorite": True,
    "Played": False,
    "AudioStreamIndex": 1,
    "SubtitleStreamIndex": -1,
    "LastPlayedDate": "2026-11-21T09:00:00.0000000Z",
    "SaveReason": "PlaybackFinished",
    "NotificationUsername": "mara",
    "UserId": USER,
}
STATE = State(position_ticks=6_000_000_000, play_count=1, favorite=True, last_played_ns=START_NS)

TEMPLATE = """{
  "NotificationType": "%s",
  "ServerId": "55555555-5555-5555-5555-555555555555",
  "UserId": "88888888-8888-8888-8888-888888888888",
  "NotificationUsername": "mara",
  "ItemId": "33333333-3333-3333-3333-333333333333",
  "Name": "True: ,} it said",
  "ItemType": "Movie",
  "Path": "",
  "PlaybackPositionTicks": %s,
  "PlayedToCompletion": %s,
  "IsFavorite": ,
  "Played": %s,
  "Provider_imdb": "tt1",
  "Provider_tmdb": "",
}"""
"""The ancestor's template, as the plugin fills it in: no JSON."""


def body(**members):
    """The notification with some members changed."""
    return json.dumps(SAVED | members).encode()


def without(*names):
    """The notification with some members missing."""
    return json.dumps({k: v for k, v in SAVED.items() if k not in names}).encode()


def test_a_saved_state_is_read_whole():
    """Who, what, when, why, and all fields; quotes as they were before the plugin escaped them."""
    notice = parse(body(), PLAIN)

    assert notice == Notice(
        type="UserDataSaved",
        server_id=SERVER,
        user_id=USER,
        user_name="mara",
        item_id=ITEM,
        reason="PlaybackFinished",
        state=STATE,
        audio_stream=1,
        subtitle_stream=None,
        position_ticks=6_000_000_000,
        utc_ns=START_NS + 123_456_700,
        listing=Listing(
            name='Harbour "Lights"',
            type="Movie",
            runtime_ticks=64_980_000_000,
            year=2019,
            providers={"tmdb": "9900101", "imdb": "tt99001010"},
        ),
        dedup_key=notice.dedup_key,
    )


def test_an_episode_keeps_its_place_but_not_its_series_year():
    """`Year` of an episode is that of the series, which would be taken for its own."""
    members = {
        "ItemType": "Episode",
        "SeriesName": 'The \\"Pier\\"',
        "SeriesId": SERIES,
        "SeasonNumber": 2,
        "SeasonNumber00": "02",
        "EpisodeNumber": 5,
    }

    listing = parse(body(**members), PLAIN).listing

    assert ('The "Pier"', SERIES, 2, 5) == (
        listing.series,
        listing.series_id,
        listing.season,
        listing.episode,
    )
    assert listing.year is None


@pytest.mark.parametrize(
    ("members", "rating"),
    [
        ({"Likes": False, "Rating": 0}, None),
        ({"Likes": False, "Rating": 1}, 1.0),
        ({"Likes": True, "Rating": 7.5}, 7.5),
        ({"Likes": True, "Rating": 10}, 10.0),
        ({"Likes": None, "Rating": 0.0}, None),
        ({"Rating": "7.5"}, 7.5),
    ],
)
def test_no_rating_is_told_from_a_dislike(members, rating):
    """The plugin writes "none" as a dislike with 0."""
    assert rating == parse(body(**members), PLAIN).state.rating


@pytest.mark.parametrize(
    "missing", ["Played", "PlayCount", "Favorite", "PlaybackPositionTicks", "Rating"]
)
def test_a_state_is_complete_or_none(missing):
    """What a template leaves out is not blank; the notification itself is fine."""
    for notice in (parse(without(missing), PLAIN), parse(body(**{missing: None}), PLAIN)):
        assert (None, "", ITEM) == (notice.state, notice.problem, notice.item_id)


def test_a_state_without_date_was_never_played():
    """The plugin leaves the date out; the year 1 says the same."""
    assert parse(without("LastPlayedDate"), PLAIN).state.last_played_ns is None
    assert parse(body(LastPlayedDate="0001-01-01T00:00:00.0000000Z"), PLAIN).problem == ""


def test_only_a_saved_state_is_a_state():
    """Playback has a position and streams, and its `Played` is not to be had."""
    notice = parse(body(NotificationType="PlaybackStop"), PLAIN)

    assert notice.state is None
    assert 6_000_000_000 == notice.position_ticks


def test_a_notification_about_a_user_has_no_item():
    """The name is unescaped there; zeros are nobody."""
    members = {"NotificationType": "UserCreated", "NotificationUsername": 'i\\"vo', "UserId": USER}
    failure = {"NotificationType": "AuthenticationFailure", "UserId": "0" * 32}
    notice = parse(json.dumps(members).encode(), PLAIN)

    assert Notice(type="UserCreated", user_name='i"vo', user_id=USER) == notice
    assert Notice(type="AuthenticationFailure") == parse(json.dumps(failure).encode(), PLAIN)


def test_names_that_the_plugin_does_not_escape_keep_their_backslash():
    """Users of playback and user data, albums and artists."""
    odd = 'a\\"b'
    notice = parse(body(NotificationUsername=odd, Album=odd, Artist=odd), PLAIN)

    assert (odd, odd, odd) == (notice.user_name, notice.listing.album, notice.listing.artist)


@pytest.mark.parametrize("content_type", [PLAIN, "application/json", FORM, "", "image/png", "\0"])
def test_the_content_type_decides_nothing(content_type):
    """The plugin says text/plain by default, and people configure all kinds of things."""
    assert STATE == parse(body(), content_type).state


@pytest.mark.parametrize(
    "encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"]
)
def test_other_encodings_are_recognised(encoding):
    """With a mark and without one."""
    raw = json.dumps(SAVED | {"Name": "Kråkøya 👩"}, ensure_ascii=False).encode(encoding)

    assert "Kråkøya 👩" == parse(raw, PLAIN).listing.name


@pytest.mark.parametrize("content_type", [FORM, PLAIN])
def test_a_form_is_read_like_json(content_type):
    """All values are texts, null is empty, booleans are written as .NET does."""
    fields = {key: "" if value is None else str(value) for key, value in SAVED.items()}
    raw = urllib.parse.urlencode(fields).encode()

    assert parse(body(), PLAIN) == parse(raw, content_type)


def test_the_template_of_the_ancestor_is_read():
    """Dashed ids, True and False, nothing where a value is missing, a comma too many."""
    raw = (TEMPLATE % ("UserDataSaved", "", "", "True")).encode()
    stop = (TEMPLATE % ("PlaybackStop", "610", "True", "")).encode()

    assert parse(raw, PLAIN) == Notice(
        type="UserDataSaved",
        server_id=SERVER,
        user_id=USER,
        user_name="mara",
        item_id=ITEM,
        listing=Listing(name="True: ,} it said", type="Movie", providers={"imdb": "tt1"}),
    )
    assert (610, "") == (parse(stop, PLAIN).position_ticks, parse(stop, PLAIN).problem)


@pytest.mark.parametrize(
    "members",
    [
        {"Played": "False", "Favorite": "TRUE"},
        {"Played": 0, "Favorite": 1},
        {"Played": "0", "Favorite": "true"},
        {"PlayCount": "1", "PlaybackPositionTicks": "6000000000"},
        {"PlayCount": 1.0, "PlaybackPositionTicks": 6e9},
        {"ItemId": DASHED_ITEM.upper(), "UserId": USER.upper()},
        {"Provider_tmdb": 9_900_101},
        {"Unknown": {"deep": [1, 2, {}]}},
    ],
)
def test_other_spellings_say_the_same(members):
    """Numbers and booleans as texts, and the other way round."""
    assert parse(body(), PLAIN) == parse(body(**members), PLAIN)


def test_the_last_of_a_repeated_key_counts():
    """As every other reader of JSON does it."""
    assert parse(b'{"SaveReason":"a",' + body()[1:], PLAIN) == parse(body(), PLAIN)


@pytest.mark.parametrize(
    ("members", "problem"),
    [
        ({"ItemId": "../../System/Shutdown"}, "ItemId is no identifier of Jellyfin's."),
        ({"UserId": 12}, "UserId is no text."),
        ({"ServerId": ["x"]}, "ServerId is no text."),
        ({"Name": 1984}, "Name is no text."),
        ({"PlaybackPositionTicks": 1.5}, "PlaybackPositionTicks is no whole number."),
        ({"PlaybackPositionTicks": True}, "PlaybackPositionTicks is no whole number."),
        ({"PlaybackPositionTicks": "1e3"}, "PlaybackPositionTicks is no whole number."),
        ({"PlaybackPositionTicks": float("nan")}, "PlaybackPositionTicks is no whole number."),
        ({"PlaybackPositionTicks": float("inf")}, "PlaybackPositionTicks is no whole number."),
        (
            {"PlaybackPositionTicks": 2**80},
            "PlaybackPositionTicks is not between 0 and 9223372036854775807.",
        ),
        (
            {"PlaybackPositionTicks": -1},
            "PlaybackPositionTicks is not between 0 and 9223372036854775807.",
        ),
        ({"PlayCount": {}}, "PlayCount is no whole number."),
        ({"PlayCount": 2**31}, "PlayCount is not between 0 and 2147483647."),
        ({"Rating": 11}, "Rating is not between 0 and 10."),
        ({"Rating": float("nan")}, "Rating is not between 0 and 10."),
        ({"Rating": "good"}, "Rating is no number."),
        ({"Rating": False}, "Rating is no number."),
        ({"Played": "maybe"}, "Played is neither true nor false."),
        ({"Played": 2}, "Played is neither true nor false."),
        ({"Favorite": []}, "Favorite is neither true nor false."),
        ({"LastPlayedDate": "yesterday"}, "LastPlayedDate is no date."),
        ({"UtcTimestamp": "11/21/2026 09:00:00"}, "UtcTimestamp is no date."),
        ({"AudioStreamIndex": -2}, "AudioStreamIndex is not between -1 and 2147483647."),
        ({"Provider_imdb": ["tt1"]}, "Provider_imdb is no text."),
        ({"NotificationType": None}, "NotificationType is missing."),
    ],
)
def test_a_bad_member_is_named_and_the_others_are_read(members, problem):
    """One sentence that says what is wrong and where."""
    notice = parse(body(**members), PLAIN)

    assert problem == notice.problem
    assert "PlaybackFinished" == notice.reason


@pytest.mark.parametrize(
    "member",
    ["Played", "Favorite", "PlayCount", "PlaybackPositionTicks", "Rating", "LastPlayedDate"],
)
def test_a_bad_member_spoils_the_state(member):
    """Half of a state would be believed as a whole one."""
    notice = parse(body(**{member: "neither"}), PLAIN)

    assert notice.state is None
    assert notice.problem.startswith(member)


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b"", "The body is empty: tick Send All Properties in the plugin."),
        (b" \r\n\0", "The body is empty: tick Send All Properties in the plugin."),
        (b"\xef\xbb\xbf", "The body is empty: tick Send All Properties in the plugin."),
        (b"hello", "The body is not JSON: Expecting value at character 0."),
        (b'{"a":1', "The body is not JSON: Expecting ',' delimiter at character 6."),
        (b'{"a":1}{', "The body is not JSON: Extra data at character 7."),
        (b"<html>", "The body is not JSON: Expecting value at character 0."),
        (b"\xff\xff\xff", "The body is not JSON: Expecting value at character 0."),
        (b"a=b&c=d", "The body is not JSON: Expecting value at character 0."),
        (b"null", "The body is JSON, but no object."),
        (b"[1]", "The body is JSON, but no object."),
        (b'"text"', "The body is JSON, but no object."),
        (b"NaN", "The body is JSON, but no object."),
        (b"[" * 200_000, "The body is nested too deeply."),
        (b'{"a":' * 200_000, "The body is nested too deeply."),
        (b"{}", "NotificationType is missing."),
    ],
)
def test_what_is_no_notification_says_so(raw, problem):
    """Nothing of it is read, and nothing breaks."""
    assert Notice(problem=problem) == parse(raw, PLAIN)


def test_half_characters_are_made_whole():
    """They cannot be written down; whole pairs are what they stand for."""
    raw = rb'{"NotificationType":"x","ItemId":"%s","ItemType":"Movie","Name":"a\ud800b\ud83d\ude00"'
    raw = raw % ITEM.encode() + rb',"Provider_\udfffx":"\udfff1"}'

    listing = parse(raw, PLAIN).listing

    assert "a\ufffdb\U0001f600" == listing.name
    assert {"\ufffdx": "\ufffd1"} == listing.providers
    assert msgspec.msgpack.encode(listing)


def test_raw_line_ends_in_a_text_are_forgiven():
    """What a template with three braces makes of an overview."""
    raw = b'{"NotificationType":"PlaybackStop","Overview":"one\ntwo\t"}'

    assert Notice(type="PlaybackStop") == parse(raw, PLAIN)


@pytest.mark.parametrize(
    "raw",
    [
        b'{"PlayCount":' + b"9" * 1_000_000 + b"}",
        b'{"' + b'\\"' * 500_000,
        b'{"a":' + b" " * 1_000_000,
        b'{"a":"' + b'":' * 500_000,
        b'{"a":True' + b", " * 500_000,
        b"a=" + b"&" * 1_000_000,
        b"{" + b'"a":1,' * 200_000,
    ],
    ids=["digits", "quotes", "spaces", "colons", "commas", "ampersands", "members"],
)
def test_a_long_bad_body_is_refused(raw):
    """It is read once: a parser that goes back and forth would not end before the test's limit."""
    assert parse(raw, PLAIN).problem


def test_the_same_notification_twice_has_one_key():
    """Whatever its form, and whatever else another destination left in it."""
    leaked = {"MentionType": "everyone", "Username": "bot", "ItemId": DASHED_ITEM}
    first, second = parse(body(), PLAIN), parse(body(**leaked), PLAIN)

    assert 16 == len(first.dedup_key)
    assert first.dedup_key == second.dedup_key


@pytest.mark.parametrize(
    "members",
    [
        {"ServerId": "6" * 32},
        {"NotificationType": "PlaybackStop"},
        {"ItemId": "4" * 32},
        {"UserId": "9" * 32},
        {"UtcTimestamp": "2026-11-21T09:00:00.1234568Z"},
    ],
)
def test_another_notification_has_another_key(members):
    """Server, type, item, user and the moment, to 100 ns."""
    assert parse(body(), PLAIN).dedup_key != parse(body(**members), PLAIN).dedup_key


def test_without_a_real_timestamp_there_is_no_key():
    """Two different ones in one second would look alike."""
    assert parse(without("UtcTimestamp"), PLAIN).dedup_key is None
    assert parse(body(UtcTimestamp="11/21/2026 09:00:00"), PLAIN).dedup_key is None


def test_out_of_order_the_timestamp_tells_which_came_first():
    """Arrival does not: the plugin sends several at once."""
    late = "2026-11-21T09:00:01.0000001Z"
    arrived = [parse(body(UtcTimestamp=late), PLAIN), parse(body(), PLAIN)]

    assert [START_NS + 123_456_700, START_NS + NANOS_PER_SECOND + 100] == sorted(
        notice.utc_ns for notice in arrived
    )
