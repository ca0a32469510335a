"""From an input to the leaf that it reaches in each tree, by ONNX Runtime's operator for tree ensembles.

The operator sums numbers; here it gets a dimension for each tree, and each leaf has its own row number as value. What
leaves add is summed from these rows, in double precision and in the order of the trees.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from pytest_coreml.reference.classic.tree_nodes import EQUAL, LEAF, NOT_EQUAL
from pytest_coreml.reference.errors import BadInputError, BadModelError, UnsupportedModelError
from pytest_coreml.reference.execution.ort_session import load_onnx, run

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pytest_coreml.reference.classic.tree_nodes import Trees
    from pytest_coreml.reference.options import RuntimeOptions

# The operator numbers the comparisons as Core ML does.
_OPSET: Final = 5
_SUM: Final = 1
# ONNX Runtime builds trees by recursion: a deeper one could overflow its stack.
_MAX_DEPTH: Final = 5000


class TreeWalk:
    """A session that maps inputs to leaves."""

    def __init__(self, trees: Trees, size: int | None, options: RuntimeOptions) -> None:
        """Build the session; *size* is the number of inputs, where the description tells it."""
        branches = trees.behavior != LEAF
        self._size = size
        self._smallest = int(trees.feature[branches].max(initial=-1)) + 1
        if size is not None and self._smallest > size:
            raise BadModelError(f"the tree ensemble looks at feature {self._smallest - 1}, and has {size} inputs")
        _check_depth(trees)
        self._session = load_onnx(_model(trees).SerializeToString(), options)

    def leaves(self, vector: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the row of the leaf that the input reaches in each tree."""
        expected = self._smallest if self._size is None else self._size
        if vector.size < expected or (self._size is not None and vector.size != expected):
            raise BadInputError(f"the inputs have {vector.size} numbers together, expected {expected}")
        [rows] = run(self._session, ["rows"], {"x": vector.reshape(1, -1)}, {})
        leaves: NDArray[np.int64] = rows[0].astype(np.int64)
        return leaves


def _check_depth(trees: Trees) -> None:
    depth, level = 0, trees.roots
    while level.size:
        depth += 1
        if depth > _MAX_DEPTH:
            raise UnsupportedModelError(f"the tree ensemble has a tree deeper than {_MAX_DEPTH} nodes")
        level = level[trees.behavior[level] != LEAF]
        level = np.concatenate([trees.true_child[level], trees.false_child[level]])


def _model(trees: Trees) -> onnx.ModelProto:
    node = helper.make_node(
        "TreeEnsemble",
        ["x"],
        ["rows"],
        domain="ai.onnx.ml",
        aggregate_function=_SUM,
        n_targets=trees.roots.size,
        **_branch_columns(trees),
        **_leaf_columns(trees),
    )
    graph = helper.make_graph(
        [node],
        "trees",
        [helper.make_tensor_value_info("x", TensorProto.DOUBLE, [1, None])],
        [helper.make_tensor_value_info("rows", TensorProto.DOUBLE, [1, trees.roots.size])],
    )
    opsets = [helper.make_opsetid("ai.onnx.ml", _OPSET), helper.make_opsetid("", 21)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10)


def _branch_columns(trees: Trees) -> dict[str, Any]:
    """Return the attributes of the branches; a tree of one leaf becomes a branch with this leaf on both sides."""
    branches = np.flatnonzero(trees.behavior != LEAF)
    lone = trees.roots[trees.behavior[trees.roots] == LEAF]
    rows = np.full(trees.behavior.size, -1, np.int64)
    rows[branches] = np.arange(branches.size)
    rows[lone] = branches.size + np.arange(lone.size)
    # The operator lets a missing value take the true branch of an inequation, whatever the flag says.
    swapped = trees.behavior[branches] == NOT_EQUAL
    true_child, false_child = trees.true_child[branches], trees.false_child[branches]
    true_child, false_child = np.where(swapped, false_child, true_child), np.where(swapped, true_child, false_child)
    true_is_leaf, true_ids = _targets(trees, rows, np.concatenate([true_child, lone]))
    false_is_leaf, false_ids = _targets(trees, rows, np.concatenate([false_child, lone]))
    behavior = np.where(swapped, EQUAL, trees.behavior[branches])
    nothing = np.zeros(lone.size)
    return {
        "nodes_modes": _tensor(np.concatenate([behavior, nothing]), np.uint8),
        "nodes_featureids": _integers(np.concatenate([trees.feature[branches], nothing])),
        "nodes_splits": _tensor(np.concatenate([trees.threshold[branches], nothing]), np.float64),
        "nodes_missing_value_tracks_true": _integers(
            np.concatenate([trees.missing_is_true[branches] != swapped, nothing])
        ),
        "nodes_truenodeids": true_ids,
        "nodes_trueleafs": true_is_leaf,
        "nodes_falsenodeids": false_ids,
        "nodes_falseleafs": false_is_leaf,
        "tree_roots": _integers(rows[trees.roots]),
    }


def _targets(trees: Trees, rows: NDArray[Any], children: NDArray[Any]) -> tuple[list[int], list[int]]:
    """Return which children are leaves, and their rows among the leaves or branches."""
    is_leaf = trees.behavior[children] == LEAF
    return _integers(is_leaf), _integers(np.where(is_leaf, trees.leaf_rows[children], rows[children]))


def _leaf_columns(trees: Trees) -> dict[str, Any]:
    """Return the attributes of the leaves: each adds its row number to the dimension of its tree."""
    return {
        "leaf_targetids": _integers(trees.leaf_trees),
        "leaf_weights": _tensor(np.arange(trees.leaf_trees.size), np.float64),
    }


def _integers(values: NDArray[Any]) -> list[int]:
    integers: list[int] = values.astype(np.int64).tolist()
    return integers


def _tensor(values: NDArray[Any], dtype: Any) -> onnx.TensorProto:
    return numpy_helper.from_array(values.astype(dtype))
