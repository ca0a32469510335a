"""A report is written whole or not at all."""

from __future__ import annotations

import errno
import json
import os
import stat
from pathlib import Path

import pytest
from report_examples import MACHINE, RECORD, SPEC, record

from pytest_coreml.errors import ReportError
from pytest_coreml.facts.measurement import Measurement
from pytest_coreml.report.document.build import build_report
from pytest_coreml.report.document.write import check_writable, write_report


@pytest.fixture
def document():
    return build_report([RECORD, RECORD], [SPEC], MACHINE)


def refuse(*args, **kwargs):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_what_is_written_is_the_document(tmp_path, document):
    """Any JSON reader gets the document back, from a new folder too."""
    path = tmp_path / "new" / "report.json"

    write_report(document, path)

    assert json.loads(path.read_text("utf-8")) == document


def test_an_empty_run_gives_a_report(tmp_path):
    """A run that selected no test is a report with no tests."""
    write_report(build_report([], [], MACHINE), tmp_path / "report.json")

    assert json.loads((tmp_path / "report.json").read_text("utf-8"))["tests"] == []


def test_each_test_has_its_line(tmp_path, document):
    """Tools that work on lines can work on reports."""
    write_report(document, tmp_path / "report.json")

    lines = (tmp_path / "report.json").read_text("utf-8").splitlines()

    assert sum('"id": ' in line for line in lines) == 2


def test_an_earlier_report_is_replaced(tmp_path, document):
    """The second run's report is the second run's alone."""
    path = tmp_path / "report.json"
    path.write_text("x" * 1_000_000, "utf-8")

    write_report(document, path)

    assert json.loads(path.read_text("utf-8")) == document
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_stays_a_link(tmp_path, document):
    """A report path that is a link is written where it points."""
    (tmp_path / "link.json").symlink_to(tmp_path / "report.json")

    write_report(document, tmp_path / "link.json")

    assert (tmp_path / "link.json").is_symlink()
    assert json.loads((tmp_path / "report.json").read_text("utf-8")) == document


@pytest.mark.skipif(os.name != "posix", reason="rights of POSIX files")
def test_others_can_read_a_report_as_the_umask_says(tmp_path, document):
    """A report is an ordinary file, though it was a private temporary file first."""
    write_report(document, tmp_path / "report.json")
    (tmp_path / "ordinary").touch()

    expected = stat.S_IMODE((tmp_path / "ordinary").stat().st_mode)

    assert stat.S_IMODE((tmp_path / "report.json").stat().st_mode) == expected


@pytest.mark.parametrize("step", ["os.fsync", "pathlib.Path.replace"])
def test_a_full_disk_leaves_the_earlier_report(tmp_path, document, monkeypatch, step):
    """The message says the cause and the way out; the old file is whole, and nothing lies beside it."""
    path = tmp_path / "report.json"
    path.write_text("before", "utf-8")
    monkeypatch.setattr(step, refuse)

    with pytest.raises(ReportError) as caught:
        write_report(document, path)

    expected = f"cannot write the report to {path}: No space left on device; choose another path"
    assert str(caught.value).startswith(expected)
    assert path.read_text("utf-8") == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_sample_that_is_no_number_is_not_written(tmp_path):
    """NaN never gets into a file; the message names its place."""
    broken = record(predict=Measurement((1.0, float("nan")), (1.0, 1.0), None, warmup=0))

    with pytest.raises(ReportError, match=r"tests\[0\]\.predict\.native_ms\[1\]: expected number, got nan"):
        write_report(build_report([broken], [], MACHINE), tmp_path / "report.json")

    assert list(tmp_path.iterdir()) == []


def test_a_good_path_passes_without_a_trace(tmp_path):
    """Asking whether a report can be written makes neither file nor folder."""
    check_writable(tmp_path / "new" / "report.json")

    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_no_report_path(tmp_path):
    """Said before the tests run."""
    with pytest.raises(ReportError, match="it is a folder; name a file in it"):
        check_writable(tmp_path)


def test_a_file_cannot_be_a_folder(tmp_path):
    """A path through a file is refused before the tests run, with the system's reason."""
    (tmp_path / "file").touch()

    with pytest.raises(ReportError, match=r"cannot write the report to .*: Not a directory"):
        check_writable(tmp_path / "file" / "report.json")


def test_a_device_is_no_report_path():
    """Replacing a device by a file would harm the system."""
    with pytest.raises(ReportError, match="neither a file nor a new name"):
        check_writable(Path(os.devnull))


def test_a_folder_without_rights_is_refused(tmp_path, monkeypatch):
    """Said before the tests run; faked, since root may write everywhere."""

    def forbid(*args, **kwargs):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr("tempfile.mkstemp", forbid)

    with pytest.raises(ReportError, match=r"Permission denied; choose another path with --coreml-report=PATH"):
        check_writable(tmp_path / "report.json")


def test_a_path_that_cannot_be_followed_is_an_error(tmp_path):
    """A link to itself, and a name that no file system takes."""
    (tmp_path / "loop.json").symlink_to("loop.json")

    for name in ("loop.json", "x" * 300 + ".json"):
        with pytest.raises(ReportError, match="cannot write the report to"):
            check_writable(tmp_path / name)
