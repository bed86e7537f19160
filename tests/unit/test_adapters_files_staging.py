"""The place for clips that come only to be joined: ours is cleared, and nothing else."""

from adapters.files.staging import clear, stage


def test_what_an_earlier_process_left_is_cleared_and_nothing_else(tmp_path):
    """The directory may be used by others too, whatever they call their folders."""
    for name in ("compose-2026", "compose", "playhead"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "clip.mov").write_bytes(b"mine")
    (stage(tmp_path, []) / "0000.mov").write_bytes(b"a clip")

    clear(tmp_path)

    assert ["compose", "compose-2026", "playhead"] == sorted(p.name for p in tmp_path.iterdir())
    assert 3 == len(list(tmp_path.glob("*/clip.mov")))
