"""Merely installed, the plugin costs nothing."""

from __future__ import annotations

import pytest

# Beside what is heavy, what of ours only a run with something of ours needs.
HEAVY = (
    "pytest_coreml.plugin.pytest_run",
    "pytest_coreml.plugin.hooks",
    "pytest_coreml.plugin.run_results",
    "pytest_coreml.device_reports",
    "pytest_coreml.engine",
    "pytest_coreml.errors",
    "pytest_coreml.facts.limits",
    "pytest_coreml.facts.metrics",
    "pytest_coreml.report",
    "pytest_coreml.session",
    "pytest_coreml.verdict",
    "numpy",
    "coremltools",
    "onnx",
    "onnxruntime",
    "jinja2",
    "jsonschema",
    "jsonschema_rs",
    "rich",
    "psutil",
)
# What a run asks of the system is noted from its first line on, and told at its end.
WATCH = """
    import atexit
    import os
    import sys

    STARTS = ("subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.system", "os.exec")
    MAKES = ("os.mkdir", "tempfile.mkstemp", "tempfile.mkdtemp", "socket.connect")
    WRITES = os.O_CREAT | os.O_WRONLY | os.O_RDWR
    seen = []

    def note(event, arguments):
        if event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITES or event in MAKES:
            # The folder: names in it may be of a process, or random.
            seen.append((event, os.path.dirname(str(arguments[0]))))
        elif event in STARTS:
            seen.append((event, *map(str, arguments)))

    sys.addaudithook(note)
    atexit.register(lambda: print("seen:", sorted(seen), file=sys.stderr))
"""
RUN = ("-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:hypothesispytest", "-p", "no:benchmark")


def test_nothing_heavy_is_imported(pytester: pytest.Pytester) -> None:
    """A run without our fixtures, markers and options imports none of our heavy packages, and says nothing."""
    pytester.makepyfile(
        f"""
        import sys

        def test_modules():
            assert "pytest_coreml.plugin" in sys.modules
            assert [name for name in {HEAVY!r} if name in sys.modules] == []
        """
    )

    result = pytester.runpytest_subprocess(*RUN)

    result.assert_outcomes(passed=1)
    assert "Core ML" not in result.stdout.str()


def test_nothing_is_started_or_written(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """No process, no folder, and no file wherever it be, that the same run without the plugin would not make."""
    pytester.makepyfile(sitecustomize=WATCH, test_it="def test_it(): pass")
    monkeypatch.setenv("PYTHONPATH", str(pytester.path))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")

    def seen(*arguments: str) -> str:
        return pytester.runpytest_subprocess(*RUN, *arguments).stderr.lines[-1]

    expected = seen("-p", "no:coreml")

    assert expected.startswith("seen: [('open', ")
    assert seen() == expected


@pytest.mark.slow
def test_a_fixture_asked_for_by_name_makes_the_test_ours(project: pytest.Pytester) -> None:
    """`request.getfixturevalue` gives the model that the options name, and the report has what was done with it."""
    project.makepyfile(
        """
        def test_model(request):
            model = request.getfixturevalue("coreml_model")
            assert model.compute_units == "all"
            model.measure(calls=3)
        """
    )

    result = project.runpytest_subprocess("--coreml-model=Linear.mlpackage")

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["Linear.mlpackage*", "*all *"])
