"""
What jellyfin-db-sync does wrong, by the numbers of the list that was made of it, and that it does
not happen here.

The sentence of each test says what went wrong there, and what holds instead. All of them run
against real servers and a real daemon; what was only wrong with charts and dashboards is left out.
"""

import json
import stat
import time

import pytest

from support.configuration import problems_of, written
from support.in_step import InStep
from support.jellyfin.dates import from_unix_ns
from support.jellyfin.model import MIN_LIKE_RATING
from support.jellyfin.versions import TICKS_PER_SECOND
from support.jellyfin.webhooks import Fate
from support.notifications import notification
from support.two_servers import TwoServers

SYNC = """
sockets = false
retry_max_s = 0.3
attempts_max = 4
"""
SECRET = "harbour light at night"
HEADERS = {"Content-Type": "application/json", "X-Playhead-Secret": SECRET}
EACH = f"timeout_s = 20\ncreate_users = true\ndelete_users = true\nwebhook_secret = '{SECRET}'\n"
POLICY = '[[path_policy]]\nprefix = "/later"\nretries = -1\ndelay_s = 0.2\n'
SERVER = '[[jellyfin]]\nname = "{}"\nurl = "{}"\napi_key = "k"\n'
YEAR_2020_NS = 1_590_000_000 * 10**9
AT_ONCE_S = 10.0
"""For a busy machine; no server is given up so soon, and the next sweep is minutes away."""
REQUESTS_MAX = 4
"""Read, ask who plays, write, and look at the echo."""

BODY_BYTES_MAX = 1_048_576


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """Three servers of three versions with the same films; their webhooks reach the daemon."""
    names = ("attic", "barn", "cellar")
    folder = tmp_path_factory.mktemp("db-sync")
    options = dict.fromkeys(names, EACH)
    people = ("mara", "jon")
    with InStep(
        folder, *names, people=people, sync=SYNC, extra=POLICY, per_server=options
    ) as servers:
        servers.shelf(34)
        servers.film("Only here", only=("attic",))
        servers.film("Later", only=("attic",), path="/later/Later.mkv")
        for name in names:
            library = servers[name].library
            servers.items[name, "Show"] = library.add_series("Show", providers={"Tvdb": "81189"})
        servers.users["attic", "pia"] = servers["attic"].add_user("pia", "secret")
        servers.users["barn", "pia"] = servers["barn"].add_user("PIA", "secret")
        servers.users["cellar", "pia"] = servers["cellar"].add_user("Pia", "secret")
        servers.start()
        servers.hook(headers=HEADERS)
        yield servers


def post(trio, body, server="attic", headers=HEADERS):
    """The daemon's answer to a notification that nobody sent."""
    return trio.daemon.client.post(f"/webhook/{server}", content=body, headers=headers)


def test_1_what_is_saved_is_not_disliked(trio, film):
    """
    The plugin says `Likes: false` of what nobody rated, and everything became disliked elsewhere.
    Here a rating is asked of the server, and none stays none.
    """
    trio.person("attic").marks_played(trio.items["attic", film])
    trio.wait_for(lambda: trio.data("barn", film).played, "watched in the barn")
    trio.quiet()

    assert b'"Likes":false' in trio["attic"].webhooks.sent[-1].body.replace(b" ", b"")
    assert [None] * 3 == [trio.data(name, film).rating for name in trio.names]


def test_2_what_a_server_lacks_is_not_written_to_something_else(trio):
    """
    A title that was not found became the first one of the library, and so did every series. Here
    nothing is written where a title is missing, and the heart of a series is that series' heart.
    """
    trio["barn"].journal.forget()
    trio.person("attic").favors(trio.items["attic", "Only here"])
    trio.person("attic").favors(trio.items["attic", "Show"])
    trio.wait_for(lambda: trio.data("barn", "Show").favorite, "a favourite series in the barn")
    trio.quiet()

    show = trio.items["barn", "Show"].id
    assert [f"/UserItems/{show}/UserData"] == [write.path for write in trio.writes("barn")]


def test_3_what_is_not_told_is_not_false(trio, film):
    """
    A field that a template left out counted as false: a heart given to a film unwatched it on the
    other server. Here a notification says what to look at, and the server what is there.
    """
    trio.person("barn").marks_played(trio.items["barn", film])
    trio.wait_for(lambda: trio.data("attic", film).played, "watched in the attic")
    trio["attic"].webhooks.fate = Fate.LOSE
    trio.person("attic").favors(trio.items["attic", film])
    item, user = trio.items["attic", film], trio.users["attic", "mara"]
    body = {"NotificationType": "UserDataSaved", "ItemId": item.id, "UserId": user.id}
    answer = post(trio, json.dumps(body | {"Favorite": True}))
    trio.wait_for(lambda: trio.data("barn", film).favorite, "a favourite in the barn")

    assert 200 == answer.status_code
    assert (True, 1) == (trio.data("barn", film).played, trio.data("barn", film).play_count)


def test_4_two_actions_on_two_servers_are_both_kept(trio, film):
    """
    A heart here and a watched mark there changed places for ever, because each server's whole state
    was copied over the other's. Here every field goes its own way.
    """
    trio.person("attic").favors(trio.items["attic", film])
    trio.person("barn").marks_played(trio.items["barn", film])
    trio.wait_for(lambda: trio.data("barn", film).favorite, "a favourite in the barn")
    trio.wait_for(lambda: trio.data("attic", film).played, "watched in the attic")
    trio.quiet()

    for name in trio.names:
        assert (True, True) == (trio.data(name, film).favorite, trio.data(name, film).played)


def test_5_the_last_word_counts(trio, film):
    """
    Of two changes within a poll the first was written, a stop was swallowed by the debounce, and
    the start of a film was no position. Here the latest wish takes an older one's place.
    """
    mara, item = trio.person("attic"), trio.items["attic", film]
    mara.favors(item)
    mara.favors(item, favorite=False)
    mara.starts(item)
    for position_s in (400, 500, 1800):
        mara.is_at(item, position_s)
    mara.stops(item, 2400)
    trio.wait_for(lambda: trio.position_s("barn", film) == 2400, "2400 s in the barn")
    mara.starts(item)
    mara.stops(item, 0)
    trio.wait_for(lambda: trio.position_s("barn", film) == 0, "at its start in the barn")
    trio.quiet()

    assert [(False, 0)] * 3 == [
        (trio.data(name, film).favorite, trio.position_s(name, film)) for name in trio.names
    ]


def test_6_the_date_of_a_play_is_kept(trio, film):
    """
    A film watched in 2020 had been watched just now on the other servers. Here the date travels.
    """
    long_ago = from_unix_ns(YEAR_2020_NS)
    data = trio["attic"].state.user_data
    data.imported(trio.users["attic", "mara"], trio.items["attic", film], 3, long_ago)
    trio.wait_for(lambda: trio.data("barn", film).played, "watched in the barn")
    trio.quiet()

    dates = {trio.data(name, film).last_played.unix_ticks for name in trio.names}
    assert {long_ago.unix_ticks} == dates


def test_7_one_item_is_written_once_at_a_time(trio, film):
    """
    Several fields were written by requests of their own, all at once, and marking as unwatched
    wiped the position that another had just set. Here one request says everything.
    """
    item = trio.items["attic", film]
    trio.person("attic").marks_played(item)
    trio.wait_for(lambda: trio.data("barn", film).played, "watched in the barn")
    trio.person("attic").marks_unplayed(item)
    trio.person("attic").watches(item, until_s=600)
    trio.wait_for(lambda: trio.position_s("barn", film) == 600, "600 s in the barn")
    trio.quiet()

    for name in trio.names:
        assert (600, False) == (trio.position_s(name, film), trio.data(name, film).played)


def test_8_nobody_is_deleted_because_a_webhook_says_so(trio):
    """
    Anybody could post that a user was deleted, and all servers deleted them, administrators too,
    also in a dry run. Here a webhook needs its secret, and the server's own list decides.
    """
    body = notification("UserDeleted", UserId=trio.users["attic", "jon"].id)
    stranger = post(trio, body, headers=HEADERS | {"X-Playhead-Secret": "guessed"})
    liar = post(trio, body)
    trio.quiet()

    assert (401, 200) == (stranger.status_code, liar.status_code)
    for name in trio.names:
        assert trio.users[name, "jon"].id in trio[name].state.users


def test_9_what_could_not_be_written_is_kept(trio, film):
    """
    After five minutes of failures a change was dropped, and the list of failed ones stayed empty.
    Here it is parked where everybody sees it, and an operator has it tried again.
    """
    trio["barn"].sabotage.fail(500, path=f"{trio.items['barn', film].id}/UserData")
    trio.person("attic").watches(trio.items["attic", film], until_s=600)
    trio.wait_for(lambda: trio.get("/api/events/failed"), "a delivery that is parked")
    (parked,) = trio.get("/api/events/failed")
    trio["barn"].sabotage.clear()
    trio.daemon.client.post(f"/api/events/{parked['id']}/retry").raise_for_status()

    trio.wait_for(lambda: trio.position_s("barn", film) == 600, "600 s in the barn")

    assert ("failed", "barn", film) == (
        parked["status"],
        parked["target_server"],
        parked["item_name"],
    )
    assert "Given up after 4 attempts" in parked["last_error"]


def test_10_a_title_that_arrives_later_is_told(trio):
    """
    What waited for its title was taken for done. Here it is seen to wait, for as long as its path's
    policy says, and is written once the title is there.
    """
    trio.person("attic").watches(trio.items["attic", "Later"], until_s=600)
    trio.wait_for(lambda: len(trio.get("/api/events/waiting")) == 2, "two servers that wait")
    waiting = trio.get("/api/events/waiting")
    trio.film("Later", only=("barn", "cellar"), path="/later/Later.mkv")

    trio.wait_for(lambda: trio.position_s("barn", "Later") == 600, "600 s in the barn")
    trio.wait_for(lambda: trio.position_s("cellar", "Later") == 600, "600 s in the cellar")
    trio.wait_for(lambda: not trio.get("/api/events/waiting"), "nothing that waits")

    assert {("waiting_for_item", -1, "/later/Later.mkv")} == {
        (row["status"], row["item_not_found_max"], row["item_path"]) for row in waiting
    }


def test_11_an_answer_to_a_change_is_heard(trio, film):
    """
    For half a minute after a write every change of that kind was taken for its echo. Here an echo
    is known by what it says, and taking a heart back at once takes it back everywhere.
    """
    trio.person("attic").favors(trio.items["attic", film])
    trio.wait_for(lambda: trio.data("barn", film).favorite, "a favourite in the barn")
    trio.person("barn").favors(trio.items["barn", film], favorite=False)

    trio.wait_for(lambda: not trio.data("attic", film).favorite, "no favourite in the attic")
    trio.quiet()

    assert [False] * 3 == [trio.data(name, film).favorite for name in trio.names]


def test_12_a_forged_user_replaces_nobody(trio, film):
    """
    A notification with an empty or forged user id replaced the right one, and spelling a name
    otherwise made another user. Here ids come from the server's own list, and case does not count.
    """
    item = trio.items["attic", film]
    for user_id in ("", "../..", "f" * 32):
        body = notification(UserId=user_id, NotificationUsername="pia", ItemId=item.id)
        assert post(trio, body).status_code in {200, 422}
    trio.person("barn", "pia").watches(trio.items["barn", film], until_s=600)
    trio.wait_for(lambda: trio.position_s("attic", film, "pia") == 600, "600 s in the attic")
    trio.wait_for(lambda: trio.position_s("cellar", film, "pia") == 600, "600 s in the cellar")

    people = trio.get("/api/users")["users"]
    (pia,) = [person for person in people if person["username"].casefold() == "pia"]
    assert {name: trio.users[name, "pia"].id for name in trio.names} == pia["servers"]


@pytest.mark.parametrize("name", ["ItemId", "UserId"])
def test_13_no_request_is_made_of_a_forged_id(trio, name):
    """
    An item id of `../../../System/Shutdown?x=` was sent to the server with the administrator's key.
    Here what is no id of Jellyfin's is refused, and recorded.
    """
    trio["attic"].journal.forget()
    answer = post(trio, notification(**{name: "../../../System/Shutdown?x="}))
    trio.quiet()

    assert 422 == answer.status_code
    assert not [one for one in trio["attic"].journal.of() if "shutdown" in one.path.lower()]


def test_14_a_webhook_is_taken_while_its_server_is_down(trio, film):
    """
    Whatever arrived while its server could not be asked was answered with 500 and lost. Here it is
    recorded first, and believed as long as nobody can be asked.
    """
    trio["attic"].webhooks.fate = Fate.HOLD
    trio.person("attic").watches(trio.items["attic", film], until_s=600)
    trio["attic"].webhooks.fate = Fate.SEND
    trio["attic"].sabotage.fail(503)
    trio["attic"].webhooks.release()
    trio["attic"].webhooks.settle()
    sent = trio["attic"].webhooks.sent[-1]

    trio.wait_for(lambda: trio.position_s("barn", film) == 600, "600 s in the barn")

    assert 200 == sent.outcome.result()


def test_15_a_server_that_hangs_holds_up_nobody(trio, film):
    """
    One server that never answered stalled the writes to all, the readiness and the status. Here
    each has a lane of its own, and what is told of it is what its lane knows.
    """
    trio["cellar"].sabotage.hung()
    began_s = time.monotonic()
    trio.person("attic").watches(trio.items["attic", film], until_s=600)
    ready = trio.daemon.client.get("/readyz").status_code
    trio.get("/api/status")
    answered_s = time.monotonic() - began_s
    trio.wait_for(lambda: trio.position_s("barn", film) == 600, "600 s in the barn", AT_ONCE_S)

    assert 200 == ready
    assert answered_s < AT_ONCE_S


def test_16_ready_does_not_mean_that_every_server_is(trio):
    """
    While a server was down the daemon was not ready, and was sent no webhooks any more. Here ready
    is who can record and answer.
    """
    for name in trio.names:
        trio[name].sabotage.fail(503)
        trio.daemon.client.post(f"/api/servers/{name}/sweep").raise_for_status()
        trio.wait_for(lambda name=name: not trio.server(name)["healthy"], f"{name} is not healthy")

    assert 200 == trio.daemon.client.get("/readyz").status_code
    assert "unhealthy" == trio.get("/api/status")["status"]


def test_17_a_server_that_hangs_does_not_delay_the_start(trio, film):
    """
    Nothing listened until every server had been asked for its users, a minute with one that hangs.
    Here the daemon listens first.
    """
    trio.daemon.stop()
    trio["cellar"].sabotage.hung()
    trio.restart()
    trio.person("attic").watches(trio.items["attic", film], until_s=600)

    trio.wait_for(lambda: trio.position_s("barn", film) == 600, "600 s in the barn")

    assert 0 == trio.position_s("cellar", film)


def test_18_a_user_is_made_also_where_the_server_was_down(trio):
    """
    One server that was down ended the making of a user, and the password was told to the plugin.
    Here that is a delivery like any other, and the password is in a file of the operator's.
    """
    trio["cellar"].stop()
    trio["attic"].add_user("nell", "secret")
    trio.wait_for(lambda: "nell" in names_on(trio, "barn"), "nell in the barn")
    trio["cellar"].start()

    trio.wait_for(lambda: "nell" in names_on(trio, "cellar"), "nell in the cellar")

    secrets = sorted((trio.daemon.data / "secrets").glob("*nell"))
    assert ["barn-nell", "cellar-nell"] == [path.name for path in secrets]
    assert {0o600} == {stat.S_IMODE(path.stat().st_mode) for path in secrets}


def names_on(trio, name):
    """The users of a server."""
    return {user.name for user in trio[name].state.users.values()}


def test_19_a_change_is_written_at_once(trio, film):
    """A queue was looked into every five seconds. Here the lanes wake when there is news."""
    trio.person("attic").marks_played(trio.items["attic", film])

    trio.wait_for(lambda: trio.data("barn", film).played, "watched in the barn", AT_ONCE_S)
    trio.wait_for(lambda: trio.data("cellar", film).played, "in the cellar", AT_ONCE_S)


def test_20_one_change_takes_few_requests_and_one_write(trio, film):
    """
    One save was seven rows, twenty requests and six writes. Here it is read, compared, written
    once, and nothing at all is asked when nothing changed.
    """
    trio.quiet()
    trio["barn"].journal.forget()
    trio.person("attic").marks_played(trio.items["attic", film])
    trio.wait_for(lambda: trio.data("barn", film).played, "watched in the barn")
    trio.quiet()
    writes, requests = len(trio.writes("barn", film)), len(trio["barn"].journal.of())
    trio["barn"].journal.forget()
    trio.person("attic").marks_played(trio.items["attic", film])
    trio.quiet()

    assert 1 == writes
    assert REQUESTS_MAX >= requests
    assert 0 == len(trio["barn"].journal.of())


def test_21_the_choice_of_tracks_does_not_go_to_and_fro(trio, film):
    """
    Servers cannot be told the tracks, so they never became equal and were written without end.
    Here nothing is written that cannot be.
    """
    trio["attic"].journal.forget()
    trio["barn"].journal.forget()
    user, item = trio.users["attic", "mara"], trio.items["attic", film]
    with trio["attic"].state.lock:
        trio["attic"].state.user_data.progressed(
            user, item, 600 * TICKS_PER_SECOND, audio_stream=2, subtitle_stream=3
        )
    trio.daemon.stop()  # what waits for the end of a playback is written now
    trio.restart()
    trio.wait_for(lambda: trio.position_s("barn", film) == 600, "600 s in the barn")
    trio.quiet()

    assert 1 == len(trio.writes("barn", film))
    assert 0 == len(trio.writes("attic", film))


def test_22_likes_and_ratings_are_kept_in_step(trio, film):
    """
    Ratings were promised and nothing was done, and a like could not be taken back. Here both
    travel, and so does taking them back.
    """
    item = trio.items["attic", film]
    trio.person("attic").rates(item, likes=False)
    trio.wait_for(lambda: trio.data("barn", film).likes is False, "disliked in the barn")
    trio["attic"].state.user_data.patch(trio.users["attic", "mara"], item, {"rating": 7.5})
    trio.wait_for(lambda: trio.data("barn", film).rating == 7.5, "rated 7.5 in the barn")
    liked = trio.data("barn", film).likes
    trio.person("attic").rates(item, likes=None)
    trio.wait_for(lambda: trio.data("barn", film).rating is None, "not rated in the barn")

    assert 7.5 >= MIN_LIKE_RATING
    assert liked


def test_23_a_change_and_its_deliveries_are_recorded_together(tmp_path):
    """
    The seven rows of one save were seven commits, and a kill between them lost some. Here what was
    seen and what follows from it are one commit, one event after the other.
    """
    with TwoServers(tmp_path) as ledger:
        observed = ledger.seen("attic", "f1", position_ticks=600 * TICKS_PER_SECOND)

        assert [(observed, observed + 1)] == [(row.cause, row.seq) for row in ledger.deliveries()]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, notification(Name="half \ud83d a character")),
        (422, b"\xff\xfe{"),
        (413, b" " * (BODY_BYTES_MAX + 1)),
    ],
)
def test_24_no_body_is_an_internal_error(trio, status, body):
    """
    Half a character was answered with 500, and there was no limit to a body. Here it is recorded,
    or refused by its size.
    """
    assert status == post(trio, body).status_code


@pytest.mark.parametrize(
    ("sentence", "text"),
    [
        ("sync.progress_debounce", "[sync]\nprogress_debounce = 3\n"),
        ("sync.progress_every_s", "[sync]\nprogress_every_s = -1\n"),
        ("name of another server", SERVER.format("ATTIC", "http://a")),
        ("must be http://host", SERVER.format("barn", "not a url")),
        ("must be 1 to 64 letters", SERVER.format("a/b", "http://a")),
    ],
)
def test_25_a_wrong_configuration_is_refused(tmp_path, sentence, text):
    """
    Unknown keys, names given twice and negative pauses were taken in silence. Here each is named.
    """
    attic = SERVER.format("attic", "http://attic")
    problems = problems_of(file=written(tmp_path, attic + text))

    assert 1 == len(problems)
    assert sentence in problems[0]


def test_26_one_way_means_one_way(tmp_path):
    """
    There was no direction: whatever a server said was written to all. Here a server that is only
    read is never written to, and one that is only written to never believed.
    """
    options = {"attic": 'direction = "read"', "barn": 'direction = "write"'}
    with InStep(tmp_path, "attic", "barn", sync=SYNC, per_server=options) as pair:
        pair.shelf(2)
        pair.start()
        pair.hook()
        first, second = pair.spare(), pair.spare()
        pair.person("barn").favors(pair.items["barn", second])
        pair.person("attic").favors(pair.items["attic", first])
        pair.wait_for(lambda: pair.data("barn", first).favorite, "a favourite in the barn")
        pair.quiet()

        assert not pair.data("attic", second).favorite
        assert not pair.writes("attic")


def test_27_the_status_says_what_is_so(trio, film):
    """
    The uptime, the users and the size of the database were made up, and what was put off looked as
    if it were next. Here they are counted, and a pause is shown.
    """
    trio["barn"].sabotage.fail(500, path=f"{trio.items['barn', film].id}/UserData")
    trio.person("attic").watches(trio.items["attic", film], until_s=600)
    trio.wait_for(lambda: put_off(trio), "a delivery that is put off")
    (row,) = put_off(trio)
    status = trio.get("/api/status")
    users = {name: len(trio[name].state.users) for name in trio.names}
    trio["barn"].sabotage.clear()
    trio.wait_for(lambda: trio.position_s("barn", film) == 600, "600 s in the barn")

    assert (True, "barn", film) == (row["backoff"], row["target_server"], row["item_name"])
    assert "500" in row["last_error"]
    assert 0 < status["uptime_seconds"] < time.monotonic()
    assert users == {server["name"]: server["user_count"] for server in status["servers"]}
    assert (trio.daemon.data / "log.db").stat().st_size < status["database"]["database_size_bytes"]


def put_off(trio):
    """The deliveries that failed and are tried again later."""
    return [row for row in trio.get("/api/events/pending") if row["backoff"]]
