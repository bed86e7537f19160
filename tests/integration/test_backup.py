"""Backups: of one moment while the daemon is busy, proved, restorable, never over something."""

import json

import pytest

from daemon.datadir import DataDirectory
from daemon.eventlog.store import LogReader
from support.command import playhead_inside
from support.daemon import DaemonProcess
from support.load import Load


def backups(folder):
    """The finished ones, the oldest first."""
    return sorted(each for each in folder.iterdir() if not each.name.startswith("."))


def ids(data):
    """The ids of all events in a data directory, by seq."""
    reader = LogReader.open(DataDirectory(data).log)
    found = {row[0]: row[1].hex() for row in reader.rows()}
    reader.close()
    return found


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A data directory with a past, secrets and a backup of it."""
    folder = tmp_path_factory.mktemp("house")
    data = folder / "data"
    playhead_inside("user", "add", "mara", "--password-stdin", data=data, typed="correct horse\n")
    (data / "secrets").mkdir(mode=0o700)
    (data / "secrets" / "attic").write_text("s3cret\n", encoding="utf-8")
    options = {"auth": ("mara", "correct horse")}
    with DaemonProcess(data, client_options=options) as daemon:
        for number in range(5):
            report = {"name": "a.mkv", "position_s": number, "id": f"{number:032x}"}
            daemon.client.post("/api/positions", json=report).raise_for_status()
    told = playhead_inside("backup", folder / "kept", data=data)
    assert "everything in it holds" in told.stderr
    return folder


def test_a_backup_is_consistent_while_the_daemon_is_busy(tmp_path):
    """Every event of it is acknowledged or about to be, in order; it verifies after it is back."""
    with DaemonProcess(tmp_path / "data") as daemon, Load(daemon.url, clients=2) as load:
        load.wait_for_acknowledged(200)
        before = dict(load.acknowledged)
        playhead_inside("backup", tmp_path / "kept", data=tmp_path / "data")
        load.wait_for_acknowledged(50)
    (made,) = backups(tmp_path / "kept")
    playhead_inside("restore", made, data=tmp_path / "back")
    verified = playhead_inside("verify", data=tmp_path / "back").stdout
    restored = ids(tmp_path / "back")

    assert "Everything holds." in verified
    assert set(before.values()) <= set(restored)
    assert restored == {
        seq: found for seq, found in ids(tmp_path / "data").items() if seq in restored
    }


def test_a_backup_holds_what_cannot_be_rebuilt(house):
    """For its owner only; no views, no lock."""
    (made,) = backups(house / "kept")
    manifest = json.loads((made / "backup.json").read_text(encoding="utf-8"))
    files = {str(file.relative_to(made)) for file in made.rglob("*") if file.is_file()}

    assert {"backup.json", "log.db", "credentials.json", "secrets/attic"} == files
    assert files - {"backup.json"} == {kept["path"] for kept in manifest["files"]}
    assert {0o600} == {file.stat().st_mode & 0o777 for file in made.rglob("*") if file.is_file()}
    assert made.name.endswith(f"Z-{manifest['seq']}")


def test_a_daemon_goes_on_from_a_restored_backup(house, tmp_path):
    """With the same positions, users and secrets; the log is continued."""
    (made,) = backups(house / "kept")
    playhead_inside("restore", made, data=tmp_path)
    options = {"auth": ("mara", "correct horse")}
    with DaemonProcess(tmp_path, client_options=options) as daemon:
        position = daemon.client.get("/api/resume", params={"name": "a.mkv"}).json()

    assert 4.0 == position["position_s"]
    assert "s3cret\n" == (tmp_path / "secrets" / "attic").read_text(encoding="utf-8")
    assert "Everything holds." in playhead_inside("verify", data=tmp_path).stdout


def test_a_backup_can_be_taken_back_to_an_earlier_point(house, tmp_path):
    """The chain up to there is the same."""
    (made,) = backups(house / "kept")
    told = playhead_inside("restore", made, "--until", "3", data=tmp_path).stdout

    assert told.startswith("3 events are in")
    assert {1, 2, 3} == set(ids(tmp_path))
    assert ids(tmp_path).items() <= ids(house / "data").items()
    assert "Everything holds." in playhead_inside("verify", data=tmp_path).stdout


def test_nothing_is_overwritten(house):
    """Neither a log nor views of another."""
    (made,) = backups(house / "kept")
    refused = playhead_inside("restore", made, data=house / "data", code=1).stderr

    assert "is there already" in refused


@pytest.mark.parametrize("place", ["../outside", "secrets/../../outside", "/tmp/outside"])
def test_a_backup_holds_nothing_that_lies_elsewhere(tmp_path, place):
    """Whoever made it could have other files of the machine copied, or overwritten."""
    log = {"path": place, "size_bytes": 0, "sha256": "00"}
    said = {"format": 1, "version": "1", "made_at": "", "seq": 1, "hash": "", "files": [log]}
    (tmp_path / "backup.json").write_text(json.dumps(said), encoding="utf-8")
    refused = playhead_inside("restore", tmp_path, data=tmp_path / "data", code=1).stderr

    assert f"claims to hold {place}, which lies elsewhere" in refused


@pytest.mark.parametrize("part", ["log.db", "secrets/attic", "backup.json"])
def test_a_backup_that_was_changed_is_refused(house, tmp_path, part):
    """Whichever file it is; nothing is written."""
    (made,) = backups(house / "kept")
    copy = tmp_path / "copy"
    for file in made.rglob("*"):
        if file.is_file():
            target = copy / file.relative_to(made)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read_bytes())
    content = bytearray((copy / part).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / part).write_bytes(content)
    refused = playhead_inside("restore", copy, data=tmp_path / "data", code=1).stderr

    assert "playhead: " in refused
    assert not (tmp_path / "data" / "log.db").exists()


def test_a_log_that_does_not_hold_is_not_backed_up(house, tmp_path):
    """The last good backup would be thrown away for it; nothing of the bad one is left."""
    data = tmp_path / "data"
    data.mkdir()
    content = bytearray((house / "data" / "log.db").read_bytes())
    place = content.index(b"a.mkv")
    content[place : place + 5] = b"b.mkv"
    (data / "log.db").write_bytes(content)
    refused = playhead_inside("backup", tmp_path / "kept", data=data, code=1).stderr

    assert "its hash does not follow" in refused
    assert [] == list((tmp_path / "kept").iterdir())


def test_old_backups_go(house, tmp_path):
    """All but the latest; other folders are nobody's business."""
    (tmp_path / "playhead-other").mkdir(parents=True)
    for name in ("playhead-20200101T000000Z-1", "playhead-20210101T000000Z-2"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "backup.json").write_text("{}", encoding="utf-8")
    told = playhead_inside("backup", tmp_path, "--keep", "2", data=house / "data").stderr
    names = [each.name for each in backups(tmp_path)]

    assert "playhead-20200101T000000Z-1" in told
    assert "playhead-20210101T000000Z-2" == names[0]
    assert "playhead-other" == names[-1]
    assert 3 == len(names)
