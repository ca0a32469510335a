"""Outputs as arrays, and their files: one process writes them, and another compares its own with them by blocks."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from pytest_coreml.errors import InputError, hidden_for_ours
from pytest_coreml.verdict.output_measures import compare_text, measure_blocks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_coreml.facts.agreement import Comparing
    from pytest_coreml.verdict.output_measures import Array, InputMeasures

__tracebackhide__ = hidden_for_ours

_8_BIT_PEAK = 255.0


class OutputArray(NamedTuple):
    """One output as an array."""

    kind: Literal["numbers", "image", "dictionary", "text"]
    array: Array
    keys: tuple[str, ...] = ()
    """The keys of a dictionary, whose values are the array."""


def as_array(value: Any) -> OutputArray:
    """Return *value*, an output by coremltools' conventions, as an array.

    Raises `TypeError` for a value that is not an output.
    """
    if isinstance(value, dict):
        numbers = np.array([float(number) for number in value.values()])
        return OutputArray("dictionary", numbers, tuple(map(str, value)))
    kind: Literal["numbers", "image"] = "image" if hasattr(value, "getbands") else "numbers"
    array = np.asarray(value)
    if array.dtype.kind == "U":
        return OutputArray("text", array)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{type(value).__name__} of {array.dtype}")
    return OutputArray(kind, array)


@dataclass(frozen=True)
class OutputFiles:
    """The files of all outputs for all inputs in a *folder*. *source* names who made them, in messages."""

    folder: str
    source: str

    def write(self, number: int, outputs: Mapping[str, OutputArray]) -> None:
        """Write the outputs for the input *number*."""
        folder = Path(self.folder)
        for index, (name, output) in enumerate(outputs.items()):
            np.save(folder / f"{number}-{index}.npy", np.asarray(output.array, order="C"), allow_pickle=False)
            if number == 0:
                # Any text may be the name of an output.
                (folder / f"{index}.json").write_text(json.dumps([name, output.kind]), encoding="utf-8")
            if output.kind == "dictionary":
                (folder / f"{number}-{index}.json").write_text(json.dumps(output.keys), encoding="utf-8")

    def compare(self, number: int, name: str, output: OutputArray, comparing: Comparing) -> InputMeasures:
        """Return the measures of *output*, the one called *name* for the input *number*, against the stored one.

        Raises `InputError` if that has another shape, other keys or another kind.
        """
        index, kind = self._index(name)
        if (kind == "text") != (output.kind == "text") or (kind == "dictionary") != (output.kind == "dictionary"):
            raise InputError(f"{self.source} gives {kind} for output {name!r}, expected {output.kind}")
        path = Path(self.folder) / f"{number}-{index}.npy"
        if output.kind == "text":
            return compare_text(np.load(path, allow_pickle=False), output.array)
        values = output.array
        if output.kind == "dictionary":
            keys = tuple(json.loads(path.with_suffix(".json").read_text(encoding="utf-8")))
            values = self._in_order(name, keys, output)
        with _StoredArray(path) as stored:
            if stored.shape != values.shape:
                raise InputError(
                    f"{self.source} gives the shape {stored.shape} for output {name!r} of input {number}, "
                    f"expected {values.shape}"
                )
            return measure_blocks(stored.read, values, comparing)

    def _index(self, name: str) -> tuple[int, str]:
        known = {}
        for path in Path(self.folder).glob("[0-9]*.json"):
            if path.stem.isdigit():
                found, kind = json.loads(path.read_text(encoding="utf-8"))
                known[found] = int(path.stem), kind
        if name not in known:
            there = ", ".join(map(repr, known)) or "none"
            raise InputError(f"{self.source} has no output {name!r}; it has {there}")
        return known[name]

    def _in_order(self, name: str, keys: tuple[str, ...], output: OutputArray) -> Array:
        """Return the values of a dictionary in the order of the stored *keys*."""
        by_key = dict(zip(output.keys, output.array, strict=True))
        if set(keys) != set(by_key):
            only = [f"{self.source} only: {_some(set(keys) - set(by_key))}"] if set(keys) - set(by_key) else []
            only += [f"the model only: {_some(set(by_key) - set(keys))}"] if set(by_key) - set(keys) else []
            raise InputError(f"output {name!r}: the keys differ: {'; '.join(only)}")
        return np.array([by_key[key] for key in keys])


def image_peak(output: OutputArray) -> float | None:
    """Return the greatest possible value of an 8-bit image; None for other outputs, whose own peak counts."""
    return _8_BIT_PEAK if output.kind == "image" and output.array.dtype == np.uint8 else None


def _some(keys: set[str]) -> str:
    names = sorted(keys)
    return ", ".join(map(repr, names[:5])) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


class _StoredArray:
    """An array in a `.npy` file in C order, read block by block: a mapped file would count as memory of the process."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        # numpy writes version 1.0 unless the description is very long, which only that of a record can be.
        np.lib.format.read_magic(self._file)  # type: ignore[no-untyped-call]
        self.shape, _, self._dtype = np.lib.format.read_array_header_1_0(self._file)  # type: ignore[no-untyped-call]
        self._start = self._file.tell()

    def __enter__(self) -> _StoredArray:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def read(self, start: int, stop: int) -> Array:
        """Return the elements from *start* up to *stop*."""
        self._file.seek(self._start + start * self._dtype.itemsize)
        return np.fromfile(self._file, self._dtype, stop - start)
