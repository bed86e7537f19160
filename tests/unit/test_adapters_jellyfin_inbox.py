"""What is looked at again because of a notification."""

import pytest

from adapters.jellyfin.inbox import command
from projections.sync_events import Poke
from projections.userdata import State
from support.notifications import FILM, MARA, notification

SENT_NS = 1_795_205_730_123_497_900
PLAYED_NS = 1_795_205_729_987_123_000


def pokes(kind="UserDataSaved", **fields):
    """What a notification leads to."""
    return command("attic", notification(kind, **fields), "text/plain").pokes


def test_saved_user_data_is_looked_at_with_its_reason_and_state():
    """The state that was told goes along, for when the server cannot be asked."""
    state = State(played=True, play_count=1, last_played_ns=PLAYED_NS)
    expected = Poke(
        kind="userdata",
        user_id=MARA,
        item_id=FILM,
        reason="TogglePlayed",
        state=state,
        audio_stream=1,
    )

    assert (expected,) == pokes()


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("PlaybackStart", "PlaybackStart"),
        ("PlaybackProgress", "PlaybackProgress"),
        ("PlaybackStop", "PlaybackFinished"),
    ],
)
def test_playback_says_why_user_data_was_saved_but_not_what(kind, reason):
    """What a session tells of the position is not what the server keeps: there is no state."""
    (poke,) = pokes(kind)

    assert ("userdata", MARA, FILM, reason, None) == (
        poke.kind,
        poke.user_id,
        poke.item_id,
        poke.reason,
        poke.state,
    )


@pytest.mark.parametrize("kind", ["ItemAdded", "ItemDeleted"])
def test_an_item_that_comes_or_goes_is_looked_at(kind):
    """For whomever: no user is named."""
    assert (Poke(kind="item", item_id=FILM),) == pokes(kind)


@pytest.mark.parametrize("kind", ["UserCreated", "UserDeleted", "UserUpdated"])
def test_accounts_are_listed_again_as_a_whole(kind):
    """Whatever happened to one of them: a body alone must never delete anybody."""
    assert (Poke(kind="accounts"),) == pokes(kind)


def test_the_end_of_a_library_scan_is_told_from_other_tasks():
    """The plugin's own task ends every 30 seconds."""
    assert (Poke(kind="library"),) == pokes("TaskCompleted", ResultKey="RefreshLibrary")
    assert () == pokes("TaskCompleted", ResultKey="WebhookItemAdded")
    assert () == pokes("TaskCompleted", ResultKey=7)
    assert () == command("attic", b"NotificationType=TaskCompleted&x=1", "text/plain").pokes


@pytest.mark.parametrize(
    "kind",
    ["SessionStart", "AuthenticationFailure", "PendingRestart", "UserPasswordChanged", "Generic"],
)
def test_other_types_are_recorded_and_lead_to_nothing(kind):
    """They are no problem either."""
    made = command("attic", notification(kind), "text/plain")

    assert ((), "", kind) == (made.pokes, made.problem, made.type)


def test_the_body_is_kept_as_it_came():
    """With its content type, so that a better parser can be run over the past."""
    body = b"\xff\xfe\x00not json"
    made = command("attic", body, "text/odd")

    assert (body, "text/odd", "attic", "attic", "webhook") == (
        made.body,
        made.content_type,
        made.server,
        made.actor,
        made.source,
    )
    assert made.problem


@pytest.mark.parametrize("missing", ["UserId", "ItemId"])
@pytest.mark.parametrize("value", ["", None, "0" * 32])
def test_a_notification_that_names_nothing_says_so(missing, value):
    """It is not passed over in silence: somebody has to correct a template."""
    made = command("attic", notification(**{missing: value}), "")

    assert () == made.pokes
    assert made.problem.startswith("UserDataSaved names no ")


@pytest.mark.parametrize("field", ["UserId", "ItemId"])
@pytest.mark.parametrize(
    "text", ["../../../System/Shutdown?x=", "%2e%2e%2fUsers", "*", f"{FILM}/..", "1 OR 1=1"]
)
def test_a_hostile_id_is_never_looked_at(field, text):
    """Defect 13 of jellyfin-db-sync: an id out of a body became a path asked with the API key."""
    made = command("attic", notification(**{field: text}), "")

    assert () == made.pokes
    assert field in made.problem


def test_the_same_notification_has_the_same_id():
    """Sent twice it is recorded once; another moment, person or item is another one."""
    made = command("attic", notification(), "").id
    others = [
        command("attic", notification(UtcTimestamp="2026-11-20T20:15:30.1234980Z"), "").id,
        command("attic", notification(UserId=FILM), "").id,
        command("attic", notification(ItemId=MARA), "").id,
        command("attic", notification("PlaybackStop"), "").id,
    ]

    assert made == command("attic", notification(), "application/json").id
    assert 16 == len(made)
    assert 5 == len({made, *others})


def test_the_same_notification_at_two_addresses_is_two():
    """Otherwise one that went astray would keep the right one from being recorded."""
    body = notification()

    assert command("attic", body, "").id != command("barn", body, "").id
    assert command("attic", body, "").id == command("Attic", body, "").id


def test_without_a_timestamp_nothing_is_taken_for_a_repeat():
    """Two accounts may be made within a moment."""
    assert command("attic", notification("UserCreated", UtcTimestamp=None), "").id is None


def test_what_is_not_understood_is_never_a_repeat():
    """Two broken bodies differ in what could not be read."""
    assert command("attic", notification(UserId="guest"), "").id is None
    assert command("attic", notification(ItemId=""), "").id is None


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-20T20:15:30.1234979Z", SENT_NS),
        ("0001-01-01T00:00:00.0000000Z", None),
        ("1905-01-01T00:00:00Z", None),
        ("9999-12-31T23:59:59Z", None),
        ("soon", None),
    ],
)
def test_it_happened_when_the_server_says_unless_its_clock_is_absurd(text, moment):
    """A moment the log cannot hold, or before computers had one, is none."""
    assert moment == command("attic", notification(UtcTimestamp=text), "").at


def test_words_of_a_body_are_cut():
    """A megabyte for a type or a reason would otherwise be copied into every view."""
    made = command("attic", notification(SaveReason="x" * 100_000), "")
    odd = command("attic", notification("y" * 100_000), "")

    assert 64 == len(made.pokes[0].reason)
    assert 64 == len(odd.type)
