"""Damages packages in many ways, and loads what comes of it: `python fuzzing.py SEED COUNT [PACKAGE...]`.

Without a package, those of `victims.py` are taken. They take turns; each case depends on its seed alone. A case is fine
when the model is refused by an error of the reference runtime, or runs. Anything else ends the process with a report:
another exception, a case that takes too long (SIGALRM), more memory than allowed (MemoryError), a crash; the last line
of stdout names the seed.
"""

from __future__ import annotations

import json
import random
import resource
import shutil
import signal
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from pytest_coreml.reference.errors import ReferenceRuntimeError
from pytest_coreml.reference.models import load_model
from pytest_coreml.reference.options import RuntimeOptions
from pytest_coreml.reference.package import open_package
from pytest_coreml.reference.proto import read_spec
from pytest_coreml.reference.state import StateTensors

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 30
MEMORY = 6 << 30
NUMBERS = (0, 1, -1, 2, 7, 63, 64, 127, 255, 2**16, 2**31 - 1, 2**31, -(2**31), 2**40, 2**62, 2**63 - 1, 2**64 - 1)
TEXTS = ("", "x", "../../etc/passwd", "/etc/passwd", "@model_path/../weight.bin", "a" * 5000, "\0", "y", "fp32")


def damage(package: Path, random_: random.Random) -> None:
    """Damage one file of a package in one to three ways."""
    file = random_.choice([file for file in sorted(package.rglob("*")) if file.is_file()])
    for _ in range(random_.randint(1, 3)):
        if file.suffix == ".mlmodel" and random_.random() < 0.6:
            content = _lie(file.read_bytes(), random_)
        else:
            content = _mangle(file.read_bytes(), random_)
        file.write_bytes(content)


def _mangle(content: bytes, random_: random.Random) -> bytes:
    data = bytearray(content)
    # Headers and sizes are at the beginning
    place = random_.randrange(min(len(data), random_.choice([128, 1 << 30])) or 1)
    kind = random_.randrange(6)
    if kind == 0 and data:
        data[place : place + 1] = bytes([data[place] ^ (1 << random_.randrange(8))])
    elif kind == 1:
        del data[place:]
    elif kind == 2:
        data[place : place + 8] = random_.choice(NUMBERS).to_bytes(16, "little", signed=True)[:8]
    elif kind == 3:
        data[place:place] = data[place : place + random_.randrange(64)]
    elif kind == 4:
        data[place:place] = b"\xff" * random_.choice([1, 9, 1000])
    else:
        del data[place : place + random_.randrange(1, 64)]
    return bytes(data)


def _lie(content: bytes, random_: random.Random) -> bytes:
    """Change one number, text or list of the message, which stays well formed."""
    from coremltools.proto import Model_pb2
    from google.protobuf.message import DecodeError

    spec = Model_pb2.Model()
    try:
        spec.ParseFromString(content)
    except DecodeError:
        return _mangle(content, random_)
    fields = list(_fields(spec))
    if not fields:  # an earlier damage has left an empty message
        return _mangle(content, random_)
    message, field = random_.choice(fields)
    try:
        _change(message, field, random_)
    except (ValueError, TypeError):  # a number that the field cannot hold
        message.ClearField(field.name)
    changed: bytes = spec.SerializePartialToString()
    return changed


def _fields(message: Any) -> Iterator[tuple[Any, Any]]:
    for field, value in message.ListFields():
        yield message, field
        if field.message_type is not None:
            is_map = field.message_type.GetOptions().map_entry
            several = (value.values() if is_map else value) if _is_repeated(message, field) else [value]
            for part in several:
                if hasattr(part, "ListFields"):
                    yield from _fields(part)


def _is_repeated(message: Any, field: Any) -> bool:
    return not hasattr(getattr(message, field.name), "ListFields") and field.message_type is not None


def _change(message: Any, field: Any, random_: random.Random) -> None:
    value = getattr(message, field.name)
    if isinstance(value, bool):
        setattr(message, field.name, not value)
    elif isinstance(value, (int, float)):
        setattr(message, field.name, random_.choice(NUMBERS))
    elif isinstance(value, str):
        setattr(message, field.name, random_.choice(TEXTS))
    elif isinstance(value, bytes):
        setattr(message, field.name, _mangle(value, random_))
    elif field.message_type is not None and _is_repeated(message, field) and hasattr(value, "add"):
        random_.choice([value.add, value.pop, lambda: value.extend(list(value) * 50)])()
    else:
        message.ClearField(field.name)


def check(package: Path) -> str:
    """Load a package and predict once, and say what became of it; any other exception passes through."""
    try:
        opened = open_package(package)
        spec = read_spec(opened)
        model = load_model(opened, spec, "", RuntimeOptions())
        state = StateTensors(model.states) if model.states else None
        model.predict({feature.name: _zeros(feature) for feature in spec.description.input}, state)
    except ReferenceRuntimeError as error:
        return type(error).__name__
    return "ran"


def _zeros(feature: Any) -> Any:
    if feature.type.HasField("imageType"):
        size = feature.type.imageType.width, feature.type.imageType.height
        return Image.new("RGB", size if all(0 < side < 1000 for side in size) else (1, 1))
    shape = list(feature.type.multiArrayType.shape)
    small = all(size > 0 for size in shape) and np.prod(shape, dtype=float) < 1e6
    return np.zeros(shape if small else [1], np.float32)


def main(seed: int, count: int, packages: list[Path]) -> None:
    """Check `count` cases, from `seed` on."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    outcomes: dict[str, Counter[str]] = {package.name: Counter() for package in packages}
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        for case in range(seed, seed + count):
            package = packages[case % len(packages)]
            print("seed", case, package.name, flush=True)
            victim = Path(folder, "Victim.mlpackage")
            shutil.copytree(package, victim)
            damage(victim, random.Random(case))
            signal.alarm(SECONDS)
            outcomes[package.name][check(victim)] += 1
            signal.alarm(0)
            shutil.rmtree(victim)
    print(json.dumps(outcomes))


def _victims(folder: str) -> list[Path]:
    from victims import save_victims

    return save_victims(Path(folder))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="victims-") as made:
        main(int(sys.argv[1]), int(sys.argv[2]), [Path(word) for word in sys.argv[3:]] or _victims(made))
