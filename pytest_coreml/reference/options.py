"""The options of the reference runtime."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pytest_coreml.reference.execution.profiling import Profile

Precision = Literal["fast", "strict"]


@dataclass(frozen=True)
class RuntimeOptions:
    """The options for executing models.

    The default is one thread: values then depend neither on the number of cores nor on the load of the others, and two
    runs can be compared. `spinning` makes idle threads wait for work in a loop, as ONNX Runtime's own default does:
    several threads are faster, and take the cores from all other processes.

    `precision` selects how half-precision values are computed. "fast" computes them in single precision, which CPUs do
    well; use it to measure time. "strict" rounds to half precision after each operation; use it to judge outputs.
    """

    threads: int = 1
    precision: Precision = "fast"
    spinning: bool = False
    # Collects the times of single operations, and makes each run slower.
    profile: Profile | None = None
