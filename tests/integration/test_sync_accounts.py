"""
People and their accounts: made, renamed and deleted on the other servers as far as the
configuration of each says so. Real servers, kept in step by a real daemon.
"""

import stat

import pytest

from support.in_step import InStep

SYNC = "sockets = false\nretry_max_s = 0.3\n"
FOLLOWS = "create_users = true\ndelete_users = true\n"
OPEN = 'create_users = true\nnew_user_password = "empty"\n'
MAPPED = '[jellyfin.users]\n"Mara Living Room" = "mara"\n'


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """
    Attic is where people are made; barn follows, cellar makes them without a password and calls one
    of them something else, and den does nothing.
    """
    folder = tmp_path_factory.mktemp("accounts")
    names = ("attic", "barn", "cellar", "den")
    options = {"barn": FOLLOWS, "cellar": OPEN + MAPPED}
    with InStep(folder, *names, people=(), sync=SYNC, per_server=options) as servers:
        servers.shelf(6)
        for name in ("attic", "barn", "den"):
            servers.users[name, "mara"] = servers[name].add_user("mara", "secret")
        servers.users["cellar", "mara"] = servers["cellar"].add_user("Mara Living Room", "secret")
        servers["cellar"].sabotage.slow(0.5, "/Users")  # it is the last to say who is there
        servers.start()
        servers.heal()
        servers.hook()
        yield servers


@pytest.fixture
def four(house):
    """The four servers, well again afterwards."""
    yield house
    house.heal()


def found(servers, name, person):
    """An account by its name."""
    users = servers[name].state.users.values()
    return next((user for user in users if user.name == person), None)


def test_a_new_person_is_made_where_the_configuration_says_so(four):
    """And nowhere else."""
    four["attic"].add_user("nell", "secret")
    four.wait_for(lambda: found(four, "barn", "nell"), "nell in the barn")
    four.wait_for(lambda: found(four, "cellar", "nell"), "nell in the cellar")
    four.quiet()

    assert found(four, "den", "nell") is None


def test_the_password_of_a_new_person_is_in_a_file_of_the_operators(four):
    """It opens the account, nobody else may read it, and it is told nowhere."""
    four["attic"].add_user("piet", "secret")
    four.wait_for(lambda: found(four, "barn", "piet"), "piet in the barn")
    path = four.daemon.data / "secrets" / "barn-piet"
    password = path.read_text().strip()
    told = f"{four.log()} {''.join(four.daemon.text)} {four.get('/api/status')}"

    assert (0o600, 0o700) == (mode_of(path), mode_of(path.parent))
    assert password == found(four, "barn", "piet").password
    assert 12 <= len(password)
    assert password not in told


def mode_of(path):
    """Who may do what with a file."""
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_person_may_come_without_a_password(four):
    """Where the configuration says so; there is no file then."""
    four["attic"].add_user("sol", "secret")
    four.wait_for(lambda: found(four, "cellar", "sol"), "sol in the cellar")

    assert "" == found(four, "cellar", "sol").password
    assert not (four.daemon.data / "secrets" / "cellar-sol").exists()


def test_a_new_person_is_told_what_is_agreed(four):
    """Whoever has seen something elsewhere has seen it here."""
    film = four.spare()
    four.users["den", "vera"] = four["den"].add_user("vera", "secret")
    four.person("den", "vera").watches(four.items["den", film], until_s=600)
    four.wait_for(lambda: found(four, "barn", "vera"), "vera in the barn")
    four.users["barn", "vera"] = found(four, "barn", "vera")

    four.wait_for(lambda: four.position_s("barn", film, "vera") == 600, "600 s in the barn")


def test_a_person_who_is_renamed_stays_the_same_person(four):
    """The account is renamed on the servers that follow, and what was seen stays."""
    film = four.spare()
    user = four["attic"].add_user("old name", "secret")
    four.users["attic", "old name"] = user
    four.wait_for(lambda: found(four, "barn", "old name"), "old name in the barn")
    four.quiet()
    four["attic"].rename_user(user, "new name")
    four.wait_for(lambda: found(four, "barn", "new name"), "new name in the barn")
    four.users["barn", "old name"] = found(four, "barn", "new name")
    four.person("attic", "old name").watches(four.items["attic", film], until_s=600)

    four.wait_for(lambda: four.position_s("barn", film, "old name") == 600, "600 s in the barn")

    assert found(four, "barn", "old name") is None


def test_a_person_who_is_deleted_is_deleted_where_the_configuration_says_so(four):
    """Elsewhere they stay, with all that they have seen."""
    user = four["attic"].add_user("guest", "secret")
    four.wait_for(lambda: found(four, "barn", "guest"), "guest in the barn")
    four.wait_for(lambda: found(four, "cellar", "guest"), "guest in the cellar")
    four.quiet()
    four["attic"].delete_user(user)
    four.wait_for(lambda: not found(four, "barn", "guest"), "no guest in the barn")
    four.quiet()

    assert found(four, "cellar", "guest")


def test_an_administrator_is_never_deleted(four):
    """A server without one is lost."""
    boss = four["attic"].add_user("boss", "secret", admin=True)
    four.wait_for(lambda: found(four, "barn", "boss"), "boss in the barn")
    found(four, "barn", "boss").admin = True
    four.sweep("barn")
    four.quiet()
    four["attic"].delete_user(boss)
    four.quiet()

    assert found(four, "barn", "boss")


def test_a_person_who_is_called_otherwise_there_is_not_made_again(four):
    """The configuration maps the name: nobody is doubled, and what they see is kept in step."""
    film = four.spare()
    four.person("cellar").watches(four.items["cellar", film], until_s=600)
    four.wait_for(lambda: four.position_s("attic", film) == 600, "600 s in the attic")
    four.wait_for(lambda: four.position_s("den", film) == 600, "600 s in the den")

    assert found(four, "cellar", "mara") is None
    assert not [user for user in four.get("/api/users")["users"] if user["ambiguous"]]
