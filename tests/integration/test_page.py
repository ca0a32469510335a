"""`--coreml-html`: the page of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from scripted_engine import Script

RUN = ("-p", "no:randomly", "--coreml-runtime=reference", "--coreml-calls=7")
TEST = """
    import pytest

    @pytest.mark.coreml_model("Linear.mlpackage")
    def test_linear(coreml_model): pass
"""


@pytest.fixture(autouse=True)
def script(pytester: pytest.Pytester, script: Script) -> Script:
    """The answers of the engines of a project with a model and a test."""
    pytester.mkdir("Linear.mlpackage")
    pytester.makepyfile(**{"tests/test_model": TEST})
    return script


def test_a_run_writes_a_page_and_measures_for_it(pytester: pytest.Pytester) -> None:
    """The option takes a path or none, and a test path behind it is run; nothing else is written."""
    result = pytester.runpytest_inprocess(*RUN, "--coreml-html", "tests")

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["Core ML page: *coreml-report.html"])
    page = (pytester.path / "coreml-report.html").read_text("utf-8")
    assert "tests/test_model.py::test_linear" in page
    assert "7 after" in page
    assert not (pytester.path / "coreml-report.json").exists()


def test_the_ini_file_names_the_page(pytester: pytest.Pytester) -> None:
    """Its path is relative to the rootdir; the report is written beside it."""
    pytester.makeini("[pytest]\ncoreml_html = out/page.html\ncoreml_report = out/report.json\n")

    pytester.runpytest_inprocess(*RUN).assert_outcomes(passed=1)

    assert sorted(path.name for path in (pytester.path / "out").iterdir()) == ["page.html", "report.json"]


def test_a_page_that_cannot_be_written_is_known_before_the_tests(pytester: pytest.Pytester) -> None:
    """The error names the option."""
    pytester.mkdir("folder")

    result = pytester.runpytest_inprocess(*RUN, "--coreml-html=folder/")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--coreml-html=folder/: expected the name of a file*"])


def test_two_outputs_need_two_files(pytester: pytest.Pytester) -> None:
    """The page would replace the report."""
    result = pytester.runpytest_inprocess(*RUN, "--coreml-html=out", "--coreml-report=./out")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--coreml-report and --coreml-html both name */out; choose another path*"])
    assert not (pytester.path / "out").exists()
