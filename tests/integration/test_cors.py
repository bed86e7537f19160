"""Pages of other origins: the trusted ones may do all, the others see nothing."""

import pytest

from support.upload_daemon import PROJECT, UploadDaemon

TRUSTED = "https://studio.example:8790"
FOREIGN = "https://evil.example"
USER = ("ann", "correct horse")
ASKING = {
    "Access-Control-Request-Method": "PATCH",
    "Access-Control-Request-Headers": "authorization,content-type,tus-resumable,upload-offset",
}


@pytest.fixture(scope="module")
def daemon(tmp_path_factory):
    """A daemon that trusts one other page, by media-sync-api's name of the setting."""
    environment = {
        "MEDIA_SYNC_CORS_ORIGINS": TRUSTED,
        "BASIC_AUTH_USER": USER[0],
        "BASIC_AUTH_PASS": USER[1],
    }
    with UploadDaemon(tmp_path_factory.mktemp("cors"), environment=environment) as running:
        yield running


def test_a_trusted_page_is_told_what_it_may_do(daemon):
    """The browser asks without a credential, before it sends what it was asked for."""
    answer = daemon.client.options("/api/uploads/x", headers=ASKING | {"Origin": TRUSTED})

    assert 204 == answer.status_code
    assert TRUSTED == answer.headers["access-control-allow-origin"]
    assert "true" == answer.headers["access-control-allow-credentials"]
    assert "PATCH" in answer.headers["access-control-allow-methods"]
    assert (
        ASKING["Access-Control-Request-Headers"] == answer.headers["access-control-allow-headers"]
    )
    assert "Origin" in answer.headers["vary"]


def test_a_foreign_page_is_told_nothing(daemon):
    """Its question is answered like any other request without a credential."""
    answer = daemon.client.options("/api/uploads/x", headers=ASKING | {"Origin": FOREIGN})

    assert 401 == answer.status_code
    assert not [name for name in answer.headers if name.startswith("access-control")]
    assert "Origin" in answer.headers["vary"]


def test_a_trusted_page_can_read_answers(daemon):
    """Those headers too that uploads and players go by."""
    answer = daemon.client.get("/api/projects", headers={"Origin": TRUSTED}, auth=USER)

    assert 200 == answer.status_code
    assert TRUSTED == answer.headers["access-control-allow-origin"]
    exposed = answer.headers["access-control-expose-headers"].split(", ")
    assert {"Location", "Upload-Offset", "Content-Range", "Playhead-Path"} <= set(exposed)


def test_a_trusted_page_can_read_refusals(daemon):
    """Otherwise it could not tell its user to sign in."""
    answer = daemon.client.get("/api/projects", headers={"Origin": TRUSTED})

    assert 401 == answer.status_code
    assert TRUSTED == answer.headers["access-control-allow-origin"]


def test_a_trusted_page_can_upload(daemon):
    """The whole way: announced, sent, stored."""
    headers = {
        "Origin": TRUSTED,
        "Tus-Resumable": "1.0.0",
        "Upload-Length": "4",
        "Upload-Metadata": "filename Y2xpcC5tb3Y=,project UDEtRGVtbw==",
        "Content-Type": "application/offset+octet-stream",
    }
    answer = daemon.client.post("/api/uploads", headers=headers, content=b"film", auth=USER)

    assert (201, "stored") == (answer.status_code, answer.headers["playhead-result"])
    assert b"film" == daemon.on_disk(PROJECT)["clip.mov"]


def test_a_foreign_page_cannot_read_and_not_upload(daemon):
    """Signed in or not."""
    headers = {"Origin": FOREIGN}
    read = daemon.client.get("/api/projects", headers=headers, auth=USER)
    sent = daemon.client.post("/api/uploads", headers=headers, auth=USER)

    assert 403 == sent.status_code
    assert "access-control-allow-origin" not in read.headers
    assert "access-control-allow-origin" not in sent.headers


@pytest.mark.parametrize("asked", ["x-a\tb", 'x-"', "x" * 3_000, "x;y"])
def test_what_is_no_list_of_names_is_not_repeated(daemon, asked):
    """Nothing that somebody sends is put into our headers unseen."""
    headers = ASKING | {"Origin": TRUSTED, "Access-Control-Request-Headers": asked}
    answer = daemon.client.options("/api/uploads", headers=headers)

    assert (204, "") == (answer.status_code, answer.headers["access-control-allow-headers"])


def test_options_that_are_no_question_are_answered_by_the_route(daemon):
    """tus asks with OPTIONS too."""
    answer = daemon.client.options("/api/uploads", headers={"Origin": TRUSTED}, auth=USER)

    assert (204, "1.0.0") == (answer.status_code, answer.headers["tus-version"])
    assert "Tus-Extension" in answer.headers["access-control-expose-headers"]
