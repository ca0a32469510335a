"""A specification in lines."""

from __future__ import annotations

from dataclasses import replace

from report_examples import SPEC

from pytest_coreml.facts.author_notes import ModelMetadata
from pytest_coreml.report.text.specification_text import spec_lines


def test_every_fact_of_a_model_has_its_line():
    """Type, target, size, weights, functions, features with what they take, and operators, the most frequent first."""
    assert list(spec_lines(SPEC)) == [
        "Encoder.mlpackage",
        "  type        mlProgram, specification 7 (iOS 16, macOS 13)",
        "  size        12.4 MB, 12 MB of it weights",
        "  weights     float16, 4-bit palettized",
        "  functions   main (default), prefill",
        "  input       image: RGB image 320 x 224",
        "  input       ids: int32 (1, 8), flexible: (1, 1..), optional",
        "  input       mask: float16 (1, 8), flexible: (1, 8), (1, 16)",
        "  output      logits: float32 (1, 1000)",
        "  state       cache: float16 (2, 64)",
        "  boundary    287 kB in, 4 kB out in each call",
        "    in  image: RGB, converted by Core ML to float32 2 times; 287 kB",
        "    in  ids: int32, cast to uint16; 32 bytes",
        "    in  mask: float16; 16 bytes",
        "    out logits: float32 from float16, cast to float32; 4 kB",
        "    ids: no other type than int32 is there for it; the conversion stays",
        "    logits: declare float16: convert with ct.TensorType(dtype=np.float16) and",
        "      the deployment target iOS 16, or change this model:",
        "      ct.utils.change_input_output_tensor_type(model, ArrayFeatureType.FLOAT32,",
        '      ArrayFeatureType.FLOAT16, input_names=[], output_names=["logits"])',
        "    passed in and returned updated: mask -> logits, 4.02 kB in each call; states",
        "      keep them inside (ct.StateType, deployment target iOS 18)",
        "    conversions inside: a part of it has no types",
        "  neural engine, by rules; the compute plan on a Mac decides",
        "    refused: 3 x topk (top, best, ...): the result is int32; compute it outside",
        "      the model",
        "      known for M4, macOS 27; the compiler's messages; certainty high",
        "    refused: ids: it has a range; enumerate",
        "      known for all; Apple; certainty medium",
        "  operations  23",
        "                12 x conv",
        "                11 x relu",
        f"  sha256      {SPEC.sha256}",
    ]


def test_the_notes_of_the_author_have_a_line_each():
    """Those that are empty have none, and of a long one the first line is shown."""
    notes = ModelMetadata("A. Thor", "MIT", description="Finds cats.\nAnd dogs.", user_defined={"stage": "beta"})

    lines = list(spec_lines(replace(SPEC, metadata=notes)))

    assert lines[4:8] == [
        "  description Finds cats. ...",
        "  author      A. Thor",
        "  license     MIT",
        "  metadata    stage: beta",
    ]


def test_the_operations_of_a_compiled_network_are_unknown():
    """Its files do not say them; a tree has none."""
    network, tree = (replace(SPEC, type=kind, operations={}) for kind in ("neuralNetwork", "treeEnsembleRegressor"))

    assert "  operations  unknown" in list(spec_lines(network))
    assert "  operations  0" in list(spec_lines(tree))


def test_each_function_has_its_own_inputs_and_operators():
    """Facts that are the same for all functions are printed once."""
    other = replace(SPEC, inputs=SPEC.inputs[:1], operations={"gather": 2})

    lines = list(spec_lines(SPEC, {"prefill": other}))

    assert lines[-1].startswith("  sha256 ")
    place = lines.index("  function    prefill")
    assert lines[place + 1] == "  input       image: RGB image 320 x 224"
    assert lines[-2] == "                 2 x gather"
    assert sum(line.startswith("  size ") for line in lines) == 1
