"""Read a `coreml_agreement` mark."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_coreml.errors import UsageError, all_of, hidden_for_ours, shown
from pytest_coreml.facts.agreement import LIMITS
from pytest_coreml.facts.compute_units import COMPUTE_UNITS, parse_compute_units, units_hint
from pytest_coreml.facts.limits import AgreementRule, Reference
from pytest_coreml.facts.suffixes import MODEL_SUFFIXES
from pytest_coreml.plugin.marker_arguments import (
    Reader,
    as_list,
    read_arguments,
    read_between,
    read_optional_units,
    wrong_argument,
)

if TYPE_CHECKING:
    import pytest

    from pytest_coreml.facts.limits import OutputLimit

__tracebackhide__ = hidden_for_ours


def read_agreement(mark: pytest.Mark) -> AgreementRule:
    """Read a `coreml_agreement` mark."""
    values = {name: value for name, value in read_arguments(mark, _AGREEMENT_READERS).items() if value is not None}
    limits = [name for name in LIMITS if name in values]
    if "reference" in values and not limits:
        raise UsageError("coreml_agreement: expected a limit for the reference, as coreml_agreement(min_psnr=40)")
    if "margin" in values and "min_top1" not in values:
        raise UsageError(
            "coreml_agreement: margin belongs to min_top1: add it, as coreml_agreement(min_top1=1, margin=0.1)"
        )
    rule = AgreementRule(**values)
    if unused := [name for name in sorted(rule.named_outputs) if rule.outputs and name not in rule.outputs]:
        raise UsageError(
            f"coreml_agreement: outputs={list(rule.outputs or ())} leaves out {unused[0]!r}, which has a limit"
        )
    if not (limits or rule.finite or rule.varying or rule.repeatable):
        raise UsageError("coreml_agreement: expected a limit, or one of finite, varying and repeatable")
    return rule


# The markers of limits, and what each is read by.


def _reference(mark: pytest.Mark, name: str, value: Any) -> Reference | None:
    """Read a reference; a callable that needs no argument builds a model."""
    if value is None:
        return None
    if isinstance(value, Path) or (isinstance(value, str) and Path(value).suffix in (*MODEL_SUFFIXES, ".npz")):
        return Reference("outputs" if Path(value).suffix == ".npz" else "source", value)
    if callable(value) and not isinstance(value, type):
        return Reference("callable" if _takes_inputs(value) else "source", value)
    if value == "original":
        return Reference("original")
    try:
        return Reference("units", parse_compute_units(value))
    except UsageError:
        hint = units_hint(value, [*COMPUTE_UNITS, "original"])
        expected = "compute units, 'original', the path of a model or of an .npz, or a callable from inputs to outputs"
        raise UsageError(f"{mark.name}: {name}: expected {expected}, got {shown(value)}{hint}") from None


def _takes_inputs(function: Callable[..., Any]) -> bool:
    import inspect

    try:
        inspect.signature(function).bind(object())
    except TypeError:
        return False
    except ValueError:  # a function of an extension, without a signature
        return True
    return True


def _inputs(mark: pytest.Mark, name: str, value: Any) -> Any:
    if isinstance(value, Integral) and not isinstance(value, bool) and int(value) > 0:
        return int(value)
    if callable(value) or (isinstance(value, (str, Path)) and Path(value).suffix == ".npz"):
        return value
    raise wrong_argument(mark, name, "a number of examples, 1 or more, the path of an .npz, or a callable", value)


def _outputs(mark: pytest.Mark, name: str, value: Any) -> tuple[str, ...]:
    words = as_list(value)
    if not words or not all(isinstance(word, str) for word in words):
        raise wrong_argument(mark, name, "names of outputs, as ['logits']", value)
    return tuple(words)


def _output_limit(least: float, most: float, mark: pytest.Mark, name: str, value: Any) -> OutputLimit:
    """Read a limit from *least* to *most*, or a dict of such by output."""
    if value is None:
        return None
    if not isinstance(value, Mapping):
        return read_between(mark, name, value, least, most)
    if not value or not all(isinstance(output, str) for output in value):
        raise wrong_argument(mark, name, f"a number, or a dict, as {name}={{'logits': ...}}", value)
    numbers = all_of(
        partial(read_between, mark, f"{name}[{key!r}]", number, least, most) for key, number in value.items()
    )
    return dict(zip(value, numbers, strict=True))


def _switch(mark: pytest.Mark, name: str, value: Any) -> Any:
    if not isinstance(value, bool) and not (name == "varying" and value == "any"):
        raise wrong_argument(mark, name, "True, False or 'any'" if name == "varying" else "True or False", value)
    return value


_AGREEMENT_READERS: dict[str, Reader] = {
    "reference": _reference,
    "inputs": _inputs,
    "outputs": _outputs,
    **dict.fromkeys(("min_psnr", "min_snr"), partial(_output_limit, -math.inf, math.inf)),
    "min_cosine": partial(_output_limit, -1, 1),
    **dict.fromkeys(("max_abs", "max_relative_l2", "max_kl"), partial(_output_limit, 0, math.inf)),
    "min_top1": partial(_output_limit, 0, 1),
    "margin": lambda mark, name, value: read_between(mark, name, value, 0, math.inf),
    **dict.fromkeys(("finite", "varying", "repeatable"), _switch),
    "compute_units": read_optional_units,
}
