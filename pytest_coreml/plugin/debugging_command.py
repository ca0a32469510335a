"""The command that finds the first operation of a model that disagrees, or gives not-a-number, with coremltools.

It is written from coremltools' source, and was not run on a Mac yet.
"""

from __future__ import annotations

import json
import os
import shlex
from typing import TYPE_CHECKING, Final

from pytest_coreml.facts.agreement import LIMITS
from pytest_coreml.facts.compute_units import COMPUTE_UNITS, COREMLTOOLS_NAMES
from pytest_coreml.facts.metrics import parse_check
from pytest_coreml.facts.suffixes import COMPILED_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_coreml.facts.compute_units import ComputeUnits
    from pytest_coreml.session.model import CoreMLModel
    from pytest_coreml.session.options import Options
    from pytest_coreml.verdict.record import Record

_CODE: Final = (
    "import asyncio, numpy, coremltools as ct; "
    "from coremltools.models.ml_program.experimental.debugging_utils import {tools}; "
    "inputs = {{name: values[-1] for name, values in numpy.load({inputs}).items()}}; "
    "model = lambda units: ct.models.MLModel({path}, compute_units=ct.ComputeUnit[units]); "
    "ops = asyncio.run({call}); "
    "print([op.outputs[0].name for op in ops])"
)
_COMPARE: Final = (
    'MLModelComparator(model("{reference}"), model("{units}")).find_failing_ops(inputs, '
    "lambda op, x, y: compute_snr_and_psnr(y.ravel(), x.ravel())[1] >= {psnr:g})"
)
_VALIDATE: Final = 'MLModelValidator(model("{units}")).find_failing_ops_with_{what}_output(inputs)'
_DEFAULT_PSNR: Final = 40.0


def debugging_command(record: Record, models: Sequence[CoreMLModel], options: Options) -> str | None:
    """Return the command for the failed checks on the outputs of *record*, whose model is one of *models*.

    Returns None where coremltools cannot help: outside of Core ML, for other models than ML Programs with arrays as
    inputs, for stateful and for compiled models, and for references that are not compute units. A file with the
    input exists only with a report; without one the command says how to get it.
    """
    model = next((each for each in models if each.compute_units == record.compute_units), None)
    if model is None or record.runtime != "coreml" or not _is_supported(model):
        return None
    found = _non_finite(record) or _disagreement(record)
    if found is None:
        return None
    tools, call, saved = found
    if saved is None or options.report is None:
        return "add --coreml-report, which saves the input and names the command"
    path, inputs = (os.path.relpath(each, options.started_in) for each in (model.path, options.report.parent / saved))
    code = _CODE.format(tools=tools, call=call, path=json.dumps(path), inputs=json.dumps(inputs))
    return f"python -c {shlex.quote(code)}"


def _is_supported(model: CoreMLModel) -> bool:
    spec = model.spec
    arrays = all(feature.kind == "multiArray" for feature in spec.inputs)
    return spec.type == "mlProgram" and arrays and not spec.states and model.path.suffix != COMPILED_SUFFIX


def _non_finite(record: Record) -> tuple[str, str, str | None] | None:
    bad = next((output for output in record.health if output.first_non_finite is not None), None)
    if bad is None or bad.first_non_finite is None:
        return None
    what = "nan" if bad.first_non_finite.value == "nan" else "infinite"
    call = _VALIDATE.format(units=COREMLTOOLS_NAMES[record.compute_units], what=what)
    return "MLModelValidator", call, bad.saved_input


def _disagreement(record: Record) -> tuple[str, str, str | None] | None:
    failed = [check for check in record.checks if check.verdict == "failed"]
    limits = [check for check in failed if parse_check(check.check).metric.name in LIMITS]
    for agreement in record.agreement if limits else ():
        reference = _units(agreement.reference)
        # Of several references the one whose worst input was saved; without a report none was.
        if reference is not None and (agreement.saved_input is not None or not _is_saved(record)):
            psnr = next((check.limit for check in limits if check.check.startswith("min_psnr[")), _DEFAULT_PSNR)
            names = {"reference": COREMLTOOLS_NAMES[reference], "units": COREMLTOOLS_NAMES[record.compute_units]}
            call = _COMPARE.format(**names, psnr=psnr)
            return "MLModelComparator, compute_snr_and_psnr", call, agreement.saved_input
    return None


def _is_saved(record: Record) -> bool:
    return any(agreement.saved_input is not None for agreement in record.agreement)


def _units(reference: str) -> ComputeUnits | None:
    return next((units for units in COMPUTE_UNITS if units == reference), None)
