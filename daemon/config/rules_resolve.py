"""Rules for the machines that edit: what single types cannot say about them."""

from collections.abc import Iterator

from daemon.config.rules_sync import NAME_SHAPE, is_whole_path, repeated
from daemon.config.settings import Settings
from daemon.config.sync import SERVER_NAME

OWN = "server"
"""What the daemon's own paths are called in a job."""


def problems_in_resolve(settings: Settings) -> Iterator[tuple[str, str]]:
    """Pairs of key and sentence for everything wrong about the machines that edit."""
    for number, host in enumerate(settings.resolve_host, start=1):
        key = f"resolve_host[{number}]"
        if not SERVER_NAME.fullmatch(host.name):
            yield f"{key}.name", NAME_SHAPE
        if host.name == OWN:
            yield f"{key}.name", f"must not be {OWN!r}: that is the machine of the daemon"
        for ours, theirs in host.paths.items():
            if not ours.startswith("/"):
                yield f"{key}.paths", f"{ours!r} must be a whole path of the daemon's machine"
            if not is_whole_path(theirs):
                yield f"{key}.paths", f"{ours!r} must lead to a whole path, not to {theirs!r}"
    for number in repeated([host.name.casefold() for host in settings.resolve_host]):
        sentence = "is the name of another one too; case does not count"
        yield f"resolve_host[{number}].name", sentence
