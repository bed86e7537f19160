"""The Jellyfin client against the double of every version: what each method asks and returns."""

import pytest

from adapters.jellyfin.answers import Account, Playing, Plugin
from adapters.jellyfin.client import JellyfinClient
from adapters.jellyfin.errors import BadId, ItemMissing, Refused, Unauthorized
from projections.listing import Listing
from projections.userdata import BLANK, Changes, State
from support.clock import START_NS
from support.jellyfin.asking import DEVICE_ID, SERVER, asking, speaking_as
from support.jellyfin.scene import scene
from support.jellyfin.versions import TICKS_PER_SECOND, V10_11, VERSIONS
from support.jellyfin.webhooks import PLUGIN_ID

NOBODY = "f" * 32
AT_NS = START_NS + 123_456_700
PATHS = (
    "../../../System/Shutdown?x=",
    "..%2f..%2fSystem%2fShutdown",
    "",
    "0" * 31,
    "0" * 32 + "/",
    "0" * 32 + "\n",
)


@pytest.fixture(params=VERSIONS, ids=lambda version: version.number)
def jelly(request):
    with scene(request.param) as set_up:
        yield set_up


@pytest.fixture
async def client(jelly):
    async with asking(jelly) as connected:
        yield connected


async def test_a_server_says_who_it_is_to_anybody(jelly, client):
    """The id is that of its webhooks; no token goes along, so a revoked one does not matter."""
    info = await client.public_info()
    header = jelly.jellyfin.journal.of()[-1].headers.get("Authorization")

    assert (jelly.jellyfin.state.id, "Atelier Nord") == (info.server_id, info.name)
    assert jelly.jellyfin.state.version.number == info.version
    assert header is None


async def test_the_header_names_the_installation(jelly, client):
    """The token and the four things a device says of itself, encoded, never in the address."""
    async with asking(jelly, device_id='a,b="c" ü', version="1.2+3") as odd:
        await odd.users()
    exchange = jelly.jellyfin.journal.of()[-1]

    assert (200, True, ()) == (exchange.status, exchange.api_key, exchange.query)
    assert exchange.headers["Authorization"] == (
        f'MediaBrowser Token="{jelly.key}", Client="Playhead", Device="Playhead", '
        'DeviceId="a%2Cb%3D%22c%22%20%C3%BC", Version="1.2%2B3"'
    )


async def test_users_are_listed_with_what_they_may(jelly, client):
    """By name, with the marks of administrators and of those who were shut out."""
    jelly.ivo.disabled = True

    assert [
        Account(user_id=jelly.ivo.id, name="ivo", disabled=True),
        Account(user_id=jelly.mara.id, name="mara"),
        Account(user_id=jelly.root.id, name="root", admin=True),
    ] == await client.users()


async def test_an_account_is_made_renamed_and_deleted(jelly, client):
    """A rename keeps everything else of the account; the name alone is changed."""
    made = await client.create_user("Ada", "secret")
    user = jelly.jellyfin.state.users[made.user_id]
    user.remember_audio = not user.remember_audio
    remembered = user.remember_audio
    await client.rename_user(made.user_id, "Ada L.")
    renamed = (user.name, user.password, user.remember_audio)
    await client.delete_user(made.user_id)

    assert Account(user_id=user.id, name="Ada") == made
    assert ("Ada L.", "secret", remembered) == renamed
    assert user.id not in jelly.jellyfin.state.users


async def test_a_name_that_is_taken_is_refused(jelly, client):
    """The server says no; asking again would change nothing."""
    with pytest.raises(Refused) as refusal:
        await client.create_user("MARA")

    assert 400 == refusal.value.status
    assert f"{SERVER} answered 400 to POST /Users/New." == str(refusal.value)


async def test_an_item_is_listed_with_its_facts_and_its_state(jelly, client):
    """The path and the provider ids, and what that user did with it."""
    film = jelly.film("Harbour", year=2019)
    jelly.jellyfin.person(jelly.mara).favors(film)

    found = await client.items(user_id=jelly.mara.id)

    assert [film.id] == [item.item_id for item in found]
    assert State(favorite=True) == found[0].state
    assert found[0].listing == Listing(
        name="Harbour",
        type="Movie",
        path=film.path,
        runtime_ticks=film.runtime_ticks,
        year=2019,
        providers={name.lower(): text for name, text in film.providers.items()},
    )


async def test_an_episode_is_listed_with_its_place_in_the_series(jelly, client):
    """Series, season and number: what it is recognised by where the file has another name."""
    library = jelly.jellyfin.library
    series = library.add_series("Pier")
    episode = library.add_episode(library.add_season(series, 2), 5)

    found = await client.items(user_id=None, ids=[episode.id])

    assert ("Pier", series.id, 2, 5) == (
        found[0].listing.series,
        found[0].listing.series_id,
        found[0].listing.season,
        found[0].listing.episode,
    )
    assert found[0].state is None


async def test_items_come_in_pages(jelly, client):
    """A start and a limit, in a stated order; the page after the last one is empty."""
    films = [jelly.film(name) for name in ("A", "B", "C")]
    pages = [
        await client.items(user_id=jelly.mara.id, start=start, limit=2, descending=True)
        for start in (0, 2, 4)
    ]

    assert [[films[2].id, films[1].id], [films[0].id], []] == [
        [item.item_id for item in page] for page in pages
    ]


async def test_items_can_be_chosen_by_what_was_done_with_them(jelly, client):
    """The filters of a sweep: played, begun, favourite."""
    films = [jelly.film(name) for name in ("A", "B", "C", "D")]
    person = jelly.jellyfin.person(jelly.mara)
    person.marks_played(films[0])
    person.watches(films[1], until_s=600)
    person.favors(films[2])
    found = {
        wanted: [i.item_id for i in await client.items(user_id=jelly.mara.id, filters=[wanted])]
        for wanted in ("IsPlayed", "IsResumable", "IsFavorite")
    }

    assert found == {
        "IsPlayed": [films[0].id],
        "IsResumable": [films[1].id],
        "IsFavorite": [films[2].id],
    }


async def test_items_asked_for_by_id_may_be_missing(jelly, client):
    """Those that are there come back, in any spelling of the id; the others are left out."""
    film = jelly.film()
    dashed = f"{film.id[:8]}-{film.id[8:12]}-{film.id[12:16]}-{film.id[16:20]}-{film.id[20:]}"

    found = await client.items(user_id=jelly.mara.id, ids=[dashed.upper(), NOBODY])

    assert [film.id] == [item.item_id for item in found]


async def test_the_fields_that_are_set_are_written_and_read_back(jelly, client):
    """All of them in one request; the date with its 100 ns, in UTC."""
    film = jelly.film()
    wanted = State(
        position_ticks=12_345_678_901,
        played=True,
        play_count=3,
        last_played_ns=AT_NS,
        favorite=True,
        rating=7.5,
    )
    changes = Changes(
        position_ticks=12_345_678_901,
        played=True,
        play_count=3,
        last_played_ns=AT_NS,
        favorite=True,
        rating=7.5,
    )

    answered = await client.post_user_data(jelly.mara.id, film.id, changes)
    read = await client.user_data(jelly.mara.id, film.id)
    untouched = await client.post_user_data(jelly.mara.id, film.id, Changes(audio_stream=1))

    assert wanted == answered == read == untouched
    assert BLANK == await client.user_data(jelly.ivo.id, film.id)


async def test_a_rating_is_cleared(jelly, client):
    """The one thing that takes rating and likes away."""
    film = jelly.film()
    await client.post_user_data(jelly.mara.id, film.id, Changes(rating=3.0))

    assert BLANK == await client.clear_rating(jelly.mara.id, film.id)


async def test_marking_played_with_a_date_counts_and_dates_a_play(jelly, client):
    """Without a date the server keeps the one it has."""
    film = jelly.film()
    dated = await client.mark_played(jelly.mara.id, film.id, at_ns=AT_NS)
    again = await client.mark_played(jelly.mara.id, film.id, at_ns=None)

    assert State(played=True, play_count=1, last_played_ns=AT_NS) == dated == again


async def test_marking_unplayed_leaves_nothing(jelly, client):
    """Count, position and date go with the mark."""
    film = jelly.film()
    await client.mark_played(jelly.mara.id, film.id, at_ns=AT_NS)

    assert BLANK == await client.mark_unplayed(jelly.mara.id, film.id)


async def test_the_heart_is_given_and_taken(jelly, client):
    """On a series as on a film."""
    series = jelly.jellyfin.library.add_series("Pier")
    given = await client.set_favorite(jelly.mara.id, series.id, favorite=True)
    taken = await client.set_favorite(jelly.mara.id, series.id, favorite=False)

    assert (True, False) == (given.favorite, taken.favorite)


async def test_an_item_that_is_not_there_is_missing(jelly, client):
    """Also one that the user may not see; nobody else's problem."""
    with pytest.raises(ItemMissing):
        await client.user_data(jelly.mara.id, NOBODY)
    with pytest.raises(ItemMissing):
        await client.post_user_data(jelly.mara.id, NOBODY, Changes(played=True))


@pytest.mark.parametrize("forged", PATHS)
async def test_what_is_no_identifier_never_enters_a_path(jelly, client, forged):
    """Nothing is sent, whichever of the two ids it is."""
    film = jelly.film()
    calls = [
        lambda: client.user_data(jelly.mara.id, forged),
        lambda: client.user_data(forged, film.id),
        lambda: client.items(user_id=jelly.mara.id, ids=[forged]),
        lambda: client.delete_item(forged),
        lambda: client.delete_user(forged),
        lambda: client.playlist_entries(forged, jelly.mara.id),
        lambda: client.create_playlist("x", [forged], user_id=jelly.mara.id),
        lambda: client.plugin_configuration(forged),
    ]
    for call in calls:
        with pytest.raises(BadId):
            await call()

    assert [] == jelly.jellyfin.journal.of()


async def test_only_who_plays_something_is_in_the_sessions(jelly, client):
    """Where it is and whether it waits; a guest of the session plays it, too."""
    film = jelly.film()
    jelly.jellyfin.person(jelly.ivo).favors(film)
    person = jelly.jellyfin.person(jelly.mara)
    person.starts(film)
    person.is_at(film, 90, paused=True)
    session = next(iter(jelly.jellyfin.state.sessions.by_id.values()))
    session.additional_users.append(jelly.ivo.id)

    found = await client.sessions()
    jelly.clock.advance(100)

    assert found == [
        Playing(user_id=user.id, item_id=film.id, position_ticks=90 * TICKS_PER_SECOND, paused=True)
        for user in (jelly.mara, jelly.ivo)
    ]
    assert [] == await client.sessions(active_within_s=60)


async def test_a_token_of_a_user_is_minted_without_password(jelly, client):
    """It speaks for that user on that device; the older one of the device is dead."""
    film = jelly.film()
    first = await client.mint_token(jelly.mara.id, "mine")
    second = await client.mint_token(jelly.mara.id, "mine")
    mara = client.as_user(second, "mine")
    await mara.set_favorite(jelly.mara.id, film.id, favorite=True)
    exchange = jelly.jellyfin.journal.of()[-1]
    token = jelly.jellyfin.state.accounts.tokens[second]

    assert ("mara", False) == (exchange.user, exchange.api_key)
    assert (jelly.mara.id, "mine", "Playhead") == (token.user_id, token.device_id, token.client)
    assert first not in jelly.jellyfin.state.accounts.tokens


async def test_without_quick_connect_no_token_is_minted(jelly, client):
    """The message says what to switch on, and does not blame the key."""
    jelly.jellyfin.state.accounts.quick_connect = False
    with pytest.raises(Unauthorized) as refusal:
        await client.mint_token(jelly.mara.id, DEVICE_ID)

    assert f"{SERVER} does not allow Quick Connect." == str(refusal.value)
    assert refusal.value.hint.startswith("Enable it")


async def test_a_user_may_not_do_what_administrators_may(jelly, client):
    """403 is not a revoked key."""
    mara = await speaking_as(client, jelly.mara)
    with pytest.raises(Unauthorized) as refusal:
        await mara.plugins()

    assert 403 == refusal.value.status
    assert "revoked" not in refusal.value.hint


async def test_a_revoked_key_says_so(jelly, client):
    """401: the operator must act, and is told how."""
    jelly.jellyfin.state.accounts.tokens.clear()
    with pytest.raises(Unauthorized) as refusal:
        await client.users()

    assert f"{SERVER} answered 401 to GET /Users." == str(refusal.value)
    assert "revoked" in refusal.value.hint


async def test_plugins_and_their_configuration_are_read_and_replaced(jelly, client):
    """The whole configuration goes back as it came, but for what was changed."""
    plugins = await client.plugins()
    before = await client.plugin_configuration(PLUGIN_ID)
    await client.set_plugin_configuration(PLUGIN_ID, before | {"ServerUrl": "https://a"})

    assert [
        Plugin(
            plugin_id=PLUGIN_ID,
            name="Webhook",
            version=jelly.jellyfin.state.version.webhook_plugin,
            status="Active",
        )
    ] == plugins
    assert before | {"ServerUrl": "https://a"} == await client.plugin_configuration(PLUGIN_ID)


async def test_changed_files_are_reported(jelly, client):
    """Every path, as it is."""
    paths = ["/media/films/ä b+c.mkv", "/media/films/%2e.mkv"]
    await client.media_updated(paths)

    assert paths == jelly.jellyfin.state.reported_paths


@pytest.mark.parametrize("end", ["", "/", "//"])
async def test_the_base_path_is_honoured(end):
    """A server behind a proxy that gives it a folder; with and without a slash at the end."""
    with scene(V10_11, base_path="/jellyfin") as set_up:
        url = set_up.jellyfin.url + end
        async with JellyfinClient(url, set_up.key, server=SERVER, device_id=DEVICE_ID) as client:
            names = [account.name for account in await client.users()]

    assert ["ivo", "mara", "root"] == names
