"""What every test of failures needs."""

from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture(autouse=True)
def quiet_log_lines() -> Iterator[None]:
    """Provoked errors are not drawn in colour with all their variables, which takes a second."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    yield
    structlog.configure(**before)
