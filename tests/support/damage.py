"""Ways to damage a package: its bytes, its message, or what its files are."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator
    from pathlib import Path

NUMBERS = (0, 1, -1, 2, 7, 63, 64, 127, 255, 2**16, 2**31 - 1, 2**31, -(2**31), 2**40, 2**62, 2**63 - 1, 2**64 - 1)
TEXTS = ("", "x", "../../etc/passwd", "/etc/passwd", "@model_path/../weight.bin", "a" * 5000, "\0", "y", "fp32")


def damage(package: Path, random_: random.Random) -> None:
    """Damage one file of a package in one to three ways."""
    file = random_.choice([file for file in sorted(package.rglob("*")) if file.is_file()])
    if random_.random() < 0.03:
        _replace(file, package.parent / "elsewhere", random_)
        return
    for _ in range(random_.randint(1, 3)):
        if file.suffix == ".mlmodel" and random_.random() < 0.6:
            content = _lie(file.read_bytes(), random_)
        else:
            content = _mangle(file.read_bytes(), random_)
        file.write_bytes(content)


def _replace(file: Path, elsewhere: Path, random_: random.Random) -> None:
    """Put something else in the place of a file."""
    content = file.read_bytes()
    file.unlink()
    kind = random_.randrange(7)
    if kind < 4:
        elsewhere.write_bytes(content)
        file.symlink_to(["/dev/zero", file.name, elsewhere, "."][kind])
    elif kind == 4:
        file.mkdir()
    elif kind == 5:
        os.mkfifo(file)
    else:
        with file.open("wb") as sparse:
            sparse.write(content)
            sparse.truncate(random_.choice([1 << 20, 1 << 31, 1 << 40]))


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
        random_.choice([value.add, value.pop, lambda: value.extend(list(value) * 50), lambda: _nest(message)])()
    else:
        message.ClearField(field.name)


def _nest(message: Any) -> None:
    """Put a message that can hold its like into itself, thirty times over."""
    for _ in range(30):
        inner = type(message).FromString(message.SerializePartialToString())
        for field, value in message.ListFields():
            if field.name == "blocks" and value and value[0].operations:
                value[0].operations[0].CopyFrom(inner)
            elif field.name == "models":
                value[0].pipeline.CopyFrom(inner)
