"""Files find their importers by content; damaged and hostile ones are clear errors, soon and in little memory."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from device_files import metrics, save, summary, xcode_report

from pytest_coreml.device_reports.device_result import Stated
from pytest_coreml.device_reports.find_importers import all_importers, import_results
from pytest_coreml.errors import ReportError, UnreadableReportError

if TYPE_CHECKING:
    from collections.abc import Callable

IMPORT = """
import sys, time
from pathlib import Path
from pytest_coreml.device_reports.find_importers import import_results
from pytest_coreml.errors import CoreMLTestError
try:
    import_results([Path(sys.argv[1])])
except CoreMLTestError as error:
    print(error)
status = Path("/proc/self/status")
if status.exists():
    (peak,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    print(time.process_time(), int(peak.split()[1]), file=sys.stderr)
"""


def test_every_kind_of_file_has_one_importer(tmp_path: Path) -> None:
    """Files of several kinds can be given at once; a new kind is one more module."""
    files = [
        save(tmp_path, "a", metrics()),
        save(tmp_path, "b", xcode_report()),
        save(tmp_path, "c", summary()),
    ]

    found = import_results(files, Stated("Encoder.mlpackage", "all"))

    assert [result.measured_by for result in found] == ["xctest", "xcode"]
    modules = (Path(sys.modules[import_results.__module__].__file__ or "").parent / "importers").glob("[a-z]*.py")
    assert len(all_importers()) == len(list(modules))


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "is empty"),
        (b"model,ms\nEncoder,3\n", "has no known format, by its content"),
        (b'{"schema_version": 1}', "is a report of pytest-coreml already"),
        (b'{"deviceResults": {"load"', "not JSON: Expecting ':' delimiter, line 1 column 26"),
        (b'{"deviceResults": "\xff"}', "not valid UTF-8"),
    ],
)
def test_a_file_of_no_kind_is_refused(tmp_path: Path, content: bytes, text: str) -> None:
    """The error says what can be imported, or where the JSON is damaged."""
    path = tmp_path / "file"
    path.write_bytes(content)

    with pytest.raises(ReportError) as error:
        import_results([path])

    assert text in str(error.value)


def test_importers_are_loaded_only_for_files_to_import() -> None:
    """A run without device reports, and any other command, does without them."""
    code = (
        "import sys, pytest_coreml.cli, pytest_coreml.plugin.hooks, pytest_coreml.plugin.fixtures, "
        "pytest_coreml.plugin.declarations, pytest_coreml.session.attempt, pytest_coreml.session.session\n"
        "print([name for name in sys.modules if name.startswith('pytest_coreml.device_reports')])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"


def test_a_folder_without_results_is_refused(tmp_path: Path) -> None:
    """As a missing file is."""
    with pytest.raises(ReportError, match="contains no file that can be imported"):
        import_results([tmp_path])
    with pytest.raises(UnreadableReportError, match="No such file"):
        import_results([tmp_path / "missing.json"])


def _deep(path: Path) -> None:
    path.write_text('{"jsonVersion": 1, "deviceResults": ' + "[" * 200_000)


def _huge(path: Path) -> None:
    with path.open("wb") as file:
        file.write(b'{"jsonVersion": 1, "deviceResults": [')
        file.truncate(8 * 1024**3)


def _many_lists(path: Path) -> None:
    path.write_text('{"jsonVersion": 1, "deviceResults": [' + "[]," * 5_000_000 + "[]]}")


def _many_values(path: Path) -> None:
    # As many as are let through.
    samples = ",".join(["0.123456"] * 590_000)
    path.write_text(json.dumps(xcode_report()).replace("0.009,", f"{samples},"))


def _many_operations(path: Path) -> None:
    operations = ",".join(f'{{"operatorName": "operator_{number}"}}' for number in range(240_000))
    path.write_text(json.dumps(xcode_report([])).replace('"operations": []', f'"operations": [{operations}]'))


def _long_text(path: Path) -> None:
    report: dict[str, Any] = xcode_report(model="x" * 8_000_000)
    path.write_text(json.dumps({**report, "jsonVersion": 3}))


def _truncated(path: Path) -> None:
    path.write_text(json.dumps(xcode_report())[:-40])


@pytest.mark.parametrize("write", [_deep, _huge, _many_lists, _many_values, _many_operations, _long_text, _truncated])
def test_a_hostile_file_is_an_error_within_a_second_and_200_mb(tmp_path: Path, write: Callable[[Path], None]) -> None:
    """The process that reads it has the memory of a start of Python and of the file's objects."""
    path = tmp_path / "hostile.json"
    write(path)
    done = subprocess.run([sys.executable, "-c", IMPORT, str(path)], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    if write is not _many_values:
        assert done.stdout.startswith(str(path))
    # Of the process, which a busy machine does not lengthen; only Linux reports the peak, in KiB.
    seconds, peak = map(float, done.stderr.split() or (0, 0))
    assert seconds < 1
    assert peak < 200_000
