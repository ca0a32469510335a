"""Each failure is told once in full, and once in a line whose figure fits eighty columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from scripted_engine import Script

RUN = ("-p", "no:randomly", "-p", "no:benchmark", "--coreml-runtime=reference")
FULL = "Encoder.mlpackage on all: size 12.4 MB, budget 1 MB (+1140.0 %)"
SHORT = "FAILED test_model.py::{} - size 12.4 > 1 MB"
TEST = """
    import pytest

    @pytest.mark.coreml_model("Linear.mlpackage")
    @pytest.mark.coreml_budget(size_mb=1)
    def {}(coreml_model):
        pass
"""
LONG = "test_whose_name_leaves_no_room_for_a_figure"


def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, name: str, *words: str) -> list[str]:
    """Return the lines of a run of eighty columns in which the test *name* exceeds its budget."""
    monkeypatch.setenv("COLUMNS", "80")
    pytester.makepyfile(test_model=TEST.format(name))
    pytester.mkdir("Linear.mlpackage")
    return pytester.runpytest_inprocess(*RUN, *words).outlines


@pytest.mark.parametrize("in_ci", [False, True])
def test_a_failure_is_told_in_full_and_in_one_line(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, script: Script, in_ci: bool
) -> None:
    """In CI too, where pytest does not cut the text, and would give all of it again."""
    if in_ci:
        monkeypatch.setenv("CI", "true")

    lines = run(pytester, monkeypatch, "test_it")

    assert [line for line in lines if "12.4 MB" in line or "12.4 >" in line] == [FULL, SHORT.format("test_it[all]")]


def test_a_line_that_pytest_would_cut_is_in_the_summary(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, script: Script
) -> None:
    """The name of the test takes the room of the figure."""
    lines = run(pytester, monkeypatch, LONG)
    at = lines.index("FAILED")

    assert lines[at + 1 : at + 3] == [
        f"  test_model.py::{LONG}",
        "    all: size 12.4 MB, budget 1 MB (+1140.0 %)",
    ]
    assert max(map(len, lines[at:])) <= 80


def test_without_full_texts_the_summary_has_the_failure(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, script: Script
) -> None:
    """`--tb=no` leaves the text out."""
    assert "FAILED" in run(pytester, monkeypatch, "test_it", "--tb=no")


@pytest.mark.parametrize(("words", "is_colored"), [(("--color=yes",), True), (("--color=no",), False)])
def test_a_failure_is_red_where_the_terminal_has_colors(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, script: Script, words: tuple[str, ...], is_colored: bool
) -> None:
    """The count in the row of the table, and not its figures; pytest decides about colors."""
    lines = run(pytester, monkeypatch, "test_it", *words)
    (row,) = (line for line in lines if line.startswith("  all "))

    assert row.endswith("\x1b[31m1 FAILED\x1b[0m" if is_colored else " 1 FAILED")


def test_no_color_is_respected(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, script: Script) -> None:
    """https://no-color.org"""
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.delenv("FORCE_COLOR", raising=False)

    assert not any("\x1b" in line for line in run(pytester, monkeypatch, "test_it"))


OTHERWISE = """
    import pytest

    from pytest_coreml.errors import InputError

    @pytest.mark.coreml_model("/no/such/folder/Missing.mlpackage")
    def test_missing(coreml_model):
        pass

    @pytest.mark.coreml_model("Missing.mlpackage")
    def test_it_with_a_name_that_leaves_no_room(coreml_model):
        pass

    @pytest.mark.coreml_model("Linear.mlpackage")
    def test_body(coreml_model):
        raise InputError("Linear.mlpackage has no input 'z'")
"""


def test_failures_of_loads_and_bodies_begin_with_their_text(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, script: Script
) -> None:
    """The type of an error and the folders of a file leave no room for it; a load that still is cut is told below."""
    monkeypatch.setenv("COLUMNS", "80")
    pytester.makepyfile(test_model=OTHERWISE)
    pytester.mkdir("Linear.mlpackage")

    lines = pytester.runpytest_inprocess(*RUN).outlines

    missing, name, body = (line for line in lines if line.startswith("FAILED test_model.py"))
    assert missing.startswith("FAILED test_model.py::test_missing[all] - Missing.mlpackage: no such m")
    assert name.startswith("FAILED test_model.py::test_it_with_a_name_that_leaves_no_room[all]")
    assert body == "FAILED test_model.py::test_body[all] - Linear.mlpackage has no input 'z'"
    at = lines.index("FAILED")
    assert "  test_model.py::test_it_with_a_name_that_leaves_no_room" in lines[at:]
    assert any(line.startswith("    all: Missing.mlpackage: no such model: there is no") for line in lines[at:])
