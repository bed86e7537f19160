"""What is heard of a socket's messages, without a socket."""

import json

import pytest

from adapters.jellyfin.socket import MESSAGE_BYTES_MAX, MESSAGE_IDS_MAX, Ear
from projections.userdata import State

USER = "a" * 32
ITEM = "b" * 32
DATA = {"Played": True, "IsFavorite": False, "PlaybackPositionTicks": 5, "ItemId": ITEM}


def message(kind="UserDataChanged", data=None, message_id="1", **extra):
    """A message as it comes over the wire."""
    told = {"UserId": USER, "UserDataList": [DATA]} if data is None else data
    whole = {"Data": told, "MessageType": kind, "MessageId": message_id} | extra
    return json.dumps(whole).encode()


def test_changed_user_data_are_heard():
    """Whose, and the state of each item, in whatever spelling the ids come."""
    dashed = f"{ITEM[:8]}-{ITEM[8:12]}-{ITEM[12:16]}-{ITEM[16:20]}-{ITEM[20:]}".upper()
    raw = message(data={"UserId": USER.upper(), "UserDataList": [DATA | {"ItemId": dashed}]})

    heard = Ear().hear(raw)

    assert ("UserDataChanged", raw, USER) == (heard.kind, heard.raw, heard.user_id)
    assert {ITEM: State(position_ticks=5, played=True)} == heard.states


def test_a_changed_library_is_heard():
    """The ids by what happened to them; what is no id is left out."""
    lists = {"ItemsAdded": [ITEM], "ItemsUpdated": ["x", USER], "ItemsRemoved": None, "Other": 1}

    heard = Ear().hear(message("LibraryChanged", lists))

    assert ((ITEM,), (USER,), ()) == (heard.items_added, heard.items_updated, heard.items_removed)


@pytest.mark.parametrize(
    "raw",
    [
        message("KeepAlive"),
        message("Sessions", []),
        message("ActivityLogEntry", []),
        message("RestartRequired", "x"),
        message(None),
        message(data={"UserId": USER, "UserDataList": []}),
        message(data={"UserId": USER, "UserDataList": None}),
        message(data={"UserId": "0" * 32, "UserDataList": [DATA]}),
        message(data={"UserDataList": [DATA]}),
        message(data={"UserId": USER, "UserDataList": [DATA | {"ItemId": "../x"}]}),
        message(data={"UserId": USER, "UserDataList": [{"ItemId": ITEM}]}),
        message(data={"UserId": USER, "UserDataList": [DATA | {"Played": "often"}]}),
        message(data=[]),
        message("LibraryChanged", "everything"),
        message("ForceKeepAlive", "soon"),
        message(7),
        b"",
        b"null",
        b"[]",
        b'{"MessageType":',
        b"\xff\xfe",
        b"[" * 100_000,
        b" " * (MESSAGE_BYTES_MAX + 1),
    ],
    ids=range(23),
)
def test_what_is_of_no_interest_or_cannot_be_read_is_passed_over(raw):
    """And what comes after it is heard."""
    ear = Ear()

    assert ear.hear(raw) is None
    assert ear.hear(message(message_id="after")) is not None


def test_a_message_is_heard_once():
    """The same id again is the same message; one without id is always a new one."""
    ear = Ear()

    assert [True, False, True] == [
        ear.hear(message(message_id=name)) is not None for name in ("1", "1", "2")
    ]
    assert [True, True] == [ear.hear(message(message_id="")) is not None for _ in range(2)]


def test_only_the_last_ids_are_remembered():
    """What a server sends does not fill the memory."""
    ear = Ear()
    for number in range(MESSAGE_IDS_MAX + 1):
        ear.hear(message(message_id=str(number)))

    assert ear.hear(message(message_id="0")) is not None
    assert ear.hear(message(message_id=str(MESSAGE_IDS_MAX))) is None


def test_the_wish_for_signs_of_life_is_remembered():
    """In seconds, as a number or a text."""
    ear = Ear()
    for wish in (60, "45"):
        ear.hear(message("ForceKeepAlive", wish, message_id=str(wish)))

        assert float(wish) == ear.keep_alive_s
