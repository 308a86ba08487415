"""Files are whole or absent, errors name them, and a folder has one owner."""

import errno
import os
from pathlib import Path

import pytest

from selfplay.files import locked, replacing


def write(path: Path, text: str) -> None:
    with replacing(path) as temporary:
        temporary.write_text(text)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_and_its_folder_appear(tmp_path: Path):
    write(tmp_path / "a" / "b" / "file", "new")
    assert (tmp_path / "a" / "b" / "file").read_text() == "new"
    assert names(tmp_path / "a" / "b") == ["file"]


def test_the_final_name_holds_the_old_text_until_the_end(tmp_path: Path):
    path = tmp_path / "file"
    write(path, "old")
    with replacing(path) as temporary:
        temporary.write_text("half")
        assert path.read_text() == "old"
    assert path.read_text() == "half"


@pytest.mark.parametrize("before", ["old", None])
@pytest.mark.parametrize(
    "error", [KeyError("x"), KeyboardInterrupt(), OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))]
)
def test_an_error_leaves_what_was_there(tmp_path: Path, before: str | None, error: BaseException):
    path = tmp_path / "file"
    if before:
        write(path, before)

    def fail() -> None:
        with replacing(path) as temporary:
            temporary.write_text("half")
            raise error

    with pytest.raises(type(error)):
        fail()
    assert names(tmp_path) == (["file"] if before else [])
    assert not before or path.read_text() == before


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_full_disk_is_named_at_any_moment(tmp_path: Path, monkeypatch, call: str):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, call, full)
    if call == "replace":
        monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match=rf"^cannot write {tmp_path}/file: No space left on device$"):
        write(tmp_path / "file", "new")
    assert names(tmp_path) == []


def test_a_folder_that_cannot_be_is_named(tmp_path: Path):
    (tmp_path / "plain").write_text("")
    for use in (lambda folder: write(folder / "file", ""), lambda folder: locked(folder).__enter__()):
        with pytest.raises(OSError, match=r"cannot write .*/plain/folder.*: Not a directory"):
            use(tmp_path / "plain" / "folder")


def test_an_error_of_another_file_keeps_its_name(tmp_path: Path):
    with pytest.raises(FileNotFoundError) as caught, replacing(tmp_path / "copy"):
        (tmp_path / "source").read_bytes()
    assert caught.value.filename == str(tmp_path / "source")


def test_a_folder_has_one_owner_at_a_time(tmp_path: Path):
    folder = tmp_path / "folder"
    with (
        locked(folder),
        pytest.raises(ValueError, match="another process is running here; wait for it"),
        locked(folder),
    ):
        pass
    with locked(folder):
        pass


def test_an_owner_that_failed_is_none(tmp_path: Path):
    with pytest.raises(KeyError), locked(tmp_path):
        raise KeyError
    with locked(tmp_path):
        pass


def test_what_a_killed_writer_left_is_removed(tmp_path: Path):
    (tmp_path / "attempts").mkdir()
    for name in (".checkpoint.ckpt.123.tmp", "attempts/.00001.parquet.123.tmp", "kept.tmp", ".kept"):
        (tmp_path / name).write_text("half")
    with locked(tmp_path):
        assert names(tmp_path) == [".kept", ".lock", "attempts", "kept.tmp"]
        assert names(tmp_path / "attempts") == []
