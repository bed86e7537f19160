"""The simulated disk tells the truth: SQLite loses nothing where it should not, and only there."""

import itertools
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import apsw
import pytest

from support.disk import FOR_EVER, MODES, Image, SimulatedDisk, memory_folder
from support.platter import (
    Created,
    FolderSynced,
    Operation,
    Platter,
    Synced,
    SyncFailed,
    Truncated,
    Unlinked,
    Written,
)

TRANSACTIONS = 40
PAGES_BETWEEN_CHECKPOINTS = 8
CRASHES = 200
SIZES_BYTES = tuple(number * 397 % 3000 for number in range(1, TRANSACTIONS + 1))


@pytest.fixture
def disk() -> Iterator[SimulatedDisk]:
    """A disk that keeps its promises."""
    with SimulatedDisk() as disk:
        yield disk


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Where images are written to be opened by the stock VFS."""
    with memory_folder() as folder:
        yield folder


def open_log(
    disk: SimulatedDisk,
    name: str = "log.db",
    *,
    synchronous: str = "full",
    locking_mode: str = "normal",
) -> apsw.Connection:
    """A new database on the disk, ready for `append`, and durable up to here."""
    connection = apsw.Connection(name, vfs=disk.vfs_name)
    connection.pragma("locking_mode", locking_mode)
    assert connection.pragma("journal_mode", "wal") == "wal"
    connection.pragma("synchronous", synchronous)
    connection.pragma("wal_autocheckpoint", PAGES_BETWEEN_CHECKPOINTS)
    connection.execute("CREATE TABLE events (seq INTEGER PRIMARY KEY, data BLOB) STRICT")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return connection


def append(
    disk: SimulatedDisk,
    connection: apsw.Connection,
    *,
    of: str = "log.db",
    sizes: tuple[int, ...] = SIZES_BYTES,
) -> None:
    """Append one event per transaction and acknowledge each after its commit."""
    start = connection.execute("SELECT coalesce(max(seq), 0) FROM events").get
    for seq, size_bytes in enumerate(sizes, start=start + 1):
        connection.execute("INSERT INTO events VALUES (?, zeroblob(?))", (seq, size_bytes))
        disk.acknowledge(seq, of=of)


def recovered(folder: Path, name: str = "log.db") -> int | None:
    """The last event SQLite finds after a crash, 0 without a table, None with damage or a hole."""
    with closing(apsw.Connection(str(folder / name))) as connection:
        try:
            intact = connection.pragma("integrity_check") == "ok"
            query = "SELECT count(*), coalesce(max(seq), 0) FROM events"
            count, last = connection.execute(query).get
        except (apsw.CorruptError, apsw.NotADBError):
            return None
        except apsw.SQLError:  # no such table
            return 0
    return last if intact and count == last else None


def images(
    disk: SimulatedDisk, folder: Path, *, first: int = 0, seed: int, count: int = CRASHES
) -> Iterator[Image]:
    """Images of many crashes, each already in the folder."""
    for image in disk.crashes(count, seed=seed, first=first):
        image.write_to(folder)
        yield image


def shortfall(
    disk: SimulatedDisk, folder: Path, *, first: int = 0, seed: int = 1
) -> tuple[int, int]:
    """How many crashes left damage, and how many lost something acknowledged."""
    damaged, lossy = 0, 0
    for image in images(disk, folder, first=first, seed=seed):
        last = recovered(folder)
        damaged += last is None
        lossy += last is not None and last < disk.acknowledged_at(image.operation)
    return damaged, lossy


@pytest.mark.parametrize("locking_mode", ["normal", "exclusive"])
@pytest.mark.parametrize("seed", [1, 2])
def test_wal_full_loses_nothing_acknowledged(
    disk: SimulatedDisk, folder: Path, seed: int, locking_mode: str
) -> None:
    """With WAL and FULL every crash leaves an intact log with every acknowledged event."""
    with closing(open_log(disk, locking_mode=locking_mode)) as connection:
        first = disk.operations
        append(disk, connection)

    assert TRANSACTIONS == disk.acknowledged_at(disk.operations)
    assert (0, 0) == shortfall(disk, folder, first=first, seed=seed)


def test_wal_normal_loses_acknowledged_events_but_never_damages(
    disk: SimulatedDisk, folder: Path
) -> None:
    """With synchronous=NORMAL some crashes lose acknowledged events, and none leaves damage."""
    with closing(open_log(disk, synchronous="normal")) as connection:
        first = disk.operations
        append(disk, connection)

        damaged, lossy = shortfall(disk, folder, first=first)

    assert 0 == damaged
    assert lossy > CRASHES // 10


def test_wal_without_sync_is_found_out(disk: SimulatedDisk, folder: Path) -> None:
    """With synchronous=OFF crashes leave damage and lose acknowledged events."""
    with closing(open_log(disk)) as connection:
        connection.pragma("synchronous", "off")
        first = disk.operations
        append(disk, connection)

        damaged, lossy = shortfall(disk, folder, first=first)

    assert damaged > 0
    assert lossy > 0


def test_a_lying_disk_is_found_out(folder: Path) -> None:
    """On a disk that ignores fsync even WAL with FULL loses what it acknowledged."""
    with SimulatedDisk(lying=True) as disk, closing(open_log(disk)) as connection:
        append(disk, connection)

        damaged, lossy = shortfall(disk, folder)

    assert damaged > 0
    assert lossy > CRASHES // 4


def test_a_rollback_journal_that_is_unlinked_without_sync_is_found_out(
    disk: SimulatedDisk, folder: Path
) -> None:
    """DELETE with FULL does not sync the folder after its unlink: a crash may undo a commit."""
    with closing(open_log(disk)) as connection:
        assert connection.pragma("journal_mode", "delete") == "delete"
        first = disk.operations
        append(disk, connection)

        damaged, lossy = shortfall(disk, folder, first=first)

    assert 0 == damaged
    assert lossy > 0


def test_a_rollback_journal_whose_unlink_is_synced_loses_nothing(
    disk: SimulatedDisk, folder: Path
) -> None:
    """DELETE mode with EXTRA syncs the folder after its unlink, and no crash loses a commit."""
    with closing(open_log(disk, synchronous="extra")) as connection:
        assert connection.pragma("journal_mode", "delete") == "delete"
        first = disk.operations
        append(disk, connection)

        assert (0, 0) == shortfall(disk, folder, first=first)


def test_the_birth_of_a_database_can_be_cut_anywhere(disk: SimulatedDisk, folder: Path) -> None:
    """A crash while a file, its table and first events are made leaves the acknowledged ones."""
    with closing(open_log(disk)) as connection:
        append(disk, connection, sizes=(100, 100))

    for point, mode in itertools.product(range(disk.operations + 1), MODES):
        image = disk.image_at(point, mode, seed=point)
        image.write_to(folder)
        last = recovered(folder)

        assert last is not None, image
        assert disk.acknowledged_at(point) <= last, image


def test_two_databases_on_one_disk(disk: SimulatedDisk, folder: Path) -> None:
    """Views that follow the log never hold more than it after a crash; neither is damaged."""
    with (
        closing(open_log(disk)) as log,
        closing(open_log(disk, "views.db", synchronous="normal")) as views,
    ):
        first = disk.operations
        for _ in range(TRANSACTIONS):
            append(disk, log, sizes=(300,))
            append(disk, views, of="views.db", sizes=(900,))

        for image in images(disk, folder, first=first, seed=3):
            log_last, views_last = recovered(folder), recovered(folder, "views.db")

            assert log_last is not None, image
            assert views_last is not None, image
            assert disk.acknowledged_at(image.operation) <= log_last, image
            assert views_last <= log_last, image


def test_a_second_power_loss_during_recovery_loses_nothing(
    disk: SimulatedDisk, folder: Path
) -> None:
    """An image can be booted, recovered, written to and crashed again without losing a promise."""
    with closing(open_log(disk)) as connection:
        first = disk.operations
        append(disk, connection)

    for image in disk.crashes(12, seed=4, first=first):
        promised = disk.acknowledged_at(image.operation)
        with image.boot() as rebooted:
            with closing(apsw.Connection("log.db", vfs=rebooted.vfs_name)) as connection:
                append(rebooted, connection, sizes=(500,))
            for second in images(rebooted, folder, seed=5, count=20):
                last = recovered(folder)

                assert last is not None, second
                assert max(promised, rebooted.acknowledged_at(second.operation)) <= last, second


def test_a_full_disk_is_reported_and_healed(disk: SimulatedDisk, folder: Path) -> None:
    """A refused write fails only its transaction: what was promised stays, later ones succeed."""
    with closing(open_log(disk)) as connection:
        first = disk.operations
        append(disk, connection, sizes=(100, 100))
        fault = disk.fail_write(2, times=FOR_EVER, file="log.db-wal")
        for _ in range(3):
            with pytest.raises(apsw.FullError):
                append(disk, connection, sizes=(3000,))
        disk.heal()
        append(disk, connection, sizes=(100, 100))

        assert 3 <= fault.hits
        assert 4 == disk.acknowledged_at(disk.operations)
        assert (0, 0) == shortfall(disk, folder, first=first)


def test_a_failed_write_carries_its_code(disk: SimulatedDisk) -> None:
    """A write can fail with any code, and exactly as often as told."""
    with closing(open_log(disk)) as connection:
        fault = disk.fail_write(1, code=apsw.SQLITE_IOERR_WRITE)
        with pytest.raises(apsw.IOError) as caught:
            append(disk, connection, sizes=(100,))
        append(disk, connection, sizes=(100,))

    assert apsw.SQLITE_IOERR_WRITE == caught.value.extendedresult  # type: ignore[attr-defined] # APSW's stubs lack it
    assert 1 == fault.hits


@pytest.mark.parametrize("nth", [1, 2, 3])
def test_a_failed_sync_is_not_a_commit(disk: SimulatedDisk, folder: Path, nth: int) -> None:
    """A sync that fails and loses its pages fails the commit, and loses nothing acknowledged."""
    refused = 0
    with closing(open_log(disk)) as connection:
        first = disk.operations
        fault = disk.fail_sync(nth)
        for _ in range(TRANSACTIONS):
            try:
                append(disk, connection, sizes=(700,))
            except apsw.IOError:
                refused += 1

        assert 1 == fault.hits
        assert 1 == refused
        assert (0, 0) == shortfall(disk, folder, first=first)


def test_a_failed_sync_of_a_checkpoint_loses_nothing(disk: SimulatedDisk, folder: Path) -> None:
    """A checkpoint whose pages are lost is repeated from the WAL, which is kept until then."""
    with closing(open_log(disk)) as connection:
        first = disk.operations
        fault = disk.fail_sync(1, file="log.db", times=2)
        for size_bytes in SIZES_BYTES:
            with suppress(apsw.IOError):
                append(disk, connection, sizes=(size_bytes,))

    assert 2 == fault.hits
    assert (0, 0) == shortfall(disk, folder, first=first)


def test_a_fault_for_one_file_spares_the_others(disk: SimulatedDisk) -> None:
    """A fault of views.db-wal does not keep the log from being written."""
    with closing(open_log(disk)) as log, closing(open_log(disk, "views.db")) as views:
        disk.fail_write(1, file="views.db-wal")
        append(disk, log, sizes=(100,))
        with pytest.raises(apsw.FullError):
            append(disk, views, of="views.db", sizes=(100,))

    assert 1 == disk.acknowledged_at(disk.operations)
    assert 0 == disk.acknowledged_at(disk.operations, of="views.db")


def test_several_connections_share_a_database(disk: SimulatedDisk) -> None:
    """Readers see each commit and nothing else; a second writer is told to wait."""
    with (
        closing(open_log(disk)) as writer,
        closing(apsw.Connection("log.db", vfs=disk.vfs_name)) as second,
        closing(
            apsw.Connection("log.db", vfs=disk.vfs_name, flags=apsw.SQLITE_OPEN_READONLY)
        ) as reader,
    ):
        count = "SELECT count(*) FROM events"
        append(disk, writer, sizes=(100,))
        before = reader.execute(count).get
        writer.execute("BEGIN IMMEDIATE; INSERT INTO events VALUES (2, x'')")
        during = reader.execute(count).get
        with pytest.raises(apsw.BusyError):
            second.execute("BEGIN IMMEDIATE")
        writer.execute("COMMIT")

        assert [1, 1, 2] == [before, during, reader.execute(count).get]


def test_two_threads_write_two_databases(disk: SimulatedDisk, folder: Path) -> None:
    """Databases written from threads of their own keep their promises to each."""
    names = ("log.db", "views.db")
    connections = [open_log(disk, name) for name in names]
    first = disk.operations
    threads = [
        threading.Thread(target=append, args=(disk, connection), kwargs={"of": name})
        for name, connection in zip(names, connections, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for connection in connections:
        connection.close()

    for image, name in itertools.product(
        images(disk, folder, first=first, seed=6, count=100), names
    ):
        last = recovered(folder, name)

        assert last is not None, image
        assert disk.acknowledged_at(image.operation, of=name) <= last, image


def test_the_folder_of_a_path_is_ignored(disk: SimulatedDisk) -> None:
    """A database is the same whatever folder it is opened in, so a test may use any path."""
    open_log(disk, "/somewhere/log.db").close()
    with closing(apsw.Connection("/elsewhere/log.db", vfs=disk.vfs_name)) as connection:
        assert 0 == connection.execute("SELECT count(*) FROM events").get

    assert {"log.db"} == disk.names


def test_scratch_space_is_not_part_of_the_disk(disk: SimulatedDisk) -> None:
    """A large sort spills into files that no image has and no fault counts."""
    with closing(open_log(disk)) as connection:
        append(disk, connection)
        connection.pragma("temp_store", "file")
        connection.pragma("cache_size", 2)
        connection.execute("CREATE TEMP TABLE sorted AS SELECT data, seq FROM events ORDER BY 1")
        before = disk.operations
        connection.execute("INSERT INTO sorted SELECT * FROM sorted ORDER BY random()")

        assert before == disk.operations
        assert {"log.db", "log.db-wal"} == disk.names


def test_the_same_seed_leaves_the_same_image(disk: SimulatedDisk) -> None:
    """An image depends on the moment, the mode and the seed alone, not on what was asked before."""
    with closing(open_log(disk)) as connection:
        append(disk, connection)
    middle = disk.operations // 2

    once = disk.image_at(middle, "random", seed=7)
    disk.image_at(disk.operations, "random", seed=7)

    assert once == disk.image_at(middle, "random", seed=7)


def test_after_the_last_sync_all_modes_agree(disk: SimulatedDisk) -> None:
    """When nothing waits to be synced, a power loss changes nothing."""
    connection = apsw.Connection("log.db", vfs=disk.vfs_name)
    connection.pragma("synchronous", "extra")
    connection.execute("CREATE TABLE events (seq INTEGER PRIMARY KEY)")
    connection.close()

    contents = [disk.image_at(disk.operations, mode, seed=8).files for mode in MODES]

    assert {"log.db"} == set(contents[0])
    assert [contents[0]] * len(MODES) == contents


def test_an_image_replaces_what_the_folder_held(disk: SimulatedDisk, folder: Path) -> None:
    """A journal left over from an earlier image would be taken for this one's."""
    (folder / "log.db-journal").write_bytes(b"from before")

    disk.image_at(0, "all", seed=0).write_to(folder)

    assert [] == list(folder.iterdir())


def platter(*operations: Operation, files: dict[str, bytes] | None = None) -> Platter:
    """A platter that has taken these operations."""
    platter = Platter(files or {})
    for operation in operations:
        platter.apply(operation)
    return platter


def test_a_sector_is_kept_or_dropped_as_a_whole() -> None:
    """In mode random each sector holds what it was or what it became, and both happen."""
    old, new = b"o" * 512, b"n" * 512
    changed = platter(Written(0, 0, new * 3), files={"log.db": old * 3})

    found = {changed.files_left("random", seed=seed)["log.db"] for seed in range(200)}

    assert {b"".join(sectors) for sectors in itertools.product((old, new), repeat=3)} == found


def test_prefix_keeps_the_older_changes() -> None:
    """In mode prefix a change only survives when all before it did, whatever file they are in."""
    changed = platter(
        Written(0, 0, b"1"), Written(1, 0, b"2"), files={"log.db": b"", "views.db": b""}
    )

    found = {tuple(changed.files_left("prefix", seed=seed).values()) for seed in range(50)}

    assert {(b"", b""), (b"1", b""), (b"1", b"2")} == found


def test_none_keeps_only_what_was_synced() -> None:
    """In mode none the platter holds the state of the last sync."""
    changed = platter(
        Created("log.db", 0),
        Written(0, 0, b"kept"),
        Synced(0),
        Truncated(0, 2),
        Written(0, 2, b"xx"),
    )

    assert {"log.db": b"kept"} == changed.files_left("none", seed=0)
    assert {"log.db": b"kexx"} == changed.files_left("all", seed=0)


@pytest.mark.parametrize("sync", [Synced(1), FolderSynced()])
def test_an_unlink_is_durable_after_a_later_sync(sync: Operation) -> None:
    """Until then the name may come back with its content; afterwards it never does."""
    files = {"log.db-journal": b"hot", "log.db": b""}
    unlinked = platter(Unlinked("log.db-journal"), files=files)
    settled = platter(Unlinked("log.db-journal"), sync, files=files)

    assert files == unlinked.files_left("none", seed=0)
    assert {"log.db": b""} == settled.files_left("none", seed=0)


def test_a_created_file_is_durable_after_its_own_sync() -> None:
    """The sync of another file does not make a new name durable."""
    made = (Created("log.db", 5), Written(5, 0, b"x"))

    assert {} == platter(*made, Synced(9)).files_left("none", seed=0)
    assert {"log.db": b"x"} == platter(*made, Synced(5)).files_left("none", seed=0)
    assert {"log.db": b""} == platter(*made, FolderSynced()).files_left("none", seed=0)


def test_a_name_made_again_is_a_new_file() -> None:
    """The old content never shows under a name that was unlinked and created again."""
    again = platter(
        Unlinked("log.db-wal"), Created("log.db-wal", 5), Synced(5), files={"log.db-wal": b"old"}
    )

    assert {b""} == {again.files_left(mode, seed=0)["log.db-wal"] for mode in MODES}


def test_what_a_failed_sync_lost_no_later_sync_brings_back() -> None:
    """A sync that reported an error forgets its pages; a success afterwards is about later ones."""
    changed = platter(
        Written(0, 0, b"lost"),
        SyncFailed(0),
        Written(0, 4, b"kept"),
        Synced(0),
        files={"log.db": b"...."},
    )

    assert {b"....kept"} == {changed.files_left(mode, seed=0)["log.db"] for mode in MODES}


def test_prefix_may_tear_the_write_it_ends_in() -> None:
    """A write of several sectors may have got only as far as some sector."""
    changed = platter(Written(0, 0, b"n" * 1536), files={"log.db": b""})

    sizes = {len(changed.files_left("prefix", seed=seed)["log.db"]) for seed in range(200)}

    assert {0, 512, 1024, 1536} == sizes


def test_a_truncate_is_kept_or_dropped() -> None:
    """In mode random a truncate that was not synced may or may not have happened."""
    changed = platter(Truncated(0, 1), files={"log.db": b"four"})

    found = {changed.files_left("random", seed=seed)["log.db"] for seed in range(50)}

    assert {b"f", b"four"} == found
