"""The error and the agreement of whole networks against torch, in both precisions of the reference runtime.

Run manually: `python benchmarks/network_accuracy.py --models FOLDER [NETWORK ...]`; `network_files.py` says how the
folder is filled. Promised for every output, as the norm of the difference over the norm of what torch gives: 5e-5 or
less for packages of fp32, 2e-2 or less for those of fp16. Ends with 1 where that is not kept. Agreement is the PSNR and
the cosine of the worst output, and the share of rows that decide alike, as `coreml_agreement` has them.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, get_args

from network_files import NAMES, PRECISIONS, NetworkFiles, add_arguments
from taking_turns import error

from pytest_coreml.facts.agreement import Comparing
from pytest_coreml.reference.execution import executable
from pytest_coreml.reference.format.package import open_package
from pytest_coreml.reference.format.proto import read_spec
from pytest_coreml.reference.options import Precision, RuntimeOptions
from pytest_coreml.verdict.output_measures import measure

if TYPE_CHECKING:
    from pathlib import Path

    from taking_turns import Arrays

LIMITS = {"fp32": 5e-5, "fp16": 2e-2}


def main() -> int:
    """Print a line for each network, package and precision."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    arguments = parser.parse_args()
    kept = True
    for name in arguments.networks or NAMES:
        files = NetworkFiles(arguments.models, name)
        for kind in PRECISIONS:
            for precision in get_args(Precision):
                results, expected = predict(files.package(kind), files.inputs(), precision), files.expected()
                wrong, agreement = error(results, expected), agreement_text(results, expected)
                promised = f"promised {LIMITS[kind]:.0e}"
                print(f"{name:12} {kind} {precision:6}  error {wrong:.1e}, {promised}; {agreement}", flush=True)
                kept = kept and wrong <= LIMITS[kind]
    return 0 if kept else 1


def agreement_text(results: Arrays, expected: Arrays) -> str:
    """Return the measures of the worst output."""
    measures = [measure(expected[name], results[name], Comparing(frozenset(("top1",)))) for name in expected]
    psnr, cosine = (min(each.values[name] for each in measures) for name in ("psnr", "cosine"))
    top1 = min(each.agreeing / each.decisions for each in measures)
    return f"PSNR {psnr:.1f} dB, cosine {cosine:.6f}, top-1 {top1:.1%}"


def predict(path: Path, inputs: Arrays, precision: Precision) -> Arrays:
    """Return the outputs of a package for *inputs*."""
    package = open_package(path)
    options = RuntimeOptions(precision=precision)
    return executable.load(package, read_spec(package).mlProgram, "main", options).run(inputs)


if __name__ == "__main__":
    sys.exit(main())
