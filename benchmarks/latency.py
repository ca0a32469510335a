"""Compare the reference runtime with the same torch network exported to ONNX: latency, and the error against torch.

Run manually: `python benchmarks/latency.py --models FOLDER [--rounds 20] [--repeats 1] [NETWORK ...]`;
`network_files.py` fills the folder. One thread; the models are interleaved in one process, and in as many processes as
there are models, so that each is loaded first once; medians of CPU time. `control` is the export loaded twice: what it
is off 1 is noise.
Promised: 1.03 or less for each network, geometric mean 1.00 or less.
With `--compressed`, every kind of compressed weights against the same package uncompressed. Promised: 1.05 or less.
"""

from __future__ import annotations

import argparse
import statistics
from functools import partial
from typing import TYPE_CHECKING

from network_files import NAMES, PRECISIONS, NetworkFiles, add_arguments
from taking_turns import compare, predict_native, predict_ours
from weight_kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from taking_turns import Predict

    Makers = Mapping[str, Callable[[], Predict]]


def main() -> None:
    """Print a line for each model, and the geometric mean of the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=1, help="how often each order of loading is tried")
    parser.add_argument("--compressed", action="store_true", help="compressed packages against uncompressed ones")
    parser.add_argument("--precision", choices=PRECISIONS, default="fp16", help="of the compressed packages")
    arguments = parser.parse_args()
    found: list[float] = []
    for name in arguments.networks or NAMES:
        files = NetworkFiles(arguments.models, name)
        if arguments.compressed:
            for target in ("iOS16", "iOS18"):
                found += show(files, against_uncompressed(files, arguments.precision, target), arguments)
        else:
            found += show(files, against_native(files), arguments)
    print(f"geometric mean of the ratios: {statistics.geometric_mean(found):.3f}")


def against_native(files: NetworkFiles) -> Makers:
    """Return factories of the calls to compare; the first is the one that the others are compared with."""
    inputs = files.inputs()
    export = partial(predict_native, files.native(), inputs)
    packages = {precision: partial(predict_ours, files.package(precision), inputs) for precision in PRECISIONS}
    return {"native": export, "control": export, **packages}


def against_uncompressed(files: NetworkFiles, precision: str, target: str) -> Makers:
    """Return factories of the calls to compare; the first is the one that the others are compared with."""
    inputs = files.inputs()
    uncompressed = partial(predict_ours, files.package(precision, target), inputs)
    kinds = [kind for kind in KINDS if KINDS[kind].target == target]
    packages = {kind: partial(predict_ours, files.compressed(precision, kind), inputs) for kind in kinds}
    return {target: uncompressed, "control": uncompressed, **packages}


def show(files: NetworkFiles, makers: Makers, arguments: argparse.Namespace) -> list[float]:
    """Measure, print a line for each model but the first, and give their ratios to it."""
    found = compare(makers, arguments.rounds, files.expected(), arguments.repeats)
    (base, first), *others = found.items()
    for name, one in others:
        print(
            f"{files.name:12} {name:20} {one.ms:8.2f} ms, {base} {first.ms:8.2f}: {one.ratio:.3f}"
            f"  error {one.error:.1e}",
            flush=True,
        )
    return [one.ratio for name, one in others if name != "control"]


if __name__ == "__main__":
    main()
