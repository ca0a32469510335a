"""Builds models for tests of what goes in and out: images, arrays, labels, functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import coremltools as ct
from coremltools.converters.mil import Builder as mb  # noqa: N813 - the name that everybody uses

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def convert(body: Callable[[Any], Any], shape: Sequence[int], precision: str = "FLOAT32", **options: Any) -> Any:
    """Convert a program of one input, called `x` unless `argument` says otherwise."""
    target = options.pop("minimum_deployment_target", ct.target.iOS17)
    # The builder looks at the name of the parameter.
    entry = eval("lambda {0}: body({0})".format(options.pop("argument", "x")), {"body": body})
    program = mb.program(input_specs=[mb.TensorSpec(tuple(shape))], opset_version=target)(entry)
    return ct.convert(
        program,
        convert_to="mlprogram",
        minimum_deployment_target=target,
        compute_precision=getattr(ct.precision, precision),
        **options,
    )


def identity(x: Any) -> Any:
    """Build y = x."""
    return mb.identity(x=x, name="y")
