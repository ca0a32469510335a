"""Turn the costs of a plan into shares of one whole.

Core ML defines a cost as the share of the whole that an operation takes, and recorded plans sum to 1
(https://developer.apple.com/documentation/coreml/mlcomputeplan-1w21n). It is not documented whether the cost of control
flow includes its blocks, and whether the parts of a pipeline share one whole; the sum decides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# Recorded plans sum to 1 with an error of about 2e-15.
_ROUNDING = 1e-6
NO_SHARES = "the costs of the plan sum to {total:.3g}, so they are not shares of one whole"

Costs = tuple["float | None", ...]


def own_costs(costs: Sequence[float | None], parents: Sequence[int | None]) -> tuple[Costs, str | None]:
    """Return the cost of each operation without its blocks, so that shares can be added; or None, and the reason.

    *parents*: for each operation the index of the one whose block contains it, None for none. Costs that sum to at
    most 1 stay: control flow excludes its blocks. Where they sum to more, it includes its blocks, which are
    subtracted. If the rest still sums to more than 1, the costs are not shares of one whole, and are omitted.
    """
    total = _sum(costs)
    if total <= 1 + _ROUNDING:
        return tuple(costs), None
    own = list(costs)
    for cost, parent in zip(costs, parents, strict=True):
        if parent is not None and cost is not None and (held := own[parent]) is not None:
            own[parent] = max(0.0, held - cost)
    if _sum(own) <= 1 + _ROUNDING:
        return tuple(own), None
    return (None,) * len(costs), NO_SHARES.format(total=total)


def _sum(costs: Sequence[float | None]) -> float:
    return sum(cost for cost in costs if cost is not None)
