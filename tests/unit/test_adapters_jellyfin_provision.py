"""
What is put into the webhook plugin's configuration.
"""

from adapters.jellyfin.provision import with_destination

URL = "http://192.0.2.2:8787/webhook/attic"
OTHER = {"WebhookName": "Chat", "WebhookUri": "http://192.0.2.9/", "Template": "e30="}


def destinations(configuration):
    """The Generic destinations by name."""
    return {option["WebhookName"]: option for option in configuration["GenericOptions"]}


def test_other_destinations_stay_as_they_are():
    """Also the kinds of destinations that are none of ours."""
    before = {"ServerUrl": "x", "GenericOptions": [OTHER], "DiscordOptions": [{"a": 1}]}

    after = with_destination(before, URL, "")

    assert OTHER == destinations(after)["Chat"]
    assert ("x", [{"a": 1}]) == (after["ServerUrl"], after["DiscordOptions"])


def test_it_is_put_there_once():
    """Set up twice, there is one destination and nothing to write."""
    once = with_destination({"GenericOptions": [OTHER]}, URL, "s")

    assert once == with_destination(once, URL, "s")


def test_a_moved_daemon_changes_its_destination():
    """The old address is not left behind."""
    once = with_destination({}, "http://192.0.2.3/webhook/attic", "")

    after = with_destination(once, URL, "")

    assert [URL] == [option["WebhookUri"] for option in after["GenericOptions"]]


def test_the_content_type_has_no_charset():
    """With one, the plugin throws and loses every notification."""
    headers = destinations(with_destination({}, URL, "s3cret"))["Playhead"]["Headers"]

    assert {"Key": "Content-Type", "Value": "application/json"} in headers
    assert {"Key": "X-Playhead-Secret", "Value": "s3cret"} in headers


def test_all_kinds_of_items_are_told_of_and_nobody_is_filtered():
    """All ticks are off by default, and a user filter drops what has no user."""
    ours = destinations(with_destination({}, URL, ""))["Playhead"]

    assert all(ours[f"Enable{kind}"] for kind in ("Movies", "Episodes", "Seasons", "Songs"))
    assert [] == ours["UserFilter"]
    assert "PlaybackProgress" not in ours["NotificationTypes"]
