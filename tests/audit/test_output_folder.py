"""What lands in the output folder: every call that can fail fails once, and the order of calls keeps what power loss spares."""

import errno
import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rtfractions.audit import OutputFolder, PseudonymKey, default_key_file, key_from
from rtfractions.audit.folder import PATIENTS
from rtfractions.audit.result_files import is_whole
from rtfractions.errors import InputFileError, OutputFileError, RTFractionsError

LONG = bool(os.environ.get("RTFRACTIONS_FAULTS"))
NUMBERS = [errno.EIO, errno.ESTALE, errno.EACCES, errno.ENOENT, errno.ENOSPC] if LONG else [errno.EIO]
CALLS = ("open", "fsync", "replace", "fchmod", "mkdir", "unlink", "scandir")


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in ("run.log", ".lock")
    }


def refused_by(call: Callable[[], Any]) -> RTFractionsError | None:
    try:
        call()
    except RTFractionsError as error:
        return error
    return None


class Failing:
    """The calls of `os` that write, of which one fails."""

    def __init__(self, below: Path, fail_at: int | None, number: int) -> None:
        self.below, self.fail_at, self.number = str(below), fail_at, number
        self.made = 0
        self._inside = False

    def wrap(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            first = arguments[0] if arguments else options.get("path")
            if isinstance(first, int) or str(getattr(first, "path", first)).startswith(self.below):
                self.made += 1
                if self.made - 1 == self.fail_at:
                    raise OSError(self.number, os.strerror(self.number))
            return real(*arguments, **options)

        return call


@pytest.mark.parametrize("number", NUMBERS)
def test_each_call_that_fails_is_refused_and_gone_on_from(
    number: int, make_cohort: Any, audit: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # R6, R5: one failing call after the other, until none is left
    cohort = make_cohort(2)
    expected = audit(cohort, output="expected").files()
    out = tmp_path / "audit"
    refused = 0
    for fail_at in range(10_000):
        failing = Failing(out, fail_at, number)
        with monkeypatch.context() as patched:
            for name in CALLS:
                patched.setattr(f"rtfractions.audit.folder.os.{name}", failing.wrap(getattr(os, name)))
            refusal = refused_by(lambda: audit(cohort))
        if refusal is not None:
            refused += 1
            assert isinstance(refusal, OutputFileError)
            assert os.strerror(number) in str(refusal)
            assert "\n" not in str(refusal)
        for path in out.rglob("P*.json"):
            assert is_whole(path.read_bytes())
        if failing.made <= fail_at:
            break
        healed = audit(cohort)
        assert healed.files() == expected, fail_at
        assert not list(out.rglob("*.tmp"))
        if fail_at % 2:  # half of the time from the beginning, half of the time over what is there
            shutil.rmtree(out)
    assert refused > 15


@pytest.mark.parametrize("number", NUMBERS)
def test_each_read_that_fails_is_told_and_costs_no_other(
    number: int, make_cohort: Any, audit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # R6: of files and folders of the input, one after the other; the next run has what is there again
    cohort = make_cohort(3)
    expected = audit(cohort, output="expected")
    whole = expected.results()
    costs = set()
    for fail_at in range(1000):
        failing = Failing(cohort, fail_at, number)
        with monkeypatch.context() as patched:
            for name in ("open", "scandir"):
                patched.setattr(os, name, failing.wrap(getattr(os, name)))
            found = audit(cohort)
        if failing.made <= fail_at:
            break
        document = found.document
        assert 3 in document.exit_reasons
        assert any(os.strerror(number) in error.message for error in document.errors)
        assert sum(entry.count for entry in document.outcomes) == document.patients_found
        results = found.results()
        costs.add(3 - sum(results.get(name) == data for name, data in whole.items()))
        assert audit(cohort).files() == expected.files(), fail_at
    assert found.files() == expected.files()
    assert costs == {1, 3}  # a patient, or all where the folder itself cannot be read


def test_a_file_is_on_disk_before_its_name_and_its_name_before_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # R21: fsync(file), replace, fsync(folder)
    folder = OutputFolder(tmp_path / "out")
    folder.prepare(())
    folder.tidy()
    order: list[str] = []
    names: dict[int, str] = {}
    real = {name: getattr(os, name) for name in ("open", "fsync", "replace")}

    def opened(path: Any, *rest: Any, **more: Any) -> int:
        descriptor: int = real["open"](path, *rest, **more)
        names[descriptor] = "folder" if os.path.isdir(path) else "file"
        return descriptor

    def synced(descriptor: int) -> None:
        order.append(f"fsync {names[descriptor]}")
        real["fsync"](descriptor)

    def replaced(*paths: Any) -> None:
        order.append("replace")
        real["replace"](*paths)

    for name, spy in (("open", opened), ("fsync", synced), ("replace", replaced)):
        monkeypatch.setattr(os, name, spy)
    folder.write(folder.result_file("P" + "0" * 16), "{}")
    assert order == ["fsync file", "replace", "fsync folder"]


def test_what_is_not_whole_is_for_its_owner_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # S18
    folder = OutputFolder(tmp_path / "out")
    folder.prepare(())
    folder.tidy()
    modes: list[int] = []
    real = os.fsync

    def look(descriptor: int) -> None:
        modes.extend(stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "out").glob(".*.tmp"))
        real(descriptor)

    monkeypatch.setattr(os, "fchmod", lambda descriptor, mode: look(descriptor))
    folder.write(folder.path / "summary.json", "{}")
    assert modes == [0o600]


def test_a_planted_link_is_replaced_and_never_followed(make_cohort: Any, audit: Any, tmp_path: Path) -> None:
    # S12
    victim = tmp_path / "victim"
    victim.write_text("mine")
    cohort = make_cohort(1)
    first = audit(cohort)
    (name,) = first.results()
    for planted in ("summary.html", "cohort.json", name):
        (first.folder.path / planted).unlink()
        (first.folder.path / planted).symlink_to(victim)
    again = audit(cohort)
    assert victim.read_text() == "mine"
    assert again.files() == first.files()
    assert not [path for path in first.folder.path.rglob("*") if path.is_symlink()]


def test_fresh_removes_what_an_audit_wrote_and_nothing_else(tmp_path: Path) -> None:
    folder = OutputFolder(tmp_path / "out")
    folder.prepare(())
    folder.tidy()
    mine, ours = folder.patients / "thesis.json", folder.result_file("P" + "1" * 16)
    mine.write_text("mine")
    ours.write_text("{}")
    (folder.path / "summary.json").write_text("{}")
    folder.clear()
    assert [path.name for path in folder.path.rglob("*") if path.is_file()] == ["thesis.json"]
    assert mine.parent.name == PATIENTS


def test_fresh_begins_where_nothing_is_yet(make_cohort: Any, run_inline: Any, tmp_path: Path) -> None:
    command = ("audit", make_cohort(1), "--protocol", "NCT03406468", "-o", tmp_path / "out", "-q", "--fresh")
    assert run_inline(*command).code == 0
    assert run_inline(*command).code == 0


class TestKey:
    def test_it_is_made_once_for_its_owner_only(self, tmp_path: Path) -> None:
        path = tmp_path / "new" / "folder" / "pseudonym.key"
        first, made = key_from(path)
        again, made_again = key_from(path)
        assert (made, made_again) == (True, False)
        assert first == again
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert len(bytes.fromhex(first.secret.decode())) == 32
        assert [entry.name for entry in path.parent.iterdir()] == ["pseudonym.key"]
        assert key_from(tmp_path / "other")[0] != first

    def test_two_who_make_it_at_once_get_the_same(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "key"
        real = os.link

        def late(source: Any, target: Any) -> None:
            monkeypatch.setattr(os, "link", real)
            others.append(key_from(path))
            real(source, target)

        others: list[tuple[PseudonymKey, bool]] = []
        monkeypatch.setattr(os, "link", late)
        ours = key_from(path)
        assert ours == (others[0][0], False)
        assert others[0][1] is True
        assert [entry.name for entry in tmp_path.iterdir()] == ["key"]

    @pytest.mark.parametrize("content", [b"", b"short\n", b"x" * 5000])
    def test_what_is_no_key_is_refused(self, content: bytes, tmp_path: Path) -> None:
        (tmp_path / "key").write_bytes(content)
        with pytest.raises(InputFileError, match="is no pseudonym key"):
            key_from(tmp_path / "key")
        assert (tmp_path / "key").read_bytes() == content

    def test_it_lies_among_the_users_settings(self, tmp_path: Path) -> None:
        assert default_key_file({"XDG_CONFIG_HOME": "/c"}) == Path("/c/rtfractions/pseudonym.key")
        home = Path.home() / ".config" / "rtfractions" / "pseudonym.key"
        assert default_key_file({}) == default_key_file({"XDG_CONFIG_HOME": "relative"}) == home

    def test_names_are_the_keys_and_only_the_keys(self) -> None:
        # HMAC-SHA-256 of "patient", NUL and the ID, by RFC 2104 and another implementation (openssl dgst -hmac)
        key = PseudonymKey(b"key of sixteen b")
        assert key.patient("0012") == EXPECTED_NAME
        assert key.patient("0012") != key.patient("12")
        assert key.patient("0012") != PseudonymKey(b"key of sixteen c").patient("0012")
        assert key.uid("1.2.3").startswith("2.25.")
        assert len(key.uid("1.2.3")) <= 64
        assert "sixteen" not in repr(key)


EXPECTED_NAME = "P7dff92ab9bd42a0e"
