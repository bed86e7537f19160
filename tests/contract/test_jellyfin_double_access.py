"""The Jellyfin double: coming in, users, Quick Connect, and what an API key may not do."""

import pytest

from support.jellyfin.scene import authorization, scene
from support.jellyfin.versions import V10_10, V10_11, V12, VERSIONS

UNKNOWN = "0123456789abcdef0123456789abcdef"


@pytest.fixture(params=VERSIONS, ids=lambda version: version.number)
def jelly(request):
    with scene(request.param) as set_up:
        yield set_up


def status_with(set_up, headers, query=""):
    """The status of a request for the sessions."""
    return set_up.client(headers).get(f"/Sessions{query}").status_code


def test_the_public_information_needs_no_token_and_names_the_server(jelly):
    """`/System/Info/Public` answers everybody; its Id is the ServerId of the webhooks."""
    answer = jelly.client({}).get("/System/Info/Public").json()

    assert jelly.jellyfin.state.id == answer["Id"]
    assert jelly.jellyfin.state.version.number == answer["Version"]


def test_paths_and_query_names_are_matched_without_regard_to_case(jelly):
    """`/system/info/public` and `?USERID=` work: apiclient-python relies on it."""
    film = jelly.film()
    query = {"USERID": jelly.mara.id}

    assert 200 == jelly.client({}).get("/system/info/public").status_code
    assert 200 == jelly.admin.get(f"/useritems/{film.id}/USERDATA", params=query).status_code


def test_no_token_and_a_wrong_token_are_both_unauthorized(jelly):
    """A bad token is 401, never 403."""
    assert 401 == status_with(jelly, {})
    assert 401 == status_with(jelly, authorization("wrong"))


def test_a_valid_token_without_the_right_is_forbidden(jelly):
    """403 for somebody who is known but no administrator."""
    mara = jelly.user(jelly.mara)

    assert 403 == mara.post("/Users/New", json={"Name": "eve"}).status_code
    assert 403 == mara.get("/Library/VirtualFolders").status_code
    assert 403 == mara.get("/Items", params={"userId": jelly.ivo.id}).status_code


def test_the_media_browser_header_and_api_key_in_the_query_work_on_every_version(jelly):
    """`Authorization: MediaBrowser Token=` and `?ApiKey=` are good for 10.10 to 12."""
    assert 200 == status_with(jelly, authorization(jelly.key))
    assert 200 == status_with(jelly, {}, f"?ApiKey={jelly.key}")
    assert 200 == status_with(jelly, {"Authorization": f"mediabrowser Token={jelly.key}"})


def legacy_statuses(set_up):
    """One request for each of the old ways in."""
    key = set_up.key
    return [
        status_with(set_up, {}, f"?api_key={key}"),
        status_with(set_up, {"X-Emby-Token": key}),
        status_with(set_up, {"X-MediaBrowser-Token": key}),
        status_with(set_up, {"X-Emby-Authorization": f'MediaBrowser Token="{key}"'}),
        status_with(set_up, {"Authorization": f'Emby Token="{key}"'}),
    ]


@pytest.mark.parametrize("version", [V10_10, V10_11], ids=["10.10", "10.11"])
def test_the_old_ways_in_are_open_up_to_10_11(version):
    """`api_key`, `X-Emby-*` and the scheme `Emby` work while legacy authorization is on."""
    with scene(version) as set_up:
        statuses = legacy_statuses(set_up)

    assert [200] * 5 == statuses


def test_the_old_ways_in_are_shut_on_12():
    """EnableLegacyAuthorization is false on 12.0: whoever sends `api_key` gets 401 everywhere."""
    with scene(V12) as set_up:
        statuses = legacy_statuses(set_up)

    assert [401] * 5 == statuses


def test_an_administrator_of_12_may_open_the_old_ways_again():
    """The switch exists from 10.11 on."""
    with scene(V12) as set_up:
        set_up.jellyfin.state.legacy_auth = True
        statuses = legacy_statuses(set_up)

    assert [200] * 5 == statuses


@pytest.mark.parametrize(("version", "status"), [(V10_10, 200), (V10_11, 401)])
def test_the_old_ways_can_be_shut_from_10_11_on(version, status):
    """10.10 has no EnableLegacyAuthorization."""
    with scene(version) as set_up:
        set_up.jellyfin.state.legacy_auth = False
        statuses = legacy_statuses(set_up)

    assert [status] * 5 == statuses


def test_on_10_10_the_old_header_beats_the_new_one():
    """X-Emby-Authorization even wins over Authorization on 10.10; later it is the other way."""
    statuses = []
    for version in (V10_10, V10_11):
        with scene(version) as set_up:
            old = {"X-Emby-Authorization": 'MediaBrowser Token="wrong"'}
            statuses.append(status_with(set_up, authorization(set_up.key) | old))

    assert [401, 200] == statuses


def test_header_values_are_url_decoded(jelly):
    """A client must percent-encode quotes, commas and plus signs; plus means a space."""
    said = {"Client": "a%22b%2Cc+d", "DeviceId": "x%2By"}
    jelly.client(authorization(**said)).post(
        "/Users/AuthenticateByName", json={"Username": "mara", "Pw": "secret"}
    )

    assert [('a"b,c d', "x+y")] == [
        (session.client, session.device_id)
        for session in jelly.jellyfin.state.sessions.by_id.values()
    ]


def test_a_login_returns_user_session_and_token(jelly):
    """AuthenticateByName answers with everything a client needs; property names mind no case."""
    answer = jelly.client(authorization()).post(
        "/Users/AuthenticateByName", json={"username": "MARA", "Pw": "secret"}
    )
    body = answer.json()

    assert 200 == answer.status_code
    assert jelly.mara.id == body["User"]["Id"] == body["SessionInfo"]["UserId"]
    assert 200 == status_with(jelly, authorization(body["AccessToken"]))


def test_a_login_without_device_is_a_bad_request(jelly):
    """Client, Device, DeviceId and Version must not be empty: 400, not 401."""
    answer = jelly.client({}).post(
        "/Users/AuthenticateByName", json={"Username": "mara", "Pw": "secret"}
    )

    assert (400, "Error processing request.") == (answer.status_code, answer.text)


def test_a_wrong_password_is_unauthorized_and_a_disabled_user_forbidden(jelly):
    """Neither says which of the two it was in words."""
    jelly.ivo.disabled = True
    client = jelly.client(authorization())
    wrong = client.post("/Users/AuthenticateByName", json={"Username": "mara", "Pw": "no"})
    disabled = client.post("/Users/AuthenticateByName", json={"Username": "ivo", "Pw": ""})

    assert (401, 403) == (wrong.status_code, disabled.status_code)


def test_a_second_login_on_the_same_device_kills_the_first_token(jelly):
    """One stable DeviceId per daemon, server and user: its older token is logged out."""
    first = jelly.user(jelly.mara)
    second = jelly.user(jelly.mara)
    other = jelly.user(jelly.ivo)

    assert [401, 200, 200] == [c.get("/Users/Me").status_code for c in (first, second, other)]


def test_a_logout_withdraws_the_token(jelly):
    """After Sessions/Logout the same token is 401."""
    mara = jelly.user(jelly.mara)
    said = mara.post("/Sessions/Logout").status_code

    assert (204, 401) == (said, mara.get("/Users/Me").status_code)


def test_a_body_that_is_not_declared_as_json_is_refused(jelly):
    """415 for a missing content type, 400 for what cannot be read."""
    plain = jelly.admin.post("/Users/New", content=b'{"Name":"eve"}')
    broken = jelly.admin.post(
        "/Users/New", content=b"{", headers={"Content-Type": "application/json"}
    )

    assert (415, 400) == (plain.status_code, broken.status_code)


def test_an_unknown_route_and_a_wrong_method_are_told_apart(jelly):
    """404 and 405."""
    assert 404 == jelly.admin.get("/Sync/Nothing").status_code
    assert 405 == jelly.admin.delete("/System/Ping").status_code


# API keys are half citizens.


def test_an_api_key_is_nobody(jelly):
    """`/Users/Me` is 400 with an API key, which belongs to no user."""
    assert 400 == jelly.admin.get("/Users/Me").status_code


def test_an_api_key_must_name_the_user(jelly):
    """Without `userId` user data calls are 400 "Error processing request.": Guid can't be empty."""
    film = jelly.film()
    answers = [
        jelly.admin.get(f"/UserItems/{film.id}/UserData"),
        jelly.admin.post(f"/UserPlayedItems/{film.id}"),
        jelly.admin.post(f"/UserFavoriteItems/{film.id}"),
        jelly.admin.delete(f"/UserItems/{film.id}/Rating"),
    ]

    assert [(400, "Error processing request.")] * 4 == [
        (answer.status_code, answer.text) for answer in answers
    ]


def test_an_api_key_session_is_named_after_the_key_and_the_server(jelly):
    """Client is the key's name and DeviceId the server's own id, whatever the header says."""
    film = jelly.film()
    headers = {"Authorization": f'MediaBrowser Token="{jelly.key}"'}
    jelly.client(headers).post(f"/UserPlayedItems/{film.id}", params={"userId": jelly.mara.id})
    (session,) = jelly.jellyfin.state.sessions.by_id.values()

    assert ("Playhead", jelly.jellyfin.state.id) == (session.client, session.device_id)


def test_marking_as_played_takes_over_the_callers_session(jelly):
    """Side effect of UserPlayedItems: the session becomes that user's, the user was just active."""
    film = jelly.film()
    for user in (jelly.mara, jelly.ivo):
        jelly.admin.post(f"/UserPlayedItems/{film.id}", params={"userId": user.id})
    (session,) = jelly.admin.get("/Sessions").json()

    assert "ivo" == session["UserName"]
    assert jelly.jellyfin.state.now() == jelly.mara.last_activity


# Quick Connect


def test_an_api_key_mints_a_users_token_through_quick_connect(jelly):
    """Initiate without token, authorise with the admin key, trade the secret: no password."""
    device = jelly.client(authorization(DeviceId="playhead-mara"))
    asked = device.post("/QuickConnect/Initiate").json()
    waiting = device.get("/QuickConnect/Connect", params={"secret": asked["Secret"]}).json()
    allowed = jelly.admin.post(
        "/QuickConnect/Authorize", params={"code": asked["Code"], "userId": jelly.mara.id}
    )
    traded = device.post(
        "/Users/AuthenticateWithQuickConnect", json={"Secret": asked["Secret"]}
    ).json()
    me = jelly.client(authorization(traded["AccessToken"])).get("/Users/Me").json()

    assert (6, False, True) == (len(asked["Code"]), waiting["Authenticated"], allowed.json())
    assert jelly.mara.id == me["Id"]


def test_quick_connect_needs_the_four_names_of_the_device(jelly):
    """400 without Client, Device, DeviceId and Version."""
    assert 400 == jelly.client({}).post("/QuickConnect/Initiate").status_code


def test_a_quick_connect_code_lives_for_ten_minutes(jelly):
    """Afterwards it cannot be authorised any more."""
    asked = jelly.client(authorization()).post("/QuickConnect/Initiate").json()
    jelly.clock.advance(601)
    late = jelly.user(jelly.mara).post("/QuickConnect/Authorize", params={"code": asked["Code"]})
    jelly.judged = False  # the 404 is not described

    assert 404 == late.status_code


def test_quick_connect_can_be_switched_off(jelly):
    """Then Initiate is 401 and Enabled is false."""
    jelly.jellyfin.state.accounts.quick_connect = False
    device = jelly.client(authorization())

    assert 401 == device.post("/QuickConnect/Initiate").status_code
    assert device.get("/QuickConnect/Enabled").json() is False


def test_a_user_with_too_many_sessions_gets_no_further_token(jelly):
    """MaxActiveSessions: the login is 403."""
    jelly.mara.max_active_sessions = 1
    jelly.user(jelly.mara, "first")
    second = jelly.client(authorization(DeviceId="second")).post(
        "/Users/AuthenticateByName", json={"Username": "mara", "Pw": "secret"}
    )

    assert 403 == second.status_code


# Users


def test_users_are_made_and_removed_by_an_administrator(jelly):
    """POST Users/New answers with the user, DELETE with 204; the token of the removed one dies."""
    made = jelly.admin.post("/Users/New", json={"Name": "eve", "Password": "x"}).json()
    eve = jelly.user(jelly.jellyfin.state.users[made["Id"]])
    removed = jelly.admin.delete(f"/Users/{made['Id']}").status_code

    assert (204, 401) == (removed, eve.get("/Users/Me").status_code)
    assert ["ivo", "mara", "root"] == [user["Name"] for user in jelly.admin.get("/Users").json()]


def test_user_names_differ_in_more_than_case(jelly):
    """A second "MARA" is refused with 400."""
    assert 400 == jelly.admin.post("/Users/New", json={"Name": "MARA"}).status_code


def test_the_last_administrator_stays(jelly):
    """Neither removed (400) nor demoted (403)."""
    path = f"/Users/{jelly.root.id}"
    policy = jelly.admin.get(path).json()["Policy"] | {"IsAdministrator": False}

    assert 400 == jelly.admin.delete(path).status_code
    assert 403 == jelly.admin.post(f"{path}/Policy", json=policy).status_code
    jelly.judged = False  # the refusal of the removal is not described


def test_a_changed_password_logs_the_other_devices_out(jelly):
    """The device that changed it stays logged in."""
    here, there = jelly.user(jelly.mara, "here"), jelly.user(jelly.mara, "there")
    said = here.post("/Users/Password", json={"CurrentPw": "secret", "NewPw": "new"}).status_code

    assert (204, 200, 401) == (said, *(c.get("/Users/Me").status_code for c in (here, there)))
    assert "new" == jelly.mara.password


def test_a_disabled_user_is_locked_out_at_once(jelly):
    """The policy withdraws the tokens."""
    mara = jelly.user(jelly.mara)
    policy = jelly.admin.get(f"/Users/{jelly.mara.id}").json()["Policy"] | {"IsDisabled": True}
    jelly.admin.post(f"/Users/{jelly.mara.id}/Policy", json=policy)

    assert 401 == mara.get("/Users/Me").status_code


def test_a_new_api_key_must_be_looked_up(jelly):
    """POST Auth/Keys answers nothing; the list shows it."""
    said = jelly.admin.post("/Auth/Keys", params={"app": "second"})
    names = [key["AppName"] for key in jelly.admin.get("/Auth/Keys").json()["Items"]]

    assert (204, b"") == (said.status_code, said.content)
    assert ["Playhead", "second"] == names


@pytest.mark.parametrize(("version", "status"), [(V10_10, 403), (V10_11, 403), (V12, 404)])
def test_the_route_of_the_old_pin_is_gone_on_12(version, status):
    """EasyPassword says 403 up to 10.11 and does not exist on 12."""
    with scene(version) as set_up:
        said = set_up.admin.post(f"/Users/{set_up.mara.id}/EasyPassword", json={}).status_code

    assert status == said


def test_a_user_that_does_not_exist_is_not_found(jelly):
    """404 for an unknown id, 400 for what is no id at all."""
    assert 404 == jelly.admin.get(f"/Users/{UNKNOWN}").status_code
    assert 404 == jelly.admin.get("/Items", params={"userId": UNKNOWN}).status_code
    assert 400 == jelly.admin.get("/Items", params={"userId": "zz"}).status_code
    jelly.judged = False  # the 404 of the list is not described


def test_several_servers_run_at_once_and_know_nothing_of_each_other():
    """Each has its own users, items and port."""
    with scene(V10_11) as one, scene(V12, name="Atelier South") as other:
        one.film("Only here")
        totals = [
            set_up.admin.get("/Items", params={"recursive": True, "includeItemTypes": "Movie"})
            for set_up in (one, other)
        ]

    assert [1, 0] == [answer.json()["TotalRecordCount"] for answer in totals]


def test_a_server_behind_a_path_answers_only_there():
    """A base URL like `/jellyfin` is common; watchstate#560 failed on it."""
    with scene(V10_11, base_path="/jellyfin") as set_up:
        inside = set_up.client({}).get("/System/Info/Public")
        outside = set_up.client({}).get(str(inside.url).replace("/jellyfin", ""))

    assert (200, 404) == (inside.status_code, outside.status_code)
