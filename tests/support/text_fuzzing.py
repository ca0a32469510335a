"""Damages texts of ML Programs in many ways, and reads what comes of it: `python text_fuzzing.py SEED COUNT FILE...`.

The files alternate; each case depends on its seed alone. A case is fine when it is refused by an error of the reference
runtime, or read. Anything else ends the process with a report; the last line of stdout names the seed.
"""

from __future__ import annotations

import json
import random
import re
import signal
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from coremltools.proto import MIL_pb2

from pytest_coreml.reference.errors import BadModelError, ReferenceRuntimeError
from pytest_coreml.reference.format.mil.grammar import parse_program
from pytest_coreml.reference.format.program import read_function

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_coreml.reference.format.blob import MemoryBlobs

SECONDS = 10
PIECES = (
    *'()[]{}<>,;="\\',
    *("->", "?", "-1", "0", "inf", "nan", "1e999", "0x1p+9999", "99999999999999999999999", "[[[[", "((((", "{{{{"),
    *("tensor<fp32, [2]>", "tensor<fp32, [", "list<", "tuple<" * 60, "state<", "dict<string, ", "bf16(", "BLOBFILE("),
    *('"../../etc/passwd"', '"@model_path/../x"', '"\0"', '"\\q"', "\x85", "\u00e9", "func ", "program(9.9)"),
)
_TOKEN = re.compile(r'"[^"]*"|[\w.]+|\S')


def damage(text: str, chance: random.Random) -> str:
    """Return a text with one to three damages."""
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(text) + 1)
        kind = chance.randrange(6)
        if kind == 0:
            text = text[:at]
        elif kind == 1:
            text = text[:at] + text[at + chance.randrange(1, 64) :]
        elif kind == 2:
            text = text[:at] + chance.choice(PIECES) + text[at:]
        elif kind == 3:
            text = text[:at] + text[max(at - chance.randrange(300), 0) : at] * chance.choice((1, 2, 50)) + text[at:]
        else:
            text = _replace_token(text, at, chance)
    return text


def _replace_token(text: str, at: int, chance: random.Random) -> str:
    found = _TOKEN.search(text, at)
    if found is None:
        return text
    other = _TOKEN.search(text, chance.randrange(len(text)))
    piece = other[0] if other and chance.random() < 0.5 else chance.choice(PIECES)
    return text[: found.start()] + piece + text[found.end() :]


def check(text: str) -> str:
    """Read a text and the functions in it, and return what became of it; any other exception passes through."""
    try:
        parsed = parse_program(text, "model.mil")
    except ReferenceRuntimeError as error:
        return type(error).__name__
    program = MIL_pb2.Program.FromString(parsed.message())
    outcome = "read"
    for name in program.functions:
        outcome = _outcome(lambda name=name: read_function(program, name, _no_weights))
        other = _outcome(lambda name=name: parsed.function(name, _no_weights))
        if outcome != other:
            raise AssertionError(f"{name}: read from the message: {outcome}; read from the text: {other}")
        if outcome != "read":
            break
    return outcome


def _outcome(read: Callable[[], object]) -> str:
    try:
        read()
    except ReferenceRuntimeError as error:
        # Which of several faults is found first depends on the order of the fields.
        return type(error).__name__
    return "read"


def _no_weights(name: str) -> MemoryBlobs:
    raise BadModelError(f"there are no weights here: {name!r}")


def main(seed: int, count: int, files: list[Path]) -> None:
    """Check *count* cases, from *seed* on."""
    texts = [file.read_text() for file in files]
    outcomes: Counter[str] = Counter()
    for case in range(seed, seed + count):
        print("seed", case, flush=True)
        signal.alarm(SECONDS)
        outcomes[check(damage(texts[case % len(texts)], random.Random(case)))] += 1
        signal.alarm(0)
    print(json.dumps(outcomes))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), [Path(word) for word in sys.argv[3:]])
