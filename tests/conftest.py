"""What every test starts from: one kind of event loop, and none of the operator's own settings."""

import os

import pytest

SETTINGS = ("PLAYHEAD_", "BASIC_AUTH_", "GC_SCHEDULE", "OTEL_", "MEDIA_SYNC_", "PROJECT_ROOT")


@pytest.fixture(scope="session")
def anyio_backend():
    """Async tests run on asyncio, as the daemon does."""
    return "asyncio"


@pytest.fixture(scope="session", autouse=True)
def environment_without_settings():
    """No setting of the person who runs the tests reaches them or the processes they start."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(SETTINGS):
                patch.delenv(name)
        yield
