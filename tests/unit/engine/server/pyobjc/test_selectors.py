"""The code sends only selectors that Apple's headers have, with the metadata of every wheel that is accepted."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from pyobjc_standin.facts import Signature, facts, find_signature, metadata

from pytest_coreml.engine.server import pyobjc
from pytest_coreml.engine.server.pyobjc.frameworks import MIN_VERSION
from pytest_coreml.facts.load_options import HINTS

FILES = sorted(Path(pyobjc.__file__).parent.glob("*.py"))
TREES = [ast.parse(path.read_text(encoding="utf-8")) for path in FILES]
NAMES = {node.attr for tree in TREES for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
# `getattr(native, "…_", None)` and `hasattr`.
TEXTS = {node.value for tree in TREES for node in ast.walk(tree) if isinstance(node, ast.Constant)}
# A selector with arguments ends with an underscore under the name that PyObjC gives it.
SENT = {name for name in {*NAMES, *map(str, TEXTS)} if name.endswith("_") and name.isidentifier()}
SELECTORS = {name.replace("_", ":") for name in SENT if not name.startswith("_")}
# These have no arguments, and names like any other attribute; `ObjCObject` checks that they exist when they are used.
CLASSES = [*facts()["CoreML"], *facts()["Foundation"]]


def signatures(selector: str) -> list[Signature]:
    """The selector in all classes that have it."""
    found = (find_signature(name, selector) for name in CLASSES)
    return [signature for signature in found if signature is not None]


def test_the_code_was_found() -> None:
    """Else the tests below would test nothing."""
    assert "predictionFromFeatures:options:completionHandler:" in SELECTORS
    assert "predictionFromFeatures:usingState:options:completionHandler:" in SELECTORS
    assert len(SELECTORS) > 30


@pytest.mark.parametrize("selector", sorted(SELECTORS))
def test_a_selector_exists_and_can_be_sent_by_every_wheel(selector: str) -> None:
    """One with out-parameters, blocks or pointers needs the metadata of the wheel."""
    found = signatures(selector)

    assert found, f"no class has the selector {selector}"
    for version in facts()["wheels"]:
        for signature in found:
            assert not signature.needs_metadata or metadata(version, signature) is not None, (version, signature)


def test_the_oldest_wheel_of_the_facts_is_the_oldest_one_that_is_accepted() -> None:
    """Another bound needs another wheel in `regenerate_facts.py`."""
    assert tuple(map(int, min(facts()["wheels"], key=float_of).split("."))) == MIN_VERSION


def float_of(version: str) -> float:
    """The first two numbers of a version."""
    return float(".".join(version.split(".")[:2]))


def test_the_constants_exist() -> None:
    """Those of `CoreML` that the code names; one of them is of PyObjC 12 only, which the code expects."""
    named = {str(text) for text in {*TEXTS, *NAMES} if str(text).startswith("ML") and str(text).isidentifier()}
    # The code adds the words of options to these two.
    named -= {"MLReshapeFrequencyHint", "MLSpecializationStrategy"}
    named |= {f"MLReshapeFrequencyHint{word}" for word in HINTS["reshapeFrequency"]}
    named |= {f"MLSpecializationStrategy{word}" for word in HINTS["specializationStrategy"]}
    constants = {name for name in named if name not in facts()["CoreML"]}

    assert constants - set(facts()["enums"]["11.0"]) == {"MLMultiArrayDataTypeInt8"}
    assert constants <= set(facts()["enums"]["12.2.2"])


def test_the_functions_on_pixel_buffers_exist() -> None:
    """Every wheel has them, and knows that one returns a pointer to memory and another one a new buffer."""
    used = {name for name in NAMES if name.startswith("CVPixelBuffer")}
    named = {str(text) for text in {*TEXTS, *NAMES} if str(text).startswith("kCV") and str(text).isidentifier()}

    assert len(used) == 8
    for facts_of_wheel in facts()["Quartz"].values():
        functions = facts_of_wheel["functions"]
        assert used <= set(functions)
        assert functions["CVPixelBufferGetBaseAddress"]["result"] == "array"
        assert functions["CVPixelBufferCreate"]["5"] == "out"
        assert named <= {*facts_of_wheel["enums"], *facts_of_wheel["constants"]}
