"""The times of single operations, from ONNX Runtime's own profiler.

The profiler makes each run slower, and its times are whole microseconds: what it says is for a look at where time goes,
never for a verdict.
"""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

# The name of a node has the operation that it was made of: `type:name/Node#1`, see `failures`. A node that ONNX Runtime
# has fused has the name of one of its parts in its own.
_NODE: Final = re.compile(r"(\w+):([^'/]*)/")
_SUFFIX: Final = "_kernel_time"


class NodeTime(NamedTuple):
    """One execution of a node."""

    operator: str
    """The type of the operation that the node was made of; its own type where ONNX Runtime has put it in."""
    name: str | None
    """The name of that operation; None where there is none."""
    node: str
    """The type of the node."""
    start_ns: int
    """On the clock of ONNX Runtime, which `Profile.clocks` compares with ours."""
    duration_ns: int


@dataclass(eq=False)
class Profile:
    """The profiled sessions of a model. *folder*: for the files that ONNX Runtime writes."""

    folder: Path
    sessions: list[Any] = field(default_factory=list)

    def prepare(self, settings: Any) -> None:
        """Let a session with *settings* be profiled."""
        self.folder.mkdir(parents=True, exist_ok=True)
        settings.enable_profiling = True
        # Sessions that are made in the same millisecond would write to the same file.
        settings.profile_file_prefix = str(self.folder / f"session-{len(self.sessions)}")

    def end(self) -> list[NodeTime]:
        """End profiling, and return all executions of nodes."""
        return [node for session in self.sessions for node in _nodes(session)]

    @staticmethod
    def clocks() -> tuple[int, ...]:
        """Return what may have to be added to the times of nodes to have them on the clock `time.perf_counter_ns`.

        C++ leaves open which clock its `high_resolution_clock` is: that of the system, or the monotonic one.
        """
        return (time.perf_counter_ns() - time.time_ns(), 0)


def _nodes(session: Any) -> Iterator[NodeTime]:
    start = session.get_profiling_start_time_ns()
    path = Path(session.end_profiling())
    entries = json.loads(path.read_text(encoding="utf-8"))
    path.unlink()
    for entry in entries:
        name = entry["name"]
        if entry["cat"] == "Node" and name.endswith(_SUFFIX):
            node = str(entry["args"].get("op_name", ""))
            found = _NODE.search(name)
            # The stroke of a layer's name was replaced; see `LayerContext`.
            operation = found[2].replace(chr(0x2215), "/") if found else None
            operator = found[1] if found else node
            yield NodeTime(operator, operation, node, start + entry["ts"] * 1000, entry["dur"] * 1000)
