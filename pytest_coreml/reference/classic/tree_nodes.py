"""The nodes of a tree ensemble as arrays, checked: every tree has one root, and every path ends in a leaf."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pytest_coreml.reference.errors import BadModelError

if TYPE_CHECKING:
    from numpy.typing import NDArray

# TreeNodeBehavior
LESS_EQUAL, LESS, GREATER_EQUAL, GREATER, EQUAL, NOT_EQUAL, LEAF = range(7)
_NO_CHILD: Final = -1


@dataclass(frozen=True, eq=False)
class Trees:
    """Columns with an entry for each node, by its position: children, features and thresholds of leaves mean nothing.

    `roots` are positions, a root for each tree. `leaf_rows` has the row in `added` of each leaf, and -1 for branches;
    a row has what a leaf adds to each dimension. `leaf_trees` has the number of its tree for each row.
    """

    behavior: NDArray[np.int64]
    feature: NDArray[np.int64]
    threshold: NDArray[np.float64]
    true_child: NDArray[np.int64]
    false_child: NDArray[np.int64]
    missing_is_true: NDArray[np.bool_]
    roots: NDArray[np.int64]
    leaf_rows: NDArray[np.int64]
    leaf_trees: NDArray[np.int64]
    added: NDArray[np.float64]


def read_trees(nodes: Any, dimensions: int) -> Trees:
    """Read the `TreeNode` messages; `BadModelError` for nodes that do not make up trees."""
    positions = {(node.treeId, node.nodeId): position for position, node in enumerate(nodes)}
    if len(positions) != len(nodes):
        raise BadModelError("the tree ensemble has two nodes of the same tree with the same id")
    behavior = np.array([node.nodeBehavior for node in nodes], np.int64)
    if behavior.size and not 0 <= behavior.min() <= behavior.max() <= LEAF:
        raise BadModelError("the tree ensemble has a node with a behavior that is not known")
    leaf_rows, added = _leaves(nodes, behavior, dimensions)
    true_child = _children(nodes, behavior, positions, "trueChildNodeId")
    false_child = _children(nodes, behavior, positions, "falseChildNodeId")
    roots = _roots(nodes, true_child, false_child)
    trees = {nodes[int(root)].treeId: number for number, root in enumerate(roots)}
    leaf_trees = np.array([trees[nodes[int(leaf)].treeId] for leaf in np.flatnonzero(leaf_rows >= 0)], np.int64)
    return Trees(
        behavior,
        np.array([node.branchFeatureIndex for node in nodes], np.int64),
        np.array([node.branchFeatureValue for node in nodes], np.float64),
        true_child,
        false_child,
        np.array([node.missingValueTracksTrueChild for node in nodes], np.bool_),
        roots,
        leaf_rows,
        leaf_trees,
        added,
    )


def _leaves(nodes: Any, behavior: NDArray[Any], dimensions: int) -> tuple[NDArray[Any], NDArray[Any]]:
    rows = np.full(len(nodes), -1, np.int64)
    leaves = np.flatnonzero(behavior == LEAF)
    rows[leaves] = np.arange(leaves.size)
    added = np.zeros((leaves.size, dimensions))
    for row, position in enumerate(leaves):
        for info in nodes[int(position)].evaluationInfo:
            if info.evaluationIndex >= dimensions:
                raise BadModelError(f"a leaf adds to dimension {info.evaluationIndex} of {dimensions}")
            added[row, info.evaluationIndex] += info.evaluationValue
    return rows, added


def _children(nodes: Any, behavior: NDArray[Any], positions: dict[Any, int], field: str) -> NDArray[Any]:
    children = np.full(len(nodes), _NO_CHILD, np.int64)
    for position, node in enumerate(nodes):
        if behavior[position] == LEAF:
            continue
        child = positions.get((node.treeId, getattr(node, field)))
        if child is None:
            raise BadModelError(
                f"node {node.nodeId} of tree {node.treeId} has the child {getattr(node, field)}, which does not exist"
            )
        children[position] = child
    return children


def _roots(nodes: Any, true_child: NDArray[Any], false_child: NDArray[Any]) -> NDArray[Any]:
    """Return the nodes without a parent; every other node has one, and is reached from the root of its tree."""
    children = np.concatenate([true_child, false_child])
    parents = np.bincount(children[children != _NO_CHILD], minlength=len(nodes))
    roots = np.flatnonzero(parents == 0)
    trees = {node.treeId for node in nodes}
    root_trees = [nodes[int(root)].treeId for root in roots]
    if len(set(root_trees)) != len(root_trees) or len(root_trees) != len(trees):
        raise BadModelError(f"the {len(trees)} trees have {len(root_trees)} roots, expected one for each")
    if (parents > 1).any():
        raise BadModelError("a node of the tree ensemble has two parents")
    reached, level = 0, roots
    while level.size:
        reached += level.size
        branches = level[true_child[level] != _NO_CHILD]
        level = np.concatenate([true_child[branches], false_child[branches]])
    if reached != len(nodes):
        raise BadModelError("a node of the tree ensemble cannot be reached from a root")
    return roots
