"""The names of variants: what each means, what it needs, and what is said of a name that is none."""

from __future__ import annotations

import pytest

from pytest_coreml.errors import UsageError
from pytest_coreml.facts.presets import EXAMPLES, CompressionStep, parse_preset


@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("int8", CompressionStep("linear", 8)),
        ("uint4", CompressionStep("linear", 4, signed=False)),
        ("int4-block32", CompressionStep("linear", 4, block=32)),
        ("palette-6", CompressionStep("palette", 6)),
        ("palette-4-group16", CompressionStep("palette", 4, group=16)),
        ("sparse-75", CompressionStep("sparse", share=0.75)),
        ("sparse-2:4", CompressionStep("sparse", zeros_of=(2, 4))),
        ("float16-io", CompressionStep("half interface")),
    ],
)
def test_a_name_is_one_step(name, step):
    """Bits, blocks, groups and shares are its numbers."""
    assert parse_preset(name).steps == (step,)


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_name_that_is_suggested_is_one(name):
    """All mistakes are reported at once."""
    assert parse_preset(name).name == name


@pytest.mark.parametrize(
    ("name", "version"),
    [
        *(("int8", None), ("palette-4", None), ("sparse-2:4", None), ("int8+float16-io", None)),
        *(("int4", 9), ("int8-block32", 9), ("palette-3", 9), ("palette-4-group16", 9), ("sparse-50+palette-4", 9)),
    ],
)
def test_what_a_variant_needs(name, version):
    """Targets are those of coremltools' table; a change of inputs does not compress."""
    needs = parse_preset(name).needs

    assert (needs and needs[0]) == version


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("int-8", "did you mean 'int8'"),
        ("palete-4", "did you mean 'palette-4'"),
        ("palette-5", "did you mean 'palette-"),
        ("sparse-4:2", "did you mean 'sparse-2:4'"),
        ("sparse-50+palete-4", "did you mean 'palette-4'"),
        ("int8+", "there are int8"),
        (8, "there are int8"),
        ("int8+int4", "each kind of compression can be there once"),
    ],
)
def test_a_name_that_is_none(name, hint):
    """With the nearest one."""
    with pytest.raises(UsageError, match=hint.replace("+", r"\+")):
        parse_preset(name)
