"""Arrays in `.npz` files: what is saved can be read, and what cannot be used is one clear error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from pytest_coreml.errors import InputError
from pytest_coreml.facts.model_spec import Feature
from pytest_coreml.session.array_files import has_features, read_arrays, read_features, write_features

if TYPE_CHECKING:
    from pathlib import Path

X = Feature("x", "multiArray", dtype="float32", shape=(1, 4))
INPUTS = (
    X,
    Feature("picture", "image", shape=(2, 3), color="RGB"),
    Feature("words", "dictionary", dtype="string"),
    Feature("size", "int64"),
    Feature("name", "string"),
)


class Marker:
    """Something that only a pickle can hold."""


def features(size: int = 4, level: int = 7) -> dict[str, Any]:
    """Return a value for each input."""
    return {
        "x": np.arange(size, dtype=np.float32)[None],
        "picture": Image.new("RGB", (3, 2), (level, 0, 0)),
        "words": {"cat": 1.0, "dog": float(level)},
        "size": level,
        "name": "a" * level,
    }


@pytest.mark.parametrize("sizes", [(4,), (4, 4), (4, 6)], ids=["one", "several", "of different shapes"])
def test_inputs_are_read_as_they_were_written(tmp_path: Path, sizes: tuple[int, ...]) -> None:
    """Arrays, images, dictionaries, numbers and strings; a saved input can be given to the marker."""
    written = [features(size, level) for level, size in enumerate(sizes, 1)]
    write_features(tmp_path / "inputs" / "worst.npz", written)

    read = read_features(read_arrays(tmp_path / "inputs" / "worst.npz"), INPUTS, "worst.npz")

    assert len(read) == len(sizes)
    for before, after in zip(written, read, strict=True):
        np.testing.assert_array_equal(after["x"], before["x"])
        np.testing.assert_array_equal(np.asarray(after["picture"]), np.asarray(before["picture"]))
        assert (after["words"], after["size"], after["name"]) == (before["words"], before["size"], before["name"])


def test_one_value_needs_no_axis_of_inputs(tmp_path: Path) -> None:
    """An array of the declared rank is the value for one input."""
    np.savez(tmp_path / "a.npz", x=np.ones((1, 4)))

    (read,) = read_features(read_arrays(tmp_path / "a.npz"), [X], "a.npz")

    assert read["x"].shape == (1, 4)


@pytest.mark.parametrize("content", [{"x": np.array([Marker()])}, {"x": np.array({"a": 1})}])
def test_pickled_objects_are_refused(tmp_path: Path, content: dict[str, Any]) -> None:
    """Reading them would run code."""
    np.savez(tmp_path / "a.npz", **content)

    with pytest.raises(InputError, match=r"a.npz contains pickled objects, which are not read"):
        read_arrays(tmp_path / "a.npz")


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04 broken", b"\x93NUMPY\x01\x00v\x00{"])
def test_what_is_no_npz_is_named(tmp_path: Path, content: bytes) -> None:
    """The error has the text of numpy."""
    (tmp_path / "a.npz").write_bytes(content)

    with pytest.raises(InputError, match=r"a\.npz (is not an \.npz of arrays|contains pickled objects)"):
        read_arrays(tmp_path / "a.npz")


def test_a_missing_name_is_told_with_the_nearest(tmp_path: Path) -> None:
    """The names that are there follow."""
    np.savez(tmp_path / "a.npz", logit=np.ones((1, 4)))

    with pytest.raises(InputError, match=r"a.npz holds no 'logits'; did you mean 'logit'\? It holds 'logit'"):
        read_features(read_arrays(tmp_path / "a.npz"), [Feature("logits", "multiArray", shape=(1, 4))], "a.npz")


def test_numbers_of_inputs_must_be_the_same(tmp_path: Path) -> None:
    """Among the arrays, and with what is expected."""
    two = Feature("y", "multiArray", shape=(1, 4))
    np.savez(tmp_path / "a.npz", x=np.ones((3, 1, 4)), y=np.ones((2, 1, 4)))
    arrays = read_arrays(tmp_path / "a.npz")

    with pytest.raises(InputError, match=r"a.npz holds different numbers of values: 3 of 'x', 2 of 'y'"):
        read_features(arrays, [X, two], "a.npz")
    with pytest.raises(InputError, match=r"a.npz holds values for 3 inputs, expected 20"):
        read_features(arrays, [X], "a.npz", 20)


def test_a_dictionary_needs_its_keys(tmp_path: Path) -> None:
    """Values alone say nothing."""
    np.savez(tmp_path / "a.npz", words=np.ones((1, 2)))

    with pytest.raises(InputError, match=r"the dictionary 'words' needs its keys, as the array 'words.keys'"):
        read_features(read_arrays(tmp_path / "a.npz"), [INPUTS[2]], "a.npz")


def test_inputs_beside_outputs_are_found(tmp_path: Path) -> None:
    """A file may hold both."""
    np.savez(tmp_path / "a.npz", x=np.ones((3, 1, 4)), y=np.ones((3, 2)))

    assert has_features(read_arrays(tmp_path / "a.npz"), [X])
    assert not has_features(read_arrays(tmp_path / "a.npz"), [X, INPUTS[3]])
