"""The timeline of a run: written at its end, of all that its tests have sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_coreml.errors import CoreMLTestError
from pytest_coreml.facts.timeline import Timeline, set_apart
from pytest_coreml.report.document.trace_document import trace_lines
from pytest_coreml.report.document.write import TRACE, write_lines

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_coreml.plugin.pytest_run import PytestRun
    from pytest_coreml.plugin.run_results import Results


def write_trace(run: PytestRun, results: Results, path: Path) -> str | None:
    """Write the timeline to *path*; return the reason if it cannot be written.

    A run in which nothing was done with a model leaves the file of an earlier run as it is.
    """
    timeline = Timeline()
    for machine in results.machines.several:
        timeline.add(set_apart((track for name, track in results.tracks if name == machine), machine))
    if timeline.tracks:
        timeline.notes.append("each machine has a separate clock: its events begin at 0")
    else:
        timeline.add(track for _, track in results.tracks)
    if run.timeline is not None:
        # Of tests that have sent no records.
        timeline.add(run.timeline.take())
    if not timeline.tracks:
        return None
    results.timeline = timeline
    try:
        write_lines(trace_lines(timeline), path, TRACE)
    except CoreMLTestError as error:
        return str(error)
    results.trace_written = True
    return None
