"""What every test starts from: one kind of event loop, and none of the operator's own settings."""

import gc
import os

import pytest

SETTINGS = ("PLAYHEAD_", "BASIC_AUTH_", "GC_SCHEDULE", "OTEL_", "MEDIA_SYNC_", "PROJECT_ROOT")


OBJECTS_BETWEEN_COLLECTIONS = 50_000
"""Python's own number is meant for smaller programs than one with thousands of tests in it."""


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """What is collected stays to the end: no search for garbage need go through it again."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
        gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """What takes long comes first, so that no worker is still at it when the others are done."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


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
