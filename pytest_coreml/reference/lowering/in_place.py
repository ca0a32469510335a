"""Find the states that can be updated in place, so that a cache is not copied for each token.

ONNX has no writes, only new values: each version of a state is a value. `ScatterND` copies its input and writes to the
copy; it omits the copy if input and output share memory. So all versions of a state may share one buffer if no node
reads an old version after the next one is written. ONNX Runtime guarantees no order but that of data dependencies, so
each reader of an old version must be a node that the next write depends on.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from pytest_coreml.reference.graph import Value, read_by

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from onnx import GraphProto, NodeProto

# These do not look at the elements.
_SHAPE_ONLY: Final = frozenset({"Shape", "Size"})

# What these make is certainly new memory, and no optimizer turns it back into a look at what went in. Of all others it
# is assumed that they may be views, or be fused into those that use them.
_NEW: Final = frozenset(
    {"Conv", "ConvTranspose", "GRU", "Gemm", "LSTM", "LayerNormalization", "MatMul", "RNN", "Softmax"}
)

# The reader of the graph's outputs.
_THE_END: Final = -1


class InPlace:
    """The nodes of a finished graph, and the users of each value."""

    def __init__(self, graph: GraphProto, kept: Collection[str]) -> None:
        """Index all nodes; the values in *kept* are read after the graph has run."""
        self._kept = kept
        self._nodes: Sequence[NodeProto] = graph.node
        self._makers = {name: index for index, node in enumerate(self._nodes) for name in node.output}
        self._users: dict[str, list[int]] = defaultdict(list)
        # What nothing needs may read what it likes.
        for index in self._needed({self._makers.get(name, _THE_END) for name in kept} - {_THE_END}):
            for name in read_by(self._nodes[index]):
                self._users[name].append(index)

    def versions(self, first: Value, last: Value) -> tuple[Value, ...]:
        """Return the versions after the first one if all may share its memory, else an empty tuple."""
        chain = self._writes(first, last)
        if all(self._is_last_use(self._nodes[write].input[0], write) for write in chain):
            return tuple(Value(self._nodes[write].output[0]) for write in chain)
        return ()

    def _writes(self, first: str, last: str) -> list[int]:
        """Return the writes from one version to another, or an empty list if another node is between them."""
        chain: list[int] = []
        while last != first:
            write = self._makers.get(last)
            if write is None or self._nodes[write].op_type != "ScatterND" or self._nodes[write].attribute:
                return []
            chain.insert(0, write)
            last = self._nodes[write].input[0]
        return chain

    def _is_last_use(self, version: str, write: int) -> bool:
        """Return whether no node can read a version after a write."""
        readers = list(self._readers(version, write))
        if not readers:
            return True
        waited_for = self._waited_for(write, self._makers.get(version, _THE_END))
        return all(reader in waited_for for reader in readers)

    def _readers(self, version: str, write: int) -> Iterator[int]:
        """Yield the nodes that read a version or a view of it; the write is one if its other inputs are such views."""
        values, seen = [version], {version}
        while values:
            value = values.pop()
            if value in self._kept:
                yield _THE_END
            for user in self._users[value]:
                node = self._nodes[user]
                if node.op_type in _SHAPE_ONLY or (user == write and value == version == node.input[0]):
                    continue
                yield user
                if node.op_type not in _NEW:
                    values += [name for name in node.output if name not in seen]
                    seen.update(node.output)

    def _waited_for(self, write: int, after: int) -> set[int]:
        """Return the nodes that a write depends on, directly or not; nodes up to *after* are ignored."""
        return self._needed({write}, after) - {write}

    def _needed(self, nodes: set[int], after: int = _THE_END) -> set[int]:
        """Return *nodes* and all nodes they depend on, directly or not."""
        needed, todo = set(nodes), list(nodes)
        while todo:
            makers = {self._makers.get(name, _THE_END) for name in read_by(self._nodes[todo.pop()])}
            new = {maker for maker in makers if maker > after} - needed
            needed |= new
            todo += new
        return needed
