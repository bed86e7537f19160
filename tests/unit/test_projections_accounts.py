"""Who is who on which server."""

import pytest

from projections.accounts import ACCOUNTS, PEOPLE
from projections.rules import Rules, ServerRules
from projections.sync_commands import AccountSeen, ListAccounts
from support.small_core import SmallCore


@pytest.fixture
def core():
    """A core whose two servers have listed mara."""
    return SmallCore(shelved=False)


def listed(core, **names):
    """Attic lists these accounts, by user id."""
    accounts = {user_id: AccountSeen(name=name) for user_id, name in names.items()}
    return core.do(ListAccounts, server="attic", accounts=accounts)


def account_of(core, user, server="attic"):
    """The id of a person's only account on a server."""
    return core.views.get(PEOPLE, (user,)).account_on(server)


def test_the_same_name_is_the_same_person(core):
    """Accounts of two servers belong together by name."""
    assert {"mara"} == core.people()
    assert "u-beach" == account_of(core, "mara", "beach")


@pytest.mark.parametrize("name", ["MARA", "Mara", "mara"])
def test_names_are_compared_without_case(core, name):
    """However a server writes it, it is one name."""
    listed(core, u1=name)

    assert "u1" == account_of(core, "mara")


def test_letters_with_two_spellings_fold():
    """Case folding is more than lower case."""
    core = SmallCore(shelved=False)
    listed(core, u1="STRASSE", u2="other")

    assert "u1" == account_of(core, "straße".casefold())


def test_the_configuration_maps_names():
    """A name that differs is somebody else's only if nobody says otherwise."""
    rules = Rules(servers={"attic": ServerRules(users={"M. Example": "mara"})})
    core = SmallCore(rules, shelved=False)
    listed(core, u1="m. example")

    assert "u1" == account_of(core, "mara")


def test_two_accounts_of_one_person_are_ambiguous():
    """Nobody guesses which of them is meant."""
    rules = Rules(servers={"attic": ServerRules(users={"kid": "mara"})})
    core = SmallCore(rules, shelved=False)
    listed(core, u1="mara", u2="kid")

    assert account_of(core, "mara") is None


def test_a_renamed_account_stays_with_its_person(core):
    """History does not move because somebody changed a name."""
    listed(core, **{"u-attic": "Marianne"})

    assert "u-attic" == account_of(core, "mara")
    assert "Marianne" == core.views.get(ACCOUNTS, ("attic", "u-attic")).name


def test_a_deleted_account_leaves_its_person(core):
    """Other servers' accounts stay."""
    listed(core)

    assert account_of(core, "mara") is None
    assert "u-beach" == account_of(core, "mara", "beach")


def test_a_person_without_accounts_is_nobody():
    """The last account takes the row along."""
    core = SmallCore(shelved=False)
    listed(core)
    core.do(ListAccounts, server="beach", accounts={})

    assert set() == core.people()


def test_accounts_that_did_not_change_are_no_event(core):
    """A repeated listing leaves no trace."""
    assert [] == listed(core, **{"u-attic": "mara"})
