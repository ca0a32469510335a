"""Paths of the baseline: folders that are still to be recorded, and misspelled ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_coreml.errors import UsageError
from pytest_coreml.report.document.runs import read_baseline

if TYPE_CHECKING:
    from pathlib import Path


def make_folder(path: Path) -> None:
    path.mkdir()
    (path / "run.json").write_text("{}")


def test_a_misspelled_folder_is_an_error(tmp_path: Path) -> None:
    """Else a job in which nothing is compared stays green."""
    make_folder(tmp_path / "baselines")

    with pytest.raises(UsageError, match=r"there is no .*baselin; did you mean 'baselines'"):
        read_baseline([tmp_path / "baselin"])


@pytest.mark.parametrize(
    ("there", "missing"), [("runs-m1", "runs-m2"), ("runs-mac", "runs-linux"), ("tests", "baselines")]
)
def test_a_new_folder_is_still_to_be_recorded(tmp_path: Path, there: str, missing: str) -> None:
    """Folders of several machines have similar names."""
    make_folder(tmp_path / there)

    assert not read_baseline([tmp_path / missing]).by_key


def test_a_similar_folder_without_reports_is_no_hint(tmp_path: Path) -> None:
    """Nothing could be compared with it either."""
    (tmp_path / "baselines").mkdir()

    assert not read_baseline([tmp_path / "baselin"]).by_key
