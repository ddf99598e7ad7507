"""Files: read bounded, written whole or not at all."""

import os
import stat
from pathlib import Path

import pytest

from rtfractions.errors import InputFileError, OutputFileError
from rtfractions.files import read_bytes, read_text, write_atomically


def test_a_file_is_there_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "out.json"
    target.write_text("before")

    def fails(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fails)
    with pytest.raises(OutputFileError, match="No space left"):
        write_atomically(target, "after")
    assert target.read_text() == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["out.json"]


def test_an_input_is_never_replaced_not_even_by_a_link_to_it(tmp_path: Path) -> None:
    source, link = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("data")
    link.symlink_to(source)
    for target in (source, link):
        with pytest.raises(OutputFileError, match="input"):
            write_atomically(target, "result", inputs=[source])
    assert source.read_text() == "data"


def test_a_planted_link_is_replaced_not_followed(tmp_path: Path) -> None:
    victim, link = tmp_path / "victim", tmp_path / "out.csv"
    victim.write_text("keep")
    link.symlink_to(victim)
    write_atomically(link, "result")
    assert victim.read_text() == "keep"
    assert link.read_text() == "result"
    assert not link.is_symlink()


@pytest.mark.parametrize("name", ["missing/out.csv", "."])
def test_where_nothing_can_be_written_the_place_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(OutputFileError) as refused:
        write_atomically(tmp_path / name, "result")
    assert str(tmp_path) in str(refused.value)


def test_an_empty_name_is_no_file() -> None:
    with pytest.raises(OutputFileError):
        write_atomically(Path(""), "result")


def test_written_files_obey_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_atomically(tmp_path / "out.csv", "result")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "out.csv").stat().st_mode) == 0o640


def test_a_named_pipe_is_refused_and_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputFileError, match="regular"):
        read_bytes(tmp_path / "pipe", name="pipe", maximum_bytes=100)


def test_a_file_beyond_the_bound_is_refused(tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(b"x" * 101)
    with pytest.raises(InputFileError, match="101 bytes"):
        read_bytes(tmp_path / "big", name="big", maximum_bytes=100)


def test_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"\xef\xbb\xbfpatient")
    assert read_text(tmp_path / "a", name="a", maximum_bytes=100)[0] == "patient"


@pytest.mark.parametrize("data", ["Größe".encode("latin-1"), "patient".encode("utf-16")])
def test_other_encodings_are_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a").write_bytes(data)
    with pytest.raises(InputFileError, match="UTF-8"):
        read_text(tmp_path / "a", name="a", maximum_bytes=100)
