"""Compare the outputs of models in their engines.

The engine of a reference writes its outputs to files, and the model's engine reads them block by block: tensors are
never sent to this process. Stored outputs, and those of a callable, are written to such files here.
"""

from __future__ import annotations

import hashlib
import pickle
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from pytest_coreml.engine.output_files import OutputFiles
from pytest_coreml.engine.protocol import CompareOutputs
from pytest_coreml.errors import CoreMLTestError, hidden_for_ours
from pytest_coreml.facts.agreement import Agreement
from pytest_coreml.facts.compute_units import ComputeUnits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pytest_coreml.engine.input_sequences import InputSequences
    from pytest_coreml.engine.protocol import OutputsCompared
    from pytest_coreml.facts.agreement import Comparing, OutputHealth
    from pytest_coreml.session.model import CoreMLModel

__tracebackhide__ = hidden_for_ours

Pair = frozenset[ComputeUnits]
# The configuration that is the reference of a pair comes first: PSNR is by the reference's peak.
_ORDER: Final[tuple[ComputeUnits, ...]] = ("cpuOnly", "cpuAndGPU", "cpuAndNeuralEngine", "all")


@dataclass(frozen=True)
class Comparison:
    """The subject of a comparison: *inputs*, the names of *outputs*, and how. *health*: judge that too."""

    inputs: InputSequences
    outputs: tuple[str, ...]
    comparing: Comparing
    health: bool = True

    @property
    def digest(self) -> str:
        """A text that is the same for equal comparisons."""
        content = (self.inputs, self.outputs, sorted(self.comparing.rows), self.comparing.margin, self.health)
        return hashlib.sha256(pickle.dumps(content)).hexdigest()

    def run(
        self, model: CoreMLModel, references: Sequence[OutputFiles] = (), keep: OutputFiles | None = None
    ) -> OutputsCompared:
        """Let the engine of *model* predict on all inputs, and compare its outputs with those of *references*.

        *keep*: the files to write them to.
        """
        return self._ask(model, references, keep, self.health)

    def store(self, model: CoreMLModel, files: OutputFiles) -> None:
        """Let the engine of *model*, which is a reference, write its outputs to *files*."""
        self._ask(model, (), files, health=False)

    def _ask(
        self, model: CoreMLModel, references: Sequence[OutputFiles], keep: OutputFiles | None, health: bool
    ) -> OutputsCompared:
        request = CompareOutputs(self.inputs, self.outputs, tuple(references), keep, self.comparing, health)
        return model.lease.ask(request)


class AllUnits(NamedTuple):
    """The outputs of a model on several compute units, each against each."""

    pairs: dict[Pair, Agreement]
    health: dict[ComputeUnits, tuple[OutputHealth, ...]]
    """The health of the outputs on each of the compute units that could be used."""
    missing: dict[ComputeUnits, str]
    """The compute units that could not be used, with the reason."""


def compare_with(
    comparison: Comparison, model: CoreMLModel, name: str, write: Callable[[OutputFiles], None]
) -> tuple[Agreement, tuple[OutputHealth, ...]]:
    """Compare the outputs of *model* with those that *write* stores; *name* is that of the reference."""
    with tempfile.TemporaryDirectory(prefix="pytest-coreml-outputs-") as folder:
        files = OutputFiles(folder, f"the reference {name}")
        write(files)
        compared = comparison.run(model, [files])
    return Agreement(name, compared.inputs, compared.agreements[0]), compared.health


def compare_all(
    comparison: Comparison,
    own: ComputeUnits,
    units: Iterable[ComputeUnits],
    load: Callable[[ComputeUnits], CoreMLModel],
) -> AllUnits:
    """Compare the outputs of a model on all *units*; *load* loads it. Each predicts once on every input.

    Raises `CoreMLTestError` if its *own* compute units cannot be used; others that cannot are left out.
    """
    found = AllUnits({}, {}, {})
    written: dict[ComputeUnits, OutputFiles] = {}
    with tempfile.TemporaryDirectory(prefix="pytest-coreml-outputs-") as folder:
        for each in sorted(units, key=_ORDER.index):
            files = OutputFiles(str(Path(folder) / each), f"{each}")
            Path(files.folder).mkdir()
            try:
                compared = comparison.run(load(each), list(written.values()), files)
            except CoreMLTestError as error:
                if each == own:
                    raise
                found.missing[each] = str(error)
                continue
            for other, outputs in zip(written, compared.agreements, strict=True):
                found.pairs[frozenset((other, each))] = Agreement(other, compared.inputs, outputs)
            found.health[each], written[each] = compared.health, files
    return found
