"""Rules are judged by what engines compare: each reference, the odd one of several compute units, and saved inputs."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest

from pytest_coreml.engine.lease import UNTIMED, EngineKey
from pytest_coreml.engine.server.compare_outputs import compare_outputs
from pytest_coreml.errors import EngineDiedError, InputError, ModelError, UsageError
from pytest_coreml.facts.limits import AgreementRule, Reference
from pytest_coreml.facts.model_spec import Feature, ModelSpec
from pytest_coreml.facts.presets import ORIGINAL
from pytest_coreml.facts.reason import Cause
from pytest_coreml.report.text.causes import reason_text
from pytest_coreml.session.agreement_judge import AgreementJudge, Subject
from pytest_coreml.session.array_files import read_arrays
from pytest_coreml.session.declaration import Declaration
from pytest_coreml.session.last_use import LastUse
from pytest_coreml.session.options import Options
from pytest_coreml.session.sources import VariantSource
from pytest_coreml.verdict.record import Record

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_coreml.engine.protocol import CompareOutputs, OutputsCompared
    from pytest_coreml.facts.compute_units import ComputeUnits
    from pytest_coreml.session.model import CoreMLModel
    from pytest_coreml.session.models import Models

UNITS: tuple[ComputeUnits, ...] = ("cpuOnly", "cpuAndGPU", "cpuAndNeuralEngine")
SPEC = ModelSpec(
    *("Encoder.mlpackage", "0" * 64, "mlProgram", 7, {}, 0, 0),
    inputs=(Feature("x", "multiArray", dtype="float32", shape=(1, 4)),),
    outputs=(Feature("y", "multiArray", dtype="float32", shape=(1, 4)),),
)


class Fakes:
    """Models without engines: each gives its input, plus *error* on the compute units that have one."""

    def __init__(self, runtime: str = "coreml", **error: float | Exception) -> None:
        self.runtime = runtime
        self.error = error
        self.calls: Counter[str] = Counter()

    def key(self, source: Any, _folder: Path, units: ComputeUnits, options: Any) -> EngineKey:
        return EngineKey(str(source), units, options)

    def load(self, key: EngineKey, _timing: Any = UNTIMED) -> CoreMLModel:
        spec = SPEC if "Encoder" in key.path else replace(SPEC, file_name="Other.mlpackage", outputs=())
        lease = SimpleNamespace(ask=lambda request: self._ask(request, key, spec))
        return cast(
            "CoreMLModel",
            SimpleNamespace(
                lease=lease,
                key=key,
                spec=spec,
                path=key.path,
                name=spec.file_name,
                compute_units=key.compute_units,
                sha256=spec.sha256,
                runtime=self.runtime,
                last=LastUse(),
            ),
        )

    def _ask(self, request: CompareOutputs, key: EngineKey, spec: ModelSpec) -> OutputsCompared:
        error = self.error.get(key.compute_units, 0.0)
        if isinstance(error, Exception):
            raise error

        def begin() -> Callable[[dict[str, Any]], dict[str, Any]]:
            return lambda inputs: self._predict(key.compute_units, inputs, error)

        return compare_outputs(request, spec, begin, lambda *_: None)

    def _predict(self, units: ComputeUnits, inputs: dict[str, Any], error: float) -> dict[str, Any]:
        self.calls[units] += 1
        return {"y": inputs["x"] + np.float32(error) * inputs["x"][0, 0]}


def judged(
    tmp_path: Path,
    fakes: Fakes,
    rule: AgreementRule,
    units: ComputeUnits = "cpuOnly",
    judge: AgreementJudge | None = None,
    *,
    variant: VariantSource | None = None,
    **options: Any,
) -> Record:
    """Return the record of a test that runs on all of UNITS, judged on *units* by one rule."""
    models = cast("Models", fakes)
    judge = judge or AgreementJudge(Options(tmp_path, **options), models)
    declaration = Declaration(("Encoder.mlpackage",), None, None, UNITS, (), (), names_model=True, agreements=(rule,))
    record = Record("test_a.py::test_b", SPEC.sha256, SPEC.file_name, units, None, "coreml")
    model = fakes.load(EngineKey("Encoder.mlpackage", units))
    reached: frozenset[ComputeUnits] = frozenset(UNITS if variant is None else (units,))
    judge.judge(record, Subject(model, declaration, tmp_path, record.id, reached, variant, UNTIMED))
    return record


def verdicts(record: Record) -> dict[str, str]:
    """Return the verdicts by check."""
    return {check.check: check.verdict for check in record.checks}


HEALTHY = {"finite": "passed", "varying": "passed", "repeatable": "passed"}


def test_without_limits_health_is_checked(tmp_path: Path) -> None:
    """Five examples and a repeated one."""
    fakes = Fakes()

    record = judged(tmp_path, fakes, AgreementRule())

    assert verdicts(record) == HEALTHY
    assert [output.output for output in record.health] == ["y"]
    assert fakes.calls == {"cpuOnly": 6}


def test_other_compute_units_are_a_reference(tmp_path: Path) -> None:
    """The candidates predict on the same examples; the test's own model is not a reference for itself."""
    rule = AgreementRule(Reference("units", "cpuOnly"), inputs=20, min_psnr=40)
    fakes = Fakes(cpuAndGPU=0.5)

    record = judged(tmp_path, fakes, rule, "cpuAndGPU")

    assert verdicts(record) == {"min_psnr[y]": "failed", **HEALTHY}
    assert [(found.reference, found.inputs) for found in record.agreement] == [("cpuOnly", 20)]
    assert fakes.calls == {"cpuOnly": 20, "cpuAndGPU": 21}
    assert verdicts(judged(tmp_path, fakes, rule, "cpuOnly")) == HEALTHY


def test_a_callable_is_a_reference(tmp_path: Path) -> None:
    """The inputs are the examples that the engine makes too."""
    rule = AgreementRule(Reference("callable", lambda inputs: inputs["x"]), max_abs=0)

    assert verdicts(judged(tmp_path, Fakes(), rule)) == {"max_abs[y]": "passed", **HEALTHY}


def test_stored_outputs_are_a_reference(tmp_path: Path) -> None:
    """With the inputs that lie beside them, else for as many examples as there are outputs."""
    x = np.random.default_rng(0).random((3, 1, 4), np.float32)
    np.savez(tmp_path / "both.npz", x=x, y=x)
    np.savez(tmp_path / "outputs.npz", y=x)

    both = judged(tmp_path, Fakes(), AgreementRule(Reference("outputs", "both.npz"), max_abs=0))
    outputs = judged(tmp_path, Fakes(), AgreementRule(Reference("outputs", "outputs.npz"), max_abs=0))

    assert verdicts(both) == {"max_abs[y]": "passed", **HEALTHY}
    assert verdicts(outputs) == {"max_abs[y]": "failed", **HEALTHY}
    assert (both.agreement[0].inputs, outputs.agreement[0].inputs) == (3, 3)


def test_stored_outputs_for_another_number_of_inputs_are_an_error(tmp_path: Path) -> None:
    """The numbers are named."""
    np.savez(tmp_path / "outputs.npz", y=np.ones((3, 1, 4)))
    rule = AgreementRule(Reference("outputs", "outputs.npz"), inputs=20, max_abs=0)

    with pytest.raises(InputError, match=r"outputs.npz holds values for 3 inputs, expected 20"):
        judged(tmp_path, Fakes(), rule)


def test_a_model_with_other_outputs_is_an_error(tmp_path: Path) -> None:
    """The error says what was expected and what the file has."""
    rule = AgreementRule(Reference("source", "Other.mlpackage"), max_abs=0)

    with pytest.raises(InputError, match=r"the reference Other.mlpackage has the outputs none, expected 'y'"):
        judged(tmp_path, Fakes(), rule)


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"max_abs": {"Y": 0.0}}, r"Encoder.mlpackage has no output 'Y'; did you mean 'y'\? It has 'y'"),
        ({"max_abs": 0.0, "outputs": ("z",)}, r"Encoder.mlpackage has no output 'z'. It has 'y'"),
    ],
)
def test_a_limit_on_an_output_that_is_not_there_is_an_error(tmp_path: Path, limits: Any, message: str) -> None:
    """With the nearest name."""
    with pytest.raises(InputError, match=message):
        judged(tmp_path, Fakes(), AgreementRule(**limits))


def test_the_odd_one_out_fails_and_is_named_to_the_others(tmp_path: Path) -> None:
    """Each configuration predicts once for the three tests together, and the first test compares all."""
    fakes = Fakes(cpuAndNeuralEngine=0.5)
    judge = AgreementJudge(Options(tmp_path), cast("Models", fakes))

    records = {units: judged(tmp_path, fakes, AgreementRule(min_psnr=40), units, judge) for units in UNITS}

    assert {units: verdicts(record)["min_psnr[y]"] for units, record in records.items()} == {
        "cpuOnly": "passed",
        "cpuAndGPU": "passed",
        "cpuAndNeuralEngine": "failed",
    }
    assert fakes.calls == dict.fromkeys(UNITS, 6)
    (note,) = {note for record in records.values() for note in record.notes}
    assert note.startswith("Encoder.mlpackage: cpuAndNeuralEngine disagrees with cpuOnly and cpuAndGPU (PSNR ")
    assert note.endswith("these two agree (identical)")


@pytest.mark.parametrize("error", [ModelError("it cannot be loaded"), EngineDiedError("it was killed")])
def test_compute_units_that_fail_are_left_out(tmp_path: Path, error: Exception) -> None:
    """Those that remain are compared; the one that failed fails its own test."""
    fakes = Fakes(cpuAndNeuralEngine=error)

    record = judged(tmp_path, fakes, AgreementRule(min_psnr=40))

    assert verdicts(record)["min_psnr[y]"] == "passed"
    with pytest.raises(type(error)):
        judged(tmp_path, fakes, AgreementRule(min_psnr=40), "cpuAndNeuralEngine")


def test_nothing_is_left_to_compare_with(tmp_path: Path) -> None:
    """The check is not judged, with every reason; health is."""
    fakes = Fakes(cpuAndNeuralEngine=ModelError("no"), cpuAndGPU=ModelError("nor this"))

    record = judged(tmp_path, fakes, AgreementRule(min_psnr=40))

    assert verdicts(record) == {"min_psnr[y]": "not_judged", **HEALTHY}
    text = reason_text(record.checks[0].reason) or ""
    assert text.startswith("cpuAndGPU: nor this; cpuAndNeuralEngine: no; this run has one configuration only")


@pytest.mark.parametrize("reference", [None, Reference("original")], ids=["by default", "by name"])
def test_a_variant_is_compared_with_its_original(tmp_path: Path, reference: Reference | None) -> None:
    """The original itself has nothing to be compared with."""
    rule = AgreementRule(reference, min_psnr=40)
    variant, original = (VariantSource("Encoder_v1.mlpackage", name) for name in ("int8", ORIGINAL))

    record = judged(tmp_path, Fakes(), rule, variant=variant)

    assert verdicts(record) == {"min_psnr[y]": "passed", **HEALTHY}
    assert [found.reference for found in record.agreement] == ["original"]
    assert verdicts(judged(tmp_path, Fakes(), rule, variant=original)) == HEALTHY


def test_a_model_that_is_no_variant_has_no_original(tmp_path: Path) -> None:
    """The error names the model."""
    with pytest.raises(UsageError, match=r"reference='original' is for variants, and Encoder.mlpackage is not one"):
        judged(tmp_path, Fakes(), AgreementRule(Reference("original"), min_psnr=40))


@pytest.mark.parametrize("reference", [None, Reference("units", "cpuAndGPU")], ids=["all", "one"])
def test_one_runtime_does_not_agree_with_itself(tmp_path: Path, reference: Reference | None) -> None:
    """All compute units of the reference runtime are one computation, which says nothing of Core ML."""
    record = judged(tmp_path, Fakes("reference"), AgreementRule(reference, min_psnr=40))

    assert verdicts(record) == {"min_psnr[y]": "not_judged", **HEALTHY}
    assert record.checks[0].cause is Cause.ONE_RUNTIME


def test_the_worst_input_of_a_failure_is_saved_beside_the_report(tmp_path: Path) -> None:
    """The report names the file, which holds that input."""
    rule = AgreementRule(Reference("units", "cpuAndGPU"), inputs=4, max_abs=0.01)

    record = judged(tmp_path, Fakes(cpuOnly=1.0), rule, report=tmp_path / "reports" / "r.json")

    (agreement,) = record.agreement
    worst = agreement.outputs[0].worst["max_abs"]
    assert agreement.saved_input == "r-inputs/test_a.py_test_b-cpuAndGPU.npz"
    saved = read_arrays(tmp_path / "reports" / agreement.saved_input)["x"]
    assert saved.shape == (1, 1, 4)
    np.testing.assert_array_equal(saved[0], np.random.default_rng(worst).random((1, 4)).astype(np.float32))


def test_nothing_is_saved_without_a_report_or_a_failure(tmp_path: Path) -> None:
    """No file is written unless an option asks for it."""
    rule = AgreementRule(Reference("units", "cpuAndGPU"), max_abs=0.01)

    failed = judged(tmp_path, Fakes(cpuOnly=1.0), rule)
    passed = judged(tmp_path, Fakes(), rule, report=tmp_path / "r.json")

    assert (failed.agreement[0].saved_input, passed.agreement[0].saved_input) == (None, None)
    assert list(tmp_path.iterdir()) == []
