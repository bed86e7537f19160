"""
When a server that does not answer is asked again.
"""

import pytest

from adapters.jellyfin.circuit import RETRY_S_MAX, Circuit, backoff_s


@pytest.fixture
def circuit():
    """A circuit whose pauses are as long as they can be."""
    return Circuit(lambda: 1.0)


def test_a_server_that_answers_is_asked_freely(circuit):
    """Nothing is held back before the first failure."""
    assert "closed" == circuit.state(0.0)


def test_a_failure_opens_it_until_the_pause_is_over(circuit):
    """Then the server is asked once, to see."""
    circuit.failed(10.0)

    assert "open" == circuit.state(11.9)
    assert "half-open" == circuit.state(12.0)


def test_each_failure_makes_the_pause_longer_up_to_a_limit(circuit):
    """A server that is gone for a week is asked every few minutes, not every week."""
    pauses = []
    for _ in range(20):
        circuit.failed(0.0)
        pauses.append(circuit.retry_at_s)

    assert [2.0, 4.0, 8.0] == pauses[:3]
    assert RETRY_S_MAX == pauses[-1]


def test_an_answer_closes_it_and_is_told_as_news_once(circuit):
    """The next failure begins with the shortest pause again."""
    circuit.failed(0.0)
    circuit.failed(0.0)

    assert circuit.succeeded()
    assert not circuit.succeeded()
    assert "closed" == circuit.state(0.0)


def test_only_the_first_failure_is_news(circuit):
    """A log line per outage, not per attempt."""
    assert circuit.failed(0.0)
    assert not circuit.failed(0.0)


def test_what_the_server_asks_for_is_granted(circuit):
    """A `Retry-After` longer than our own pause is kept."""
    circuit.failed(0.0, retry_after_s=90.0)

    assert "open" == circuit.state(89.0)


@pytest.mark.parametrize("random", [0.0, 0.5, 1.0])
def test_pauses_are_spread_between_half_and_all(random):
    """Many deliveries that failed together are not tried again together."""
    assert 4.0 * (0.5 + random / 2) == backoff_s(2, random)
