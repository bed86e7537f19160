"""What the tests of the ancestors' defects start from; each file builds its own `house`."""

import pytest


@pytest.fixture
def trio(house):
    """The three servers, all of them well again afterwards."""
    yield house
    house.heal()


@pytest.fixture
def film(trio):
    """A film that nobody has touched yet."""
    return trio.spare()
