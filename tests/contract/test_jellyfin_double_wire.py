"""The Jellyfin double: its JSON, byte for byte that of the real serializer."""

import pytest

from support import checkout
from support.jellyfin.dates import NetDate
from support.jellyfin.sample import at, sample
from support.jellyfin.wire import dumps, time_span

RECORDED = checkout.ROOT.parent / "shared" / "data" / "jellyfin_webhooks"


@pytest.mark.parametrize("name", sorted(sample().bodies()))
def test_bodies_are_those_of_the_real_serializer_byte_for_byte(name):
    """All 22 recorded bodies, made anew from the same film, episode and people."""
    recorded = RECORDED / f"{name}.json"
    if not recorded.exists():
        pytest.skip("the recorded bodies (../shared/data/jellyfin_webhooks) are not here")

    assert recorded.read_bytes() == sample().bodies()[name].encode()


def test_a_session_body_looks_like_this():
    """Compact, in the order of insertion, a first-of-January date for "never"."""
    assert (
        '{"ServerId":"5d2f7c1be0a94b6f9a3c8e7d10f4b256","ServerName":"Atelier Nord",'
        '"ServerVersion":"10.11.11","ServerUrl":"https://media.example.net",'
        '"NotificationType":"SessionStart","Id":"6be1a0d95c3f47288de4c07b12a9f350",'
        '"UserId":"8f0cb1d27a634ee0b1c95d3e6a7f9012","NotificationUsername":"mara",'
        '"Client":"Jellyfin Web","LastActivityDate":"0001-01-01T00:00:00.0000000Z",'
        '"LastPlaybackCheckIn":"0001-01-01T00:00:00.0000000Z","DeviceName":"Firefox",'
        '"DeviceId":"TW96aWxsYS81LjA-3f2a","RemoteEndPoint":"192.0.2.44"}'
    ) == sample().bodies()["SessionStart"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a\"b'c&d<e>f+g`h\\i/j", r'"a\u0022b\u0027c\u0026d\u003Ce\u003Ef\u002Bg\u0060h\\i/j"'),
        ("é\u00a0🎬\x7f\n", r'"\u00E9\u00A0\uD83C\uDFAC\u007F\n"'),
        (None, "null"),
        (True, "true"),
        (25.0, "25"),
        (23.976025, "23.976025"),
        (2**62, "4611686018427387904"),
        ({"b": [1, "x"], "a": None}, '{"b":[1,"x"],"a":null}'),
    ],
)
def test_values_are_written_as_system_text_json_does(value, text):
    """ASCII only, upper-case escapes, null stays in a dictionary, floats look like integers."""
    assert text == dumps(value)


@pytest.mark.parametrize(
    ("moment", "kind", "text"),
    [
        ("2026-06-03T20:15:30.1234567Z", "utc", "2026-06-03T20:15:30.1234567Z"),
        ("2026-06-03T20:15:30.5Z", "utc", "2026-06-03T20:15:30.5Z"),
        ("2026-06-03T20:15:30Z", "utc", "2026-06-03T20:15:30.0000000Z"),
        ("2026-06-03T20:15:30.5Z", "local", "2026-06-03T22:15:30.5+02:00"),
        ("2026-06-03T20:15:30Z", "local", "2026-06-03T22:15:30.0000000Z"),
        ("2026-06-03T20:15:30.0004Z", "local", "2026-06-03T22:15:30.0004000Z"),
        ("2026-06-03T20:15:30.5Z", "unspecified", "2026-06-03T22:15:30.5"),
    ],
)
def test_dates_without_milliseconds_pretend_to_be_utc(moment, kind, text):
    """One Timestamp in a thousand is local time wearing a Z: trust UtcTimestamp only."""
    assert text == NetDate(at(moment).unix_ticks, kind).text(120)


def test_time_spans_forget_whole_days():
    """25 hours are 01:00:00."""
    assert "01:00:00" == time_span(25 * 3600 * 10_000_000)
